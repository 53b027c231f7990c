"""The clock algebra of cases.clocks on arrays: due instants and rungs of many clocks of one kind at once.

Every function here has its scalar namesake there and must agree with it to the microsecond (tests/property and the back-test's
own tests hold it to that). A row that the scalar could not judge is marked bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alerts.backtest.arrays import NONE, Bools, CalendarTable, Floats, Ints
from config.ladders import Rung
from core.instants import DAY_US, HOUR_US, MINUTE_US
from core.limits import Granularity, Unit


@dataclass(frozen=True, slots=True)
class Shape:
    """What the clocks of a batch share: how their time is counted."""

    unit: Unit
    granularity: Granularity
    at_once: bool

    @property
    def by_day(self) -> bool:
        return self.granularity is Granularity.DAY


@dataclass(slots=True)
class Timings:
    """Many clocks of one shape on one calendar. Stops are merged local spans, one column per stop: NONE in `stop_from` means
    there is none, NONE in `stop_to` that it is still open."""

    shape: Shape
    table: CalendarTable
    amount: Floats
    started_at: Ints
    started_local: Ints
    stop_from: Ints
    stop_to: Ints

    def __len__(self) -> int:
        return len(self.amount)


def instants(timings: Timings, rungs: Sequence[Rung]) -> tuple[list[Ints], Bools]:
    """(for each rung the UTC instants at which it passes, NONE where it does not; which rows cannot be judged)."""
    bad = np.zeros(len(timings), dtype=np.bool_)
    due = instant_after(timings, timings.amount, bad)
    found: list[Ints] = []
    for rung in rungs:
        threshold, has_room = threshold_of(timings, rung)
        if np.array_equal(threshold, timings.amount):
            at = due
        else:
            missing = np.zeros(len(timings), dtype=np.bool_)
            at = instant_after(timings, threshold, missing)
            bad |= missing & has_room
        found.append(np.where(has_room, at, NONE))
    return found, bad


def threshold_of(timings: Timings, rung: Rung) -> tuple[Floats, Bools]:
    """(units that must be used before the rung passes, whether the ladder has room for the rung)."""
    amount, everywhere = timings.amount, np.ones(len(timings), dtype=np.bool_)
    if rung.fraction is not None:
        return amount * rung.fraction, everywhere
    offset = rung.offset_days or 0
    if timings.shape.unit is Unit.WORKING_HOUR and offset:
        return amount, ~everywhere
    if offset >= 0:
        return amount + offset, everywhere
    shrunk = amount + offset <= 0
    return np.where(shrunk, amount / 2, amount + offset), ~(shrunk & (amount <= 0))


def instant_after(timings: Timings, units: Floats, bad: Bools) -> Ints:
    """The UTC instant at which more than so many units have been used."""
    if timings.shape.by_day:
        return _after_days(timings, units, bad)
    if not timings.shape.at_once:
        return _after_time(timings, units, bad)
    at_zero = units == 0
    on_days, on_time = np.zeros_like(bad), np.zeros_like(bad)
    found = np.where(at_zero, _after_days(timings, units, on_days), _after_time(timings, units, on_time))
    bad |= np.where(at_zero, on_days, on_time)
    return found


def _after_days(timings: Timings, units: Floats, bad: Bools) -> Ints:
    day, is_none = _reach(timings, np.trunc(units).astype(np.int64), DAY_US, bad)
    return np.where(is_none, NONE, _to_utc(timings, (day + 1) * DAY_US))


def _after_time(timings: Timings, units: Floats, bad: Bools) -> Ints:
    local, is_none = _reach(timings, np.rint(units * _unit_us(timings)).astype(np.int64), 1, bad)
    return np.where(is_none, NONE, _to_utc(timings, local))


def _reach(timings: Timings, amount: Ints, scale: int, bad: Bools) -> tuple[Ints, Bools]:
    """(where the budget is used up, which rows never get there while a stop is open)."""
    start = timings.started_local // scale
    cursor, left = start.copy(), amount.copy()
    is_none = np.zeros(len(timings), dtype=np.bool_)
    going = amount >= 0  # rows for which later stops still matter
    for column in range(timings.stop_from.shape[1]):
        begin, end = timings.stop_from[:, column], timings.stop_to[:, column]
        going = going & (begin != NONE)
        if not going.any():
            break
        begin_at = begin // scale
        measured = going & (begin_at > cursor)
        missing = np.zeros(len(timings), dtype=np.bool_)
        available = np.where(measured, _count(timings, cursor, begin_at, scale, missing), 0)
        bad |= missing & measured
        going = going & (available < left)
        is_none |= going & (end == NONE)
        going = going & (end != NONE)
        left = np.where(going, left - available, left)
        cursor = np.where(going, np.maximum(cursor, end // scale), cursor)
    forward = (amount >= 0) & ~is_none
    missing = np.zeros(len(timings), dtype=np.bool_)
    reached = _add(timings, cursor, left, scale, missing)
    bad |= missing & forward
    return np.where(amount < 0, start + amount, reached), is_none


def _count(timings: Timings, begin: Ints, end: Ints, scale: int, bad: Bools) -> Ints:
    if timings.shape.unit is Unit.CALENDAR_DAY:
        return end - begin
    return timings.table.between(begin, end, bad) if scale == DAY_US else timings.table.measure(begin, end, bad)


def _add(timings: Timings, cursor: Ints, left: Ints, scale: int, bad: Bools) -> Ints:
    if timings.shape.unit is Unit.CALENDAR_DAY:
        return cursor + left
    return timings.table.add(cursor, left, bad) if scale == DAY_US else timings.table.advance(cursor, left, bad)


def _unit_us(timings: Timings) -> int:
    if timings.shape.unit is Unit.WORKING_DAY:
        return timings.table.day_us
    return HOUR_US if timings.shape.unit is Unit.WORKING_HOUR else DAY_US


def _to_utc(timings: Timings, local: Ints) -> Ints:
    """By the calendar's zone where the source wrote in it, else by the source's own fixed offset."""
    in_zone = timings.table.to_local(timings.started_at) == timings.started_local
    own = local - (timings.started_local - timings.started_at) // MINUTE_US * MINUTE_US
    return np.where(in_zone, timings.table.to_utc(local), own)


def passed(at: Ints, ended_at: Ints, now_us: int, by_day: bool) -> Bools:
    """Whether a rung passed while its clock ran; one that ended exactly then was in time, unless days are counted."""
    has_ended = ended_at != NONE
    until = np.where(has_ended, np.minimum(ended_at, now_us), now_us)
    strictly = has_ended & (until == ended_at) & (not by_day)
    told: Bools = (at != NONE) & np.where(strictly, at < until, at <= until)
    return told
