"""What is foretold on the case page and on its own: in words with its past, marked as 预测, silent with the reason."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from dash.development.base_component import Component

from core.access import Actor, Role
from dashboard.navigation import may_open
from dashboard.pages import forecast
from dashboard.panels import case_forecast, forecast_views
from dashboard.panels.forecast_words import chance_word, percent
from dashboard.theme import load_theme
from dashboard.words import Words
from evaluation.forecast.backtest import Report
from evaluation.forecast.lives import Silence
from evaluation.forecast.queries import Outlook, Tried
from evaluation.forecast.scoring import Bin, Gain, curve
from tests.foretelling import MONDAY, log
from tests.staff import OTHER_ORG, OWN_ORG, Site, make_site, run_callback

FOUND = Outlook(1, "360500", "N-1", "a", "", 1, 0, 0.62, "", 0, 20_000, 7, 3, False, "审核", "step", 143, 21, 4.0, 6.0, 9.0)


def text_of(node: Any) -> str:
    if isinstance(node, Component):
        return text_of(getattr(node, "children", None))
    if isinstance(node, list | tuple):
        return "".join(text_of(child) for child in node)
    return "" if node is None else str(node)


class Names:
    def org_name(self, org: str) -> str:
        return f"部门{org}"

    def item_name(self, item: str) -> str:
        return item


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A trained installation; the two departments of a year of cases."""
    made = make_site(tmp_path_factory.mktemp("forecast"), **{"forecast.cases_min": 10})
    now = made.services.clock.now_us()
    cases = log(170, start=MONDAY + timedelta(weeks=57), orgs=(OWN_ORG, OTHER_ORG), area="360500")
    events = [event for told in cases.values() for event in told]
    made.services.recorder.record(sorted((event for event in events if event.claimed_at <= now),
                                         key=lambda event: event.claimed_at))
    made.services.forecasts.service.train()
    made.services.forecasts.service.refresh()
    return made


@pytest.fixture(scope="module")
def t(site: Site) -> Words:
    return Words("zh", site.services.texts("zh").tree)


def case_panel(found: Outlook | None, t: Words, *, leads_on: bool = True, tried: Tried | None = None) -> str:
    return text_of(case_forecast.render(found, tried, Names(), 30, leads_on=leads_on, t=t))


def shown(site: Site, role: Role, search: str = "") -> str:
    answer = run_callback(site.client(role), "/forecast/", "forecast-body.children", {"forecast-address.search": search})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


# The page of a case


def test_a_chance_stands_with_its_word_and_the_past_it_was_learnt_from(t: Words) -> None:
    told = case_panel(FOUND, t)

    for words in ("预测", "62 %", "较可能超期", "已用 7 个工作日，还剩 3 个", "部门a“各事项”走到“审核”的已办结办件 143 件",
                  "其中超期 21 件", "从该环节到办结一般再用 4 至 9 个工作日，中位 6", "不是事实"):
        assert words in told


@pytest.mark.parametrize("reason", list(Silence))
def test_silence_says_why(t: Words, reason: Silence) -> None:
    told = case_panel(msgspec.structs.replace(FOUND, chance=None, reason=reason.value), t)

    assert f"forecast.silent.{reason.value}" not in told
    assert "%" not in told
    assert ("不足 30 件" in told) is (reason is Silence.FEW)


def test_a_stopped_case_and_one_due_today_say_so(t: Words) -> None:
    assert "停表中" in case_panel(msgspec.structs.replace(FOUND, is_stopped=True), t)
    assert "今天到期" in case_panel(msgspec.structs.replace(FOUND, days_left=0), t)


def test_nothing_foretold_is_no_panel(t: Words) -> None:
    assert "" == case_panel(None, t)


def test_who_may_not_open_the_page_gets_no_link(t: Words) -> None:
    assert "准不准" in case_panel(FOUND, t)
    assert "准不准" not in case_panel(FOUND, t, leads_on=False)


def test_beside_the_chance_stands_how_often_such_cases_did_overrun(t: Words) -> None:
    told = case_panel(FOUND, t, tried=Tried(20_500, Bin(0.6, 0.7, 1_204, 310, 0.65, 782, 0.6, 0.7)))

    for words in ("报 60 % 至 70 % 的 1,204 次预测（310 件办件）", "65 % 后来超期", "60 % 至 70 %", "核对截至 2026-02-16"):
        assert words in told
    assert "不足 30 件，还说不上" in case_panel(FOUND, t, tried=Tried(20_500, None))
    assert "回测" not in case_panel(FOUND, t), "before the first training"
    assert "回测" not in case_panel(msgspec.structs.replace(FOUND, chance=None, reason="few"), t, tried=Tried(20_500, None))


def test_what_the_case_is_told_is_the_tenth_of_the_page_of_forecasts(site: Site) -> None:
    queries = site.services.forecasts.queries
    standing = queries.standing()
    assert standing is not None
    told = {one.low: one for one in standing.report.curve}
    assert len(told) > 3
    for low, one in told.items():
        tried = queries.tried(low + 0.05)
        assert tried is not None
        assert tried.last == standing.report.last
        assert tried.bin == (one if one.cases >= 10 else None)
    assert queries.tried(None) is None
    assert [one.n for one in queries.likely_came()] == [
        sum(one.n for one in told.values() if low < one.low + 0.05 < high) for low, high in ((0.7, 1.0), (0.5, 0.7))]


