"""The pages of scores and schemes: what each person is shown and may press, the export."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from config.indicators import load_indicators
from config.schemes import load_schemes
from config.texts import load_texts
from core.access import Role
from dashboard.panels import scores_detail
from dashboard.panels.scores_bounds import floor_words, vetoes_of
from dashboard.panels.scores_view import View
from dashboard.panels.scores_wish import neighbour, wish_of
from dashboard.words import Words
from evaluation.scoring.calculation import PartScore
from evaluation.scoring.grading import Line
from evaluation.scoring.rows import DepartmentRow
from tests.scoring import AREA, FEBRUARY, INSPECTOR, UNIT, scored_site
from tests.staff import OTHER_ORG, OWN_ORG, SAME_ORIGIN, Site, run_callback

SCHEMES = load_schemes(load_indicators().indicators)
HUNDRED = SCHEMES.find("monthly-100").model_dump(mode="json")
SHOW = "..scores-head.children...scores-table.children...scores-waiting.children...scores-detail.children.."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = scored_site(tmp_path_factory.mktemp("scores"))
    yield made
    made.services.database.dispose()


@pytest.fixture(scope="module")
def number(site: Site) -> int:
    made: int = site.services.scoring.service.propose("monthly-100", FEBRUARY, INSPECTOR)
    site.services.scoring.appeals.file(made, 0, "=系统故障", UNIT)
    return made


def shown(site: Site, role: Role, search: str = "") -> str:
    answer = run_callback(site.client(role), "/scores/", SHOW, {"scores-address.search": search, "scores-changed.data": None})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def further(site: Site, search: str, line: int, after: int) -> str:
    """What pressing the button below that many lines brings."""
    place = {"after": after, "line": line}
    body = {"output": '{"after":["MATCH"],"evidence":"rest","line":["MATCH"]}.children',
            "outputs": {"id": {**place, "evidence": "rest"}, "property": "children"},
            "inputs": [{"id": {**place, "evidence": "more"}, "property": "n_clicks", "value": 1}],
            "state": [{"id": "scores-address", "property": "search", "value": search}],
            "changedPropIds": [f'{json.dumps({**place, "evidence": "more"}, sort_keys=True, separators=(",", ":"))}.n_clicks']}
    answer = site.client(Role.INSPECTOR).post("/scores/_dash-update-component", json=body, headers=SAME_ORIGIN)
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json)


def test_the_last_whole_month_is_shown_and_a_preview_may_be_published_by_inspectors(site: Site) -> None:
    for role, can in ((Role.INSPECTOR, True), (Role.LEADER, False)):
        told = shown(site, role, "?scheme=efficiency-100")
        assert "试算结果，随记录变动，尚未公布" in told
        assert ("提交并公布" in told) is can
    assert "该期结果尚未公布" in shown(site, Role.DEPARTMENT_USER, "?scheme=efficiency-100")


def test_every_case_a_line_rests_on_is_a_link_the_first_of_them_at_once(site: Site, number: int,
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty thousand links at once would stop the browser: what follows comes when it is asked for."""
    monkeypatch.setattr(scores_detail, "SHOWN", 3)
    monkeypatch.setattr(scores_detail, "FURTHER", 20)
    search = f"?scoring={number}&org={OWN_ORG}"
    _, lines = site.services.scoring.queries.department(number, OWN_ORG, INSPECTOR)
    early = next(at for at, line in enumerate(lines) if line.rule == "early")
    told, seen = shown(site, Role.INSPECTOR, search), 3
    assert "另有 27 项" in told
    found = [set(re.findall(r"/case/360500/(A-\d+)\b", told))]
    while seen < 30:
        found.append(set(re.findall(r"/case/360500/(A-\d+)\b", further(site, search, early, seen))))
        seen += 20
    assert len(found[1]) == 20
    assert set.union(*found) == {f"A-{n}" for n in range(30)}


