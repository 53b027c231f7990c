"""Every indicator of the real logs, by department and by month, on both bases: the command line and plain loops agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from statistics import median, median_high

import pytest

from config.catalogue import CITY_DIR
from config.indicators import load_indicators
from tests.independent import duties, items, overlay, plain
from tests.independent.plain_figures import Answer, Told, figures_of, indicators, read_receipt, read_town, working_days
from tests.independent.product import Product

FIRST, LAST = "2008-01-01", "2016-12-31"
KEYS: dict[str, Callable[[str, date], str]] = {
    "none": lambda _org, _day: "", "org": lambda org, _day: org, "month": lambda _org, day: day.isoformat()[:7],
    "day": lambda _org, day: day.isoformat()}


# The formulas of the field by their names, and the indicators of the catalogue that are theirs.
FORMULAS = {
    "办结率": ("finish_rate",), "提速率": ("speed_up_rate",), "法定提速率": ("statutory_speed",),
    "承诺提速率": ("promised_speed",), "承诺压缩率": ("promise_compression",),
    "提前办结率": ("early_rate", "promise_kept_rate"), "按时办结率": ("on_time_rate",), "超期办结率": ("overdue_rate",),
    "即办件率": ("instant_share",), "当日受理办结率": ("same_day_rate",), "特别程序占比": ("special_share",),
    "退件、不予受理、作废率": ("return_rate", "refusal_rate", "void_rate"),
    "一次补正率、补正率": ("one_time_correction_rate", "correction_rate"), "环节超时率": ("step_overrun_rate",),
    "满意度": ("satisfaction", "complaint_answer_rate"),
    "好差评、差评整改率、回访率": ("bad_rating_rate", "rectification_rate", "call_back_rate"), "网上办结率": ("online_rate",),
    "进驻率、公开率、覆盖率、集中审批率": ("hall_rate", "published_rate", "coverage_rate", "central_rate"),
    "上网率": ("volume_share",)}
ITEM_RATES = ["hall_rate", "central_rate", "published_rate", "coverage_rate"]
ELSEWHERE = {"median_days", "median_of_promise"}  # the first below, within the width of its class


def area_of(org: str) -> str:
    return org if org.startswith("BPIC15") else "receipt_wabo"


@dataclass
class Log:
    """A log as read by hand with what is laid over it, and the installation that has imported both."""

    told: list[Told]
    product: Product
    laid: list[overlay.Row]

    @cached_property
    def adds(self) -> list[overlay.Add]:
        """What is counted of everything laid over the log."""
        cases = [one.case for one in self.told]
        return [*overlay.adds_of(self.laid, cases, plain.monday_to_friday), *duties.adds_of(self.laid, plain.monday_to_friday)]

    @cached_property
    def busiest(self) -> dict[str, tuple[int, str]]:
        """How many cases each department accepted in its busiest month, and which that is."""
        accepted = Counter((one.case.department, one.case.opened.isoformat()[:7]) for one in self.told)
        for org, day, _, name, amount in self.adds:
            accepted[org, day.isoformat()[:7]] += amount * (name == "accepted")
        found: dict[str, tuple[int, str]] = {}
        for (org, month), n in accepted.items():
            found[org] = max(found.get(org, (0, "")), (n, month))
        return found

    def expected(self, by: str, basis: str) -> dict[tuple[str, str], Answer]:
        groups: dict[str, Counter[str]] = {}
        for (org, day), counts in figures_of(self.told, plain.monday_to_friday, basis).items():
            groups.setdefault(KEYS[by](org, day), Counter()).update(counts)
        for org, day, accepted, name, amount in self.adds:
            groups.setdefault(KEYS[by](org, accepted if basis == "acceptance" else day), Counter())[name] += amount
        return {(key, name): answer for key, counts in groups.items() for name, answer in indicators(counts).items()}

    def expected_of_items(self, by: str) -> dict[tuple[str, str], Answer]:
        assert self.product.city is not None
        groups: dict[str, Counter[str]] = {}
        for org, counts in items.items_of(self.product.city).items():
            groups.setdefault(KEYS[by](org, date.min), Counter()).update(counts)
        return {(key, name): answer for key, counts in groups.items() for name, answer in items.item_shares(counts).items()}


@pytest.fixture(scope="module", params=["receipt", "towns"])
def log(request: pytest.FixtureRequest, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Log:
    folder, is_receipt = tmp_path_factory.mktemp(request.param), request.param == "receipt"
    paths = ([data_dir / "receipt_wabo" / "08_receipt.xes.gz"] if is_receipt
             else sorted((data_dir / "bpic15_m1_m2").glob("BPIC15_*.xes.gz")))
    told = [one for path in paths for one in (read_receipt if is_receipt else read_town)(path)]
    departments = sorted({one.case.department for one in told} - {plain.NO_DEPARTMENT})
    found = Log(told, Product(folder, city=items.write_city(CITY_DIR, folder / "city", departments)),
                overlay.rows_over(area_of, [one.case for one in told]))
    for path in paths:
        found.product.load(path, "receipt_wabo" if is_receipt else "bpic15")
    duties.follow_up(found.product, found.laid)
    found.product.report_volumes(area_of, [(org, month, _a_fifth_more(n)) for org, (n, month) in found.busiest.items()])
    return found


def _a_fifth_more(n: int) -> int:
    return n + n // 5 + 1


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


@pytest.mark.parametrize("by", ["none", "org"])
def test_the_items_of_each_department_are_counted_alike(log, by):
    found, expected = log.product.indicators(FIRST, LAST, by, "event", ITEM_RATES), log.expected_of_items(by)
    # Cases without a department are a group as well, one that has no items.
    assert {place: answer for place, answer in found.items() if place in expected or any(answer)} == expected


def test_every_formula_is_compared_by_a_figure_that_tells_something_on_both_logs(log):
    """Neither nothing, nor nought, nor a share of everything; and no indicator of the catalogue is without a loop but those of
    cards, which no log tells."""
    reported = [n for n, _ in log.busiest.values()]
    n, claimed = sum(reported), sum(map(_a_fifth_more, reported))
    expected = {name: answer for (_, name), answer in (log.expected("none", "event") | log.expected_of_items("none")).items()}
    expected["volume_share"] = (n, claimed, round(n / claimed, 6))
    wanted = [code for codes in FORMULAS.values() for code in codes]
    found = {name: answer for (_, name), answer in log.product.indicators(FIRST, LAST, "none", "event", wanted).items()}

    assert found == {code: expected.get(code) for code in wanted}
    assert {code: answer for code, answer in found.items() if not answer[0] or answer[2] in (None, 0, 1)} == {}
    catalogue = load_indicators().indicators
    assert {code for code, one in catalogue.items() if one.group != "cards"} - expected.keys() == ELSEWHERE


# Classes of working days, the greatest of each and how wide it is: by so much a median may be off.
WIDTHS = ((5, 0), (7, 1), (10, 2), (15, 4), (20, 4), (30, 9), (45, 14), (60, 14), (90, 29), (180, 89))


def test_medians_are_those_of_the_cases(log):
    used: dict[str, list[int]] = {}
    for one in log.told:
        if one.case.closed is not None:
            used.setdefault(one.case.department, []).append(working_days(one.case, one.case.closed, plain.monday_to_friday))
    for org, _, _, name, amount in log.adds:
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
    found = log.product.indicators(FIRST, LAST, "org", "event", ["volume_share", "accepted"])

    for org, (n, _) in log.busiest.items():
        assert found[org, "volume_share"] == (n, _a_fifth_more(n), round(n / _a_fifth_more(n), 6)), org
