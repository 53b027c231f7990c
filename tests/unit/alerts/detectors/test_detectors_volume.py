"""G3, G9, G10, G18: what is missing, split, invented or kept back."""

from __future__ import annotations

from typing import Any

import msgspec

from alerts.detectors.facts import identity_is_valid, serial_of
from alerts.detectors.records import Volume
from core.instants import DAY_US, MINUTE_US, day_of
from tests.unit.alerts.detectors.logs import MONTH, at, case, detect, figures, honest, shown, told


class _Records:
    """Volumes as they were reported; nobody is on a roster and no card was issued."""

    def __init__(self, *volumes: Volume) -> None:
        self._volumes = volumes

    def volumes(self, _area: str, _first: int, _last: int) -> tuple[Volume, ...]:
        return self._volumes


def _volume(org: str, amount: int) -> Volume:
    return Volume(org, day_of(MONTH[0]), day_of(MONTH[1]), "own_figure", amount)


# G3 ---------------------------------------------------------------------------------------------------------------

def test_g3_compares_the_units_own_figure_with_what_the_system_holds() -> None:
    found = detect("G3", [*honest("D01", 60), *honest("D02", 60)], records=_Records(_volume("D01", 100), _volume("D02", 65)))
    assert figures(found) == {("D01", "external"): (40, 100)}
    assert found[0].figures[0].facts == {"known": 60, "what": "own_figure"}


def test_g3_finds_tickets_without_a_case_gaps_in_certificates_and_certificates_that_are_too_old() -> None:
    tickets = [case(f"t-{n}", told("ticket_called", at("04-09 09:00") + n * MINUTE_US, ticket_no=f"A{n}")) for n in range(9)]
    numbers = [n for n in range(100, 160) if n % 6]
    issued = [case(f"c-{n}", told("accepted", "04-09 09:00"), told("licence_issued", at("04-15 09:00") + n * MINUTE_US,
                                                                   certificate_no=f"余食许{n:04d}号")) for n in numbers]
    old = [case(f"o-{n}", told("licence_issued", "04-08 09:00", certificate_at=at("04-01 09:00")),
                told("accepted", "04-10 09:00")) for n in range(5)]
    found = detect("G3", [*honest("D01", 11), *tickets, *issued, *old])
    assert figures(found)["D01", "gaps"] == (10, 59)
    assert figures(found)["D01", "certificate_before"] == (5, 55)
    more = [case(f"u-{n}", told("ticket_called", "04-09 09:00"), told("accepted", "04-09 10:00")) for n in range(12)]
    assert figures(detect("G3", [*tickets, *more])) == {("D01", "tickets"): (9, 21)}


def test_g3_small_differences_a_new_book_and_a_few_lost_tickets_are_fine() -> None:
    books = [case(f"c-{n}", told("accepted", "04-09 09:00"), told("licence_issued", at("04-15 09:00") + n * MINUTE_US,
                                                                  certificate_no=f"余食许{n:04d}号"))
             for n in (*range(100, 130), *range(2000, 2030))]
    assert detect("G3", [*honest("D01", 60), *books], records=_Records(_volume("D01", 125), _volume("D09", 9))) == []


# G9 ---------------------------------------------------------------------------------------------------------------

def _same(n: int, applicant: str, day: str, org: str = "D01") -> list[Any]:
    return [case(f"{org}-{applicant}-{k:02}", told("accepted", at(day) + k * MINUTE_US), applicant=applicant, org=org)
            for k in range(n)]


def test_g9_finds_one_matter_filed_as_many() -> None:
    found = detect("G9", [*honest("D01", 40), *_same(8, "甲公司", "04-09 09:00"), *_same(6, "乙公司", "04-10 09:00")])
    assert figures(found) == {("D01", "split"): (12, 54)}
    surplus = [f"D01-甲公司-{k:02}" for k in range(1, 8)] + [f"D01-乙公司-{k:02}" for k in range(1, 6)]
    assert shown(found, "split") == sorted(surplus)


def test_g9_three_of_a_day_and_one_every_day_are_fine() -> None:
    daily = [case(f"d-{k}", told("accepted", at("04-08 09:00") + k * DAY_US), applicant="丙公司") for k in range(12)]
    assert detect("G9", [*honest("D01", 40), *_same(3, "甲公司", "04-09 09:00"), *daily]) == []


