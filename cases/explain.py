"""A deadline that explains itself: every day counted or not, and why, for any clock of a case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cases.areas import Areas
from cases.clocks import Timing, due_day, used_days, whole_days_used
from cases.events import ClockKind, ClockRef
from cases.fold import Moment
from cases.projection import ClockState, Condition
from cases.queries import CaseDetail
from core.errors import SupervisionError
from core.instants import DAY_US, MINUTE_US, date_of
from core.limits import Granularity, Unit
from core.working_calendar import CalendarNotPublished, WorkingCalendar

MAX_DAYS = 800        # listed one by one
LONGEST_WAY = 4_000   # the way to the due day is listed even so, if it is no longer than this
STATED_DATE = "due"   # the limit text of a clock whose source states when it ends
_NAMES = {"limit": "limit_text"}
_FACTS: dict[str, Any] = {"ref": {"case_id": 0, "kind": ClockKind.PROMISED.value}, "condition": Condition.RUNNING, "level": 0,
                          "limit_text": "", "started": (0, 0)}


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day of a clock's life. `n` is the running count of days used; `stop` numbers the suspension, 0 for none."""

    day: int
    date: str
    kind: str      # opening, working, make_up, weekend, holiday, calendar, suspended, after_end
    name: str
    counted: bool
    n: int
    stop: int
    is_due: bool
    is_late: bool


@dataclass(frozen=True, slots=True)
class RungLine:
    """A rung of the ladder with its instant (microseconds UTC)."""

    code: str
    level: int
    at: int | None
    passed: bool


@dataclass(frozen=True, slots=True)
class ClockExplanation:
    """Why a clock shows what it shows. Spans are epoch days; instants microseconds UTC."""

    kind: str
    ordinal: int
    name: str
    limit_text: str
    unit: str
    granularity: str
    amount: float
    calendar: str
    rule: str
    rule_version: str
    condition: str
    level: int
    started_at: int
    due_at: int | None
    due_day: int | None
    ended_at: int | None
    utc_offset: int
    used: float | None
    rungs: list[RungLine]
    days: list[DayLine]
    stops: list[tuple[int, int | None]]
    reason: str
    detail: str
    days_more: int = 0  # days after the last of `days`, up to the end, the due day or today; `used` counts them, too
    spans: tuple[tuple[int, int | None], ...] = ()  # the stops to the microsecond, on the wall clock of the source

    @property
    def days_used(self) -> float | None:
        """Days used of the limit; None where days say nothing of it: it is in hours, or its source stated a date."""
        return None if self.unit == Unit.WORKING_HOUR or self.limit_text == STATED_DATE else self.used


def explain(case: CaseDetail, areas: Areas) -> list[ClockExplanation]:
    """Every clock of the case by the calendar it was judged by, day by day up to its end, its due day or the case's `as_of`,
    whichever is last; of one that runs for years no more than lead to its due day."""
    own, longer = areas.of_case(case.fold).calendar, areas.of_case_with_newer_years(case.fold)
    return [explain_clock(clock, longer.calendar if longer is not None and clock.calendar == longer.calendar.key else own,
                          case.as_of) for clock in case.clocks]


def explain_evidence(ref: ClockRef, facts: Mapping[str, Any], calendar: WorkingCalendar, *, level: int, passed: Collection[str],
                     due_at: int | None, ended_at: int | None, now_us: int) -> ClockExplanation:
    """The clock as the evidence of a card has it (`ClockState.evidence`), not as it stands now: what was held against somebody
    must be explained by what was known then. `passed` are the rungs told; instants are microseconds UTC.
    """
    known = {_NAMES.get(name, name): value for name, value in facts.items()}
    clock = msgspec.convert({**_FACTS, **known}, ClockState, strict=False)
    ended = clock.ended or (None if ended_at is None else Moment(ended_at, clock.started.utc_offset))
    condition = Condition.UNJUDGEABLE if clock.reason else Condition.ENDED if ended else Condition.RUNNING
    return explain_clock(msgspec.structs.replace(clock, ref=ref, condition=condition, level=level, due_at=due_at, ended=ended,
                                                 passed=tuple(passed)), calendar, now_us)


def explain_clock(clock: ClockState, calendar: WorkingCalendar, now_us: int) -> ClockExplanation:
    """One clock. A clock that cannot be judged explains the reason instead of days."""
    timing = _timing(clock, calendar)
    last_day, end_day = _due_day(clock, timing), _end_day(clock, now_us)
    is_judged = clock.condition is not Condition.UNJUDGEABLE and not clock.reason
    days = _days(clock, timing, last_day, end_day) if is_judged else []
    return ClockExplanation(
        kind=clock.ref.kind.value, ordinal=clock.ref.ordinal, name=clock.name, limit_text=clock.limit_text,
        unit=clock.unit, granularity=clock.granularity, amount=clock.amount, calendar=clock.calendar, rule=clock.rule,
        rule_version=clock.rule_version, condition=clock.condition.value, level=clock.level,
        started_at=clock.started.at, due_at=clock.due_at, due_day=last_day,
        ended_at=clock.ended.at if clock.ended else None, utc_offset=clock.started.utc_offset,
        used=_used(clock, days, timing, end_day) if is_judged else None, days=days,
        days_more=max(end_day, last_day or 0) - days[-1].day if days else 0, stops=[_day_span(span) for span in clock.stops],
        rungs=[RungLine(code, level, at, code in clock.passed) for code, level, at in clock.passages],
        reason=clock.reason, detail=clock.detail, spans=clock.stops)


