"""Absences in office hours, from looks: minutes by the calendar, lunch, holidays, make-up days, gaps, people passing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.calendars import load_calendars
from config.onsite import SignalKind
from core.instants import to_us
from video.attendance import Absence, Attendance, AttendanceRules, Moment
from video.vision.looker import Seat

CALENDAR = load_calendars()["cn"]
A, P, U = Seat.ABSENT, Seat.PRESENT, Seat.UNKNOWN
RULES = AttendanceRules(unattended=15, late=10, early=10)
MONDAY = "2024-04-22"


class Window:
    """A seat looked at every five seconds of business time, which here is real time."""

    def __init__(self, rules: AttendanceRules = RULES) -> None:
        self.attendance = Attendance(CALENDAR, rules)
        self.told: list[Absence] = []
        self.now = 0

    def at(self, clock: str, day: str = MONDAY) -> Window:
        """To that moment in Shanghai, nobody looking meanwhile."""
        local = datetime.fromisoformat(f"{day}T{clock}:00+08:00")
        self.now = to_us(local.astimezone(UTC))
        return self

    def see(self, seat: Seat, minutes: float) -> Window:
        until = self.now + int(minutes * 60_000_000)
        while self.now < until:
            self.told += self.attendance.see(seat, Moment(self.now, self.now))
            self.now += 5_000_000
        return self

    @property
    def kinds(self) -> list[tuple[str, bool]]:
        return [(absence.kind.value, absence.is_over) for absence in self.told]


def test_fifteen_minutes_of_an_empty_seat_are_told_once_and_over_when_somebody_is_back():
    window = Window().at("10:00").see(P, 1).see(A, 20).see(P, 2)
    begins, ends = window.told

    assert [("unattended", False), ("unattended", True)] == window.kinds
    assert (15, 20) == pytest.approx((begins.minutes, ends.minutes), abs=0.2)
    assert (begins.since, ends.reason) == (ends.since, "back")


def test_fourteen_minutes_are_nothing():
    assert [] == Window().at("10:00").see(P, 1).see(A, 14).see(P, 30).told


def test_somebody_passing_through_does_not_bring_the_clerk_back():
    assert [("unattended", False)] == Window().at("10:00").see(A, 10).see(P, 0.2).see(A, 6).kinds


def test_somebody_who_stays_does():
    assert [] == Window().at("10:00").see(A, 10).see(P, 0.5).see(A, 10).told


def test_what_is_not_known_does_not_count_and_a_longer_gap_ends_the_stretch():
    assert [] == Window().at("10:00").see(A, 10).see(U, 30).see(A, 10).told
    assert [("unattended", False), ("unattended", True)] == Window().at("10:00").see(A, 16).see(U, 1).kinds
    assert "unknown" == Window().at("10:00").see(A, 16).see(U, 1).told[-1].reason


def test_a_camera_that_went_away_ends_the_stretch_too():
    assert [] == Window().at("10:00").see(A, 10).at("10:15").see(A, 10).told


def test_lunch_is_no_office_time_and_a_session_ends_there():
    opens, closes = CALENDAR.office_hours[0]
    noon = f"{closes // 60:02}:{closes % 60:02}"
    before = closes - 10
    window = Window().at(f"{before // 60:02}:{before % 60:02}").see(A, 10 + 60)

    assert ("unattended", False) not in window.kinds, noon
    assert opens < closes


@pytest.mark.parametrize(("day", "counts"), [
    (MONDAY, True), ("2024-04-28", True), ("2024-05-01", False), ("2024-04-27", False),
    ("2030-01-07", True), ("2030-01-05", False)],
    ids=["working day", "make-up Sunday", "holiday", "Saturday", "not published", "not published, Saturday"])
def test_the_calendar_of_the_area_decides(day, counts):
    assert counts is bool(Window().at("10:00", day).see(A, 20).told)


def test_what_is_found_in_a_year_nobody_published_says_so():
    assert {True} == {absence.is_assumed for absence in Window().at("10:00", "2030-01-07").see(A, 20).see(P, 2).told}
    assert {False} == {absence.is_assumed for absence in Window().at("10:00").see(A, 20).see(P, 2).told}


def test_who_comes_late_is_late_and_who_does_not_come_is_absent():
    late = Window().at("08:20").see(A, 22).see(P, 3)

    [absence] = late.told
    assert (SignalKind.LATE, True) == (absence.kind, absence.is_over)
    opening = to_us(datetime.fromisoformat(f"{MONDAY}T00:00:00+08:00")) + CALENDAR.office_hours[0][0] * 60_000_000
    assert opening == absence.since.business
    assert [("unattended", False)] == Window().at("08:20").see(A, 70).kinds


def test_who_leaves_before_the_end_left_early():
    closes = CALENDAR.office_hours[-1][1]
    from_minute = closes - 12
    window = Window().at(f"{from_minute // 60:02}:{from_minute % 60:02}").see(A, 20)

    assert [("early", True)] == window.kinds


def test_a_camera_switched_on_late_in_the_morning_makes_nobody_late():
    assert [] == Window().at("09:40").see(A, 12).see(P, 2).told


def test_kinds_without_a_rule_are_not_watched_for():
    nothing = AttendanceRules(None, None, None)

    assert [] == Window(nothing).at("08:20").see(A, 200).see(P, 2).told


def test_an_accelerated_clock_counts_business_minutes():
    """120 business seconds a look, as in the demonstration: seven looks are a quarter of an hour."""
    attendance, told = Attendance(CALENDAR, RULES), []
    start = Window().at("10:00").now
    for look in range(1, 10):
        told += attendance.see(A, Moment(look * 1_000_000, start + look * 120_000_000))

    assert ["unattended"] == [absence.kind.value for absence in told]
    assert timedelta(minutes=16) == timedelta(minutes=told[0].minutes)
