"""Every indicator of the real logs, by department and by month, on both bases: the command line and plain loops agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tests.independent import plain
from tests.independent.plain_figures import Answer, Told, figures_of, indicators, read_receipt, read_town
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

    def expected(self, by: str, basis: str) -> dict[tuple[str, str], Answer]:
        groups: dict[str, Counter[str]] = {}
        for (org, day), counts in figures_of(self.told, plain.monday_to_friday, basis).items():
            groups.setdefault(KEYS[by](org, day), Counter()).update(counts)
        return {(key, name): answer for key, counts in groups.items() for name, answer in indicators(counts).items()}


@pytest.fixture(scope="module", params=["receipt", "towns"])
def log(request: pytest.FixtureRequest, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Log:
    product = Product(tmp_path_factory.mktemp(request.param))
    if request.param == "receipt":
        path = data_dir / "receipt_wabo" / "08_receipt.xes.gz"
        product.load(path, "receipt_wabo")
        return Log(read_receipt(path), product)
    paths = sorted((data_dir / "bpic15_m1_m2").glob("BPIC15_*.xes.gz"))
    for path in paths:
        product.load(path, "bpic15")
    return Log([one for path in paths for one in read_town(path)], product)


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


def test_the_two_logs_together_carry_every_kind_of_sum(data_dir):
    towns = [one for path in sorted((data_dir / "bpic15_m1_m2").glob("BPIC15_*.xes.gz")) for one in read_town(path)]
    counted = sum(figures_of([*towns, *read_receipt(data_dir / "receipt_wabo" / "08_receipt.xes.gz")],
                             plain.monday_to_friday, "event").values(), Counter())
    names = ("early", "late", "corrections", "corrected_once", "statutory_days", "promised_days", "used_days", "steps",
             "steps_over", "same_day", "both_promised")
    assert [name for name in names if not counted[name]] == []
