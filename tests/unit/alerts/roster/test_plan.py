"""The plan as pure functions: turns, exceptions, collisions and gaps."""

from __future__ import annotations

from datetime import date

from alerts.roster.plan import (
    DutyException,
    ExceptionKind,
    Shift,
    colliding,
    turns_at,
    turns_of,
    uncovered,
)

MONDAY = date(2018, 10, 15)
OFFICE = [(510, 720), (840, 1050)]  # 08:30-12:00, 14:00-17:30


def shift(username: str = "zhou", weekday: int = 0, begin: int = 510, end: int = 1050, **more) -> Shift:
    return Shift(**{"id": 1, "username": username, "role": "duty_officer", "weekday": weekday, "from_min": begin,
                    "until_min": end, "valid_from": date(2018, 1, 1), **more})


def names_at(minute: int, shifts: list[Shift], exceptions: list[DutyException] | None = None, day: date = MONDAY,
             area: str = "360500") -> list[str]:
    return [turn.username for turn in turns_at(day, minute, area, shifts, exceptions or [])]


def test_a_shift_begins_at_its_first_minute_and_ends_before_its_last() -> None:
    plan = [shift()]

    assert [names_at(minute, plan) for minute in (509, 510, 1049, 1050)] == [[], ["zhou"], ["zhou"], []]


def test_a_shift_holds_only_on_its_weekday_within_its_validity() -> None:
    plan = [shift(valid_until=date(2018, 10, 15))]

    assert names_at(600, plan, day=date(2018, 10, 15)) == ["zhou"]
    assert names_at(600, plan, day=date(2018, 10, 16)) == []
    assert names_at(600, plan, day=date(2018, 10, 22)) == []


def test_a_night_shift_goes_on_into_the_next_morning() -> None:
    plan = [shift(begin=1320, end=1800)]

    assert names_at(1400, plan) == ["zhou"]
    assert names_at(300, plan, day=date(2018, 10, 16)) == ["zhou"]
    assert names_at(360, plan, day=date(2018, 10, 16)) == []


def test_an_absence_takes_its_hours_out_of_the_shift() -> None:
    away = DutyException(day=MONDAY, kind=ExceptionKind.ABSENCE, username="zhou", from_min=600, until_min=660)

    assert [names_at(minute, [shift()], [away]) for minute in (599, 600, 659, 660)] == [["zhou"], [], [], ["zhou"]]


def test_a_replacement_puts_the_substitute_in_the_same_hours_and_says_for_whom() -> None:
    swap = DutyException(day=MONDAY, kind=ExceptionKind.REPLACEMENT, username="zhou", substitute="li")

    [turn] = turns_of(MONDAY, [shift()], [swap])

    assert (turn.username, turn.instead_of, turn.from_min, turn.until_min) == ("li", "zhou", 510, 1050)


def test_an_extra_turn_needs_no_line_of_the_plan() -> None:
    sunday = date(2018, 10, 14)
    extra = DutyException(day=sunday, kind=ExceptionKind.EXTRA, username="li", from_min=510, until_min=1050)

    assert names_at(600, [], [extra], day=sunday) == ["li"]


def test_duty_for_one_area_is_no_duty_for_another_and_duty_for_all_is_for_each() -> None:
    assert names_at(600, [shift(area="360502")]) == []
    assert names_at(600, [shift(area="360502")], area="360502") == ["zhou"]
    assert names_at(600, [shift()], area="360502") == ["zhou"]


def test_the_same_person_twice_at_one_time_collides_and_others_do_not() -> None:
    plan = [shift()]

    assert colliding(shift(id=2, begin=1000, end=1200), plan) == plan[0]
    assert colliding(shift(id=2, begin=1050, end=1200), plan) is None
    assert colliding(shift(id=2, username="li"), plan) is None
    assert colliding(shift(id=2, weekday=1), plan) is None
    assert colliding(shift(id=2, area="360502"), plan) is None
    assert colliding(shift(id=1, begin=600), plan) is None, "a line does not collide with itself"
    over = [shift(valid_until=date(2018, 12, 31))]
    assert colliding(shift(id=2, valid_from=date(2019, 1, 1)), over) is None


def test_gaps_are_what_of_the_office_hours_nobody_covers() -> None:
    plan = [shift(end=700), shift("li", begin=850, end=1000)]

    assert uncovered(MONDAY, OFFICE, "360500", plan, []) == [(700, 720), (840, 850), (1000, 1050)]
    assert uncovered(MONDAY, OFFICE, "360500", [shift()], []) == []


def test_last_nights_shift_covers_the_morning() -> None:
    night = shift(weekday=6, begin=1320, end=2880)

    assert uncovered(MONDAY, OFFICE, "360500", [night], []) == []
