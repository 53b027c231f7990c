"""G11, G13, G16, G30: how fast, and when."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from core.instants import DAY_US, MINUTE_US, SECOND_US, day_of
from tests.unit.alerts.detectors.logs import CALENDAR, Directory, at, case, detect, figures, honest, shown, told


def _quick(number: int, minutes: float, org: str = "D01", item: str = "permit") -> Any:
    start = at("04-09 09:03") + number * 23 * MINUTE_US
    return case(f"{org}-q-{number:02}", told("accepted", start), told("concluded", start + int(minutes * MINUTE_US)),
                org=org, item=item)


# G11 --------------------------------------------------------------------------------------------------------------

def test_g11_finds_promised_cases_approved_in_minutes_and_in_no_time() -> None:
    found = detect("G11", [*honest("D01", 37), *(_quick(n, 4) for n in range(9)), *(_quick(n + 20, 0) for n in range(6))])
    assert figures(found) == {("D01", "seconds"): (15, 52), ("D01", "zero"): (6, 52)}
    assert shown(found, "zero") == [f"D01-q-{n + 20:02}" for n in range(6)]


def test_g11_instant_items_an_hour_and_five_quick_ones_are_fine() -> None:
    instant = Directory(spot=SimpleNamespace(category="instant"))
    assert detect("G11", [_quick(n, 4, item="spot") for n in range(40)], directory=instant) == []
    assert detect("G11", [_quick(n, 60) for n in range(40)]) == []
    assert detect("G11", [*honest("D01", 60), *(_quick(n, 4) for n in range(5))]) == []


# G13 --------------------------------------------------------------------------------------------------------------

def _night(number: int, org: str = "D01", clock: str = "23:10") -> Any:
    return case(f"{org}-n-{number:02}", told("accepted", at(f"04-09 {clock}") + number % 7 * DAY_US), told(
        "step", at(f"04-09 {clock}") + number % 7 * DAY_US + 9 * MINUTE_US, step="审核"), org=org)


def test_g13_finds_handling_at_night() -> None:
    found = detect("G13", [*honest("D01", 30), *(_night(n) for n in range(30)), *honest("D02", 60)])
    assert figures(found) == {("D01", "off_hours"): (60, 180)}
    assert found[0].evidence_count == 60
    assert len(found[0].evidence) == 50


def test_g13_ten_minutes_after_closing_lunch_and_dates_without_an_hour_are_no_night_work() -> None:
    """With the parameters as shipped; half an hour later than that it is no longer closing time."""
    def all_at(clock: str) -> list[Any]:
        return [_night(n, clock=clock) for n in range(120) if CALENDAR.is_working(day_of(date(2024, 4, 9)) + n % 7)]

    assert CALENDAR.office_hours == ((510, 720), (840, 1050))  # 08:30 to 12:00 and 14:00 to 17:30
    for silent in ("17:40", "12:10", "13:00", "08:05", "00:00"):
        assert figures(detect("G13", all_at(silent))) == {}, silent
    assert set(figures(detect("G13", all_at("18:10")))) == {("D01", "off_hours")}


def test_g13_a_unit_is_compared_with_its_peers_below_the_norm() -> None:
    crowd = [one for k in range(2, 9) for one in honest(f"D{k:02}", 60)]
    found = detect("G13", [*crowd, *honest("D01", 60), *(_night(n) for n in range(12))])
    assert [(one.subject, one.figures[0].test, one.figures[0].k) for one in found] == [("D01", "peers", 24)]


# G16 --------------------------------------------------------------------------------------------------------------

def test_g16_finds_promises_like_the_statutory_limit_and_promises_hardly_used() -> None:
    hardly = [case(f"h-{n}", told("accepted", at("04-08 09:00") + n * 31 * MINUTE_US),
                   told("concluded", at("04-09 09:00") + n * 37 * MINUTE_US), limit="18wd") for n in range(24)]
    found = detect("G16", hardly)
    [finding] = found
    assert figures(found) == {("D01", "inflated"): (24, 24), ("D01", "near_statutory"): (24, 24)}
    assert 0.05 < finding.figures[0].value < 0.09
    assert finding.figures[0].facts["item"] == "permit"


def test_g16_a_promise_of_half_the_limit_that_is_used_and_nineteen_cases_are_fine() -> None:
    assert detect("G16", honest("D01", 60)) == []
    assert detect("G16", [case(f"h-{n}", told("accepted", "04-08 09:00"), told("concluded", "04-09 09:00"), limit="18wd")
                          for n in range(19)]) == []


# G30 --------------------------------------------------------------------------------------------------------------

def test_g30_finds_minutes_that_end_in_nought_or_five_and_one_exact_duration() -> None:
    start = at("04-08 09:00")
    kinds = ("accepted", "step", "decided", "concluded")
    rounded = [case(f"r-{n}", *(told(kind, start + (n * 55 + n % 2 * 5) * MINUTE_US + k * DAY_US + SECOND_US, step=kind)
                                for k, kind in enumerate(kinds))) for n in range(120)]
    found = detect("G30", rounded)
    [finding] = found
    assert {figure.sign for figure in finding.figures} == {"digits", "intervals"}
    digits = finding.figures[0]
    assert (digits.n, set(map(bool, digits.facts["counts"]))) == (480, {True, False})
    assert digits.value > 0.5
    assert (finding.figures[1].k, finding.figures[1].facts["minutes"]) == (120, 4320.0)


def test_g30_ordinary_minutes_and_too_few_of_them_are_fine() -> None:
    assert detect("G30", honest("D01", 300)) == []
    rounded = [case(f"r-{n}", told("accepted", at("04-08 09:00") + n * 10 * MINUTE_US + SECOND_US)) for n in range(150)]
    assert detect("G30", rounded) == []
