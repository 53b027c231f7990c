"""What of one camera waits to be written, in lines that do not wait for one another.

Within a line the order holds: a signal is raised before it ends. While the database is away everything waits; what it refuses
for another reason (a row it does not take, a picture the disk does not) is tried so many times, farther and farther apart, then
goes the second way it was given, and where that fails too it is lost: counted, logged, and told (`lost`).
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from core.database import is_outage

log = logging.getLogger(__name__)
AGAIN_S, AGAIN_MOST_S = 1.0, 60.0
Act = Callable[[], object]


@dataclass(frozen=True, slots=True)
class WriteRules:
    """The settings group `vision` explains each."""

    tries: int = 5
    waiting_max: int = 1_000


@dataclass(slots=True)
class _Write:
    """One write. `ways` holds what is left to be tried: as it should be, then as well as can be."""

    ways: deque[Act]
    tried: int = 0
    not_before: float = 0.0


class Pending:
    """The lines of one camera. One thread at a time."""

    def __init__(self, name: str, rules: WriteRules, now_s: Callable[[], float] = monotonic) -> None:
        self._name, self._rules, self._now_s = name, rules, now_s
        self._lines: dict[str, deque[_Write]] = {}
        self.lost: Counter[str] = Counter()   # by line, since the start

    @property
    def waiting(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def waits(self, line: str) -> bool:
        return bool(self._lines.get(line))

    def put(self, line: str, *ways: Act) -> None:
        """At the end of its line. Where too much waits there, the oldest is lost: what is newest is worth most."""
        waiting = self._lines.setdefault(line, deque())
        waiting.append(_Write(deque(ways)))
        while len(waiting) > self._rules.waiting_max:
            self._lose(line, waiting.popleft(), "too much waits")

    def lose(self, line: str, count: int) -> None:
        """So many were found not to be writable by whoever wrote them."""
        self.lost[line] += count

    def work(self) -> None:
        """Write what waits, each line until something of it cannot be written now."""
        for line, waiting in list(self._lines.items()):
            if not self._work_off(line, waiting):
                return

    def finish(self) -> None:
        """Write what waits for the last time: whoever found it ends now, so nothing waits for its next try, and each write goes
        all the ways left to it. What is not written then is lost; once the database is away, all that is left."""
        why = ""
        for line, waiting in list(self._lines.items()):
            while waiting:
                write = waiting.popleft()
                failure = None if why else _last_failure(write)
                if failure is not None and is_outage(failure):
                    why = "the database is away"
                if why or failure is not None:
                    self._lose(line, write, why or str(failure))

    def _work_off(self, line: str, waiting: deque[_Write]) -> bool:
        """False when the database is away: the other lines need not be tried."""
        while waiting and waiting[0].not_before <= self._now_s():
            try:
                waiting[0].ways[0]()
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the analysis
                if is_outage(error):
                    log.warning("camera %s: the database is away (%s)", self._name, type(error).__name__)
                    return False
                self._refused(line, waiting, error)
            else:
                waiting.popleft()
        return True

    def _refused(self, line: str, waiting: deque[_Write], error: Exception) -> None:
        write = waiting[0]
        write.tried += 1
        log.warning("camera %s: %s not written, try %d of %d (%s)", self._name, line, write.tried, self._rules.tries, error)
        if write.tried < self._rules.tries:
            write.not_before = self._now_s() + min(AGAIN_MOST_S, AGAIN_S * 2 ** (write.tried - 1))
            return
        write.ways.popleft()
        write.tried = 0
        if not write.ways:
            self._lose(line, waiting.popleft(), str(error))

    def _lose(self, line: str, _write: _Write, why: str) -> None:
        self.lost[line] += 1
        log.error("camera %s: %s lost (%s)", self._name, line, why)


def _last_failure(write: _Write) -> Exception | None:
    """Of the ways left to a write, tried one after the other; None where one of them wrote it."""
    failure: Exception | None = None
    for way in write.ways:
        try:
            way()
        except Exception as error:  # noqa: BLE001 - whatever it is, what waits behind must be tried
            failure = error
            if is_outage(error):
                break
        else:
            return None
    return failure
