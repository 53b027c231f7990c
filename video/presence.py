"""Who sat where when: looks joined into spans, kept while they grow. What lies between two spans is not known.

A span is written every few seconds, so a crash loses no more than that, and the time it was down is a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import delete, select

from core.database import Database, bulk_upsert, is_outage
from core.instants import SECOND_US
from video.attendance import Moment
from video.models import presence_spans
from video.vision.looker import Seat

KEPT_EVERY_S = 5.0
GAP = "gap"
NOT_WRITTEN = "not_written"   # what was seen then could not be kept
_COLUMNS = ("camera_id", "state", "reason", "began_at", "until_at", "began_business_at", "until_business_at")
_p = presence_spans.c


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one state, on both clocks."""

    state: Seat
    reason: str
    began: Moment
    until: Moment


class Part(NamedTuple):
    """A stretch of one state on the clock that was asked for, us UTC."""

    state: Seat
    reason: str
    since: int
    until: int


class Timeline:
    """The presence at one camera, growing."""

    def __init__(self, gap_s: float) -> None:
        self._gap_us = int(gap_s * SECOND_US)
        self._open: Span | None = None
        self._ended: list[Span] = []
        self._kept_at = 0

    def see(self, state: Seat, reason: str, at: Moment) -> None:
        """One look. A look after a gap begins a new span; the next state begins where the last one was last seen to end."""
        before = self._open
        if before is None or at.tick - before.until.tick > self._gap_us:
            self._end(before)
            self._open = Span(state, reason, at, at)
        elif (before.state, before.reason) == (state, reason):
            self._open = Span(state, reason, before.began, at)
        else:
            self._end(Span(before.state, before.reason, before.began, at))
            self._open = Span(state, reason, at, at)

    def cut(self) -> None:
        """What comes next begins a span of its own: the clock was set in between."""
        self._end(self._open)
        self._open = None

    def due(self, now_us: int, force: bool = False) -> list[Span]:
        """What must be written now: spans that ended, and from time to time the one that grows. `now_us`: the steady clock."""
        if not self._ended and not force and now_us - self._kept_at < KEPT_EVERY_S * SECOND_US:
            return []
        spans, self._ended, self._kept_at = self._ended, [], now_us
        return [*spans, *([self._open] if self._open is not None else [])]

    def _end(self, span: Span | None) -> None:
        if span is not None:
            self._ended.append(span)


class SpanQueue:
    """Spans that wait to be written, one of each beginning. None goes silently: where there are too many the oldest become one
    span that says so, and one the table does not take is replaced by such a span."""

    def __init__(self, most: int) -> None:
        self._most = max(2, most)
        self._spans: dict[int, Span] = {}

    def __len__(self) -> int:
        return len(self._spans)

    def add(self, spans: Sequence[Span]) -> None:
        for span in spans:
            self._spans[span.began.real] = span
        while len(self._spans) > self._most:
            first, second = (self._spans.pop(began) for began in list(self._spans)[:2])
            self._spans = {first.began.real: Span(Seat.UNKNOWN, NOT_WRITTEN, first.began, second.until), **self._spans}

    def write(self, log: PresenceLog, camera_id: int) -> None:
        """All at once."""
        log.write(camera_id, list(self._spans.values()))
        self._spans.clear()

    def write_singly(self, log: PresenceLog, camera_id: int) -> int:
        """Each alone; returns how many could not even be told as not written."""
        lost = 0
        for began, span in list(self._spans.items()):
            told = Span(Seat.UNKNOWN, NOT_WRITTEN, span.began, span.until)
            lost += not (_is_written(log, camera_id, span) or _is_written(log, camera_id, told))
            del self._spans[began]
        return lost


def _is_written(log: PresenceLog, camera_id: int, span: Span) -> bool:
    try:
        log.write(camera_id, [span])
    except Exception as error:
        if is_outage(error):
            raise
        return False
    return True


class PresenceLog:
    """The table of spans."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, camera_id: int, spans: Sequence[Span]) -> None:
        """Insert them or let those that began then grow."""
        newest = {span.began.real: span for span in spans}
        rows = [(camera_id, span.state.value, span.reason, span.began.real, span.until.real, span.began.business,
                 span.until.business) for span in newest.values()]
        with self._database.transaction() as conn:
            bulk_upsert(conn, presence_spans, _COLUMNS, rows, key=("camera_id", "began_at"))

    def last(self, camera_id: int, limit: int = 200) -> list[Span]:
        """The newest spans, oldest first."""
        with self._database.read() as conn:
            rows = conn.execute(select(presence_spans).where(_p.camera_id == camera_id).order_by(
                _p.began_at.desc()).limit(limit)).all()
        return [Span(Seat(row.state), row.reason, Moment(row.began_at, row.began_business_at),
                     Moment(row.until_at, row.until_business_at)) for row in reversed(rows)]

    def between(self, camera_id: int, since: int, until: int, *, business: bool = True) -> list[Part]:
        """Everything between two instants (us UTC) without holes: what no look covers is unknown, for the reason `gap`."""
        began, ended = (_p.began_business_at, _p.until_business_at) if business else (_p.began_at, _p.until_at)
        with self._database.read() as conn:
            rows = conn.execute(select(presence_spans).where(
                _p.camera_id == camera_id, began < until, ended > since).order_by(_p.began_at)).all()
        spans = [Span(Seat(row.state), row.reason, Moment(row.began_at, row.began_business_at),
                      Moment(row.until_at, row.until_business_at)) for row in rows]
        return filled(spans, since, until, business=business)

    def forget(self, before_us: int) -> int:
        """Drop spans that ended before that real instant. Returns how many."""
        with self._database.transaction() as conn:
            return conn.execute(delete(presence_spans).where(_p.until_at < before_us)).rowcount


def filled(spans: Sequence[Span], since: int, until: int, *, business: bool = True) -> list[Part]:
    """The spans with what lies between them, cut to the limits."""
    told: list[Part] = []
    reached = since
    for span in spans:
        began, ended = (span.began.business, span.until.business) if business else (span.began.real, span.until.real)
        began, ended = max(began, reached), min(ended, until)
        if ended <= began:
            continue
        if began > reached:
            told.append(Part(Seat.UNKNOWN, GAP, reached, began))
        told.append(Part(span.state, span.reason, began, ended))
        reached = ended
    return [*told, *([Part(Seat.UNKNOWN, GAP, reached, until)] if reached < until else [])]
