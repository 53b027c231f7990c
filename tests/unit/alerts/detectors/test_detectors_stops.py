"""G7, G24, G25, G26: special procedures, re-assignments, extensions, deferred papers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from core.instants import DAY_US, HOUR_US, MINUTE_US
from tests.unit.alerts.detectors.logs import Directory, at, case, detect, figures, honest, shown, told

ITEM = SimpleNamespace(kind="permit", special=("site_survey",), category="promised", fee=False)


def _special(number: int, start: str, end: str | None, done: str, org: str = "D01", **data: Any) -> Any:
    shift = number * 13 * MINUTE_US
    given = {"special_kind": "site_survey", "document_no": f"勘{number}", "approved_days": 5} | data
    jitter = (number * 29 % 120) * MINUTE_US
    ends = [told("special_ended", at(end) + shift + jitter, document_no=given["document_no"])] if end else []
    return case(f"{org}-s-{number:02}", told("accepted", at("04-01 09:00") + shift),
                told("special_started", at(start) + shift, **given), *ends, told("concluded", at(done) + shift), org=org)


def _fair(number: int, org: str = "D01", **data: Any) -> Any:
    return _special(number, "04-02 09:00", "04-03 15:00", "04-10 10:00", org, **data)


# G7 ---------------------------------------------------------------------------------------------------------------

def test_g7_finds_the_share_the_late_starts_and_those_that_end_with_the_case() -> None:
    late = [_special(n, "04-17 14:00", "04-19 09:00", "04-19 11:00") for n in range(12)]
    found = detect("G7", [*honest("D01", 18), *late, *(_fair(n + 40) for n in range(10))], directory=Directory(permit=ITEM),
                   ends_with_case_share=0.1)
    assert figures(found) == {("D01", "ratio"): (22, 40), ("D01", "late_start"): (12, 22), ("D01", "ends_with_case"): (12, 22)}
    assert shown(found, "late_start") == [f"D01-s-{n:02}" for n in range(12)]
    assert 0.85 <= min(one.facts["used"] for one in found[0].evidence if one.sign == "late_start") < 1.2


def test_g7_finds_missing_documents_wrong_kinds_too_many_days_and_several_in_a_case() -> None:
    bad = [_fair(n, document_no="", special_kind="auction", approved_days=30) for n in range(6)]
    several = [case(f"v-{n}", told("accepted", "04-01 09:00"), *(
        told(kind, f"04-0{day} {10 + n}:0{n}", special_kind="site_survey", document_no=f"{n}/{k}", approved_days=3)
        for k, (kind, day) in enumerate(zip(("special_started", "special_ended") * 2, (2, 3, 4, 8), strict=True))),
        told("concluded", "04-12 09:00")) for n in range(5)]
    found = detect("G7", [*honest("D01", 90), *bad, *several], directory=Directory(permit=ITEM), too_long_share=0.05,
                   min_cases=16)
    assert figures(found) == {("D01", "no_document"): (6, 16), ("D01", "kind"): (6, 16), ("D01", "too_long"): (6, 16),
                              ("D01", "several"): (5, 16)}


def test_g7_finds_a_second_one_in_a_case_whose_first_began_before_the_period() -> None:
    again = [case(f"w-{n}", told("accepted", "03-20 09:00"), *(
        told(kind, f"{day} {10 + n}:0{n}", special_kind="site_survey", document_no=f"{n}/{k}", approved_days=3)
        for k, (kind, day) in enumerate(zip(("special_started", "special_ended") * 2, ("03-24", "03-25", "04-02", "04-08"),
                                            strict=True))), told("concluded", "04-12 09:00")) for n in range(5)]
    found = detect("G7", [*honest("D01", 90), *again], directory=Directory(permit=ITEM), min_cases=5)
    assert figures(found)["D01", "several"] == (5, 5)


def test_g7_finds_equal_lengths_and_lengths_that_absorb_the_delay() -> None:
    equal = [case(f"e-{n}", told("accepted", "04-01 09:00"), told("special_started", at("04-02 09:00") + n * MINUTE_US),
                  told("special_ended", at("04-05 09:00") + n * MINUTE_US), told("concluded", "04-12 09:00"))
             for n in range(22)]
    found = detect("G7", equal, directory=Directory(permit=ITEM), ratio_share=0.99, min_hits=10)
    assert ("D01", "equal_lengths") in figures(found)
    assert figures(found)["D01", "equal_lengths"] == (22, 22)
    absorbing = [case(f"k-{n}", told("accepted", at("04-01 09:00")), told(
        "special_started", at("04-01 10:00") + n * HOUR_US, received=at("04-10 12:00") + n % 5 * DAY_US, document_no=f"{n}",
        approved_days=9 + n % 5 + 3), told("concluded", "04-28 09:00")) for n in range(20)]
    [found_absorbing] = detect("G7", absorbing, ratio_share=0.99, permit_days_max=90)
    [figure] = [one for one in found_absorbing.figures if one.sign == "absorbs"]
    assert (figure.k, figure.n, figure.facts) == (20, 20, {"constant": 3})


def test_g7_an_honest_unit_with_surveys_and_five_late_ones_is_no_finding() -> None:
    fair = [_fair(n) for n in range(8)]
    late = [_special(n + 50, "04-17 14:00", "04-18 09:00", "04-23 11:00", "D02") for n in range(5)]
    assert detect("G7", [*honest("D01", 72), *fair, *late], directory=Directory(permit=ITEM)) == []


# G24 --------------------------------------------------------------------------------------------------------------

def _reassigned(number: int, moment: str) -> Any:
    return case(f"r-{number:02}", told("accepted", "04-01 09:00"), told("reassigned", at(moment) + number * MINUTE_US),
                told("concluded", "04-17 15:00"))


def test_g24_finds_reassignments_when_the_limit_is_nearly_used() -> None:
    found = detect("G24", [*(_reassigned(n, "04-16 15:00") for n in range(8)),
                           *(_reassigned(n + 20, "04-03 10:00") for n in range(8))])
    assert figures(found) == {("D01", "late"): (8, 16)}
    assert shown(found, "late") == [f"r-{n:02}" for n in range(8)]


def test_g24_uses_the_steps_own_limit_and_lets_early_and_few_ones_be() -> None:
    assert detect("G24", [_reassigned(n, "04-03 10:00") for n in range(30)]) == []
    assert detect("G24", [_reassigned(n, "04-16 15:00") for n in range(5)]) == []


# G25 --------------------------------------------------------------------------------------------------------------

def _extended(number: int, moment: str, org: str = "D01", **data: Any) -> Any:
    given = {"document_no": f"延{number}", "approved_days": 5} | data
    return case(f"{org}-x-{number:02}", told("accepted", "04-01 09:00"),
                told("extended", at(moment) + number * MINUTE_US, **given), told("concluded", "04-22 15:00"),
                org=org, limit="15wd")


def test_g25_finds_a_high_share_late_requests_and_missing_approvals() -> None:
    late = [_extended(n, "04-17 10:00", document_no="") for n in range(14)]
    early = [_extended(n + 30, "04-08 10:00") for n in range(8)]
    found = detect("G25", [*honest("D01", 18), *late, *early])
    assert figures(found) == {("D01", "ratio"): (22, 40), ("D01", "last_day"): (14, 22), ("D01", "no_approval"): (14, 22)}
    assert shown(found, "last_day") == [f"D01-x-{n:02}" for n in range(14)]


def test_g25_extensions_asked_for_in_time_and_a_few_late_ones_are_fine() -> None:
    assert detect("G25", [*honest("D01", 72), *(_extended(n, "04-08 10:00") for n in range(8))]) == []
    assert detect("G25", [*honest("D01", 72), *(_extended(n, "04-17 10:00") for n in range(5))]) == []


def _again(number: int, times: int) -> Any:
    asked = [told("extended", at(f"04-0{8 + turn} 10:00") + number * MINUTE_US, document_no=f"延{number}/{turn}",
                  approved_days=3) for turn in range(times)]
    return case(f"r-{number:02}", told("accepted", "04-01 09:00"), *asked, told("concluded", "04-22 15:00"), limit="15wd")


def test_g25_finds_cases_extended_more_than_once() -> None:
    found = detect("G25", [*honest("D01", 60), *(_again(n, 2) for n in range(5))])
    assert figures(found) == {("D01", "repeated"): (5, 5)}
    assert shown(found, "repeated") == [f"r-{n:02}" for n in range(5)]
    assert {one.facts["extensions"] for one in found[0].evidence} == {2}


def test_g25_one_extension_each_and_four_cases_with_two_are_no_repetition() -> None:
    assert detect("G25", [*honest("D01", 60), *(_again(n, 1) for n in range(8))]) == []
    assert detect("G25", [*honest("D01", 60), *(_again(n, 2) for n in range(4))]) == []


# G26 --------------------------------------------------------------------------------------------------------------

def _deferred(number: int, brought: bool, applicant: str = "") -> Any:
    later = [told("correction_received", "04-10 09:00", materials=("m1",))] if brought else []
    return case(f"d-{number:02}", told("accepted", at("04-01 09:00") + number * MINUTE_US, deferred=("m1",)), *later,
                applicant=applicant or f"申请人{number}")


def test_g26_finds_promised_papers_that_never_came_and_applicants_who_do_it_again() -> None:
    cases = [*(_deferred(n, False, "某公司" if n < 6 else "") for n in range(9)), *(_deferred(n + 20, True) for n in range(11))]
    found = detect("G26", cases)
    assert figures(found) == {("D01", "lapsed"): (9, 20), ("D01", "applicant"): (6, 6)}
    assert shown(found, "applicant") == [f"d-{n:02}" for n in range(6)]


def test_g26_papers_that_came_and_those_still_in_time_are_fine() -> None:
    assert detect("G26", [_deferred(n, True) for n in range(20)]) == []
    assert detect("G26", [_deferred(n, False) for n in range(20)], now="04-20 09:00") == []
    assert detect("G26", [_deferred(n, False) for n in range(5)]) == []


def test_an_end_belongs_to_the_special_procedure_of_its_kind() -> None:
    [one] = [case("k", told("accepted", "04-01 09:00"), told("special_started", "04-02 09:00", special_kind="auction"),
                  told("special_started", "04-02 10:00", special_kind="site_survey"),
                  told("special_ended", "04-03 09:00", special_kind="site_survey"),
                  told("special_ended", "04-09 09:00", special_kind="auction"), told("concluded", "04-12 09:00"))]
    assert [(special.start.data.special_kind, special.end.data.special_kind) for special in one.specials if special.end] == [
        ("auction", "auction"), ("site_survey", "site_survey")]


def test_an_end_that_says_nothing_ends_all_that_stand_open() -> None:
    one = case("k", told("accepted", "04-01 09:00"), told("special_started", "04-02 09:00", special_kind="auction"),
               told("special_started", "04-02 10:00", special_kind="site_survey"), told("special_ended", "04-03 09:00"))
    assert [special.end is not None for special in one.specials] == [True, True]
