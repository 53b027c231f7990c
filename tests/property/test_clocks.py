"""Laws of the clock: suspensions only ever lengthen, and how they are told does not matter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from cases.clocks import (
    Timing,
    due_day,
    due_instant,
    instants_on,
    last_day,
    merge,
    passages,
    scale_of,
    suspensions,
    timing_of_due,
    timing_of_limit,
    used_days,
    whole_days_used,
)
from cases.events import Due
from cases.fold import Moment, Stop
from config.ladders import Rule, Rung
from core.instants import DAY_US, HOUR_US, MINUTE_US
from core.limits import Granularity, Limit, Unit
from core.working_calendar import WorkingCalendar
from tests.property.strategies import DAYS, MADE_CALENDARS

FOREVER = 1 << 62
OFFSETS = st.sampled_from([480, 120, 60, -180])
DAY_LIMITS = st.builds(Limit, st.integers(0, 30), st.sampled_from([Unit.WORKING_DAY, Unit.CALENDAR_DAY]))
INSTANT_LIMITS = st.builds(Limit, st.integers(0, 30), st.sampled_from(Unit), st.just(Granularity.INSTANT))
LIMITS = st.one_of(DAY_LIMITS, INSTANT_LIMITS)


def moment(local: int, offset: int) -> Moment:
    return Moment(local - offset * MINUTE_US, offset)


@st.composite
def facts(draw: st.DrawFn) -> tuple[WorkingCalendar, Moment, list[Stop]]:
    """A calendar, an opening, and suspensions from a week before it on, some touching, overlapping or never ending."""
    offset = draw(OFFSETS)
    opened = draw(DAYS) * DAY_US + draw(st.integers(0, 23)) * HOUR_US + draw(st.sampled_from([0, 1, 30 * MINUTE_US]))
    return draw(MADE_CALENDARS), moment(opened, offset), draw(st.lists(stops(opened, offset), max_size=4))


@st.composite
def stops(draw: st.DrawFn, opened: int, offset: int) -> Stop:
    start = opened + draw(st.integers(-7 * 24, 40 * 24)) * HOUR_US
    hours = draw(st.one_of(st.integers(0, 20 * 24), st.none()))
    return Stop("special", moment(start, offset), None if hours is None else moment(start + hours * HOUR_US, offset))


def timing(limit: Limit, facts: tuple[WorkingCalendar, Moment, list[Stop]], more: Sequence[Stop] = ()) -> Timing:
    calendar, opened, stops = facts
    return timing_of_limit(limit, opened, suspensions([*stops, *more], opened, None, calendar), calendar)


def end_of(found: int | None) -> int:
    """A clock that an open suspension keeps from ending ends at the end of time."""
    return FOREVER if found is None else found


# The due instant ------------------------------------------------------------------------------------------------

@given(DAY_LIMITS, facts())
def test_the_due_day_is_the_nth_day_that_counts_and_is_not_stopped(limit, facts):
    calendar, opened, stops = facts
    assume(all(stop.end is not None for stop in stops))
    day, left = opened.local // DAY_US, limit.amount
    while left:
        day += 1
        counts = limit.unit is Unit.CALENDAR_DAY or calendar.is_working(day)
        left -= counts and not any(_takes_out(stop, day) for stop in stops)
    assert due_day(timing(limit, facts)) == day


def _takes_out(stop: Stop, day: int) -> bool:
    """The day of the stop had begun to run and counts; the day of the resumption does not."""
    return stop.start.local // DAY_US < day <= stop.end.local // DAY_US


@given(DAY_LIMITS, facts())
def test_all_days_of_the_limit_are_used_by_the_due_day_and_not_before(limit, facts):
    clock = timing(limit, facts)
    due = due_day(clock)
    assume(due is not None and limit.amount > 0)
    assert used_days(clock, due) == limit.amount
    assert used_days(clock, due - 1) == limit.amount - 1


@given(INSTANT_LIMITS, facts())
def test_whole_days_of_a_limit_to_the_minute_are_used_by_its_last_day_and_not_before(limit, facts):
    clock = timing(limit, facts)
    due = due_instant(clock)
    assume(due is not None and limit.amount > 0 and limit.unit is not Unit.WORKING_HOUR)
    last = last_day(due, clock.started, clock.calendar)
    assert whole_days_used(clock, last) == limit.amount
    assert whole_days_used(clock, last - 1) < limit.amount


@given(INSTANT_LIMITS, facts())
def test_the_working_time_not_suspended_before_the_due_instant_is_the_limit(limit, facts):
    clock = timing(limit, facts)
    due = due_instant(clock)
    assume(due is not None and limit.amount > 0)
    unit = {Unit.CALENDAR_DAY: DAY_US, Unit.WORKING_HOUR: HOUR_US, Unit.WORKING_DAY: clock.calendar.day_us}[limit.unit]
    local_due = _local(clock, due)
    assert _used(clock, local_due) == limit.amount * unit
    assert _used(clock, local_due - 1) == limit.amount * unit - 1


def _local(clock: Timing, at: int) -> int:
    return at + clock.started.utc_offset * MINUTE_US


def _used(clock: Timing, until: int) -> int:
    def between(start: int, end: int) -> int:
        return end - start if clock.unit is Unit.CALENDAR_DAY else clock.calendar.measure(start, end)

    begin = clock.started.local
    stopped = [(max(start, begin), min(end or until, until)) for start, end in clock.stops]
    return between(begin, until) - sum(between(start, end) for start, end in stopped if start < end)


# Suspensions ----------------------------------------------------------------------------------------------------

@given(LIMITS, facts(), st.data())
def test_a_suspension_never_shortens_a_clock(limit, facts, data):
    more = data.draw(stops(facts[1].local, facts[1].utc_offset))
    assert end_of(due_instant(timing(limit, facts, [more]))) >= end_of(due_instant(timing(limit, facts)))


@given(LIMITS, facts(), st.data())
def test_a_longer_suspension_never_shortens_a_clock(limit, facts, data):
    stop = data.draw(stops(facts[1].local, facts[1].utc_offset))
    assume(stop.end is not None)
    later = stop.end.local + data.draw(st.integers(0, 9)) * DAY_US
    longer = Stop(stop.kind, stop.start, moment(later, stop.end.utc_offset))
    assert end_of(due_instant(timing(limit, facts, [longer]))) >= end_of(due_instant(timing(limit, facts, [stop])))


@given(LIMITS, facts(), st.data())
def test_splitting_a_suspension_changes_nothing(limit, facts, data):
    stop = data.draw(stops(facts[1].local, facts[1].utc_offset))
    assume(stop.end is None or stop.end.at > stop.start.at)
    upper = stop.start.local + 30 * DAY_US if stop.end is None else stop.end.local
    cut = moment(data.draw(st.integers(stop.start.local, upper)), stop.start.utc_offset)
    parts = [Stop(stop.kind, stop.start, cut), Stop(stop.kind, cut, stop.end)]
    assert due_instant(timing(limit, facts, parts)) == due_instant(timing(limit, facts, [stop]))


@given(LIMITS, facts(), st.randoms(use_true_random=False))
def test_the_order_in_which_suspensions_are_told_changes_nothing(limit, facts, random):
    calendar, opened, stops = facts
    shuffled = random.sample(stops, len(stops))
    assert timing(limit, (calendar, opened, shuffled)) == timing(limit, facts)


@given(LIMITS, facts())
def test_a_suspension_told_twice_counts_once(limit, facts):
    assert due_instant(timing(limit, facts, facts[2])) == due_instant(timing(limit, facts))


@given(facts())
def test_merged_suspensions_are_apart_and_in_order(facts):
    calendar, opened, stops = facts
    spans = suspensions(stops, opened, None, calendar)
    assert merge(spans) == spans
    assert all(start >= opened.local for start, _ in spans)
    assert all(end is not None and end < later for (_, end), (later, _) in pairwise(spans))


@given(LIMITS, facts(), st.integers(1, 30))
def test_a_suspension_after_the_due_instant_changes_nothing(limit, facts, days_later):
    due = due_instant(timing(limit, facts))
    assume(due is not None)
    late = moment(due + facts[1].utc_offset * MINUTE_US + days_later * DAY_US, facts[1].utc_offset)
    assert due_instant(timing(limit, facts, [Stop("special", late)])) == due


# Stated due dates and ladders -----------------------------------------------------------------------------------

@given(facts(), st.integers(-20, 60), st.sampled_from(Granularity))
def test_a_stated_due_date_without_suspensions_is_itself(facts, days, granularity):
    calendar, opened, _ = facts
    at = opened.at + days * DAY_US
    found = due_instant(timing_of_due(Due(at, opened.utc_offset, granularity), opened, (), calendar))
    midnight = ((at + opened.utc_offset * MINUTE_US) // DAY_US + 1) * DAY_US - opened.utc_offset * MINUTE_US
    assert found == (midnight if granularity is Granularity.DAY else at)


LADDER = (Rung(code="warning", level=1, offset_days=-3, label="w", label_en="w", demanded_action="a",
               demanded_action_en="a"),
          Rung(code="yellow", level=2, offset_days=0, label="y", label_en="y", demanded_action="a",
               demanded_action_en="a"),
          Rung(code="red", level=3, offset_days=2, label="r", label_en="r", demanded_action="a",
               demanded_action_en="a"))


@given(LIMITS, facts())
def test_the_rungs_of_a_ladder_pass_in_their_order(limit, facts):
    found = passages(timing(limit, facts), LADDER)
    instants = [end_of(rung.at) for rung in found]
    assert instants == sorted(instants)
    assert end_of(next(rung.at for rung in found if rung.code == "yellow")) == end_of(due_instant(timing(limit, facts)))


FRACTION = Rung(code="used", level=1, fraction=0.9, label="u", label_en="u", demanded_action="a", demanded_action_en="a")
RULE = Rule(id="any", watches="own", name="n", name_en="n", legal_basis="b", source="s", demanded_action="a",
            rungs=(FRACTION, *LADDER))


@given(LIMITS, facts(), st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]))
def test_a_scale_worked_out_once_gives_the_instants_of_every_clock_of_its_limit(limit, facts, zone):
    calendar, opened, _ = facts
    calendar = calendar.in_zone(zone)
    clock, scale = timing_of_limit(limit, opened, (), calendar), scale_of(limit, RULE, calendar)
    due_at, *reached = instants_on(scale, opened)
    assert due_at == due_instant(clock)
    assert list(zip(scale.codes, scale.levels, reached)) == [
        (rung.code, rung.level, rung.at) for rung in passages(clock, RULE.rungs)]