def test_a_case_page_says_it_where_a_case_is_foretold(site: Site) -> None:
    found = site.services.forecasts.queries.at_risk(_leader())[0]
    page = run_callback(site.client(Role.LEADER), "/case/", "case-body.children", {"case-address.pathname":
                        f"/case/{found.area}/{found.case_no}", "case-address.search": ""})

    assert "这样的预测有多准" in json.dumps(page.get_json(), ensure_ascii=False)


def test_words_and_figures_agree(t: Words) -> None:
    assert ["不大可能超期", "超期可能较小", "有可能超期", "较可能超期", "很可能超期", "很可能超期"] == [
        chance_word(chance, t) for chance in (0.0, 0.1, 0.3, 0.5, 0.7, 1.0)]
    assert ["0 %", "< 1 %", "62 %", "> 99 %", "100 %"] == [percent(share) for share in (0.0, 0.004, 0.615, 0.996, 1.0)]


# The page of forecasts


def test_the_page_shows_how_good_it_was_departments_and_cases(site: Site) -> None:
    told = shown(site, Role.LEADER)

    for words in ("校准曲线", "布里尔分", "剩余天数规则", "平均超期率", "预计超期", "什么时候不作预测", "预测不是事实"):
        assert words in told
    assert all(site.services.case_queries.org_name(org) in told for org in (OWN_ORG, OTHER_ORG))


def test_a_department_user_sees_his_own_unit_only(site: Site) -> None:
    told = shown(site, Role.DEPARTMENT_USER, f"?org={OTHER_ORG}")

    assert site.services.case_queries.org_name(OWN_ORG) in told
    assert site.services.case_queries.org_name(OTHER_ORG) not in told


def test_a_department_is_chosen_by_its_address_and_an_unknown_one_is_none(site: Site) -> None:
    assert "全部部门" in shown(site, Role.LEADER, f"?org={OWN_ORG}")
    assert "全部部门" not in shown(site, Role.LEADER, "?org=nowhere")


def test_before_any_training_it_says_what_to_do(tmp_path_factory: pytest.TempPathFactory, t: Words) -> None:
    bare = make_site(tmp_path_factory.mktemp("bare"))

    assert "forecast train" in text_of(forecast.body(bare.services, _leader(), "", t))


def test_turned_off_it_says_so(tmp_path_factory: pytest.TempPathFactory, t: Words) -> None:
    off = make_site(tmp_path_factory.mktemp("off"), **{"forecast.enabled": False})

    assert "forecast.enabled" in text_of(forecast.body(off.services, _leader(), "", t))


@pytest.mark.parametrize(("low", "high", "cases", "words"), [
    (0.001, 0.01, 100, "更准"), (-0.001, 0.01, 100, "看不出"), (-0.02, -0.001, 100, "不如"), (0.001, 0.01, 9, "不能下结论")])
def test_the_verdict_is_said_plainly(t: Words, low: float, high: float, cases: int, words: str) -> None:
    gain = Gain((low + high) / 2, low, high)
    report = Report(0, 1, 200, cases, 50, 0, False, 0.1, 0.1, 0.2, 0.15, gain, gain, ())

    assert words in forecast_views.verdict(report, t)


def test_the_curve_has_the_diagonal_and_a_point_with_its_interval_per_bin(t: Words) -> None:
    bins = curve([0.15] * 20 + [0.85] * 10, [1.0] * 3 + [0.0] * 17 + [1.0] * 8 + [0.0] * 2, list(range(30)))
    same, points = forecast_views.curve_figure(bins, load_theme(), t)["data"]

    assert ([0, 100], [0, 100]) == (same["x"], same["y"])
    assert [pytest.approx(15), pytest.approx(85)] == points["x"]
    assert [pytest.approx(15), pytest.approx(80)] == points["y"]
    assert points["marker"]["size"][0] > points["marker"]["size"][1]


def test_nothing_foretold_has_the_colour_of_a_light_or_card(t: Words) -> None:
    theme = load_theme()
    taken = {theme.color(name) for name in ("card-yellow", "card-red", "red-ink", "due-soon")}
    figure = forecast_views.curve_figure(curve([0.9] * 5, [1.0] * 5, [1, 2, 3, 4, 5]), theme, t)

    assert not taken & set(_strings(figure))


def test_who_may_open_it(site: Site) -> None:
    may = {role: may_open(Actor("x", frozenset({role})), "/forecast/") for role in Role}

    assert {Role.WALL_SCREEN, Role.APPROVAL_STAFF} == {role for role, open_to_him in may.items() if not open_to_him}
    assert 200 == site.client(Role.DEPARTMENT_USER).get("/forecast/").status_code


def _leader() -> Actor:
    return Actor("wang", frozenset({Role.LEADER}))


def _strings(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in _strings(value)]
    if isinstance(node, list | tuple):
        return [text for value in node for text in _strings(value)]
    return [node] if isinstance(node, str) else []