# G10 --------------------------------------------------------------------------------------------------------------

def test_identity_numbers_are_checked_by_both_standards() -> None:
    assert identity_is_valid("11010519491231002X")
    assert identity_is_valid("91350100M000100Y43")
    assert not identity_is_valid("110105194912310021")
    assert not identity_is_valid("91350100M000100Y44")
    assert not identity_is_valid("123")
    assert serial_of("余受〔2024〕0123号") == ("余受〔2024〕#号", 123)
    assert serial_of("无号") is None


def test_g10_finds_wrong_numbers_shared_phones_staff_phones_and_empty_cases() -> None:
    bad = [case(f"b-{n:02}", told("received", at("04-09 09:00") + n * MINUTE_US, phone_hash="p1", materials=(),
                                  attributes={"applicant_id": "110105194912310021"}), told("accepted", "04-09 12:00"),
                told("concluded", "04-12 12:00"), applicant=f"人{n}") for n in range(16)]
    good = [case(f"g-{n:02}", told("received", at("04-09 09:00") + n * MINUTE_US, phone_hash=f"q{n}", materials=("m1",),
                                   attributes={"applicant_id": "11010519491231002X"}), told("accepted", "04-09 12:00"),
                 told("concluded", "04-12 12:00"), applicant=f"民{n}") for n in range(20)]
    found = detect("G10", [*bad, *good], staff_phones=["p1"])
    assert figures(found) == {("D01", sign): (16, 36) for sign in ("bad_id", "same_phone", "staff_phone", "empty")}
    assert shown(found, "same_phone") == [f"b-{n:02}" for n in range(16)]
    assert {one.facts["number"][:7] for one in found[0].evidence if one.sign == "bad_id"} == {"110105…"}


def test_g10_a_unit_that_reports_neither_papers_nor_phones_is_not_judged() -> None:
    assert detect("G10", honest("D01", 60)) == []
    one_agent = [case(f"a-{n}", told("received", at("04-09 09:00") + n * MINUTE_US, phone_hash="agent"), applicant=f"人{n % 4}")
                 for n in range(30)]
    assert detect("G10", one_agent) == []


# G18 --------------------------------------------------------------------------------------------------------------

def test_g18_finds_a_unit_that_is_never_late_while_the_others_are() -> None:
    crowd = [one for k in range(2, 8) for one in honest(f"D{k:02}", 100, late=12)]
    found = detect("G18", [*crowd, *honest("D01", 150)])
    assert figures(found) == {("D01", "too_perfect"): (0, 150)}
    assert found[0].figures[0].threshold == 0.12
    assert found[0].figures[0].chance < 1e-6


def test_g18_finds_conclusions_without_acceptance_cases_that_never_ended_and_a_quiet_system_of_its_own() -> None:
    without = [case(f"w-{n}", told("concluded", at("04-10 09:00") + n * MINUTE_US)) for n in range(8)]
    never = [case(f"v-{n:02}", told("accepted", at("04-01 09:00") + n * MINUTE_US), told("step", "04-03 09:00"))
             for n in range(18)]
    found = detect("G18", [*honest("D01", 42), *without, *never])
    assert figures(found) == {("D01", "no_acceptance"): (8, 50), ("D01", "never_ended"): (18, 60)}
    own = [_moved(one) for one in honest("D01", 120, seed=2)]
    found = detect("G18", [*honest("D01", 60, late=15), *own])
    assert figures(found) == {("D01", "own_quiet"): (0, 120)}
    assert found[0].figures[0].facts == {"hall": 60, "hall_late": 15}


def _moved(trace: Any) -> Any:
    """The same case as reported by the unit's own system."""
    trace.rows = [msgspec.structs.replace(row, source="own") for row in trace.rows]
    return trace


def test_g18_units_late_like_the_others_and_sixty_perfect_cases_are_fine() -> None:
    crowd = [one for k in range(2, 8) for one in honest(f"D{k:02}", 110, late=2)]
    assert detect("G18", [*crowd, *honest("D01", 110, late=1), *honest("D09", 60)]) == []
