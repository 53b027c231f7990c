"""Reads about the feeds: the health of every source, and the quarantine page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from core.database import Database
from core.errors import NotFound
from core.instants import SECOND_US
from core.models import tokens
from feeds.limits import FeedLimits
from feeds.models import feed_status, quarantine
from feeds.quarantine import EVENT_ID, OPEN, TRIED, Fault, detail_of, faults_of
from feeds.tokens import FEED


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """A source on the health page and the wall. `state`: ok, late, silent or never; a file loaded once is always ok."""

    source: str
    name: str
    kind: str
    state: str
    last_event_at: int | None
    last_received_at: int | None
    lag_s: float | None
    accepted: int
    duplicates: int
    rejected: int
    open_quarantined: int


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A refused record with all that is wrong with it; `code` is the reason it is listed under."""

    id: int
    source: str
    received_at: int
    times: int
    origin: str
    mapping: str
    position: str
    raw: str
    code: str
    status: str
    detail: dict[str, str]
    faults: list[Fault]
    state: str
    handled_by: str | None
    handled_at: int | None

    @property
    def to_repair(self) -> str:
        """What a repair begins with: the last one that failed, or the record as it came."""
        return self.detail.get(TRIED, self.raw)

    @property
    def is_recorded(self) -> bool:
        """Whether its event is in the record, without the value that could not be read."""
        return EVENT_ID in self.detail


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """Newest first; `next_before` is what to ask for the following page, None at the end."""

    records: list[QuarantinedRecord]
    total: int
    next_before: int | None


class FeedQueries:
    """Everything pages ask about feeds."""

    def __init__(self, database: Database, limits: FeedLimits,
                 unheard_s: Callable[[int, int], float] = lambda since, until: (until - since) / SECOND_US) -> None:
        """`unheard_s(since_us, until_us)` measures silence; office hours only, if the caller measures so."""
        self._database, self._limits, self._unheard_s = database, limits, unheard_s

    def health(self, now_us: int) -> list[FeedHealth]:
        """Every source that ever delivered or has a token, by name. A live source not heard of for long is late, then
        silent."""
        with self._database.read() as conn:
            waiting = _open_by_source(conn)
            rows = {row.source: row for row in conn.execute(select(feed_status))}
            expected = set(conn.execute(select(tokens.c.name).where(
                tokens.c.kind == FEED, tokens.c.revoked_at.is_(None))).scalars())
        known = [self._health(row, waiting, now_us) for row in rows.values()]
        return sorted(known + [_never(source) for source in expected - rows.keys()], key=lambda one: one.source)

    def health_of(self, source: str, now_us: int) -> FeedHealth:
        """One source. Raises NotFound."""
        for one in self.health(now_us):
            if one.source == source:
                return one
        raise NotFound("source_unknown", source=source)

    def quarantined(self, *, state: str | None = OPEN, source: str | None = None, before: int | None = None,
                    limit: int = 50) -> QuarantinePage:
        """A page of refused records, `before` an id of the last page."""
        wanted = [quarantine.c.state == state] if state else []
        if source:
            wanted.append(quarantine.c.source == source)
        earlier = wanted + ([quarantine.c.id < before] if before else [])
        with self._database.read() as conn:
            rows = conn.execute(select(quarantine).where(*earlier).order_by(
                quarantine.c.id.desc()).limit(limit + 1)).all()
            total = conn.execute(select(func.count()).select_from(quarantine).where(*wanted)).scalar_one()
        records = [_record(row) for row in rows[:limit]]
        return QuarantinePage(records, total, records[-1].id if len(rows) > limit else None)

    def get_quarantined(self, quarantine_id: int) -> QuarantinedRecord:
        """One refused record. Raises NotFound."""
        with self._database.read() as conn:
            row = conn.execute(select(quarantine).where(quarantine.c.id == quarantine_id)).first()
        if row is None:
            raise NotFound("quarantined_record_unknown", id=quarantine_id)
        return _record(row)

    def _health(self, row: Row[Any], waiting: dict[str, int], now_us: int) -> FeedHealth:
        lag_s = None if row.lag_us is None else row.lag_us / SECOND_US
        state = self._state(row.kind, self._unheard_s(row.last_received_at, now_us))
        return FeedHealth(row.source, row.name, row.kind, state, row.last_event_at,
                          row.last_received_at, lag_s, row.accepted, row.duplicates, row.rejected,
                          waiting.get(row.source, 0))

    def _state(self, kind: str, unheard_s: float) -> str:
        if kind != "live" or unheard_s < self._limits.late_after_s:
            return "ok"
        return "late" if unheard_s < self._limits.silent_after_s else "silent"


def _open_by_source(conn: Connection) -> dict[str, int]:
    rows = conn.execute(select(quarantine.c.source, func.count()).where(
        quarantine.c.state == OPEN).group_by(quarantine.c.source))
    return dict(iter(rows))


def _never(source: str) -> FeedHealth:
    return FeedHealth(source, source, "live", "never", None, None, None, 0, 0, 0, 0)


def _record(row: Row[Any]) -> QuarantinedRecord:
    return QuarantinedRecord(row.id, row.source, row.received_at, row.times, row.origin, row.mapping, row.position,
                             row.raw, row.code, row.status, detail_of(row), faults_of(row), row.state, row.handled_by,
                             row.handled_at)
