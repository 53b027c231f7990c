"""The algebra of limits on single examples: day and instant, zero and long leads, stops that end, never end, or are capped."""

from __future__ import annotations

import pytest

from cases.clocks import (
    Timing,
    due_day,
    due_instant,
    merge,
    passages,
    suspensions,
    timing_of_due,
    timing_of_limit,
    used_days,
)
from cases.events import Due
from cases.fold import Moment, Stop
from config.ladders import Rung
from core.instants import DAY_US, HOUR_US, SECOND_US, date_of
from core.limits import Granularity, Limit, Unit, parse_limit
from tests.unit.cases.record import calendars, told, us

START = Moment(us("10-15 10:00"))


def stop(start: str, end: str | None = None, approved: int | None = None) -> Stop:
    return Stop("special", Moment(us(start)), Moment(us(end)) if end else None, "", approved)


def timing(limit: str, *stops: Stop, started: Moment = START, calendar: str = "cn", by: str | None = None,
           ended: Moment | None = None) -> Timing:
    days = calendars()[calendar]
    stated = parse_limit(limit, Granularity(by) if by else None)
    return timing_of_limit(stated, started, suspensions(stops, started, ended, days), days)


def due(*args: object, **kwargs: object) -> str:
    return told(due_instant(timing(*args, **kwargs)))  # type: ignore[arg-type]


def rung(code: str, level: int, offset: int | None = None, fraction: float | None = None) -> Rung:
    return Rung(code=code, level=level, offset_days=offset, fraction=fraction, label="", label_en="", demanded_action="",
                demanded_action_en="")


def ladder(clock: Timing, *rungs: Rung) -> list[tuple[str, str]]:
    return [(passage.code, told(passage.at)) for passage in passages(clock, rungs)]


# Units and granularity ------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("limit", "by", "late_from"), [
    ("7wd", "day", "10-25 00:00"), ("7wd", "instant", "10-24 10:00"), ("9cd", "day", "10-25 00:00"),
    ("9cd", "instant", "10-24 10:00"), ("8wh", "instant", "10-16 11:00"), ("0wd", "day", "10-16 00:00"),
    ("0cd", "instant", "10-16 00:00"), ("1wd", "day", "10-17 00:00")])
def test_a_limit_is_late_from_the_instant_its_unit_and_granularity_say(limit, by, late_from):
    assert due(limit, by=by) == late_from


def test_a_limit_by_the_day_ignores_the_hour_of_the_opening():
    for hour in ("00:00", "08:30", "23:59"):
        assert due("7wd", started=Moment(us(f"10-15 {hour}"))) == "10-25 00:00"


def test_holidays_and_make_up_days_are_those_of_the_calendar():
    before_the_holiday = Moment(us("09-28 10:00"))
    assert due("2wd", started=before_the_holiday) == "10-01 00:00"
    assert due("3wd", started=before_the_holiday) == "10-09 00:00"
    assert due("3wd", started=before_the_holiday, calendar="mf") == "10-04 00:00"
    assert due("3cd", started=before_the_holiday) == "10-02 00:00"


def test_the_first_day_is_the_date_the_source_wrote():
    written_in_amsterdam = Moment(us("10-16 05:00"), 120)  # 10-15 23:00 there
    assert date_of(due_day(timing("1wd", started=written_in_amsterdam)) or 0).isoformat() == "2018-10-16"
    assert date_of(due_day(timing("1wd", started=Moment(us("10-16 05:00")))) or 0).isoformat() == "2018-10-17"


def test_an_instant_limit_begun_at_night_begins_at_the_opening():
    assert due("1wd", by="instant", started=Moment(us("10-15 22:00"))) == "10-16 17:30"


# Ladders --------------------------------------------------------------------------------------------------------

def test_a_lead_longer_than_the_limit_shrinks_to_half_of_it():
    warning, yellow = rung("warning", 1, -3), rung("yellow", 2, 0)
    assert ladder(timing("2wd", by="instant"), warning, yellow) == [("warning", "10-16 10:00"), ("yellow", "10-17 10:00")]
    assert ladder(timing("3wd", by="instant"), warning) == [("warning", "10-16 15:30")]
    assert ladder(timing("3wd"), warning, yellow) == [("warning", "10-17 00:00"), ("yellow", "10-19 00:00")]


def test_a_limit_of_nothing_has_no_warning_and_is_late_with_its_day():
    assert ladder(timing("0wd"), rung("warning", 1, -3), rung("yellow", 2, 0), rung("red", 3, 1)) == [
        ("yellow", "10-16 00:00"), ("red", "10-17 00:00")]


def test_a_rung_may_be_a_share_of_the_limit():
    assert ladder(timing("10wd", by="instant"), rung("yellow", 2, fraction=0.9)) == [("yellow", "10-26 10:00")]
    assert ladder(timing("20cd", by="instant"), rung("yellow", 2, fraction=0.5)) == [("yellow", "10-25 10:00")]


def test_an_hour_limit_has_no_rung_of_days():
    assert ladder(timing("8wh"), rung("warning", 1, -3), rung("yellow", 2, 0)) == [("yellow", "10-16 11:00")]


# Stops ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("stops", "late_from"), [
    ((stop("10-16 09:00", "10-18 17:00"),), "10-27 00:00"),
    ((stop("10-16 09:00", "10-16 17:00"),), "10-25 00:00"),
    ((stop("10-19 17:00", "10-22 08:00"),), "10-26 00:00"),
    ((stop("10-20 09:00", "10-21 17:00"),), "10-25 00:00"),
    ((stop("10-15 09:00", "10-15 12:00"),), "10-25 00:00"),
    ((stop("10-26 09:00", "10-30 17:00"),), "10-25 00:00"),
    ((stop("10-16 09:00", "10-17 09:00"), stop("10-17 09:00", "10-18 09:00")), "10-27 00:00"),
    ((stop("10-16 09:00", "10-18 09:00"), stop("10-17 09:00", "10-19 09:00")), "10-30 00:00"),
])
def test_the_day_a_stop_begins_counts_and_the_day_it_ends_does_not(stops, late_from):
    assert due("7wd", *stops) == late_from


