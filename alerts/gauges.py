"""The gauges of the wall (board, figures, feeds, duty, calendar, alarms): latest wins, computed at most twice a second.

They come from a callable of the composition root. When it raises, the wall is told so in its alarms and keeps the last
values: never silence, never a crash.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

log = logging.getLogger(__name__)

Gauges = Callable[[], Mapping[str, Any]]
FAILED = "gauges_failed"
QUIET_S = 0.1


class GaugeBoard:
    """The last gauges, their age and whether they changed since they were last sent. Thread-safe."""

    def __init__(self, gauges: Gauges, interval_s: float, monotonic: Callable[[], float],
                 failure: Callable[[], Mapping[str, Any]], now_iso: Callable[[], str]) -> None:
        self._gauges, self._interval_s, self._monotonic = gauges, interval_s, monotonic
        self._said_on_failure, self._now_iso = failure, now_iso
        self._values: dict[str, Any] = {}
        self._taken_at = self._sent_at = self._looked_at = float("-inf")
        self._failed_since: str | None = None
        self._sent_print = b""
        self._lock = threading.Lock()

    def current(self) -> dict[str, Any]:
        """The gauges, not older than the interval, with the server's time."""
        with self._lock:
            if self._monotonic() - self._taken_at >= self._interval_s:
                self._take()
            return self._stamped()

    def due_in(self) -> float:
        """Seconds until a gauge message may be sent again; 0 when now.

        The first change after a pause goes out at once; gauges that turn out unchanged are not computed all the time.
        """
        due = max(self._sent_at + self._interval_s, self._looked_at + min(QUIET_S, self._interval_s))
        return max(0.0, due - self._monotonic())

    def news(self) -> dict[str, Any] | None:
        """The gauges when they changed since the last call that gave some, and the interval has passed; else None."""
        with self._lock:
            if self.due_in() > 0:
                return None
            self._looked_at = self._monotonic()
            self._take()
            shown = _print_of(self._values)
            if shown == self._sent_print:
                return None
            self._sent_print, self._sent_at = shown, self._monotonic()
            return self._stamped()

    def _take(self) -> None:
        self._taken_at = self._monotonic()
        try:
            values = dict(self._gauges())
        except Exception:
            if self._failed_since is None:
                log.exception("the gauges of the wall failed; it keeps the last values")
                self._failed_since = self._now_iso()
            self._values = {**self._values, "alarms": [*self._other_alarms(), self._failure()]}
            return
        if self._failed_since is not None:
            log.warning("the gauges of the wall are back")
        self._failed_since, self._values = None, msgspec.to_builtins(values)

    def _stamped(self) -> dict[str, Any]:
        return {**self._values, "server_time": self._now_iso()}

    def _other_alarms(self) -> list[Any]:
        return [alarm for alarm in self._values.get("alarms") or [] if alarm.get("code") != FAILED]

    def _failure(self) -> dict[str, Any]:
        return {"code": FAILED, **self._said_on_failure(), "since": self._failed_since, "count": 1}


def _print_of(values: Mapping[str, Any]) -> bytes:
    """What of the gauges counts as a change: everything but the instant at which the board was read."""
    board = values.get("board")
    if isinstance(board, Mapping):
        values = {**values, "board": {**board, "as_of": None}}
    return msgspec.json.encode(values)
