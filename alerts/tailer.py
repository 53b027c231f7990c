"""The thread that follows the outbox: events at once, gauges at most twice a second, a heartbeat every few seconds.

It wakes on the doorbell and every second regardless, and needs only a database, a doorbell and a gauges callable, so
that it runs as well in a push process of its own. While the database is away nothing is sent, not even a heartbeat:
the screens grey their data after twelve seconds, which is the truth.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from alerts.delivery import Delivery, Troubles
from alerts.gauges import GaugeBoard
from alerts.queries import CardQueries, Vitals
from alerts.room.canary import CanaryWatch
from alerts.rules import PushRules
from alerts.screens import ScreenLog
from core import outbox
from core.clock import Clock
from core.database import Database
from core.doorbell import Doorbell

log = logging.getLogger(__name__)
READ_LIMIT = 1000
APART_S = 0.02  # commits that come faster are looked at together: a look costs as much as a good part of an act


class Tailer:
    """`step` does one round and is all there is to test; `run` repeats it until stopped."""

    def __init__(self, *, database: Database, doorbell: Doorbell, queries: CardQueries, delivery: Delivery,
                 gauges: GaugeBoard, screens: ScreenLog, canaries: CanaryWatch, clock: Clock, rules: PushRules,
                 monotonic: Callable[[], float], now_iso: Callable[[], str],
                 housekeeping: Callable[[], None]) -> None:
        self._database, self._doorbell, self._queries, self._delivery = database, doorbell, queries, delivery
        self._gauges, self._screens, self._clock, self._rules = gauges, screens, clock, rules
        self._canaries = canaries
        self._monotonic, self._now_iso, self._housekeeping = monotonic, now_iso, housekeeping
        self._stopping = threading.Event()
        self._beat_at = self._written_at = float("-inf")
        self._vitals: Vitals | None = None
        self._is_blind = False

    def run(self) -> None:
        while not self._stopping.is_set():
            self._doorbell.wait(self._pause())
            began = self._monotonic()
            self.try_step()
            self._stopping.wait(began + APART_S - self._monotonic())

    def stop(self) -> None:
        self._stopping.set()

    def try_step(self) -> None:
        """One round; a failure is said once when it begins and once when it ends."""
        try:
            self.step()
        except Exception as error:
            if not self._is_blind:
                log.warning("push: cannot follow the outbox (%r); screens go stale until it can", error, exc_info=True)
            self._is_blind = True
            self._stopping.wait(self._rules.poll_interval_s)
            return
        if self._is_blind:
            log.warning("push: following the outbox again")
        self._is_blind = False

    def step(self) -> None:
        self._housekeeping()
        self._follow()
        self._canaries.finish()
        if self._delivery.count() == 0:
            return
        gauge = self._gauges.news()
        if gauge is not None:
            self._delivery.broadcast("gauge", gauge)
        if self._monotonic() - self._beat_at >= self._rules.heartbeat_s:
            self._delivery.beat(self.heartbeat())
            self._beat_at = self._monotonic()
        self._look_after_screens()

    def heartbeat(self) -> dict[str, object]:
        vitals = self._current_vitals()
        return {"head_seq": vitals.head, "server_time": self._now_iso(), "counts": vitals.counts, "hash": vitals.digest}

    def _follow(self) -> None:
        """Publish what was committed since the last round. Another epoch, or a head behind ours, starts anew."""
        epoch, last = self._delivery.position
        while True:
            with self._database.read() as conn:
                now_epoch, head = outbox.head(conn)
                is_new = now_epoch != epoch or head < last
                first = max(0, head - self._rules.replay_max) if is_new else last
                messages = outbox.read_after(conn, first, READ_LIMIT) if head > first else []
            if is_new:
                self._delivery.restart(now_epoch, first)
                epoch = now_epoch
            if messages:
                self._canaries.note(messages)
                self._delivery.publish(messages)
                last = messages[-1].seq
            elif is_new:
                last = first
            if last >= head:
                return

    def _current_vitals(self) -> Vitals:
        """Counted anew only when something was written since: an idle heartbeat costs one row."""
        with self._database.read() as conn:
            position = outbox.head(conn)
        if self._vitals is None or (self._vitals.epoch, self._vitals.head) != position:
            self._vitals = self._queries.vitals()
        return self._vitals

    def _look_after_screens(self) -> None:
        troubles = self._delivery.inspect()
        is_time = self._monotonic() - self._written_at >= self._rules.receipts_interval_s
        if not (is_time or troubles.faulty or troubles.healed):
            return
        self._written_at = self._monotonic()
        epoch, _ = self._delivery.position
        self._write(troubles, epoch)

    def _write(self, troubles: Troubles, epoch: str) -> None:
        self._screens.write(self._delivery.receipts(), troubles, epoch, self._clock.now_us())

    def _pause(self) -> float:
        """How long to wait for the doorbell: until the next gauge may go out, at most the poll interval."""
        due = self._gauges.due_in()
        return min(due, self._rules.poll_interval_s) if due > 0 else self._rules.poll_interval_s
