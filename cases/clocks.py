"""The one algebra of every limit: a budget, a start, suspensions, an end, and the instants that follow from them.

Pure: the same facts give the same instants for ever. A clock never stores a target date as truth; due instant and rungs are
derived from budget and ledger each time (行政许可法 Art. 42-45; suspension arithmetic of domain.md §4).

Day by day (`day`): the n-th counted day strictly after the opening day is the due day; whoever closes on it is on time; the
rung passes at its midnight. The day a stop begins is counted (it had begun to run), the day it ends is not. By instant
(`instant`): n working days are n times the office day measured from the second of opening; one second late is late.
Local instants are microseconds on the wall clock as written; results are UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from cases.events import Due
from cases.fold import Moment, Stop
from config.ladders import Rule, Rung
from core.instants import DAY_US, HOUR_US, MINUTE_US
from core.limits import Granularity, Limit, Unit
from core.working_calendar import WorkingCalendar

Span = tuple[int, int | None]
Measure = Callable[["Timing", int, int], int]


class Timing(msgspec.Struct, frozen=True, gc=False):
    """What a clock is made of: budget and its unit, start, suspensions as local spans, and the calendar that counts.

    `amount` is a whole number for stated limits; the span to a due date a feed states may be a fraction of a day and is
    negative when that date lies before the opening.
    """

    amount: float
    unit: Unit
    granularity: Granularity
    started: Moment
    stops: tuple[Span, ...]
    calendar: WorkingCalendar
    at_once: bool = False  # a budget of 0: the same visit, so until the end of the day

    @property
    def by_day(self) -> bool:
        return self.granularity is Granularity.DAY


def timing_of_limit(limit: Limit, started: Moment, stops: tuple[Span, ...], calendar: WorkingCalendar) -> Timing:
    """A clock with a stated budget, such as 20 working days."""
    return Timing(limit.amount, limit.unit, limit.granularity, started, stops, calendar, at_once=limit.amount == 0)


def timing_of_due(due: Due, started: Moment, stops: tuple[Span, ...], calendar: WorkingCalendar) -> Timing:
    """A clock whose source states a due date: its budget is the calendar time from the opening to that date."""
    local_due = due.at + due.utc_offset * MINUTE_US
    if due.granularity == Granularity.DAY:
        days = local_due // DAY_US - started.local // DAY_US
        return Timing(days, Unit.CALENDAR_DAY, Granularity.DAY, started, stops, calendar)
    return Timing((local_due - started.local) / DAY_US, Unit.CALENDAR_DAY, Granularity.INSTANT, started, stops, calendar)


class Passage(msgspec.Struct, frozen=True, gc=False):
    """A rung of the ladder with the instant it passes: UTC microseconds, None while a stop is open before it."""

    code: str
    level: int
    at: int | None


def due_instant(timing: Timing) -> int | None:
    """The UTC instant from which the case is late, None while an open stop keeps it from coming."""
    return instant_after(timing, timing.amount)


def due_day(timing: Timing) -> int | None:
    """The last epoch day on which closing is on time, for limits judged by day."""
    return _day_after(timing, int(timing.amount))


def passages(timing: Timing, rungs: Sequence[Rung]) -> list[Passage]:
    """When each rung passes, whether or not the clock still runs then."""
    return instants(timing, rungs)[1]


def instants(timing: Timing, rungs: Sequence[Rung]) -> tuple[int | None, list[Passage]]:
    """The due instant and the passages: one rung of most ladders passes just when the case is due."""
    due_at, amount = due_instant(timing), timing.amount
    return due_at, [Passage(rung.code, rung.level, due_at if threshold == amount else instant_after(timing, threshold))
                    for rung in rungs if (threshold := threshold_of(timing, rung)) is not None]


def threshold_of(timing: Timing, rung: Rung) -> float | None:
    """Units of the limit that must be used before the rung passes; None when the ladder has no room for the rung.

    A lead longer than the limit itself shrinks to half the limit: a two-day case warned from its first second on would
    teach people to look away.
    """
    if rung.fraction is not None:
        return timing.amount * rung.fraction
    offset = rung.offset_days or 0
    if timing.unit is Unit.WORKING_HOUR and offset:
        return None
    if offset < 0 and timing.amount + offset <= 0:
        return timing.amount / 2 if timing.amount > 0 else None
    return timing.amount + offset


class Scale(msgspec.Struct, frozen=True):
    """A limit as a rule's ladder measures it by one calendar: what the clocks of that limit have in common, worked out once.

    `thresholds` are the units used when the case is due and when each of the rungs `codes` passes; `spans_us` are the same in
    working time, None where days are counted.
    """

    limit: Limit
    rule: Rule
    calendar: WorkingCalendar
    codes: tuple[str, ...]
    levels: tuple[int, ...]
    thresholds: tuple[float, ...]
    spans_us: tuple[int, ...] | None
    by_day: bool
    text: str
    rule_id: str
    calendar_key: str
    quiet_us: int  # real time within which no rung surely passes, wherever the clock begins and however it stops


def scale_of(limit: Limit, rule: Rule, calendar: WorkingCalendar) -> Scale:
    """The limit on the ladder of the rule."""
    timing = timing_of_limit(limit, Moment(0), (), calendar)
    marks = [(rung, units) for rung in rule.rungs if (units := threshold_of(timing, rung)) is not None]
    thresholds = (timing.amount, *[units for _, units in marks])
    spans = tuple([round(units * _unit_us(timing)) for units in thresholds])
    in_working_time = not timing.by_day and limit.unit is not Unit.CALENDAR_DAY and min(spans) > 0
    return Scale(limit, rule, calendar, tuple([rung.code for rung, _ in marks]), tuple([rung.level for rung, _ in marks]),
                 thresholds, spans if in_working_time else None, timing.by_day, str(limit), rule.id, calendar.key,
                 max(min(spans[1:], default=0) - 1, 0))


def instants_on(scale: Scale, started: Moment) -> list[int | None]:
    """When a clock that nothing stops is due and when each rung of its scale passes: `instants` at a third of the cost."""
    if scale.spans_us is None or not scale.calendar.has_one_offset:
        timing = timing_of_limit(scale.limit, started, (), scale.calendar)
        return [instant_after(timing, units) for units in scale.thresholds]
    east_us = started.utc_offset * MINUTE_US
    return [local - east_us for local in scale.calendar.advance_each(started.at + east_us, scale.spans_us)]


def instant_after(timing: Timing, units: float) -> int | None:
    """The UTC instant at which more than `units` of the limit's unit have been used."""
    if timing.by_day or (timing.at_once and units == 0):
        day = _day_after(timing, int(units))
        return None if day is None else _to_utc(timing, (day + 1) * DAY_US)
    local = _local_after(timing, round(units * _unit_us(timing)))
    return None if local is None else _to_utc(timing, local)


