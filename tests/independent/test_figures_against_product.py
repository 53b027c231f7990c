"""Every indicator of the real logs, by department and by month, on both bases: the command line and plain loops agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median, median_high

import pytest

from tests.independent import overlay, plain
from tests.independent.plain_figures import Answer, Told, figures_of, indicators, read_receipt, read_town, working_days
from tests.independent.product import Product

FIRST, LAST = "2008-01-01", "2016-12-31"
KEYS: dict[str, Callable[[str, date], str]] = {
    "none": lambda _org, _day: "", "org": lambda org, _day: org, "month": lambda _org, day: day.isoformat()[:7],
    "day": lambda _org, day: day.isoformat()}


@dataclass
class Log:
    """A log as read by hand, and the installation that has imported it."""

    told: list[Told]
    product: Product
    laid: list[overlay.Row]

    def area_of(self, org: str) -> str:
        return org if org.startswith("BPIC15") else "receipt_wabo"

    def expected(self, by: str, basis: str) -> dict[tuple[str, str], Answer]:
        groups: dict[str, Counter[str]] = {}
        for (org, day), counts in figures_of(self.told, plain.monday_to_friday, basis).items():
            groups.setdefault(KEYS[by](org, day), Counter()).update(counts)
        cases = [one.case for one in self.told]
        for org, day, accepted, name, amount in overlay.adds_of(self.laid, cases, plain.monday_to_friday):
            groups.setdefault(KEYS[by](org, accepted if basis == "acceptance" else day), Counter())[name] += amount
        return {(key, name): answer for key, counts in groups.items() for name, answer in indicators(counts).items()}


@pytest.fixture(scope="module", params=["receipt", "towns"])
def log(request: pytest.FixtureRequest, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Log:
    product = Product(tmp_path_factory.mktemp(request.param))
    if request.param == "receipt":
        path = data_dir / "receipt_wabo" / "08_receipt.xes.gz"
        product.load(path, "receipt_wabo")
        told, laid = read_receipt(path), product.folder / "laid_over.csv"
        rows = overlay.lay_over(laid, "receipt_wabo", [one.case for one in told])
        product.load(laid, "yangguang_csv")
        return Log(told, product, rows)
    paths = sorted((data_dir / "bpic15_m1_m2").glob("BPIC15_*.xes.gz"))
    for path in paths:
        product.load(path, "bpic15")
    return Log([one for path in paths for one in read_town(path)], product, [])


@pytest.mark.parametrize("basis", ["event", "acceptance"])
@pytest.mark.parametrize("by", list(KEYS))
def test_every_indicator_agrees(log, by, basis):
    expected = log.expected(by, basis)
    found = log.product.indicators(FIRST, LAST, by, basis, sorted({name for _, name in expected}))
    differing = {place: (found.get(place), answer) for place, answer in expected.items() if found.get(place) != answer}
    # A day or month on which nothing but a card was raised is no group of the loops.
    more = {place: answer for place, answer in found.items() if place not in expected and any(answer)}

    assert len(expected) > 20
    assert {} == differing
    assert {} == more


def test_the_recount_agrees_too(log):
    assert log.product.recount() == 0


def test_every_formula_is_tested_by_a_figure_that_is_neither_nothing_nor_nought(data_dir, tmp_path):
    """Between the two logs, and what is laid over one of them, no numerator and no denominator is only ever 0."""
    receipt = read_receipt(data_dir / "receipt_wabo" / "08_receipt.xes.gz")
    towns = [one for path in sorted((data_dir / "bpic15_m1_m2").glob("BPIC15_*.xes.gz")) for one in read_town(path)]
    counted = sum(figures_of([*towns, *receipt], plain.monday_to_friday, "event").values(), Counter())
    cases = [one.case for one in receipt]
    for _, _, _, name, amount in overlay.adds_of(overlay.lay_over(tmp_path / "laid.csv", "receipt_wabo", cases), cases,
                                                 plain.monday_to_friday):
        counted[name] += amount

    assert [name for name, answer in indicators(counted).items() if not answer[0] or not answer[2]] == []


# Classes of working days, the greatest of each and how wide it is: by so much a median may be off.
WIDTHS = ((5, 0), (7, 1), (10, 2), (15, 4), (20, 4), (30, 9), (45, 14), (60, 14), (90, 29), (180, 89))


def test_medians_are_those_of_the_cases(log):
    used: dict[str, list[int]] = {}
    for one in log.told:
        if one.case.closed is not None:
            used.setdefault(one.case.department, []).append(working_days(one.case, one.case.closed, plain.monday_to_friday))
    for org, _, _, name, amount in overlay.adds_of(log.laid, [one.case for one in log.told], plain.monday_to_friday):
        if name == "used_days":
            used.setdefault(org, []).append(amount)
    found = log.product.indicators(FIRST, LAST, "org", "event", ["median_days"])

    for org, days in used.items():
        _, cases, told = found[org, "median_days"]
        true = median(days)
        allowed = next(wide for edge, wide in WIDTHS if median_high(days) <= edge)
        assert cases == len(days), org
        assert abs(told - true) <= allowed, (org, told, true)


def test_what_units_report_stands_beside_what_the_log_has(log):
    """A month of each department, reported with a fifth more than there is."""
    accepted = Counter((one.case.department, one.case.opened.isoformat()[:7]) for one in log.told)
    for org, day, _, name, amount in overlay.adds_of(log.laid, [one.case for one in log.told], plain.monday_to_friday):
        accepted[org, day.isoformat()[:7]] += amount * (name == "accepted")
    busiest: dict[str, tuple[int, str]] = {}
    for (org, month), n in accepted.items():
        busiest[org] = max(busiest.get(org, (0, "")), (n, month))
    log.product.report_volumes(log.area_of, [(org, month, n + n // 5 + 1) for org, (n, month) in busiest.items()])
    found = log.product.indicators(FIRST, LAST, "org", "event", ["volume_share", "accepted"])

    for org, (n, _) in busiest.items():
        assert found[org, "volume_share"] == (n, n + n // 5 + 1, round(n / (n + n // 5 + 1), 6)), org
