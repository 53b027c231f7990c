"""G8, G17, G21: how cases end."""

from __future__ import annotations

from typing import Any

from core.instants import DAY_US, MINUTE_US
from tests.unit.alerts.detectors.logs import at, case, detect, figures, honest, shown, told


def _ended(number: int, kind: str, moment: str, applicant: str = "", org: str = "D01", no: str = "g") -> Any:
    shift = number * 9 * MINUTE_US
    return case(f"{no}-{number:02}", told("accepted", at("04-01 09:00") + shift), told(kind, at(moment) + shift), org=org,
                applicant=applicant)


# G8 ---------------------------------------------------------------------------------------------------------------

def test_g8_finds_cases_given_up_when_the_limit_is_nearly_used_and_filed_again() -> None:
    late = [_ended(n, "returned", "04-16 15:00", f"公司{n}") for n in range(9)]
    again = [case(f"n-{n:02}", told("accepted", at("04-19 09:00") + n * MINUTE_US), applicant=f"公司{n}") for n in range(6)]
    found = detect("G8", [*honest("D01", 40), *late, *(_ended(n + 30, "withdrawn", "04-03 10:00") for n in range(6)), *again],
                   min_cases=9)
    # who filed nothing by name cannot be recognised when he files again
    assert figures(found) == {("D01", "at_the_limit"): (9, 15), ("D01", "refiled"): (6, 9)}
    assert shown(found, "refiled") == [f"n-{n:02}" for n in range(6)]
    [joined] = [one for one in found[0].evidence if one.case_no == "n-00"]
    assert (joined.facts["before"], len(joined.seqs)) == ("g-00", 2)


def test_g8_withdrawn_early_a_few_late_and_filed_again_after_two_months_are_fine() -> None:
    early = [_ended(n, "withdrawn", "04-03 10:00", f"公司{n}") for n in range(20)]
    few = [_ended(n + 30, "voided", "04-16 15:00") for n in range(4)]
    long_ago = [case(f"o-{n}", told("accepted", at("2024-01-03 09:00")), told("returned", at("2024-01-20 09:00")),
                     applicant=f"甲{n}") for n in range(8)]
    again = [case(f"p-{n}", told("accepted", at("04-19 09:00") + n * MINUTE_US), applicant=f"甲{n}") for n in range(8)]
    assert detect("G8", [*honest("D01", 40), *early, *few, *long_ago, *again]) == []


# G17 --------------------------------------------------------------------------------------------------------------

def _concluded(number: int, moment: str, org: str = "D01") -> Any:
    return _ended(number, "concluded", moment, org=org, no=f"{org}-z")


def test_g17_finds_conclusions_crowded_at_the_limit_and_the_cliff_before_it() -> None:
    crowd = [_concluded(n, "04-16 10:00") for n in range(30)]  # due on 04-16, counted from 04-01
    found = detect("G17", [*honest("D01", 20), *crowd])
    assert figures(found) == {("D01", "last_part"): (30, 50), ("D01", "due_day"): (30, 50), ("D01", "spike"): (30, 30)}
    assert shown(found, "last_part")[:3] == ["D01-z-00", "D01-z-01", "D01-z-02"]
    assert found[0].evidence_count == 90


def test_g17_late_cases_are_no_crowd_and_neither_is_an_even_spread() -> None:
    late = [_concluded(n, "04-25 10:00") for n in range(40)]
    spread = [_concluded(n, f"04-{day:02} 14:00", "D02") for n, day in enumerate([3, 7, 8, 9, 10, 11, 12, 15, 16] * 5)]
    assert detect("G17", [*honest("D01", 40), *late, *spread]) == []
    assert detect("G17", [_concluded(n, "04-16 10:00") for n in range(5)]) == []


# G21 --------------------------------------------------------------------------------------------------------------

def _undelivered(number: int, org: str = "D01", **end: Any) -> Any:
    return case(f"{org}-u-{number:02}", told("accepted", "04-01 09:00"),
                told("concluded", at("04-09 09:00") + number * MINUTE_US, **end), org=org)


def test_g21_finds_results_nobody_collected_and_complaints_about_finished_cases() -> None:
    missing = [_undelivered(n) for n in range(12)]
    complaints = [case(f"t-{n}", told("complained", at("04-20 09:00") + n * DAY_US // 9, topic=f"D01-u-{n:02}"))
                  for n in range(5)]
    found = detect("G21", [*honest("D01", 30), *missing, *complaints])
    assert figures(found) == {("D01", "undelivered"): (12, 42), ("D01", "complained"): (5, 5)}
    assert shown(found, "undelivered") == [f"D01-u-{n:02}" for n in range(12)]


def test_g21_waits_ten_working_days_skips_refusals_and_units_that_report_no_deliveries() -> None:
    assert detect("G21", [*honest("D01", 30), *(_undelivered(n) for n in range(12))], now="04-20 09:00") == []
    assert detect("G21", [*honest("D01", 30), *(_undelivered(n, result="refused") for n in range(12))]) == []
    assert detect("G21", [_undelivered(n, "D02") for n in range(40)]) == []
    assert detect("G21", [*honest("D01", 30), *(_undelivered(n) for n in range(3))]) == []


def test_g21_finds_missing_electronic_licences_where_the_unit_issues_them() -> None:
    issued = [case(f"i-{n}", told("accepted", "04-01 09:00"), told("concluded", at("04-09 09:00") + n * MINUTE_US),
                   told("licence_issued", "04-10 09:00"), told("collected", "04-11 09:00")) for n in range(20)]
    found = detect("G21", [*issued, *honest("D01", 20), *honest("D01", 30, seed=2, item="notice")])
    assert figures(found) == {("D01", "licence"): (20, 40)}, "an item nobody ever had a licence for has none"