def test_an_open_stop_keeps_the_due_day_from_coming_but_not_a_rung_before_it():
    clock = timing("7wd", stop("10-18 09:00"))
    assert due_instant(clock) is None
    assert due_day(clock) is None
    assert ladder(clock, rung("early", 1, -5), rung("yellow", 2, 0)) == [("early", "10-18 00:00"), ("yellow", "-")]


def test_an_open_stop_that_begins_after_the_due_day_comes_too_late():
    assert due("7wd", stop("10-25 09:00")) == "10-25 00:00"
    assert due("7wd", stop("10-24 10:00"), by="instant") == "10-24 10:00"


def test_a_stop_is_capped_by_its_approved_days():
    assert due("7wd", stop("10-16 10:00", "11-30 10:00", approved=3), by="instant") == "10-29 10:00"
    assert due("7wd", stop("10-16 10:00", None, approved=3), by="instant") == "10-29 10:00"
    assert due("7wd", stop("10-16 10:00", "10-17 10:00", approved=3), by="instant") == "10-25 10:00"


def test_a_stop_approved_for_no_day_stops_nothing():
    assert due("7wd", stop("10-16 10:00", "10-20 10:00", approved=0), by="instant") == "10-24 10:00"


def test_a_stop_that_began_before_the_opening_counts_from_the_opening_on():
    assert due("7wd", stop("10-08 10:00", "10-17 10:00"), by="instant") == "10-26 10:00"
    assert suspensions([stop("10-08 10:00", "10-12 10:00")], START, None, calendars()["cn"]) == ()


def test_a_stop_lasts_no_longer_than_the_case():
    ended = Moment(us("10-18 10:00"))
    spans = suspensions([stop("10-16 10:00"), stop("10-19 10:00")], START, ended, calendars()["cn"])
    assert spans == ((Moment(us("10-16 10:00")).local, ended.local),)


def test_calendar_days_are_stopped_by_the_same_rule():
    assert due("10cd", stop("10-16 09:00", "10-18 17:00")) == "10-28 00:00"
    assert due("10cd", stop("10-16 10:00", "10-18 10:00"), by="instant") == "10-27 10:00"


def test_used_days_leave_out_what_was_stopped():
    clock = timing("7wd", stop("10-16 09:00", "10-18 17:00"))
    at = {day: used_days(clock, Moment(us(f"10-{day} 00:00")).local // DAY_US) for day in (14, 15, 16, 17, 18, 19, 22, 26)}
    assert at == {14: 0, 15: 0, 16: 1, 17: 1, 18: 1, 19: 2, 22: 3, 26: 7}


def test_spans_that_overlap_or_touch_are_one_and_an_open_one_swallows_the_rest():
    assert merge([(5, 7), (1, 3), (3, 4), (6, 9)]) == ((1, 4), (5, 9))
    assert merge([(1, None), (2, 3), (9, None)]) == ((1, None),)
    assert merge([(4, 6), (1, 2), (5, None)]) == ((1, 2), (4, None))
    assert merge([]) == ()


# Due dates a source states ----------------------------------------------------------------------------------------

def own(at: str, granularity: str = "day", offset: int = 480, *stops: Stop, started: Moment = START) -> Timing:
    days = calendars()["cn"]
    return timing_of_due(Due(us(at), offset, granularity), started, suspensions(stops, started, None, days), days)


def test_a_stated_due_day_may_be_used_to_its_end():
    assert told(due_instant(own("10-24 00:00"))) == "10-25 00:00"
    assert told(due_instant(own("10-24 15:30", "instant"))) == "10-24 15:30"


def test_a_stated_due_date_moves_by_the_calendar_time_of_a_stop():
    assert told(due_instant(own("10-24 00:00", "day", 480, stop("10-16 10:00", "10-19 10:00")))) == "10-28 00:00"
    assert told(due_instant(own("10-24 15:30", "instant", 480, stop("10-16 10:00", "10-19 10:00")))) == "10-27 15:30"


def test_a_due_date_before_the_opening_is_late_from_then_on():
    clock = own("10-10 12:00")
    assert told(due_instant(clock)) == "10-11 00:00"
    assert told(due_instant(own("10-10 12:00", "instant"))) == "10-10 12:00"
    assert ladder(clock, rung("warning", 1, -3), rung("red", 3, 0)) == [("red", "10-11 00:00")]


def test_a_due_date_written_in_another_zone_keeps_its_date_there():
    clock = own("10-25 06:00", "day", 60)  # 10-24 23:00 in its own zone
    assert told(due_instant(clock)) == "10-25 00:00"


def test_results_are_in_the_zone_of_the_source_when_it_is_not_the_calendars():
    elsewhere = Moment(us("10-15 16:00"), 120)  # 10:00 there
    clock = timing_of_limit(Limit(7, Unit.WORKING_DAY, Granularity.INSTANT), elsewhere, (), calendars()["cn"])
    assert told(due_instant(clock)) == "10-24 16:00"
    assert elsewhere.local - Moment(us("10-15 16:00")).local == -6 * HOUR_US


def test_one_second_is_told_apart():
    clock = timing("7wd", by="instant", started=Moment(us("10-15 10:00") + SECOND_US))
    assert due_instant(clock) == us("10-24 10:00") + SECOND_US
