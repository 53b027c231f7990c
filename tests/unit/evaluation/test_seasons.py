"""Periods and what they may be compared with, in working days of a calendar with a long holiday."""

from __future__ import annotations

from datetime import date

import pytest

from config.calendars import load_calendars
from core.working_calendar import WorkingCalendar, YearPlan
from evaluation.seasons import Comparable, Span, Stretch, comparables, neighbour, so_far, stretch_of, working_days


@pytest.fixture(scope="module")
def calendar() -> WorkingCalendar:
    return load_calendars()["cn"]


@pytest.mark.parametrize(("span", "first", "last"), [
    (Span.MONTH, date(2024, 2, 1), date(2024, 2, 29)), (Span.QUARTER, date(2024, 1, 1), date(2024, 3, 31)),
    (Span.HALF, date(2024, 1, 1), date(2024, 6, 30)), (Span.YEAR, date(2024, 1, 1), date(2024, 12, 31))])
def test_a_day_lies_in_one_stretch_of_each_kind(span: Span, first: date, last: date) -> None:
    assert stretch_of(span, date(2024, 2, 17)) == Stretch(first, last)


@pytest.mark.parametrize(("span", "steps", "first", "last"), [
    (Span.MONTH, -2, date(2023, 12, 1), date(2023, 12, 31)), (Span.QUARTER, 1, date(2024, 4, 1), date(2024, 6, 30)),
    (Span.HALF, -1, date(2023, 7, 1), date(2023, 12, 31)), (Span.YEAR, -1, date(2023, 1, 1), date(2023, 12, 31))])
def test_neighbours(span: Span, steps: int, first: date, last: date) -> None:
    assert neighbour(span, stretch_of(span, date(2024, 2, 17)), steps) == Stretch(first, last)


def test_free_days_move_by_their_own_length() -> None:
    week = Stretch(date(2024, 3, 11), date(2024, 3, 17))
    assert neighbour(Span.FREE, week, -1) == Stretch(date(2024, 3, 4), date(2024, 3, 10))


def test_a_month_with_the_spring_festival_is_compared_with_as_many_working_days(calendar: WorkingCalendar) -> None:
    """February 2024 has 21 weekdays; 12 to 16 (Monday to Friday) are off, the Sundays 4 and 18 worked: 21 - 5 + 2 = 18."""
    february = Stretch(date(2024, 2, 1), date(2024, 2, 29))
    assert working_days(calendar, february) == 18
    found = comparables(calendar, Span.MONTH, february, date(2024, 3, 9))
    # January 2024: the 18th working day is Thursday 25 (1 January off: 2 to 5 are 4, then 8 to 12, 15 to 19, 22 to 25).
    assert found[0] == Comparable("before", Stretch(date(2024, 1, 1), date(2024, 1, 25)), 18, is_short=False)
    assert found[1].name == "last_year"
    assert working_days(calendar, found[1].stretch) == 18


def test_a_month_that_is_not_over_is_compared_with_what_has_been_of_it(calendar: WorkingCalendar) -> None:
    march = Stretch(date(2024, 3, 1), date(2024, 3, 31))
    found = comparables(calendar, Span.MONTH, march, date(2024, 3, 8))
    assert so_far(march, date(2024, 3, 8)) == Stretch(date(2024, 3, 1), date(2024, 3, 8))
    assert found[0].stretch == Stretch(date(2024, 2, 1), date(2024, 2, 7))  # 1, 2, 4 (a Sunday worked), 5, 6, 7
    assert found[0].working_days == 6


def test_a_shorter_month_is_taken_whole_and_said_to_be_shorter(calendar: WorkingCalendar) -> None:
    march = Stretch(date(2024, 3, 1), date(2024, 3, 31))
    before = comparables(calendar, Span.MONTH, march, date(2024, 4, 1))[0]
    assert before == Comparable("before", Stretch(date(2024, 2, 1), date(2024, 2, 29)), 18, is_short=True)


def test_a_year_whose_holidays_are_not_known_is_left_out() -> None:
    only_2024 = WorkingCalendar("x", "1", "Asia/Shanghai", {2024: YearPlan()}, ((540, 720),))
    found = comparables(only_2024, Span.MONTH, Stretch(date(2024, 2, 1), date(2024, 2, 29)), date(2024, 3, 1))
    assert [one.name for one in found] == ["before"]