def _timing(clock: ClockState, calendar: WorkingCalendar) -> Timing:
    return Timing(clock.amount, Unit(clock.unit), Granularity(clock.granularity), clock.started, clock.stops, calendar)


def _due_day(clock: ClockState, timing: Timing) -> int | None:
    if clock.reason:
        return None
    if timing.by_day:
        return due_day(timing)
    return None if clock.due_at is None else _local_day(clock.due_at - 1, clock.started.utc_offset)


def _end_day(clock: ClockState, now_us: int) -> int:
    """The epoch day on which the clock ended, or today."""
    return clock.ended.local // DAY_US if clock.ended else _local_day(now_us, clock.started.utc_offset)


def _days(clock: ClockState, timing: Timing, last_day: int | None, end_day: int) -> list[DayLine]:
    opened = clock.started.local // DAY_US
    last = last_day if last_day is not None else end_day
    way = 0 if last_day is None else min(last - opened, LONGEST_WAY)
    until = min(max(end_day, last), opened + max(MAX_DAYS, way))
    lines: list[DayLine] = []
    used, status = 0, _status_to_the_minute if _is_exact(clock, timing) else _status
    for day in range(opened, until + 1):
        kind, name, counts, stop = status(timing, day, opened, used)
        used += counts
        lines.append(DayLine(day, date_of(day).isoformat(), "after_end" if clock.ended and day > end_day else kind,
                             name, counts, used, stop, day == last_day, last < day <= end_day))
    return lines


def _status(timing: Timing, day: int, opened: int, _used: int) -> tuple[str, str, bool, int]:
    """By whole days: the opening day does not count, nor does one that follows the beginning of a stop up to its end."""
    if day == opened:
        return "opening", "", False, 0
    stop = next((number for number, (start, end) in enumerate(timing.stops, start=1)
                 if start // DAY_US < day and (end is None or day <= end // DAY_US)), 0)
    try:
        status = timing.calendar.status(day)
    except SupervisionError as error:
        return "unpublished", error.code, False, stop
    counts = status.counted or timing.unit is Unit.CALENDAR_DAY
    if stop and counts:
        return "suspended", status.name, False, stop
    kind = "calendar" if timing.unit is Unit.CALENDAR_DAY and not status.counted else status.kind
    return kind, status.name, counts, stop


def _is_exact(clock: ClockState, timing: Timing) -> bool:
    """Whether parts of days count: a limit in days that ends at an instant. One for the same visit has none, one in hours is
    not told in days, and a date its source stated has no days to use up."""
    is_in_days = timing.unit is not Unit.WORKING_HOUR and clock.limit_text != STATED_DATE
    return not timing.by_day and is_in_days and timing.amount > 0


def _status_to_the_minute(timing: Timing, day: int, opened: int, used: int) -> tuple[str, str, bool, int]:
    """The day counts with which another whole one is used up: the opening day too, where it began before the office did."""
    try:
        status, counts = timing.calendar.status(day), whole_days_used(timing, day) > used
    except SupervisionError as error:
        return "unpublished", error.code, False, 0
    if day == opened:
        return "opening", "", counts, 0
    stop = next((number for number, (start, end) in enumerate(timing.stops, start=1)
                 if start // DAY_US <= day and (end is None or day <= end // DAY_US)), 0)
    may_count = status.counted or timing.unit is Unit.CALENDAR_DAY
    if stop and may_count and not counts:
        return "suspended", status.name, False, stop
    kind = "calendar" if timing.unit is Unit.CALENDAR_DAY and not status.counted else status.kind
    return kind, status.name, counts, stop


def _used(clock: ClockState, days: list[DayLine], timing: Timing, end_day: int) -> float | None:
    """Days used up to that day; None where they are beyond those listed and the calendar does not know them."""
    if not days or days[-1].day >= end_day:
        return next((line.n for line in reversed(days) if line.day <= end_day), None)
    try:
        return whole_days_used(timing, end_day) if _is_exact(clock, timing) else used_days(timing, end_day)
    except CalendarNotPublished:
        return None


def _local_day(us: int, offset_min: int) -> int:
    return (us + offset_min * MINUTE_US) // DAY_US


def _day_span(span: tuple[int, int | None]) -> tuple[int, int | None]:
    start, end = span
    return start // DAY_US, None if end is None else end // DAY_US
