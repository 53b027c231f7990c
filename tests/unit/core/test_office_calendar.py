"""The Chinese calendar of 2018 and 2026 in its details: office hours, make-up days, holidays, zones, unpublished years."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from config.calendars import load_calendars
from core.errors import ConfigError
from core.instants import DAY_US, HOUR_US, MINUTE_US, date_of, day_of, to_us
from core.working_calendar import CalendarNotPublished, WorkingCalendar, YearPlan

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = ((8 * 60 + 30, 12 * 60), (14 * 60, 17 * 60 + 30))


@pytest.fixture(scope="module")
def cn() -> WorkingCalendar:
    return load_calendars()["cn"]


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    return to_us(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def day(text: str) -> int:
    return day_of(date.fromisoformat(text))


@pytest.mark.parametrize(("clock", "state"), [
    ("00:00:00", "before"), ("08:29:59.999999", "before"), ("08:30:00", "working"), ("11:59:59.999999", "working"),
    ("12:00:00", "lunch"), ("13:59:59.999999", "lunch"), ("14:00:00", "working"), ("17:29:59.999999", "working"),
    ("17:30:00", "after"), ("23:59:59.999999", "after")])
def test_the_office_state_changes_exactly_at_each_boundary(cn, clock, state):
    assert cn.office_state(at(f"2018-10-15T{clock}")) == (state, "")


@pytest.mark.parametrize(("day_text", "state"), [
    ("2018-10-20", ("weekend", "")), ("2018-10-01", ("holiday", "国庆节")), ("2018-09-29", ("working", "国庆节")),
    ("2026-02-15", ("holiday", "春节")), ("2026-02-28", ("working", "春节")), ("2027-01-04", ("unpublished", "")),
    ("2006-06-01", ("unpublished", ""))])
def test_ten_in_the_morning_of_a_day_is_what_the_notice_makes_of_it(cn, day_text, state):
    assert cn.office_state(at(f"{day_text}T10:00:00")) == state


def test_the_next_change_walks_through_the_day_and_over_midnight(cn):
    now, told = at("2018-10-15T00:00:00"), []
    for _ in range(6):
        now = cn.next_office_change(now)
        told.append((now - at("2018-10-15T00:00:00")) / HOUR_US)
    assert told == [8.5, 12, 14, 17.5, 24, 32.5]


@pytest.mark.parametrize(("text", "kind", "counted"), [
    ("2018-09-29", "make_up", True), ("2018-09-30", "make_up", True), ("2018-10-01", "holiday", False),
    ("2018-10-06", "holiday", False), ("2018-10-08", "working", True), ("2018-10-13", "weekend", False)])
def test_a_day_says_why_it_counts_or_not(cn, text, kind, counted):
    status = cn.status(day(text))
    assert (status.kind, status.counted, cn.is_working(day(text))) == (kind, counted, counted)


def test_a_make_up_saturday_and_sunday_count_and_the_holiday_week_does_not(cn):
    assert date_of(cn.add_working_days(day("2018-09-28"), 2)) == date(2018, 9, 30)
    assert date_of(cn.add_working_days(day("2018-09-28"), 3)) == date(2018, 10, 8)
    assert cn.working_days_between(day("2018-09-28"), day("2018-10-08")) == 3


def test_a_notice_may_reach_into_the_year_before():
    plans = {2007: YearPlan(), 2008: YearPlan(off={date(2007, 12, 31): "元旦"}, work={date(2007, 12, 29): "元旦"})}
    calendar = WorkingCalendar("c", "1", "Asia/Shanghai", plans, OFFICE)
    assert calendar.status(day("2007-12-31")).kind == "holiday"
    assert calendar.status(day("2007-12-29")).kind == "make_up"


def test_office_time_skips_lunch_night_and_weekend(cn):
    friday, monday = at("2018-10-19T11:30:00"), at("2018-10-22T14:30:00")
    assert cn.office_seconds(friday, monday) == (0.5 + 3.5 + 3.5 + 0.5) * 3600


def test_plain_time_stands_in_for_office_time_of_an_unpublished_year(cn):
    assert cn.office_seconds(at("2027-01-04T10:00:00"), at("2027-01-04T20:00:00")) == 10 * 3600


def test_work_begun_in_the_night_counts_from_the_opening(cn):
    night = at("2018-10-15T22:00:00") + 8 * HOUR_US
    tuesday = (day("2018-10-16")) * DAY_US
    assert cn.advance(night, HOUR_US) == tuesday + 9 * HOUR_US + 30 * MINUTE_US
    assert cn.advance(night, cn.day_us) == tuesday + 17 * HOUR_US + 30 * MINUTE_US


# Zones ------------------------------------------------------------------------------------------------------------

def test_the_same_calendar_on_another_wall_clock_keeps_days_and_hours(cn):
    urumqi = cn.in_zone("Asia/Urumqi")
    moment = at("2018-10-15T08:30:00", "Asia/Urumqi")
    assert urumqi.office_state(moment) == ("working", "")
    assert urumqi.office_state(moment - 1) == ("before", "")
    assert urumqi.status(day("2018-10-01")) == cn.status(day("2018-10-01"))
    assert (cn.timezone, urumqi.timezone, urumqi.key) == ("Asia/Shanghai", "Asia/Urumqi", cn.key)
    assert cn.in_zone("Asia/Shanghai") is cn


def test_a_zone_with_summer_time_is_followed_through_the_change():
    amsterdam = load_calendars()["mf"].in_zone("Europe/Amsterdam")
    summer, winter = at("2018-10-26T08:30:00", "Europe/Amsterdam"), at("2018-10-29T08:30:00", "Europe/Amsterdam")
    assert winter - summer == 3 * DAY_US + HOUR_US
    assert [amsterdam.office_state(us)[0] for us in (summer - 1, summer, winter - 1, winter)] == [
        "before", "working", "before", "working"]
    assert amsterdam.to_local(winter) - amsterdam.to_local(summer) == 3 * DAY_US


def test_an_hour_that_happens_twice_means_its_first_passing():
    amsterdam = load_calendars()["mf"].in_zone("Europe/Amsterdam")
    local = day("2018-10-28") * DAY_US + 2 * HOUR_US + 30 * MINUTE_US
    assert amsterdam.to_utc(local) == to_us(datetime.fromisoformat("2018-10-28T02:30:00+02:00"))


def test_today_is_the_date_of_the_areas_own_wall_clock(cn):
    assert cn.today(to_us(datetime.fromisoformat("2018-10-15T23:00:00+00:00"))) == day("2018-10-16")


# What is refused ----------------------------------------------------------------------------------------------------

def test_a_deadline_that_needs_an_unpublished_year_raises_with_its_name(cn):
    with pytest.raises(CalendarNotPublished) as refused:
        cn.add_working_days(day("2026-12-20"), 20)
    assert (refused.value.code, refused.value.calendar, refused.value.year) == ("calendar_not_published", "cn", 2027)


def test_a_calendar_with_a_hole_between_its_years_is_refused():
    with pytest.raises(ConfigError, match="calendar_years_have_gaps"):
        WorkingCalendar("c", "1", "Asia/Shanghai", {2018: YearPlan(), 2020: YearPlan()}, OFFICE)


@pytest.mark.parametrize("hours", [(), ((600, 540),), ((540, 720), (720, 1020)), ((-1, 60),), ((600, 1441),)])
def test_office_hours_that_are_none_backward_touching_or_outside_the_day_are_refused(hours):
    with pytest.raises(ConfigError, match="office_hours_invalid"):
        WorkingCalendar("c", "1", "Asia/Shanghai", None, hours)
