"""G5, G6, G22: acceptance put off, corrections repeated, applicants never told."""

from __future__ import annotations

from types import SimpleNamespace

from core.instants import DAY_US, MINUTE_US
from tests.unit.alerts.detectors.logs import Directory, at, case, detect, figures, honest, shown, told


def _answered(number: int, received: str, answered: str, org: str = "D01") -> object:
    shift = number * 7 * MINUTE_US
    return case(f"{org}-a-{number:02}", told("received", at(received) + shift), told("accepted", at(answered) + shift), org=org)


# G5 ---------------------------------------------------------------------------------------------------------------

def test_g5_finds_papers_answered_after_five_working_days() -> None:
    late = [_answered(n, "04-08 09:00", "04-16 09:00") for n in range(8)]  # six working days
    found = detect("G5", [*honest("D01", 32), *late, *honest("D02", 40)])
    assert figures(found) == {("D01", "over"): (8, 40)}
    assert shown(found, "over") == [f"D01-a-{n:02}" for n in range(8)]
    assert found[0].evidence[0].facts == {"days": 6}


def test_g5_finds_units_that_always_answer_on_the_last_day() -> None:
    last = [_answered(n, "04-08 09:00", "04-15 16:00") for n in range(25)]
    assert figures(detect("G5", [*honest("D01", 15), *last])) == {("D01", "last_day"): (25, 40)}


def test_g5_compares_last_days_with_the_other_units_when_the_norm_is_not_reached() -> None:
    cases = [one for k in range(2, 9) for one in honest(f"D{k:02}", 100)]
    cases += [*honest("D01", 80), *(_answered(n, "04-08 09:00", "04-15 15:00") for n in range(20))]
    found = detect("G5", cases)
    assert figures(found) == {("D01", "last_day"): (20, 100)}
    assert found[0].figures[0].test == "peers"
    assert found[0].peers[0] == ("D01", 0.2, 100)


def test_g5_finds_acceptances_a_day_after_the_queue_ticket_and_says_nothing_of_five_late_answers() -> None:
    called = [case(f"t-{n:02}", told("ticket_called", at("04-08 09:00") + n * MINUTE_US, ticket_no=f"A{n:03}"),
                   told("received", at("04-10 09:00") + n * MINUTE_US), told("accepted", at("04-10 10:00") + n * MINUTE_US))
              for n in range(20)]
    assert figures(detect("G5", called)) == {("D01", "ticket"): (20, 20)}
    assert detect("G5", [_answered(n, "04-08 09:00", "04-18 09:00") for n in range(5)]) == []
    assert detect("G5", honest("D01", 40)) == []


# G6 ---------------------------------------------------------------------------------------------------------------

def _corrected(number: int, *notices: str, org: str = "D01", materials: tuple[str, ...] = ()) -> object:
    shift = number * 11 * MINUTE_US
    events = [told("correction_notified", at(notice) + shift, materials=materials) for notice in notices]
    return case(f"{org}-c-{number:02}", told("received", at("04-08 09:00") + shift), *events, org=org)


def test_g6_finds_second_notices_and_late_ones() -> None:
    twice = [_corrected(n, "04-09 09:00", "04-12 09:00") for n in range(5)]
    late = [_corrected(n + 10, "04-17 09:00") for n in range(5)]
    found = detect("G6", [*honest("D01", 30), *twice, *late])
    assert figures(found) == {("D01", "twice"): (5, 40), ("D01", "late_notice"): (5, 40)}
    assert shown(found, "twice") == [f"D01-c-{n:02}" for n in range(5)]
    assert found[0].level == 2


def test_g6_finds_the_unit_far_above_the_others_and_papers_the_item_does_not_list() -> None:
    crowd = [one for k in range(2, 9) for one in (*honest(f"D{k:02}", 38), _corrected(1, "04-09 09:00", org=f"D{k:02}"))]
    many = [_corrected(n, "04-09 09:00", materials=("m1", "m9")) for n in range(14)]
    item = SimpleNamespace(materials=(SimpleNamespace(code="m1"), SimpleNamespace(code="m2")))
    found = detect("G6", [*crowd, *honest("D01", 25), *many], directory=Directory(permit=item))
    assert figures(found) == {("D01", "ratio"): (14, 39), ("D01", "unlisted"): (14, 39)}
    assert {one.facts["materials"] for one in found[0].evidence if one.sign == "unlisted"} == {"m9"}


def test_g6_four_second_notices_and_a_rate_like_the_others_are_no_finding() -> None:
    crowd = [one for k in range(1, 9) for one in
             (*honest(f"D{k:02}", 35), *(_corrected(n, "04-09 09:00", org=f"D{k:02}") for n in range(4 + k % 3)))]
    twice = [_corrected(n + 30, "04-09 09:00", "04-12 09:00", org="D03") for n in range(4)]
    assert detect("G6", [*crowd, *twice]) == []


# G22 --------------------------------------------------------------------------------------------------------------

def _lapsed(number: int, org: str = "D01", **notice: str) -> object:
    start = at("04-02 09:00") + number * DAY_US // 40
    return case(f"{org}-l-{number:02}", told("received", start), told("correction_notified", start + MINUTE_US, **notice),
                told("returned", start + 14 * DAY_US), org=org)


def test_g22_finds_returned_cases_without_a_trace_of_notice_where_others_have_one() -> None:
    cases = [*(_lapsed(n, document_no=f"补{n}") for n in range(8)), *(_lapsed(n + 20) for n in range(9))]
    found = detect("G22", cases)
    assert figures(found) == {("D01", "never_told"): (9, 17)}
    assert shown(found, "never_told") == [f"D01-l-{n + 20:02}" for n in range(9)]


def test_g22_a_unit_that_never_records_notices_is_not_judged_nor_one_that_always_does_nor_a_few() -> None:
    assert detect("G22", [_lapsed(n) for n in range(20)]) == []
    assert detect("G22", [_lapsed(n, channel="sms") for n in range(20)]) == []
    assert detect("G22", [_lapsed(0, channel="sms"), *(_lapsed(n + 1) for n in range(5))]) == []
