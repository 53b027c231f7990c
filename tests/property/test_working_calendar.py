"""The working calendar against loops over days and minutes, and its operations against each other."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.instants import DAY_US, MINUTE_US, date_of, day_of
from core.working_calendar import CalendarNotPublished, WorkingCalendar, YearPlan
from tests.property.strategies import (
    DAYS,
    FIRST_DAY,
    LAST_DAY,
    LOCAL_INSTANTS,
    LOCAL_MINUTES,
    YEARS,
    calendars,
    office_hours,
    year_plans,
)

AMOUNTS = st.integers(0, 120)


def works(plan: YearPlan, day: date) -> bool:
    """The rule of a notice as one says it: what it names holds, otherwise Monday to Friday."""
    if day in plan.work:
        return True
    return day not in plan.off and day.weekday() < 5


@given(st.data())
def test_a_day_counts_as_its_notice_says(data):
    plans = {year: data.draw(year_plans(year)) for year in YEARS}
    calendar = WorkingCalendar("random", "1", "Asia/Shanghai", plans, ((0, 1),))
    for day in range(FIRST_DAY, LAST_DAY + 1):
        expected = works(plans[date_of(day).year], date_of(day))
        assert calendar.is_working(day) is expected
        assert calendar.status(day).counted is expected


@given(calendars(), DAYS, AMOUNTS)
def test_adding_working_days_is_counting_them_one_by_one(calendar, day, amount):
    expected, left = day, amount
    while left:
        expected += 1
        left -= calendar.is_working(expected)
    assert calendar.add_working_days(day, amount) == expected


@given(calendars(), DAYS, DAYS)
def test_working_days_between_two_days_are_those_of_a_loop(calendar, after, upto):
    low, high = sorted((after, upto))
    counted = sum(calendar.is_working(day) for day in range(low + 1, high + 1))
    assert calendar.working_days_between(after, upto) == (counted if after <= upto else -counted)


@given(calendars(), DAYS, AMOUNTS)
def test_measuring_what_was_added_gives_the_amount(calendar, day, amount):
    assert calendar.working_days_between(day, calendar.add_working_days(day, amount)) == amount


@given(calendars(), DAYS, AMOUNTS)
def test_adding_what_was_measured_gives_the_working_day(calendar, day, later):
    upto = day + later
    found = calendar.add_working_days(day, calendar.working_days_between(day, upto))
    assert found == next((candidate for candidate in range(upto, day, -1) if calendar.is_working(candidate)), day)


@given(calendars(), DAYS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_more_days_or_a_later_start_never_end_earlier(calendar, day, amount, more, later):
    due = calendar.add_working_days(day, amount)
    assert calendar.add_working_days(day, amount + more) >= due
    assert calendar.add_working_days(day + later, amount) >= due


# Working time ---------------------------------------------------------------------------------------------------

@given(st.data(), LOCAL_MINUTES, st.integers(0, 6 * 24 * 60))
def test_working_time_is_the_sum_of_the_minutes_that_count(data, start, minutes):
    hours = data.draw(office_hours())
    plans = {year: data.draw(year_plans(year)) for year in YEARS}
    calendar = WorkingCalendar("random", "1", "Asia/Shanghai", plans, hours)
    end = start + minutes * MINUTE_US
    counted = sum(_minute_counts(calendar, hours, at) for at in range(start, end, MINUTE_US))
    assert calendar.measure(start, end) == counted * MINUTE_US
    assert calendar.measure(end, start) == -counted * MINUTE_US


def _minute_counts(calendar: WorkingCalendar, hours: tuple[tuple[int, int], ...], at: int) -> bool:
    day, in_day = divmod(at, DAY_US)
    return calendar.is_working(day) and any(start <= in_day // MINUTE_US < end for start, end in hours)


@given(calendars(), LOCAL_INSTANTS, st.integers(0, 60 * DAY_US))
def test_measuring_what_was_advanced_gives_the_time(calendar, start, amount):
    amount %= 30 * calendar.day_us
    assert calendar.measure(start, calendar.advance(start, amount)) == amount


@given(calendars(), LOCAL_INSTANTS, st.integers(1, 60 * DAY_US))
def test_advancing_ends_at_the_earliest_instant(calendar, start, amount):
    amount = amount % (30 * calendar.day_us) + 1
    assert calendar.measure(start, calendar.advance(start, amount) - 1) == amount - 1


@given(calendars(), LOCAL_INSTANTS, st.lists(st.integers(1, 60 * DAY_US), max_size=4))
def test_advancing_by_several_amounts_is_advancing_by_each(calendar, start, amounts):
    amounts = [amount % (30 * calendar.day_us) + 1 for amount in amounts]
    assert calendar.advance_each(start, amounts) == [calendar.advance(start, amount) for amount in amounts]


@given(calendars(), LOCAL_INSTANTS, st.integers(0, 90 * DAY_US))
def test_advancing_what_was_measured_ends_where_work_last_stopped(calendar, start, later):
    end = start + later
    found = calendar.advance(start, calendar.measure(start, end))
    assert found <= end
    assert calendar.measure(found, end) == 0


@given(calendars(), LOCAL_INSTANTS, LOCAL_INSTANTS, LOCAL_INSTANTS)
def test_working_time_adds_up_over_any_point_between(calendar, start, middle, end):
    assert calendar.measure(start, middle) + calendar.measure(middle, end) == calendar.measure(start, end)


@given(calendars(), DAYS, st.integers(1, 40), st.data())
def test_n_working_days_from_an_office_hour_end_at_the_same_hour(calendar, day, amount, data):
    opened = calendar.add_working_days(day, 1)
    hour = calendar.advance(opened * DAY_US, data.draw(st.integers(1, calendar.day_us))) % DAY_US
    due = calendar.advance(opened * DAY_US + hour, amount * calendar.day_us)
    assert due == calendar.add_working_days(opened, amount) * DAY_US + hour


@given(calendars(), LOCAL_INSTANTS)
def test_local_time_and_utc_are_inverse(calendar, local):
    assert calendar.to_local(calendar.to_utc(local)) == local


# Years that are not known ---------------------------------------------------------------------------------------

@given(calendars(), st.integers(1, 400))
def test_no_operation_leaves_the_published_years(calendar, beyond):
    after, before = LAST_DAY + beyond, FIRST_DAY - beyond
    attempts = [lambda: calendar.is_working(after), lambda: calendar.is_working(before),
                lambda: calendar.status(after), lambda: calendar.working_days_between(LAST_DAY, after),
                lambda: calendar.measure(LAST_DAY * DAY_US, after * DAY_US),
                lambda: calendar.add_working_days(LAST_DAY - 7, 7 + beyond),
                lambda: calendar.advance(LAST_DAY * DAY_US, (1 + beyond) * calendar.day_us)]
    for attempt in attempts:
        with pytest.raises(CalendarNotPublished):
            attempt()


@given(calendars())
def test_an_unpublished_year_is_named(calendar):
    with pytest.raises(CalendarNotPublished) as refused:
        calendar.working_days_between(LAST_DAY, day_of(date(2015, 3, 2)))
    assert refused.value.year == 2015
    assert calendar.office_state(day_of(date(2015, 3, 2)) * DAY_US) == ("unpublished", "")


@given(calendars(), LOCAL_INSTANTS)
def test_the_next_office_change_is_the_next_minute_at_which_the_state_may_change(calendar, local):
    now = calendar.to_utc(local)
    change = calendar.next_office_change(now)
    assert now < change <= now + DAY_US
    minute = timedelta(minutes=1) // timedelta(microseconds=1)
    for at in range(now, change, 17 * minute):
        assert calendar.office_state(at) == calendar.office_state(now)