def test_a_department_opens_down_to_what_is_behind_each_point(site: Site, number: int) -> None:
    told = shown(site, Role.INSPECTOR, f"?scoring={number}&org={OWN_ORG}")
    for words in ("已公布", "95.50", "第 1 名，共 2 个", "−10", "时限红牌", "/card/1/", "75.0 %（15 ÷ 20）", "/case/360500/A-0",
                  "没有可评的事项，按满分 10 计", "申诉（赵晓燕", "待审理的申诉（1）", "个部门当期没有办件，不评分"):
        assert words in told, words
    assert '"牌 1", " · LATE-1"' in told
    many = shown(site, Role.INSPECTOR, f"?scoring={number}&org={OTHER_ORG}")
    for words in ("−125", "共 25 行", "扣到 0 分为止，另有 111 分不再扣"):
        assert words in many, words


def test_a_department_user_sees_his_own_unit_and_may_appeal_what_he_has_not(site: Site, number: int) -> None:
    told = shown(site, Role.DEPARTMENT_USER, f"?scheme=monthly-100&month=2026-02&org={OTHER_ORG}")
    assert "市发展和改革委员会" in told
    assert "市民政局" not in told
    for words in ("对扣分提出申诉", "数据不完整 −5"):
        assert words in told, words
    assert '"label": "时限红牌 −10"' not in told  # contested before
    for words in ("待审理的申诉", "打分登记", "定稿"):
        assert words not in told, words


def test_a_department_is_led_to_the_scoring_of_its_area_where_the_city_has_none(site: Site, number: int) -> None:
    site.services.scoring.service.propose("window-80", FEBRUARY, INSPECTOR, AREA)
    assert "已公布" in shown(site, Role.DEPARTMENT_USER, "?scheme=window-80")


def test_half_year_and_year_say_what_they_rest_on(site: Site, number: int) -> None:
    assert "1 个已公布月份（共 6 个）的平均：2026-02" in shown(site, Role.LEADER, "?scheme=monthly-100&year=2026&half=1")
    assert "该期没有可以查看的结果" in shown(site, Role.LEADER, "?scheme=monthly-100&year=2026&half=2")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_table_is_exported_and_the_export_is_on_record(site: Site, number: int, kind: str) -> None:
    answer = site.client(Role.LEADER).get(f"/scores/export.{kind}?scheme=monthly-100&month=2026-02")
    assert answer.status_code == 200
    assert site.services.read_log.looks()[0].what == "score_export"
    if kind == "csv":
        assert "1,市发展和改革委员会,95.5,优秀" in answer.data.decode("utf-8-sig")


def test_bounds_of_a_year_are_told_without_numbers_a_year_does_not_have() -> None:
    """Of a month it can be said what the floor spared; a mean of months hides it, and a clause met in one has no line here."""
    scheme = SCHEMES.checked({**HUNDRED, "parts": {**HUNDRED["parts"], "integrity": {
        **HUNDRED["parts"]["integrity"], "floor": "3"}}}, "test")
    part, taken = scheme.parts["integrity"], [Line(rule="demerit", part="integrity", points=-1500)]
    view = View(wish_of("", INSPECTOR, FEBRUARY, ["monthly-100"]), scheme, 0, "period", ())
    t = Words("zh", load_texts()["zh"].tree)
    told = [floor_words(PartScore(points, 1000), part, taken, "integrity", replace(view, state=state), t)
            for points, state in ((300, "period"), (500, "period"), (300, "preview"))]
    assert told == ["扣至保底分 3 为止", "", "扣至保底分 3 为止，另有 8 分不再扣"]
    row = DepartmentRow(0, OWN_ORG, "", 0, 9_000, None, 1, "failed", 0, {}, (0,))
    assert vetoes_of(row, scheme, [], t) == ["一票否决：有人被撤职或开除，等次不高于不合格"]


def test_an_address_that_cannot_be_is_that_of_the_last_month(site: Site) -> None:
    codes = ["monthly-100", "other"]
    wish = wish_of("?scheme=x&month=2026-13&year=abc&half=7", INSPECTOR, FEBRUARY, codes)
    assert (wish.scheme, wish.month, wish.year, wish.half) == ("monthly-100", neighbour(FEBRUARY, -1), None, 0)
    assert wish_of("?org=minzheng", UNIT, FEBRUARY, codes).org == OWN_ORG
    assert (neighbour(FEBRUARY, -2).isoformat(), neighbour(FEBRUARY, 11).isoformat()) == ("2025-12-01", "2027-01-01")
