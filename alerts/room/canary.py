"""The canary: once a minute a message without a card travels from a transaction to the glass of every screen.

It takes the road of a card, apart from the facts: the ledger's lock, the commit, the doorbell, the live link, the reducer, two
animation frames, the receipt. Its number in the outbox is all it is, so no figure and no list ever counts it. The sender
notices a canary that nobody followed; the follower writes how long it took. Times are of the machines' own clocks, which must
agree (NTP) where sender and follower are different machines.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Row, delete, insert, select, update

from alerts.alarms import AlarmService
from alerts.room.models import canaries
from core.clock import Clock
from core.database import Database
from core.instants import DAY_US, SECOND_US
from core.outbox import Message
from core.unit_of_work import UnitOfWorkFactory

TOPIC, LOST, SLOW = "canary", "canary_lost", "canary_slow"


class _Song(msgspec.Struct, frozen=True):
    """What a canary carries: when it set out."""

    sent_at: int


@dataclass(frozen=True, slots=True)
class CanaryRules:
    """A canary is given up after `patience_s`; `slow_ms` at p95 three times in a row is an alarm; kept for `kept_days`."""

    patience_s: float = 15.0
    slow_ms: int = 1000
    slow_times: int = 3
    kept_days: int = 30


@dataclass(frozen=True, slots=True)
class Journey:
    """One finished canary; `p95_ms` and the others are None when no page was there to paint it."""

    seq: int
    sent_at: int
    committed_ms: int
    expected: int
    shown: int
    p50_ms: int | None
    p95_ms: int | None
    worst_ms: int | None
    worst_screen: str


class CanarySender:
    """The job: looks what became of the last canary, then sends the next. `clock` is the machine's own."""

    def __init__(self, units: UnitOfWorkFactory, alarms: AlarmService, clock: Clock, rules: CanaryRules) -> None:
        self._units, self._alarms, self._clock, self._rules = units, alarms, clock, rules

    def send(self) -> int:
        """Returns the outbox number of the canary."""
        self._judge_the_last()
        sent_at = self._clock.now_us()
        with self._units() as uow:
            seq = uow.outbox(TOPIC, TOPIC, 0, _Song(sent_at))
            # With the message, not after it: a screen may have painted it before this process goes on.
            uow.conn.execute(insert(canaries).values(seq=seq, sent_at=sent_at, committed_ms=0))
        committed_ms = (self._clock.now_us() - sent_at) // 1000
        with self._units.database.transaction() as conn:
            conn.execute(update(canaries).where(canaries.c.seq == seq).values(committed_ms=committed_ms))
            conn.execute(delete(canaries).where(canaries.c.sent_at < sent_at - self._rules.kept_days * DAY_US))
        return seq

    def _judge_the_last(self) -> None:
        database = self._units.database
        with database.read() as conn:
            newest = select(canaries.c.sent_at, canaries.c.expected).order_by(canaries.c.seq.desc()).limit(1)
            last = conn.execute(newest).first()
        if last is None:
            return
        overdue = self._clock.now_us() - last.sent_at > 2 * self._rules.patience_s * SECOND_US
        is_slow = _is_slow(recent(database, self._rules.slow_times), self._rules)
        now = self._units.clock.now_us()
        with database.transaction() as conn:
            for code, stands in ((LOST, last.expected is None and overdue), (SLOW, is_slow)):
                if stands:
                    self._alarms.set_alarm(conn, code, "", now, ms=self._rules.slow_ms)
                else:
                    self._alarms.clear_alarm(conn, code, "", now)


@dataclass(slots=True)
class _Flight:
    sent_at: int
    screens: dict[str, str]            # page → its screen
    took_ms: dict[str, int] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return len(self.took_ms) == len(self.screens)


class CanaryWatch:
    """In the process that serves the live link: who painted which canary when. Thread-safe."""

    def __init__(self, database: Database, clock: Clock, rules: CanaryRules, visible: Callable[[], dict[str, str]]) -> None:
        self._database, self._clock, self._rules, self._visible = database, clock, rules, visible
        self._flights: dict[int, _Flight] = {}
        self._lock = threading.Lock()

    def note(self, messages: Iterable[Message]) -> None:
        """Messages about to be published; canaries among them are expected from every page that is visible now."""
        songs = {message.seq: msgspec.json.decode(message.payload, type=_Song) for message in messages
                 if message.topic == TOPIC}
        fresh = {seq: song for seq, song in songs.items() if not self._is_too_old(song.sent_at)}
        if fresh:
            with self._lock:
                self._flights |= {seq: _Flight(song.sent_at, self._visible()) for seq, song in fresh.items()}

    def seen(self, page: str, seq: int, *, is_hidden: bool) -> None:
        """A page confirmed everything up to `seq`; one in the background painted nothing and is not waited for."""
        if not self._flights:
            return
        now = self._clock.now_us()
        with self._lock:
            for number, flight in self._flights.items():
                if number <= seq and page in flight.screens:
                    if is_hidden:
                        del flight.screens[page]
                    else:
                        flight.took_ms.setdefault(page, max(0, (now - flight.sent_at) // 1000))

    def finish(self) -> None:
        """Write what has arrived everywhere, or was waited for long enough."""
        if not self._flights:
            return
        with self._lock:
            ended = {seq: flight for seq, flight in self._flights.items()
                     if flight.is_complete or self._is_too_old(flight.sent_at)}
            for seq in ended:
                del self._flights[seq]
        if ended:
            with self._database.transaction() as conn:
                for seq, flight in ended.items():
                    conn.execute(update(canaries).where(canaries.c.seq == seq).values(**_figures(flight)))

    def _is_too_old(self, sent_at: int) -> bool:
        return self._clock.now_us() - sent_at > self._rules.patience_s * SECOND_US


def recent(database: Database, count: int) -> list[Journey]:
    """The last finished canaries, newest first."""
    with database.read() as conn:
        rows = conn.execute(select(canaries).where(canaries.c.expected.is_not(None))
                            .order_by(canaries.c.seq.desc()).limit(count))
        return [_journey(row) for row in rows]


def _journey(row: Row[tuple[object, ...]]) -> Journey:
    return Journey(row.seq, row.sent_at, row.committed_ms, row.expected, row.shown, row.p50_ms, row.p95_ms, row.worst_ms,
                   row.worst_screen or "")


def _is_slow(last: Sequence[Journey], rules: CanaryRules) -> bool:
    """Slow is late several times in a row, or not painted at all by a page that should have."""
    late = [journey for journey in last if journey.shown < journey.expected or (journey.p95_ms or 0) > rules.slow_ms]
    return len(last) >= rules.slow_times and len(late) == len(last)


def _figures(flight: _Flight) -> dict[str, object]:
    took = sorted(flight.took_ms.values())
    missing = [flight.screens[page] for page in flight.screens if page not in flight.took_ms]
    slowest = max(flight.took_ms, key=lambda page: flight.took_ms[page], default=None)
    worst = missing[0] if missing else flight.screens[slowest] if slowest is not None else ""
    return {"expected": len(flight.screens), "shown": len(took), "p50_ms": _rank(took, 0.5), "p95_ms": _rank(took, 0.95),
            "worst_ms": took[-1] if took else None, "worst_screen": worst[:64]}


def _rank(ordered: Sequence[int], share: float) -> int | None:
    """Nearest rank."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
