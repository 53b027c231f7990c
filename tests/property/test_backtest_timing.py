"""The clock algebra on arrays agrees with cases.clocks to the microsecond, whatever the calendar, the stops and the zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alerts.backtest.arrays import NONE, calendar_table
from alerts.backtest.timing import Shape, Timings, instants
from cases import clocks
from cases.clocks import Timing, suspensions, timing_of_due, timing_of_limit
from cases.events import Due
from cases.fold import Moment, Stop
from config.ladders import Rung
from core.errors import SupervisionError
from core.instants import DAY_US, HOUR_US, MINUTE_US, day_of
from core.working_calendar import WorkingCalendar
from tests.property.strategies import MADE_CALENDARS
from tests.property.test_clocks import LIMITS, moment

# Up to both ends of the published years and beyond: there the scalar raises and the arrays must say so.
ANY_DAY = st.one_of(st.integers(day_of(date(2011, 12, 1)), day_of(date(2015, 2, 1))),
                    st.integers(day_of(date(2014, 11, 1)), day_of(date(2014, 12, 31))))
IN_DAY = st.one_of(st.integers(0, DAY_US - 1), st.sampled_from([0, 9 * HOUR_US, 12 * HOUR_US, 17 * HOUR_US]))
CALENDARS = st.builds(lambda calendar, zone: calendar.in_zone(zone), MADE_CALENDARS,
                      st.sampled_from(["Asia/Shanghai", "Europe/Amsterdam", "America/New_York"]))
_WORDS = {"label": "x", "label_en": "x", "demanded_action": "x", "demanded_action_en": "x"}
RUNGS = tuple(Rung(code=f"r{at}", level=1, **threshold, **_WORDS) for at, threshold in enumerate(
    [{"offset_days": offset} for offset in (-3, -1, 0, 1, 5)] + [{"fraction": share} for share in (0.5, 0.9, 1.0)]))


@st.composite
def starts(draw: st.DrawFn) -> Moment:
    return moment(draw(ANY_DAY) * DAY_US + draw(IN_DAY), draw(st.sampled_from([480, 120, 60, -240])))


@st.composite
def timings(draw: st.DrawFn) -> Timing:
    calendar, opened = draw(CALENDARS), draw(starts())
    stops = suspensions(draw(st.lists(_stops(opened), max_size=4)), opened, None, calendar)
    if draw(st.booleans()):
        return timing_of_limit(draw(LIMITS), opened, stops, calendar)
    due = opened.at + draw(st.integers(-20 * DAY_US, 60 * DAY_US))
    return timing_of_due(Due(due, opened.utc_offset, draw(st.sampled_from(["day", "instant"]))), opened, stops, calendar)


def _stops(opened: Moment) -> st.SearchStrategy[Stop]:
    def stop(after: int, hours: int | None) -> Stop:
        start = Moment(opened.at + after * HOUR_US, opened.utc_offset)
        return Stop("special", start, None if hours is None else Moment(start.at + hours * HOUR_US, opened.utc_offset))
    return st.builds(stop, st.integers(-7 * 24, 40 * 24), st.one_of(st.integers(0, 20 * 24), st.none()))


def scalar(timing: Timing) -> list[int | None] | None:
    """Instants of RUNGS one by one; None when the clock cannot be judged."""
    try:
        found = {passage.code: passage.at for passage in clocks.instants(timing, RUNGS)[1]}
    except SupervisionError:
        return None
    return [found.get(rung.code) for rung in RUNGS]


def on_arrays(batch: Sequence[Timing]) -> list[list[int | None] | None]:
    first = batch[0]
    width = max(len(one.stops) for one in batch)
    columns = [[(*one.stops, *[None] * width)[at] for one in batch] for at in range(width)]
    begin = np.array([[NONE if span is None else span[0] for span in column] for column in columns], dtype=np.int64)
    end = np.array([[NONE if span is None or span[1] is None else span[1] for span in column] for column in columns],
                   dtype=np.int64)
    made = Timings(
        Shape(first.unit, first.granularity, first.at_once), calendar_table(first.calendar),
        np.array([float(one.amount) for one in batch]), np.array([one.started.at for one in batch], dtype=np.int64),
        np.array([one.started.local for one in batch], dtype=np.int64),
        begin.T.reshape(len(batch), width), end.T.reshape(len(batch), width))
    found, bad = instants(made, RUNGS)
    return [None if bad[row] else [None if at[row] == NONE else int(at[row]) for at in found] for row in range(len(batch))]


@given(timings())
def test_one_clock_on_arrays_is_the_clock(timing: Timing) -> None:
    assert on_arrays([timing]) == [scalar(timing)]


@given(CALENDARS, LIMITS, st.lists(st.tuples(starts(), st.lists(st.tuples(
    st.integers(-7 * 24, 40 * 24), st.one_of(st.integers(0, 20 * 24), st.none())), max_size=3)), min_size=2, max_size=6))
def test_many_clocks_at_once_do_not_mind_each_other(calendar: WorkingCalendar, limit: object, cases: list[object]) -> None:
    batch = []
    for opened, stops in cases:  # type: ignore[misc]
        made = [Stop("special", Moment(opened.at + after * HOUR_US, opened.utc_offset),
                     None if hours is None else Moment(opened.at + (after + hours) * HOUR_US, opened.utc_offset))
                for after, hours in stops]
        batch.append(timing_of_limit(limit, opened, suspensions(made, opened, None, calendar), calendar))  # type: ignore[arg-type]
    assert on_arrays(batch) == [scalar(one) for one in batch]


@given(CALENDARS, st.integers(day_of(date(2012, 1, 2)), day_of(date(2014, 12, 30))), st.integers(0, 24 * 60 - 1))
def test_zones_on_arrays_are_the_zones(calendar: WorkingCalendar, day: int, minute: int) -> None:
    table, local = calendar_table(calendar), day * DAY_US + minute * MINUTE_US
    at = np.array([local], dtype=np.int64)
    assert int(table.to_utc(at)[0]) == calendar.to_utc(local)
    assert int(table.to_local(at)[0]) == calendar.to_local(local)
