"""A bulletin says what the comparison page says of the same period and area: the same values, places, ranges and dashes, in
the paper and in the workbook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from core.access import Actor, Role
from dashboard.panels import comparison_table
from dashboard.words import Words
from evaluation.bulletins.gathering import GatheringRules
from evaluation.bulletins.queries import Detail
from evaluation.bulletins.tables import RATES
from evaluation.comparison import Question, Row, SideBySide
from papers.official import Table
from tests.comparing import AREA, concluded, count_day, sheet_rows
from tests.staff import Site, make_site

INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}), display_name="李敏")
LEADER = Actor("wang", frozenset({Role.LEADER}), display_name="王建国")
MONTH, COUNTY, CASES, EFFICIENCY = "2026-02", "360521", 2, 4
# indicator that ranks × area; of a county, the same departments have other figures
ASKED = [("on_time_rate", ""), ("on_time_rate", COUNTY), ("cards_per_1000", ""), ("mean_days", AREA)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Many departments of two areas: alike ones, one too small for a place, one that concluded nothing, and all the others
    without a case."""
    made = make_site(tmp_path_factory.mktemp("site"))
    database, orgs = made.services.database, sorted(made.services.catalogue.items_by_org)[:14]
    for at, org in enumerate(orgs[:12]):
        for day in range(2, 10):
            n = 10 + 7 * (at % 5) + day
            more = {"used_days": n * (3 + at % 4) + day % 3, "yellow": at % 3, "red": at % 2, "revoked_red": at % 2}
            count_day(database, org, date(2026, 2, day), **{**concluded(n, n // 2, at % 7), **more})
        count_day(database, org, date(2026, 2, 11), area=COUNTY, **{**concluded(30 + at, 9, at % 4), "yellow": at % 2})
    count_day(database, orgs[12], date(2026, 2, 12), **concluded(2, 1, 1))
    count_day(database, orgs[13], date(2026, 2, 12), received=3, accepted=3)
    for day in (date(2025, 12, 1), date(2026, 1, 12)):
        count_day(database, orgs[0], day, **concluded(10, 5))
        count_day(database, orgs[0], day, area=COUNTY, **concluded(10, 5))
    yield made
    database.dispose()


def issued(site: Site, rank_by: str, area: str) -> Detail:
    """A draft of that month; its figures are those of the bulletin to be issued."""
    bulletins = site.services.bulletins
    bulletins.service._parts.gathering.rules = GatheringRules(rank_by, 5)
    return bulletins.queries.find(bulletins.service.produce(area, MONTH, INSPECTOR), INSPECTOR)


def on_the_page(site: Site, detail: Detail) -> SideBySide:
    """What the comparison page shows a leader."""
    question = Question(detail.figures.period, detail.figures.rank_by, area=detail.figures.area)
    return site.services.evaluation.comparison.side_by_side(LEADER, question, ())


def efficiency(site: Site, detail: Detail) -> dict[Any, list[Any]]:
    """The rows of that sheet by department: place, best, worst, name, the rates, both ends of the range."""
    rows = sheet_rows(site.services.bulletins.service.file(detail, "xlsx"), EFFICIENCY)
    width = max(map(len, rows))
    return {row[3]: [*row, *[None] * (width - len(row))] for row in rows if len(row) > 3}


def over_http(site: Site, indicator: str, area: str) -> dict[str, Any]:
    answer = site.client(Role.LEADER).get("/api/v1/comparison", query_string={
        "period": MONTH, "by": "org", "indicator": indicator, "area": area})
    assert answer.status_code == 200, answer.text
    return {unit["name"]: unit for unit in answer.get_json()["units"]}


def on_page(shown: SideBySide, row: Row, t: Words) -> str:
    """The page has a space before the sign, which papers have not."""
    return comparison_table.cell_text(shown.indicator, row.figures[shown.indicator.code].value, t).replace(" %", "%")


@pytest.mark.parametrize(("rank_by", "area"), ASKED)
def test_the_workbook_has_the_places_and_ranges_of_the_comparison(site: Site, rank_by: str, area: str) -> None:
    detail = issued(site, rank_by, area)
    told = efficiency(site, detail)
    shown = over_http(site, rank_by, area)
    assert len(shown) >= 12
    assert sum(unit["rank"] is not None for unit in shown.values()) >= 10
    for name, unit in shown.items():
        expected = [unit["rank"], unit["best"], unit["worst"]]
        assert told[name][:3] == (expected if unit["rank"] is not None else ["—"] * 3), name
        for mine, theirs in zip(told[name][-2:], (unit["low"], unit["high"]), strict=True):
            assert mine == (None if theirs is None else pytest.approx(theirs)), name


@pytest.mark.parametrize(("rank_by", "area"), ASKED)
def test_every_rate_of_the_workbook_is_that_of_the_comparison(site: Site, rank_by: str, area: str) -> None:
    detail = issued(site, rank_by, area)
    codes = list(dict.fromkeys((rank_by, *RATES)))
    told = efficiency(site, detail)
    for place, code in enumerate(codes):
        for name, unit in over_http(site, code, area).items():
            assert told[name][4 + place] == (None if unit["value"] is None else pytest.approx(unit["value"])), (name, code)


def test_the_sheet_of_cases_has_the_counts_and_rates_of_the_comparison(site: Site) -> None:
    detail = issued(site, "on_time_rate", "")
    rows = sheet_rows(site.services.bulletins.service.file(detail, "xlsx"), CASES)
    heads = next(row for row in rows if row[0] == "部门")
    told = {row[0]: dict(zip(heads, [*row, *[None] * len(heads)], strict=False)) for row in rows}
    for code, head, figure in (("finish_rate", "办结率", None), ("early_rate", "提前办结率", "early"),
                               ("on_time_rate", "按时办结率", None), ("overdue_rate", "超期办结率", "late")):
        for name, unit in over_http(site, code, "").items():
            assert told[name][head] == (None if unit["value"] is None else pytest.approx(unit["value"])), (name, code)
            if figure is not None and unit["numerator"] is not None:
                assert told[name][site.services.evaluation.indicators.figures[figure].label.zh] == unit["numerator"]


@pytest.mark.parametrize(("rank_by", "area"), ASKED)
def test_the_paper_writes_values_and_places_as_the_page_does(site: Site, rank_by: str, area: str) -> None:
    detail, t = issued(site, rank_by, area), Words("zh", site.services.texts("zh").tree)
    table = next(block for annex in site.services.bulletins.service.paper(detail).annexes for block in annex.body
                 if isinstance(block, Table) and block.align.startswith("cc"))
    written = {row[2]: row for row in table.rows}
    shown = on_the_page(site, detail)
    assert len(shown.rows) >= 12
    for row in shown.rows:
        place, span, _, value, *_ = written[row.name]
        said = place if span == place else f"{place} ({span})"
        assert said == ("—" if row.ranked is None else comparison_table.place_text(row, t)), row.name
        assert value == on_page(shown, row, t), row.name
    assert [row[0] for row in table.rows if row[0] != "—"] == [str(row.ranked.rank) for row in shown.rows if row.ranked]


def test_departments_without_a_case_have_dashes_and_no_nought_per_cent(site: Site) -> None:
    detail = issued(site, "on_time_rate", "")
    idle = [unit for unit in detail.figures.units if not any(unit.counts.values())]
    assert len(idle) > 5
    assert {unit.place for unit in idle} == {None}
    told = efficiency(site, detail)
    assert all(told[unit.name][:3] == ["—"] * 3 and set(told[unit.name][4:]) == {None} for unit in idle)


