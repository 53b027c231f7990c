"""Units side by side: what kind of number an indicator is, places, zones, who is shown what; all on rows that are known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.indicators import load_indicators
from config.texts import load_texts
from core.access import Actor, Role
from core.database import Database
from core.migration import migrate
from evaluation import comparison, wording
from evaluation.comparison import Comparison, Question, shape_of
from evaluation.period import Basis, Period
from evaluation.queries import IndicatorQueries
from evaluation.statistics import Shape, wilson
from tests.comparing import DUTIES, concluded, count_day

LEADER = Actor("wang", frozenset({Role.LEADER}))
OF_AREA = Actor("yu", frozenset({Role.LEADER}), area="360502")
OF_UNIT = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), org="b")
MARCH = Period(date(2024, 3, 1), date(2024, 3, 31))
DAY = date(2024, 3, 12)
NAMES = SimpleNamespace(org_name=lambda org: f"部门{org}", item_name=lambda item: f"事项{item}", area_name=lambda area: area,
                        channel_name=str, kind_of=str, kind_name=str)
SAY = load_texts()["zh"].get


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Four departments in the city (d has few cases), one in a district; b does worst."""
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('comparison') / 'figures.db'}")
    migrate(made)
    for org, n, early in (("a", 400, 360), ("b", 400, 200), ("c", 437, 389), ("d", 7, 7)):
        count_day(made, org, DAY, f"{org}-1", **concluded(n, early, late=n - early, yellow=4))
    count_day(made, "e", DAY, area="360502", **concluded(100, 90))
    count_day(made, "a", date(2024, 4, 1), **concluded(1000, 0))  # outside the month
    yield made
    made.dispose()


@pytest.fixture
def queries(database: Database) -> IndicatorQueries:
    return IndicatorQueries(database, load_indicators(), NAMES, DUTIES)


def places(queries: IndicatorQueries, actor: Actor = LEADER, **asked: object) -> list[tuple[str, str, int]]:
    shown = Comparison(queries).side_by_side(actor, Question(MARCH, **{"indicator": "early_rate", **asked}), ())
    return [(row.key, f"{row.ranked.rank}:{row.ranked.best}-{row.ranked.worst}" if row.ranked else row.why, row.zone)
            for row in shown.rows]


def test_departments_side_by_side(queries: IndicatorQueries) -> None:
    """a 90.0 %, e 90.0 %, c 89.0 % cannot be told apart, b 50 % can; d has fewer than 20."""
    assert places(queries) == [("a", "1:1-3", 2), ("e", "1:1-3", 1), ("c", "3:1-3", 2), ("b", "4:4-4", -2), ("d", "few", 0)]


def test_less_is_better_where_the_catalogue_says_so(queries: IndicatorQueries) -> None:
    assert [row[0] for row in places(queries, indicator="overdue_rate")] == ["e", "a", "c", "b", "d"]
    assert [row[0] for row in places(queries, indicator="cards_per_1000", area="360500")] == ["c", "a", "b", "d"]


def test_an_area_is_asked_for_or_is_all_one_sees(queries: IndicatorQueries) -> None:
    assert [row[0] for row in places(queries, area="360502")] == ["e"]
    assert [row[0] for row in places(queries, OF_AREA, area="360500")] == ["e"]
    assert [row[0] for row in places(queries, by="area")] == ["360502", "360500"]


def test_items_of_a_department(queries: IndicatorQueries) -> None:
    assert places(queries, by="item", org="b") == [("b-1", "1:1-1", 0)]


def test_counts_have_no_place(queries: IndicatorQueries) -> None:
    assert {row[1] for row in places(queries, indicator="accepted")} == {"count"}
    assert [row[0] for row in places(queries, indicator="accepted")] == ["c", "a", "b", "e", "d"]


def test_the_band_is_the_interval_of_the_share_and_the_target_that_of_all(queries: IndicatorQueries) -> None:
    shown = Comparison(queries).side_by_side(LEADER, Question(MARCH, "early_rate"), ("on_time_rate",))
    row = next(row for row in shown.rows if row.key == "b")
    assert row.band == wilson(200, 400)
    assert shown.target == pytest.approx((360 + 200 + 389 + 7 + 90) / (400 + 400 + 437 + 7 + 100))
    assert row.figures["on_time_rate"].value == 0.5
    assert shown.is_over_dispersed


def test_limits_are_widened_on_demand(queries: IndicatorQueries) -> None:
    assert {row[2] for row in places(queries, widened=True)} == {0}


def test_a_department_user_is_shown_himself_among_nameless_others(
        queries: IndicatorQueries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "CROWD", 3)
    shown = Comparison(queries).side_by_side(OF_UNIT, Question(MARCH, "early_rate", org="b"), ("on_time_rate", "accepted"))
    own, others = [row for row in shown.rows if row.is_own], [row for row in shown.rows if not row.is_own]
    assert [(row.key, row.name, row.figures["accepted"].value) for row in own] == [("b", "部门b", 400)]
    assert own[0].ranked is not None
    assert own[0].ranked.rank == 4
    assert {(row.key, row.name, tuple(row.figures)) for row in others} == {("", "", ("early_rate",))}
    assert sorted(row.sample.size for row in others if row.sample) == [100, 400, 400]  # 437 is told as 400; 7 not at all
    told = repr(others)
    for secret in ("部门a", "'a'", "437", "389"):
        assert secret not in told, secret


