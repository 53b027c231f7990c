"""One case as the detectors see it: its journal rows with both times, and how much of its limit was used at any instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from cases.events import CLOSING_KINDS, NO_DATA, EventData, EventKind
from cases.pairing import ended_by, kind_of
from core.errors import InvalidInput
from core.instants import DAY_US, HOUR_US, MINUTE_US
from core.limits import Limit, Unit, parse_limit
from core.working_calendar import CalendarNotPublished, WorkingCalendar

K = EventKind
CLOSING = frozenset(kind.value for kind in CLOSING_KINDS)
HANDLING = frozenset({K.ACCEPTED, K.STEP, K.DECIDED, K.CONCLUDED})  # done by the organ, never by the applicant
DUE_STATED = "due"  # the limit text of a clock whose due date the feed states


class Row(msgspec.Struct, frozen=True, gc=False):
    """A journal row. `kind` is the plain text of an EventKind, so that a kind we do not know yet is kept too."""

    seq: int
    kind: str
    claimed_at: int
    utc_offset: int
    order: int
    received_at: int
    source: str
    source_event_id: str
    source_version: int
    actor: str
    station: str
    step: str
    data: EventData = NO_DATA

    @property
    def local(self) -> int:
        """Claimed instant on the wall clock of its source, microseconds."""
        return self.claimed_at + self.utc_offset * MINUTE_US

    @property
    def day(self) -> int:
        """Epoch day as written."""
        return self.local // DAY_US

    @property
    def has_time(self) -> bool:
        """False for a source that writes dates only: midnight to the second says nothing about the hour."""
        return self.local % DAY_US != 0


class ClockRow(msgspec.Struct, frozen=True, gc=False):
    """A clock of the case as stored."""

    kind: str
    ordinal: int
    level: int
    limit_text: str
    started_at: int
    due_at: int | None
    ended_at: int | None


class Special(msgspec.Struct, frozen=True, gc=False):
    """A special procedure: its start, and its end if one was reported."""

    start: Row
    end: Row | None


@dataclass
class Trace:
    """A case with its present rows (highest versions, in order of claims) and every version ever delivered."""

    case_id: int
    area: str
    case_no: str
    org: str
    item: str
    rows: list[Row]
    versions: list[Row] = field(default_factory=list)
    clocks: list[ClockRow] = field(default_factory=list)
    rungs: list[tuple[str, str, int]] = field(default_factory=list)  # clock kind, rung, instant

    @cached_property
    def by_kind(self) -> dict[str, list[Row]]:
        grouped: dict[str, list[Row]] = {}
        for row in self.rows:
            grouped.setdefault(row.kind, []).append(row)
        return grouped

    def all(self, *kinds: str) -> list[Row]:
        """The rows of these kinds, in order."""
        return [row for row in self.rows if row.kind in kinds]

    def first(self, *kinds: str) -> Row | None:
        """The earliest row of the first kind there is one of."""
        return next((self.by_kind[kind][0] for kind in kinds if kind in self.by_kind), None)

    @cached_property
    def opening(self) -> Row | None:
        return self.first(K.SUBMITTED, K.RECEIVED, K.ACCEPTED)

    @cached_property
    def accepted(self) -> Row | None:
        return self.first(K.ACCEPTED)

    @cached_property
    def closed(self) -> Row | None:
        return next((row for row in self.rows if row.kind in CLOSING), None)

    @cached_property
    def concluded(self) -> Row | None:
        return self.first(K.CONCLUDED)

    @cached_property
    def applicant(self) -> str:
        return next((row.data.applicant for row in self.rows if row.data.applicant), "")

    @cached_property
    def specials(self) -> list[Special]:
        """Starts with their ends, paired as the clocks of the case pair them."""
        ends: dict[int, Row] = {}
        starts: list[Row] = []
        for row in self.all(K.SPECIAL_STARTED, K.SPECIAL_ENDED):
            if row.kind == K.SPECIAL_STARTED:
                starts.append(row)
            else:
                still_open = [start for start in starts if start.seq not in ends]
                ends |= {start.seq: row for start in ended_by(row.data, still_open, _number_and_kind)}
        return [Special(start, ends.get(start.seq)) for start in starts]

    @cached_property
    def clock(self) -> ClockRow | None:
        """The clock by which the case is measured: the promised limit, else the statutory, else the feed's own."""
        known = {clock.kind: clock for clock in self.clocks if clock.limit_text}
        return known.get("promised") or known.get("statutory") or known.get("own")

    @cached_property
    def extension_days(self) -> int:
        return sum(row.data.approved_days or 0 for row in self.by_kind.get(K.EXTENDED, ()))

    @cached_property
    def stops(self) -> list[tuple[int, int]]:
        """Merged spans (UTC) in which the clock stood still; an open one lasts until the case closed, else for ever."""
        end = self.closed.claimed_at if self.closed else 1 << 62
        spans = [(special.start.claimed_at, special.end.claimed_at if special.end else end) for special in self.specials]
        return merged([*spans, *self._corrections(end)])

    def _corrections(self, end: int) -> list[tuple[int, int]]:
        started = self.accepted.claimed_at if self.accepted else 0
        received = [row.claimed_at for row in self.by_kind.get(K.CORRECTION_RECEIVED, ())]
        return [(row.claimed_at, min((at for at in received if at >= row.claimed_at), default=end))
                for row in self.by_kind.get(K.CORRECTION_NOTIFIED, ()) if row.claimed_at >= started]

    def budget(self, calendar: WorkingCalendar) -> int | None:
        """The time the limit gives, in microseconds of its own kind of time; None when there is no limit."""
        clock = self.clock
        if clock is None or clock.due_at is None:
            return None
        try:
            limit = None if clock.limit_text == DUE_STATED else parse_limit(clock.limit_text)
            return self._budget(clock, limit, calendar, 0)
        except (CalendarNotPublished, InvalidInput):
            return None

    def used_share(self, at: int, calendar: WorkingCalendar, *, before_extension: bool = False) -> float | None:
        """How much of the limit was used at that instant: 1.0 is all of it. None when there is no limit to measure by.

        Measured in working time for limits in working days or hours, in plain time for calendar days and stated due dates.
        """
        clock = self.clock
        if clock is None or clock.due_at is None:
            return None
        try:
            return self._used(clock, at, calendar, self.extension_days if before_extension else 0)
        except (CalendarNotPublished, InvalidInput):
            return None

    def _used(self, clock: ClockRow, at: int, calendar: WorkingCalendar, less_days: int) -> float | None:
        limit = None if clock.limit_text == DUE_STATED else parse_limit(clock.limit_text)
        plain = limit is None or limit.unit is Unit.CALENDAR_DAY
        budget = self._budget(clock, limit, calendar, less_days)
        if budget <= 0:
            return None
        return self._running(clock.started_at, at, calendar, plain=plain) / budget

    def _budget(self, clock: ClockRow, limit: Limit | None, calendar: WorkingCalendar, less_days: int) -> int:
        if limit is None:
            return self._running(clock.started_at, clock.due_at or 0, calendar, plain=True)
        if limit.unit is Unit.WORKING_HOUR:
            return limit.amount * HOUR_US
        return (limit.amount - less_days) * (DAY_US if limit.unit is Unit.CALENDAR_DAY else calendar.day_us)

    def _running(self, since: int, until: int, calendar: WorkingCalendar, *, plain: bool) -> int:
        def span(start: int, end: int) -> int:
            return end - start if plain else calendar.measure(calendar.to_local(start), calendar.to_local(end))
        stopped = sum(span(max(start, since), min(end, until)) for start, end in self.stops
                      if max(start, since) < min(end, until))
        return span(since, until) - stopped if until > since else 0


def merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans without overlaps."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def present_rows(rows: Sequence[Row]) -> list[Row]:
    """The highest version of every source event, in the order in which they are judged."""
    latest: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row.source, row.source_event_id)
        if key not in latest or row.source_version > latest[key].source_version:
            latest[key] = row
    return sorted(latest.values(), key=lambda row: (row.claimed_at, row.order, row.source, row.source_event_id))


def _number_and_kind(start: Row) -> tuple[str, str]:
    return start.data.document_no or "", kind_of(start.data)
