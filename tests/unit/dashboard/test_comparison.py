"""The comparison's page: what an address asks for, what leaders and a department see, exports, and the way down to a case."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from config.indicators import load_indicators
from core.access import Actor, Role
from dashboard.pages.comparison import happening_words
from dashboard.panels.comparison_pictures import course_figure
from dashboard.theme import load_theme
from dashboard.words import Words
from evaluation.happenings import Happening, What
from evaluation.over_time import Grain
from evaluation.period import Basis
from evaluation.seasons import Span, Stretch
from evaluation.wish import COLUMN_SETS, columns_of, wish_of
from tests.comparing import concluded, correct_day, count_day, each_day
from tests.staff import OTHER_ORG, OWN_ORG, Site, make_site, run_callback

SHOW = "..comparison-head.children...comparison-side.children...comparison-funnel.figure...comparison-funnel-words.children.."
FOLLOW = ("..comparison-course-head.children...comparison-course.figure...comparison-course-words.children..."
          "comparison-below.children...comparison-below.hidden..")
LEADER = Actor("wang", frozenset({Role.LEADER}))
CODES = list(load_indicators().indicators)
FEBRUARY = "?period=2026-02"
CORRECTED = datetime(2026, 2, 20, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return february(tmp_path_factory.mktemp("comparison"))


def february(folder: Path) -> Site:
    """Three departments of February 2026: one good, one bad, one small; and a case of the good one that is open."""
    site = make_site(folder)
    for day in each_day(date(2026, 2, 2), date(2026, 2, 13)):
        count_day(site.services.database, OWN_ORG, day, site.item_of(OWN_ORG), **concluded(40, 36 + day.day % 2, yellow=1))
        count_day(site.services.database, OTHER_ORG, day, **concluded(40, 10, late=20))
    count_day(site.services.database, "jiaoyu", date(2026, 2, 3), **concluded(5, 5))
    site.record_case("C-1", OWN_ORG)
    return site


def shown(site: Site, search: str = FEBRUARY, role: Role = Role.LEADER) -> str:
    answer = run_callback(site.client(role), "/comparison/", SHOW, {"comparison-address.search": search})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def followed(site: Site, search: str = FEBRUARY, role: Role = Role.LEADER) -> dict[str, Any]:
    answer = run_callback(site.client(role), "/comparison/", FOLLOW, {"comparison-address.search": search})
    assert answer.status_code == 200, answer.text
    return answer.json["response"]  # type: ignore[index, no-any-return]


def test_departments_stand_side_by_side_with_places_and_words(site: Site) -> None:
    told = shown(site)
    for words in ("市发展和改革委员会", "市民政局", "2 个排名单位中，2 个的位次是确定的", "首位确定：市发展和改革委员会",
                  "不足 20，不排名", "1 个单位低于下 99.8 % 界限：市民政局（较差）", "公式：提前办结 ÷ 正常办结",
                  "?period=2026-02&org=fagai"):
        assert words in told, words


def test_the_funnel_has_every_unit_its_limits_and_the_common_value(site: Site) -> None:
    answer = run_callback(site.client(Role.LEADER), "/comparison/", SHOW, {"comparison-address.search": FEBRUARY})
    figure = answer.json["response"]["comparison-funnel"]["figure"]  # type: ignore[index]
    *curves, points = figure["data"]
    assert len(curves) == 4
    assert sorted(zip(points["customdata"], points["x"])) == [("fagai", 480), ("jiaoyu", 5), ("minzheng", 480)]
    assert figure["layout"]["shapes"][0]["y0"] == pytest.approx((12 * 36 + 6 + 120 + 5) / 965)


def test_another_indicator_and_another_period_come_by_the_address(site: Site) -> None:
    assert "每千件黄红牌数" in shown(site, "?period=2026-Q1&indicator=cards_per_1000")
    assert "2026 年第 1 季度" in shown(site, "?period=2026-Q1")
    assert "本时段没有数据" in shown(site, "?period=2025-02")


@pytest.mark.parametrize("code", CODES)
def test_every_indicator_can_be_looked_at(site: Site, code: str) -> None:
    told = shown(site, f"{FEBRUARY}&indicator={code}")
    assert [key for key in ("comparison_says.", "comparison_why.", "comparison_page.") if key in told] == []
    assert followed(site, f"{FEBRUARY}&indicator={code}&org={OWN_ORG}")["comparison-course"]["figure"]["data"]


def test_one_department_over_time_with_holidays_seasons_items_and_cases(site: Site) -> None:
    answer = followed(site, f"{FEBRUARY}&org={OWN_ORG}")
    told = json.dumps(answer, ensure_ascii=False)
    for words in ("市发展和改革委员会，提前办结率", "春节放假", "没有可比的数据", "市发展和改革委员会的事项", "指标计为 438"):
        assert words in told, words
    assert answer["comparison-below"]["hidden"] is False
    texts = [note["text"] for note in answer["comparison-course"]["figure"]["layout"]["annotations"]]
    assert "春节放假" in texts


def test_days_that_changed_after_they_were_over_are_told_and_named(site: Site) -> None:
    assert "事后更正" not in json.dumps(followed(site, f"{FEBRUARY}&org={OTHER_ORG}"), ensure_ascii=False)
    correct_day(site.services.database, OTHER_ORG, date(2026, 2, 4), CORRECTED)
    told = json.dumps(followed(site, f"{FEBRUARY}&org={OTHER_ORG}"), ensure_ascii=False)
    assert "本时段有 1 个部门日在过后又有变动" in told
    assert "市民政局，2026-02-20 17:30 更正" in told
    by_acceptance = json.dumps(followed(site, f"{FEBRUARY}&org={OTHER_ORG}&basis=acceptance"), ensure_ascii=False)
    assert "事后更正" not in by_acceptance, "until its cases end it changes by nature"
    own = json.dumps(followed(site, FEBRUARY, Role.DEPARTMENT_USER), ensure_ascii=False)
    assert "2026-02-20 17:30 更正" not in own, "what is another department's does not concern it"


def test_the_way_down_ends_at_the_page_of_a_case(site: Site) -> None:
    accepted = f"{FEBRUARY}&indicator=accepted&org={OWN_ORG}"
    assert "/case/360500/C-1" in json.dumps(followed(site, f"{accepted}&item={site.item_of(OWN_ORG)}"))
    assert "/case/360500/C-1" not in json.dumps(followed(site, f"{accepted}&item=other"))


def test_a_click_on_a_point_chooses_its_department(site: Site) -> None:
    answer = run_callback(site.client(Role.LEADER), "/comparison/", "comparison-address.search", {
        "comparison-funnel.clickData": {"points": [{"customdata": "minzheng"}]}}, {"comparison-address.search": FEBRUARY})
    assert answer.json["response"]["comparison-address"]["search"] == "?period=2026-02&org=minzheng"  # type: ignore[index]
    nobody = run_callback(site.client(Role.LEADER), "/comparison/", "comparison-address.search", {
        "comparison-funnel.clickData": {"points": [{"customdata": ""}]}}, {"comparison-address.search": FEBRUARY})
    assert nobody.status_code == 204


def test_a_click_on_an_area_leads_into_it_and_keeps_what_was_chosen(site: Site) -> None:
    search = f"{FEBRUARY}&indicator=overdue_rate&basis=acceptance&by=area"
    answer = run_callback(site.client(Role.LEADER), "/comparison/", "comparison-address.search", {
        "comparison-funnel.clickData": {"points": [{"customdata": "360500"}]}}, {"comparison-address.search": search})
    way = answer.json["response"]["comparison-address"]["search"]  # type: ignore[index]
    assert way == "?period=2026-02&indicator=overdue_rate&basis=acceptance&area=360500"
    assert way in shown(site, search), "the name in the table leads the same way"
    assert "市民政局" in shown(site, way), "departments of the area stand side by side"


def test_the_choice_of_areas_leaves_the_department_behind(site: Site) -> None:
    told = shown(site, f"{FEBRUARY}&org={OWN_ORG}&item=x")
    assert "?period=2026-02&by=area" in told
    areas = shown(site, f"{FEBRUARY}&by=area")
    assert "比较对象" in areas
    assert "市民政局" not in areas
    assert "?period=2026-02&area=360500" in areas


def test_a_click_on_an_item_or_beside_a_point_chooses_nothing(site: Site) -> None:
    for clicked in (None, {}, {"points": []}, {"points": [{"customdata": 7}]}, {"points": [{}]}):
        answer = run_callback(site.client(Role.LEADER), "/comparison/", "comparison-address.search", {
            "comparison-funnel.clickData": clicked}, {"comparison-address.search": FEBRUARY})
        assert answer.status_code == 204, clicked


def clicked_by_a_department_user(site: Site, key: str) -> Any:
    return run_callback(site.client(Role.DEPARTMENT_USER), "/comparison/", "comparison-address.search", {
        "comparison-funnel.clickData": {"points": [{"customdata": key}]}}, {"comparison-address.search": FEBRUARY})


def test_a_department_users_click_leads_to_his_own_unit_at_most(site: Site) -> None:
    assert clicked_by_a_department_user(site, "").status_code == 204
    forged = clicked_by_a_department_user(site, OTHER_ORG).json["response"]["comparison-address"]["search"]
    assert "市民政局" not in json.dumps(followed(site, forged, Role.DEPARTMENT_USER), ensure_ascii=False)


def test_a_department_user_sees_himself_among_others_without_a_name(site: Site) -> None:
    told = shown(site, f"{FEBRUARY}&org={OTHER_ORG}", Role.DEPARTMENT_USER)
    assert "市发展和改革委员会" in told
    assert "其他单位" in told
    for secret in ("市民政局", "minzheng", "市教育局"):
        assert secret not in told, secret
    below = json.dumps(followed(site, f"{FEBRUARY}&org={OTHER_ORG}", Role.DEPARTMENT_USER), ensure_ascii=False)
    assert "市发展和改革委员会" in below
    assert "市民政局" not in below


def test_channels_and_powers_are_told_apart_on_the_page_in_files_and_in_the_interface(site: Site) -> None:
    for by, name, choice in (("channel", "窗口", "渠道"), ("power_kind", "行政许可", "权力类型")):
        search = f"{FEBRUARY}&by={by}"
        page = shown(site, search)
        assert [words for words in (f"?period=2026-02&by={by}", choice, name) if words not in page] == []
        units = told(site, search)["units"]
        assert [(one["name"], one["numerator"], one["denominator"]) for one in units if one["denominator"]] == [
            (name, 438, 480)]
        rows = csv.reader(io.StringIO(site.client(Role.LEADER).get(f"/comparison/export.csv{search}").data.decode("utf-8-sig")))
        lines = [row for row in rows if row]
        assert lines[0] == [f"提前办结率 · 2026 年 2 月 · 按发生日期 · 比较对象 {choice}"]
        assert [row[:4] for row in lines if row[0] == name] == [[name, str(438 / 480), "438", "480"]]
        clicked = run_callback(site.client(Role.LEADER), "/comparison/", "comparison-address.search", {
            "comparison-funnel.clickData": {"points": [{"customdata": "window"}]}}, {"comparison-address.search": search})
        assert clicked.status_code == 204, "a channel is no department"


@pytest.mark.parametrize("code", ["early_rate", "promised_speed", "rectification_time", "cards_per_1000", "received"])
@pytest.mark.parametrize("by", ["channel", "power_kind"])
def test_every_kind_of_indicator_by_channel_and_power(site: Site, by: str, code: str) -> None:
    assert "comparison_says." not in shown(site, f"{FEBRUARY}&indicator={code}&by={by}&org={OWN_ORG}")


def test_a_department_user_compares_channels_of_his_own_unit_only(site: Site) -> None:
    page = shown(site, f"{FEBRUARY}&by=channel", Role.DEPARTMENT_USER)
    assert [words in page for words in ("窗口", "by=power_kind", "by=area")] == [True, True, False]
    units = told(site, f"{FEBRUARY}&by=channel", Role.DEPARTMENT_USER)["units"]
    assert [(one["key"], one["denominator"]) for one in units if one["denominator"]] == [("window", 480)]


def test_who_does_not_compare_is_refused(site: Site) -> None:
    assert site.client(Role.DUTY_OFFICER).get("/comparison/").status_code == 403
    assert site.client(Role.DUTY_OFFICER).get("/comparison/export.csv").status_code == 403


def test_exports_hold_what_the_page_shows_and_are_written_down(site: Site) -> None:
    client = site.client(Role.LEADER)
    answer = client.get(f"/comparison/export.csv{FEBRUARY}")
    assert answer.headers["Content-Disposition"] == "attachment; filename=comparison.csv"
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["提前办结率 · 2026 年 2 月 · 按发生日期 · 比较对象 部门"]
    named = {row[0]: row for row in rows if len(row) > 4}
    assert named["市发展和改革委员会"][:4] == ["市发展和改革委员会", str((12 * 36 + 6) / 480), "438", "480"]
    assert named["市民政局"][6:10] == ["2", "2", "2", "-2"]
    assert named["市教育局"][10] == "不足 20，不排名"
    assert client.get(f"/comparison/export.xlsx{FEBRUARY}").data[:2] == b"PK"
    looks = site.services.read_log.looks("comparison_export", "period=2026-02")
    assert [(one.actor, one.subject) for one in looks] == [("wang", "period=2026-02")] * 2
    own = site.client(Role.DEPARTMENT_USER).get(f"/comparison/export.csv{FEBRUARY}").data.decode("utf-8-sig")
    assert "市民政局" not in own


# Addresses -------------------------------------------------------------------------------------------------------------------


MARCH = (Span.MONTH, date(2026, 3, 1), date(2026, 3, 31))


@pytest.mark.parametrize(("search", "span", "first", "last"), [
    ("?period=2026-02", Span.MONTH, date(2026, 2, 1), date(2026, 2, 28)),
    ("?period=2026-Q2", Span.QUARTER, date(2026, 4, 1), date(2026, 6, 30)),
    ("?period=2026-H2", Span.HALF, date(2026, 7, 1), date(2026, 12, 31)),
    ("?period=2026", Span.YEAR, date(2026, 1, 1), date(2026, 12, 31)),
    ("?from=2026-02-03&to=2026-02-05", Span.FREE, date(2026, 2, 3), date(2026, 2, 5)),
    ("?period=2026-13", *MARCH), ("?from=2026-02-05&to=2026-02-03", *MARCH), ("?period=0001", *MARCH), ("", *MARCH)])
def test_periods_of_an_address(search: str, span: Span, first: date, last: date) -> None:
    wish = wish_of(search, LEADER, date(2026, 3, 16), CODES)
    assert (wish.span, wish.stretch) == (span, Stretch(first, last))
    assert wish_of(wish.address(), LEADER, date(2026, 3, 16), CODES).stretch == wish.stretch


def test_early_in_a_month_the_last_one_is_shown() -> None:
    assert wish_of("", LEADER, date(2026, 3, 10), CODES).stretch.first == date(2026, 2, 1)


def test_an_address_that_cannot_be_is_left_out_and_every_choice_is_kept() -> None:
    wish = wish_of("?indicator=none&grain=hour&basis=x&by=item&item=i", LEADER, date(2026, 3, 16), CODES)
    assert (wish.question.indicator, wish.grain, wish.question.basis, wish.question.by, wish.question.item) == (
        "early_rate", Grain.DAY, Basis.EVENT, "org", "")
    full = ("?period=2026-02&indicator=overdue_rate&basis=acceptance&area=360500&org=fagai&item=x&grain=week&limits=wide"
            "&columns=cards")
    assert wish_of(full, LEADER, date(2026, 3, 16), CODES).address() == full


def test_other_indicators_may_stand_beside_the_one_compared() -> None:
    """The catalogue has all of them: a code that is misspelt in a set would silently be left out."""
    for name, codes in COLUMN_SETS.items():
        assert columns_of(CODES, wish_of(f"?columns={name}", LEADER, date(2026, 3, 16), CODES)) == list(codes)
    unknown = wish_of("?columns=beauty", LEADER, date(2026, 3, 16), CODES)
    assert (unknown.columns, "columns" in unknown.address()) == ("overview", False)


def test_a_person_of_an_area_or_a_unit_cannot_ask_for_another() -> None:
    of_area = wish_of("?area=360500", Actor("yu", frozenset({Role.LEADER}), area="360502"), date(2026, 3, 16), CODES)
    assert of_area.question.area == "360502"
    person = Actor("z", frozenset({Role.DEPARTMENT_USER}), org="fagai")
    of_unit = wish_of("?org=minzheng&by=area", person, date(2026, 3, 16), CODES)
    assert (of_unit.question.org, of_unit.question.by) == ("fagai", "org")


@pytest.mark.parametrize("search", [
    "?from=1990-01-01&to=2100-12-31", "?period=2100-Q4", "?period=1990", "?period=2026-02&org=%3Cscript%3E&item=%25",
    "?org=fagai&item=x", "?by=area", "?area=nowhere", "?from=2026-02-30&to=x", "?indicator=' OR 1=1",
    "?period=2026-02&limits=wide&grain=month&by=area"])
def test_no_address_breaks_the_page(site: Site, search: str) -> None:
    assert shown(site, search)
    assert followed(site, search)["comparison-course"]
    assert site.client(Role.LEADER).get(f"/comparison/export.xlsx{search}").status_code == 200


# The interface ---------------------------------------------------------------------------------------------------------------


def told(site: Site, search: str = FEBRUARY, role: Role = Role.LEADER, path: str = "") -> dict[str, Any]:
    answer = site.client(role).get(f"/api/v1/comparison{path}{search}")
    assert answer.status_code == 200, answer.text
    return answer.json  # type: ignore[return-value]


@pytest.mark.parametrize("code", ["early_rate", "cards_per_1000", "statutory_speed", "accepted"])
@pytest.mark.parametrize("role", [Role.LEADER, Role.DEPARTMENT_USER])
def test_the_interface_has_the_very_numbers_of_the_pages_file(site: Site, code: str, role: Role) -> None:
    search = f"{FEBRUARY}&indicator={code}"
    lines = csv.reader(io.StringIO(site.client(role).get(f"/comparison/export.csv{search}").data.decode("utf-8-sig")))
    rows = [row for row in lines if row]
    units = told(site, search, role)["units"]
    names = ("value", "numerator", "denominator", "low", "high", "rank", "best", "worst", "zone")
    of_file = [[row[0], *row[1:11]] for row in rows if len(row) > 4][1:]
    assert [[one["name"] or "其他单位", *("" if one[name] is None else str(one[name]) for name in names), one["why_words"]]
            for one in units] == of_file
    words = [row[0] for row in rows if len(row) == 1]
    assert set(told(site, search, role)["sentences"]) <= set(words)


def test_the_interface_has_the_limits_and_the_common_value_of_the_funnel(site: Site) -> None:
    answer = run_callback(site.client(Role.LEADER), "/comparison/", SHOW, {"comparison-address.search": FEBRUARY})
    figure = answer.json["response"]["comparison-funnel"]["figure"]  # type: ignore[index]
    table = told(site)
    assert table["common"] == figure["layout"]["shapes"][0]["y0"]
    assert [one["far_low"] for one in table["limits"]] == figure["data"][0]["y"]
    assert [one["size"] for one in table["limits"]] == figure["data"][0]["x"]


def test_the_interface_shows_a_department_user_others_without_a_name(site: Site) -> None:
    table = told(site, f"{FEBRUARY}&org={OTHER_ORG}&by=area", Role.DEPARTMENT_USER)
    assert (table["is_anonymous"], table["by"]) == (True, "org")
    assert [one["key"] for one in table["units"] if one["key"]] == [OWN_ORG]
    assert all(not one["figures"] for one in table["units"])
    course = told(site, f"{FEBRUARY}&org={OTHER_ORG}", Role.DEPARTMENT_USER, "/course")
    assert course["org"] == OWN_ORG
    text = json.dumps([table, course], ensure_ascii=False)
    assert not [secret for secret in ("市民政局", "minzheng", "市教育局") if secret in text]


def test_the_interface_tells_the_course_the_page_draws(site: Site) -> None:
    search = f"{FEBRUARY}&org={OWN_ORG}&indicator=cards_per_1000"
    answer = followed(site, search)
    course = told(site, search, path="/course")
    drawn = answer["comparison-course"]["figure"]
    line = next(one for one in drawn["data"] if one.get("mode", "").startswith("lines+markers"))
    known = [one for one in course["points"] if one["value"] is not None]
    assert [one["value"] for one in known] == [value for value in line["y"] if value]
    assert course["centre"] == next(one["y0"] for one in drawn["layout"]["shapes"] if one.get("y0") == one.get("y1"))
    assert {"holiday", "make_up"} <= {one["what"] for one in course["happenings"]}
    assert all(words in json.dumps(answer, ensure_ascii=False) for words in course["sentences"])
    assert [one["name"] for one in course["seasons"]] == ["before", "last_year"]


def test_a_new_calendar_and_new_limits_of_an_item_are_lines_on_the_chart(site: Site) -> None:
    services, item, t = site.services, site.item_of(OWN_ORG), Words("zh", site.services.texts("zh").tree)
    wish = wish_of(f"{FEBRUARY}&org={OWN_ORG}&item={item}&grain=day", LEADER, date(2026, 3, 16), CODES)
    course = services.evaluation.over_time.course(LEADER, wish.question, wish.grain)
    marks = [Happening(What.ITEM, date(2026, 2, 4), date(2026, 2, 4), item, "3"),
             Happening(What.CALENDAR, date(2026, 2, 10), date(2026, 2, 10), "cn", "2")]
    layout = course_figure(course, marks, lambda one: happening_words(services, one, t), load_theme(), t)["layout"]

    lines = [one for one in layout["shapes"] if one["line"].get("dash") == "dot"]
    places = [course.starts.index(one.first) for one in marks]
    assert [one["x0"] for one in lines] == [one["x1"] for one in lines] == [place - 0.5 for place in places]
    words = [note["text"] for note in layout["annotations"]]
    assert words == [f"事项 {services.case_queries.item_name(item)} 时限调整（第 3 版）", "日历 cn 第 2 版生效"]
    assert [note["x"] for note in layout["annotations"]] == [place - 0.5 for place in places]


def test_the_interface_refuses_who_does_not_compare_and_what_cannot_be(site: Site) -> None:
    for path in ("", "/course"):
        assert site.client(Role.DUTY_OFFICER).get(f"/api/v1/comparison{path}").status_code == 403
        assert site.client().get(f"/api/v1/comparison{path}").status_code == 401
    client = site.client(Role.LEADER)
    assert client.get("/api/v1/comparison?indicator=none").status_code == 404
    assert client.get("/api/v1/comparison?period=2026-13").status_code == 400
    assert client.get("/api/v1/comparison/course?from=2026-02-05&to=2026-02-03").status_code == 400


def test_the_interface_speaks_the_language_asked_for_and_is_written_down(site: Site) -> None:
    search = f"{FEBRUARY}&lang=en"
    assert all(words.isascii() or "市" in words for words in told(site, search)["sentences"])
    written = "/api/v1/comparison?period=2026-02"
    before = len(site.services.read_log.looks("comparison_export", written))
    assert before
    told(site, f"?x={'a' * 200}&{FEBRUARY.lstrip('?')}")  # what is no choice does not push the choices out of the log
    assert len(site.services.read_log.looks("comparison_export", written)) == before + 1


@pytest.mark.parametrize(("search", "option"), [
    ("&by=district", "by"), ("&basis=accepted", "basis"), ("&grain=hour", "grain"), ("&limits=narrow", "limits"),
    ("&item=x", "item"), ("&indicator=&indicator=early_rate", "indicator")])
def test_the_interface_refuses_a_choice_it_cannot_understand(site: Site, search: str, option: str) -> None:
    for path in ("", "/course"):
        answer = site.client(Role.LEADER).get(f"/api/v1/comparison{path}{FEBRUARY}{search}")
        assert answer.status_code == 400
        assert option in answer.get_data(as_text=True)


def test_a_department_user_learns_nothing_of_others_that_are_hidden(tmp_path: Path) -> None:
    answers = []
    for place, early in enumerate((10, 11)):
        site = make_site(tmp_path / str(place))
        for org, count in ((OWN_ORG, 36), (OTHER_ORG, early), ("jiaoyu", 20)):
            count_day(site.services.database, org, date(2026, 2, 3), **concluded(40, count))
        answers.append(told(site, "?from=2026-02-03&to=2026-02-03", Role.DEPARTMENT_USER))
    assert answers[0] == answers[1]
    [own] = answers[0]["units"]
    assert (own["rank"], own["zone"], own["why"]) == (None, 0, "hidden")
    assert (answers[0]["dispersion"], answers[0]["common"]) == (1.0, None)
    assert "漏斗图" not in "".join(answers[0]["sentences"])


def test_zones_and_limits_that_a_department_user_sees_agree(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    for place, org in enumerate((OWN_ORG, OTHER_ORG, "jiaoyu", "gongxin", "shuili", "ziran", "zhujian")):
        for day in each_day(date(2026, 2, 2), date(2026, 2, 13)):
            count_day(site.services.database, org, day, **concluded(40, 10 + 4 * place if place else 30))
    for limits in ("", "&limits=wide"):
        table = told(site, f"?period=2026-02{limits}", Role.DEPARTMENT_USER)
        assert table["is_widened"] is bool(limits)
        for unit in table["units"]:
            near = min(table["limits"], key=lambda one, size=unit["denominator"]: abs(one["size"] - size))
            assert (unit["zone"] < 0) == (unit["value"] < near["near_low"] - 0.01) or abs(
                unit["value"] - near["near_low"]) < 0.03