@pytest.mark.parametrize(("period", "crowd"), [(MARCH, 4), (Period(date(2024, 3, 2), date(2024, 3, 30)), 3)])
def test_others_are_shown_in_a_crowd_and_for_whole_months_only(
        queries: IndicatorQueries, monkeypatch: pytest.MonkeyPatch, period: Period, crowd: int) -> None:
    monkeypatch.setattr(comparison, "CROWD", crowd)
    shown = Comparison(queries).side_by_side(OF_UNIT, Question(period, "early_rate", org="b", area="360500"), ())
    assert [row.key for row in shown.rows] == ["b"]
    assert (shown.target, shown.curve) == (None, ())


def test_names_are_told_where_the_installation_says_so(queries: IndicatorQueries) -> None:
    shown = Comparison(queries, names_others=True).side_by_side(OF_UNIT, Question(MARCH, "early_rate"), ())
    assert not shown.is_anonymous
    assert [row.key for row in shown.rows] == ["b"]  # these queries show him his own; with the setting they would show all


def test_a_department_user_never_sees_the_items_of_another(queries: IndicatorQueries) -> None:
    assert places(queries, OF_UNIT, by="item", org="a") == []


@pytest.mark.parametrize(("code", "basis", "shape"), [
    ("early_rate", Basis.EVENT, Shape.SHARE), ("satisfaction", Basis.EVENT, Shape.SHARE),
    ("finish_rate", Basis.EVENT, Shape.RATE),
    ("finish_rate", Basis.ACCEPTANCE, Shape.RATE), ("special_share", Basis.ACCEPTANCE, Shape.SHARE),
    ("correction_rate", Basis.ACCEPTANCE, Shape.RATE),
    ("cards_per_1000", Basis.EVENT, Shape.RATE), ("statutory_speed", Basis.EVENT, Shape.MEAN),
    ("mean_days", Basis.EVENT, Shape.MEAN)])
def test_what_kind_of_number_an_indicator_is(code: str, basis: Basis, shape: Shape) -> None:
    catalogue = load_indicators()
    assert shape_of(catalogue.find(code), catalogue.figures, basis) is shape


def test_every_indicator_of_the_catalogue_can_be_compared(queries: IndicatorQueries) -> None:
    for code in queries.indicators.indicators:
        shown = Comparison(queries).side_by_side(LEADER, Question(MARCH, code), ())
        assert all(row.ranked is not None or row.why for row in shown.rows), code
        assert wording.about_funnel(shown, SAY), code


# Means, whose spread lies in the days ------------------------------------------------------------------------------------


def test_means_are_placed_by_how_their_days_differ(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'means.db'}")
    migrate(made)
    for at in range(10):
        day = date(2024, 3, 4 + at)
        count_day(made, "quick", day, timed=10, used_days=38 + at % 5)
        count_day(made, "slow", day, timed=10, used_days=98 + at % 5)
        if at < 3:
            count_day(made, "rare", day, timed=10, used_days=60)
    queries = IndicatorQueries(made, load_indicators(), NAMES, DUTIES)
    shown = Comparison(queries).side_by_side(LEADER, Question(MARCH, "mean_days"), ())
    assert [(row.key, row.why, row.zone, row.ranked and (row.ranked.best, row.ranked.worst)) for row in shown.rows] == [
        ("quick", "", -2, (1, 1)), ("slow", "", 2, (2, 2)), ("rare", "spread", 0, None)]
    quick = shown.rows[0].band
    assert quick is not None
    assert quick.low < 4.0 < quick.high
    assert wording.about_funnel(shown, SAY) == ["1 个单位的 99.8 % 区间高于总体：部门slow（较差）",
                                                "1 个单位的 99.8 % 区间低于总体：部门quick（较好）"]
    made.dispose()


# Words -------------------------------------------------------------------------------------------------------------------


def test_the_picture_in_words(queries: IndicatorQueries) -> None:
    shown = Comparison(queries).side_by_side(LEADER, Question(MARCH, "early_rate"), ())
    assert wording.about_funnel(shown, SAY)[:3] == [
        "2 个单位高于上 99.8 % 界限：部门a、部门c（较好）", "1 个单位低于下 99.8 % 界限：部门b（较差）",
        "另有 1 个单位在 95 % 与 99.8 % 界限之间；各单位本无差别时，平均每 20 个也有 1 个如此"]
    assert "过度" not in wording.about_funnel(shown, SAY)[3]
    assert "倍" in wording.about_funnel(shown, SAY)[3]
    assert wording.about_ranks(shown, SAY) == [
        "2 个单位并列首位，另有 1 个单位与其不能区分", "4 个排名单位中，1 个的位次是确定的，其余只能说在一个范围之内",
        "1 个单位不足 20，列出而不排名"]
    assert [wording.why_unranked(row, shown, SAY) for row in shown.rows] == ["", "", "", "", "不足 20，不排名"]


def test_nobody_beyond_the_limits_is_said_as_well(queries: IndicatorQueries) -> None:
    shown = Comparison(queries).side_by_side(LEADER, Question(MARCH, "early_rate", area="360502"), ())
    assert wording.about_funnel(shown, SAY) == ["没有单位越出 99.8 % 界限，现有差别可以由偶然解释"]
    counts = Comparison(queries).side_by_side(LEADER, Question(MARCH, "accepted"), ())
    assert wording.about_funnel(counts, SAY) == ["数量指标没有漏斗图"]
