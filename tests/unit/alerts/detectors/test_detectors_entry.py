"""G1, G2, G4, G29: entered late, in batches, before the acceptance, with numbers out of order."""

from __future__ import annotations

from core.instants import DAY_US, MINUTE_US
from tests.unit.alerts.detectors.logs import at, case, detect, figures, honest, shown, told


def _afterwards(number: int, minutes: float = 3, org: str = "D01") -> object:
    """A case that claims a week and whose acceptance came in with its conclusion."""
    start = at("04-08 09:00") + number * 17 * MINUTE_US
    end = start + 5 * DAY_US
    return case(f"{org}-late-{number:02}", told("accepted", start, received=int(end + minutes * MINUTE_US)),
                told("concluded", end, received=end + MINUTE_US), org=org)


# G1 ---------------------------------------------------------------------------------------------------------------

def test_g1_tells_how_many_acceptances_were_entered_with_the_conclusion() -> None:
    found = detect("G1", [*honest("D01", 26), *(_afterwards(n) for n in range(17)), *honest("D02", 43)])
    assert figures(found) == {("D01", "afterwards"): (17, 43), ("D01", "late_entry"): (17, 43)}
    assert shown(found, "afterwards") == [f"D01-late-{n:02}" for n in range(17)]
    [first] = [one for one in found[0].evidence if one.case_no == "D01-late-00" and one.sign == "afterwards"]
    assert (len(first.seqs), first.facts["days"]) == (2, 5.0)


def test_g1_says_nothing_of_an_honest_unit_nor_of_five_late_ones_nor_of_a_source_that_may_be_late() -> None:
    late = [_afterwards(n) for n in range(17)]
    assert detect("G1", honest("D01", 43)) == []
    assert detect("G1", late[:5]) == []
    assert detect("G1", [*honest("D01", 26), *late], ignore_sources=["hall"]) == []


def test_g1_a_day_within_the_limit_is_not_late_and_neither_is_a_weekend() -> None:
    friday, monday = at("04-12 16:30"), at("04-15 09:30")
    cases = [case(f"w-{n}", told("accepted", friday + n * MINUTE_US, received=monday)) for n in range(30)]
    assert detect("G1", cases) == []


# G2 ---------------------------------------------------------------------------------------------------------------

def _batch(n: int, org: str = "D01", actor: str = "李四") -> list[object]:
    start = at("04-10 18:02")
    return [case(f"{org}-b-{k}", told("accepted", start + k * 90_000_000, actor=actor),
                 told("concluded", start + k * 90_000_000 + 60_000_000, actor=actor), org=org) for k in range(n)]


def test_g2_finds_a_person_who_accepts_and_concludes_a_batch_within_ten_minutes() -> None:
    found = detect("G2", [*honest("D01", 40), *_batch(6)])
    assert figures(found) == {("李四", "burst"): (6, 6)}
    assert shown(found, "burst") == [f"D01-b-{k}" for k in range(6)]
    assert found[0].subject_kind == "person"


def test_g2_four_in_ten_minutes_and_five_spread_over_an_hour_are_work() -> None:
    spread = [case(f"s-{k}", told("accepted", at("04-10 10:00") + k * 11 * MINUTE_US, actor="李四"),
                   told("concluded", at("04-10 10:05") + k * 11 * MINUTE_US, actor="李四")) for k in range(6)]
    assert detect("G2", [*honest("D01", 40), *_batch(4), *spread]) == []


def test_g2_finds_chains_with_one_and_the_same_time_and_cases_accepted_in_one_minute() -> None:
    start = at("04-10 10:00")
    chains = [case(f"c-{k}", told("accepted", start + k * DAY_US // 50, actor="王五"),
                   told("step", start + k * DAY_US // 50, step="审核", actor="赵六"),
                   told("concluded", start + k * DAY_US // 50, actor="钱七")) for k in range(8)]
    minute = [case(f"m-{k}", told("accepted", start + k * 5_000_000, actor="孙八"),
                   told("concluded", start + 3 * DAY_US + k * 7 * MINUTE_US, actor="孙八")) for k in range(5)]
    found = detect("G2", [*honest("D01", 30), *chains, *minute])
    assert figures(found) == {("D01", "fabricated"): (8, 43), ("孙八", "same_minute"): (5, 5)}


# G4 ---------------------------------------------------------------------------------------------------------------

def test_g4_finds_decisions_opinions_certificates_and_fees_older_than_the_acceptance() -> None:
    cases = [case(f"f-{k}", told("fee_charged", "04-08 15:00", amount_fen=5000), told("step", "04-09 08:30", step="审核"),
                  told("licence_issued", "04-09 17:00", certificate_at=at("04-09 10:00")),
                  told("decided", "04-10 09:00"), told("accepted", "04-11 09:00"), told("concluded", "04-12 09:00"))
             for k in range(3)]
    found = detect("G4", [*honest("D01", 10), *cases])
    assert figures(found) == {("D01", sign): (3, 13) for sign in
                              ("decided_before", "opinion_before", "certificate_before", "fee_before")}
    assert found[0].level == 3
    assert shown(found, "decided_before") == ["f-0", "f-1", "f-2"]


def test_g4_two_of_them_a_clock_five_minutes_off_and_a_fee_of_the_same_day_are_no_finding() -> None:
    early = [case(f"f-{k}", told("decided", "04-10 09:00"), told("accepted", "04-11 09:00")) for k in range(2)]
    close = [case(f"g-{k}", told("fee_charged", "04-11 08:40", amount_fen=1), told("decided", "04-11 08:56"),
                  told("accepted", "04-11 09:00")) for k in range(9)]
    assert detect("G4", [*honest("D01", 10), *early, *close]) == []


# G29 --------------------------------------------------------------------------------------------------------------

def _numbered(swapped: tuple[int, ...], n: int = 60) -> list[object]:
    start = at("04-08 09:00")
    return [case(f"n-{k:02}", told("received", start + k * 40 * MINUTE_US - (DAY_US if k in swapped else 0),
                                   document_no=f"余收〔2024〕{k + 100:04d}号")) for k in range(n)]


def test_g29_finds_later_numbers_with_earlier_times() -> None:
    found = detect("G29", _numbered((10, 20, 30, 40, 50, 55)))
    assert figures(found) == {("D01", "backdated"): (6, 59)}
    assert shown(found, "backdated") == ["n-10", "n-20", "n-30", "n-40", "n-50", "n-55"]
    assert found[0].evidence[0].facts["number"] == "余收〔2024〕0110号"


def test_g29_numbers_in_order_and_windows_that_cross_by_minutes_are_fine() -> None:
    crossing = [case(f"x-{k:02}", told("received", at("04-08 09:00") + (k + (3 if k % 2 else 0)) * 5 * MINUTE_US,
                                       document_no=f"余收〔2024〕{k + 100:04d}号")) for k in range(60)]
    assert detect("G29", _numbered(())) == []
    assert detect("G29", crossing) == []
    assert detect("G29", _numbered((3, 5), n=8)) == []
