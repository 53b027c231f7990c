"""G27 fees, G23 outages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec

from core.instants import DAY_US, MINUTE_US
from tests.unit.alerts.detectors.logs import Directory, at, case, detect, figures, honest, shown, told

FEE_ITEM = Directory(permit=SimpleNamespace(fee=True, category="promised", special=(), fees=(
    SimpleNamespace(code="f1", standard_fen=5000),)), free=SimpleNamespace(fee=False, category="promised", special=()))


def _paid(number: int, yuan: float = 50, item: str = "permit", when: str = "04-09 09:00", **data: Any) -> Any:
    given = {"fee_code": "f1", "receipt_no": f"票{number}", "amount_fen": int(yuan * 100)} | data
    return case(f"{item}-p-{number:02}", told("accepted", "04-08 09:00"), told("concluded", "04-12 09:00"),
                told("fee_charged", at(when) + number * MINUTE_US, **given), item=item)


# G27 --------------------------------------------------------------------------------------------------------------

def test_g27_finds_fees_off_the_standard_missing_late_without_receipt_and_without_ground() -> None:
    cases = [*(_paid(n) for n in range(20)), *(_paid(n + 20, 80) for n in range(4)),
             *(_paid(n + 30, receipt_no="") for n in range(3)),
             *(_paid(n + 40, when="04-18 09:00") for n in range(3)), *(_paid(n, item="free") for n in range(3)),
             *(case(f"z-{n}", told("accepted", "04-08 09:00"), told("concluded", "04-12 09:00")) for n in range(8))]
    found = detect("G27", cases, directory=FEE_ITEM)
    assert figures(found) == {("D01", "not_standard"): (4, 33), ("D01", "no_fee"): (8, 38), ("D01", "after_end"): (3, 33),
                              ("D01", "no_receipt"): (3, 33), ("D01", "no_ground"): (3, 33)}
    assert shown(found, "not_standard") == [f"permit-p-{n + 20:02}" for n in range(4)]
    assert found[0].evidence[0].facts == {"yuan": 80.0, "standard": 50.0}


def test_g27_right_fees_waivers_multiples_and_units_without_a_fee_feed_are_fine() -> None:
    right = [*(_paid(n) for n in range(20)), *(_paid(n + 20, 100, quantity=2) for n in range(5)),
             *(_paid(n + 40, 0, waiver="小微企业") for n in range(5))]
    assert detect("G27", right, directory=FEE_ITEM) == []
    assert detect("G27", honest("D02", 60), directory=FEE_ITEM) == []


def _reversed(number: int, *entries: tuple[str, str], **given: Any) -> Any:
    """A case with a fee that is charged, taken back and charged again: (kind, when) of each."""
    fee = {"fee_code": "f1", "receipt_no": f"票{number}", "amount_fen": 5000} | given
    return case(f"permit-r-{number:02}", told("accepted", "04-08 09:00"), told("concluded", "04-12 09:00"),
                *(told(kind, at(when) + number * MINUTE_US, **fee) for kind, when in entries))


def test_g27_a_fee_entered_again_under_the_same_receipt_was_paid() -> None:
    again = (("fee_charged", "04-09 09:00"), ("fee_reversed", "04-10 09:00"), ("fee_charged", "04-10 10:00"))
    early = (("fee_reversed", "04-09 09:00"), ("fee_charged", "04-10 10:00"))  # takes back nothing: there was nothing yet
    for entries in (again, early):
        cases = [*(_paid(n) for n in range(20)), *(_reversed(n, *entries) for n in range(10))]
        assert detect("G27", cases, directory=FEE_ITEM) == []


def test_g27_a_reversal_takes_back_one_fee_of_a_source_that_names_none() -> None:
    entries = (("fee_charged", "04-09 09:00"), ("fee_charged", "04-09 10:00"), ("fee_reversed", "04-10 09:00"))
    unnamed = [_reversed(n, *entries, fee_code=None, receipt_no=None) for n in range(10)]
    found = detect("G27", [*(_paid(n) for n in range(20)), *unnamed], directory=FEE_ITEM)
    assert figures(found) == {("D01", "no_receipt"): (10, 30)}


def test_g27_a_fee_entered_again_after_the_end_counts_from_when_it_was_paid_first() -> None:
    again = (("fee_charged", "04-11 09:00"), ("fee_reversed", "04-15 09:00"), ("fee_charged", "04-18 09:00"))
    twice = (*again, ("fee_reversed", "04-20 09:00"), ("fee_charged", "04-25 09:00"))
    fine = [*(_reversed(n, *again) for n in range(10)), *(_reversed(n + 10, *twice) for n in range(10))]
    assert detect("G27", fine, directory=FEE_ITEM) == []
    late = [_reversed(n + 20, *again[1:]) for n in range(3)]
    assert figures(detect("G27", [*fine, *late], directory=FEE_ITEM)) == {("D01", "after_end"): (3, 23)}


# G23 --------------------------------------------------------------------------------------------------------------

def _hourly(days: range, org: str = "D01", source: str = "own") -> list[Any]:
    """Four cases an office hour of these days of April."""
    return [case(f"{org}-{source}-{day}-{hour}-{k}", told("accepted", at(f"04-{day:02} {hour:02}:10") + k * MINUTE_US), org=org,
                 source=source, limit="") for day in days for hour in (9, 10, 11, 15, 16, 17) for k in range(4)]


def test_g23_finds_a_silence_of_days_the_limits_that_ran_out_in_it_and_the_old_times_after_it() -> None:
    before, after = _hourly(range(8, 13)), _hourly(range(19, 27))
    due_inside = [case(f"due-{n}", told("accepted", at("04-02 09:00") + n * MINUTE_US,
                                           received="04-08 09:20"), source="own") for n in range(20)]
    burst = [case(f"old-{n}", told("accepted", at("04-16 10:00") + n * MINUTE_US, received=at("04-19 09:30") + n), limit="")
             for n in range(15)]
    for one in burst:
        one.rows[0] = one.versions[0] = _from(one.rows[0], "own")
    found = detect("G23", [*before, *after, *due_inside, *burst])
    [finding] = [one for one in found if one.subject == "own"]
    by_sign = {figure.sign: figure for figure in finding.figures}
    assert (finding.subject_kind, by_sign["outage"].k, by_sign["burst"].k) == ("source", 1, 15)
    assert by_sign["outage"].facts["hours"] == 159.0
    assert by_sign["aligned"].k == 20
    assert {one.case_no for one in finding.evidence} == {"old-0"}


def _from(row: Any, source: str) -> Any:
    return msgspec.structs.replace(row, source=source)


def test_g23_nights_weekends_and_quiet_sources_are_no_outages() -> None:
    assert detect("G23", _hourly(range(8, 13)) + _hourly(range(15, 20))) == []
    quiet = [case(f"q-{n}", told("accepted", at("04-01 09:00") + n * 3 * DAY_US), source="rare") for n in range(9)]
    assert detect("G23", quiet) == []