def used_days(timing: Timing, day: int) -> int:
    """Counted days in (opening day, day] that no stop takes out."""
    opened = timing.started.local // DAY_US
    if day <= opened:
        return 0
    stopped = sum(_count(timing, max(start, opened), min(end, day)) for start, end in _day_stops(timing, day)
                  if min(end, day) > max(start, opened))
    return _count(timing, opened, day) - stopped


def merge(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Overlapping or touching spans joined, in order; an open one swallows all that follow."""
    merged: list[Span] = []
    for start, end in sorted(spans, key=lambda span: span[0]):
        if merged and (merged[-1][1] is None or start <= merged[-1][1]):
            before_start, before_end = merged[-1]
            joined = None if end is None or before_end is None else max(end, before_end)
            merged[-1] = (before_start, joined)
        else:
            merged.append((start, end))
    return tuple(merged)


def suspensions(stops: Sequence[Stop], started: Moment, ended: Moment | None, calendar: WorkingCalendar) -> tuple[Span, ...]:
    """The case's stops as merged local spans within the clock's life, each capped at its approved working days."""
    if not stops:
        return ()
    begin = started.local
    spans: list[Span] = []
    for stop in stops:
        start, end = max(stop.start.local, begin), _effective_end(stop, calendar)
        if ended is not None:
            end = ended.local if end is None else min(end, ended.local)
        if end is None or end > start:
            spans.append((start, end))
    return merge(spans)


def _effective_end(stop: Stop, calendar: WorkingCalendar) -> int | None:
    end = stop.end.local if stop.end is not None else None
    if stop.approved_days is None:
        return end
    start_day, in_day = divmod(stop.start.local, DAY_US)
    ceiling = calendar.add_working_days(start_day, stop.approved_days) * DAY_US + in_day
    return ceiling if end is None else min(end, ceiling)


def _reach(timing: Timing, amount: int, scale: int, count: Measure, add: Measure) -> int | None:
    """Where the budget is used up, stops left out: a day for `scale` DAY_US, a local instant for 1; None while an open stop
    keeps it from being used up. A due date stated before the opening stays where it is.
    """
    cursor = timing.started.local // scale
    if amount < 0:
        return cursor + amount
    for start, end in timing.stops:
        begin = start // scale
        available = count(timing, cursor, begin) if begin > cursor else 0
        if available >= amount:
            break
        if end is None:
            return None
        amount -= available
        cursor = max(cursor, end // scale)
    return add(timing, cursor, amount)


# By day -----------------------------------------------------------------------------------------------------------

def _day_after(timing: Timing, units: int) -> int | None:
    """The day on which the `units`-th counted day falls; beyond it the limit is exceeded."""
    return _reach(timing, units, DAY_US, _count, _add)


def _day_stops(timing: Timing, until: int) -> list[tuple[int, int]]:
    return [(start // DAY_US, until if end is None else end // DAY_US) for start, end in timing.stops]


def _count(timing: Timing, after: int, upto: int) -> int:
    if timing.unit is Unit.CALENDAR_DAY:
        return upto - after
    return timing.calendar.working_days_between(after, upto)


def _add(timing: Timing, day: int, units: int) -> int:
    if timing.unit is Unit.CALENDAR_DAY:
        return day + units
    return timing.calendar.add_working_days(day, units)


# By instant -------------------------------------------------------------------------------------------------------

def _local_after(timing: Timing, amount_us: int) -> int | None:
    return _reach(timing, amount_us, 1, _measure, _advance)


def _measure(timing: Timing, begin: int, end: int) -> int:
    if timing.unit is Unit.CALENDAR_DAY:
        return end - begin
    return timing.calendar.measure(begin, end)


def _advance(timing: Timing, local: int, amount_us: int) -> int:
    if timing.unit is Unit.CALENDAR_DAY:
        return local + amount_us
    return timing.calendar.advance(local, amount_us)


def whole_days_used(timing: Timing, day: int) -> int:
    """Of a limit in days that ends at an instant: how many whole ones are used up by the end of that day, to the minute. On the
    day its instant falls on they are as many as the limit has, whatever hour it began or was stopped at."""
    used = _to_end_of(timing, timing.started.local, day)
    for start, end in timing.stops:
        if start // DAY_US <= day:
            used -= (_to_end_of(timing, start, day) if end is None or end // DAY_US > day
                     else _measure(timing, start, end))
    return used // _unit_us(timing)


def _to_end_of(timing: Timing, local: int, day: int) -> int:
    """From a local instant to the end of a day, without asking about the next one, whose year may be unpublished."""
    if timing.unit is Unit.CALENDAR_DAY:
        return (day + 1) * DAY_US - local
    of_day = timing.calendar.day_us if timing.calendar.is_working(day) else 0
    return timing.calendar.measure(local, day * DAY_US) + of_day


def _unit_us(timing: Timing) -> int:
    if timing.unit is Unit.WORKING_DAY:
        return timing.calendar.day_us
    return HOUR_US if timing.unit is Unit.WORKING_HOUR else DAY_US


def _to_utc(timing: Timing, local: int) -> int:
    """Local to UTC by the calendar's zone if the source wrote in it, else by the source's own fixed offset."""
    if _wrote_in_zone(timing.started, timing.calendar):
        return timing.calendar.to_utc(local)
    return local - timing.started.utc_offset * MINUTE_US


def last_day(due_at: int, started: Moment, calendar: WorkingCalendar) -> int:
    """The epoch day of the last moment before a due instant, on the wall clock by which that instant was worked out."""
    last = due_at - 1
    return (calendar.to_local(last) if _wrote_in_zone(started, calendar) else last + started.utc_offset * MINUTE_US) // DAY_US


def _wrote_in_zone(started: Moment, calendar: WorkingCalendar) -> bool:
    return calendar.to_local(started.at) == started.local
