"""The map's page: colours, values, outlines, what has none, who sees which area, the way on, and files."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from config.indicators import load_indicators
from core.access import Role
from dashboard.theme import Theme, load_theme
from tests.comparing import concluded, correct_day, count_day, each_day
from tests.staff import Site, make_site, run_callback, sign_in

SHOW = "..map-head.children...map-picture.figure...map-side.children.."
FEBRUARY = "?period=2026-02"
CITY, GOOD, BAD, SMALL, NONE = "360500", "360502", "360521", "360571", "360572"
CODES = list(load_indicators().indicators)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """February 2026: the city as most, one good and one bad area, one too small to compare, one in which nothing ended."""
    site = make_site(tmp_path_factory.mktemp("map"))
    for day in each_day(date(2026, 2, 2), date(2026, 2, 13)):
        for area, early in ((CITY, 30), (GOOD, 38), (BAD, 15)):
            count_day(site.services.database, "fagai", day, area=area, **concluded(40, early, late=1))
    count_day(site.services.database, "fagai", date(2026, 2, 3), area=SMALL, **concluded(5, 5))
    count_day(site.services.database, "fagai", date(2026, 2, 3), area=NONE, received=3)
    site.services.accounts.create("yuan", "夏日 蝉鸣 2026", display_name="袁某", roles=[Role.LEADER], area=GOOD)
    return site


def asked(site: Site, search: str = FEBRUARY, client: Any = None) -> dict[str, Any]:
    answer = run_callback(client or site.client(Role.LEADER), "/map/", SHOW, {"map-address.search": search})
    assert answer.status_code == 200, answer.text
    return answer.json["response"]  # type: ignore[index, no-any-return]


def figure(site: Site, search: str = FEBRUARY, client: Any = None) -> dict[str, Any]:
    return asked(site, search, client)["map-picture"]["figure"]  # type: ignore[no-any-return]


def fills(shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["meta"]: trace for trace in shown["data"] if trace.get("fill") == "toself" and trace["meta"]}


def words(shown: dict[str, Any]) -> list[str]:
    return next(trace["text"] for trace in shown["data"] if trace["mode"] == "text")  # type: ignore[no-any-return]


def test_each_area_has_its_value_and_its_colour(site: Site) -> None:
    shown, theme = figure(site), load_theme()
    colours = {code: trace["fillcolor"] for code, trace in fills(shown).items()}
    assert (colours[GOOD], colours[BAD]) == (theme.color("map-5"), theme.color("map-1"))
    told = " ".join(words(shown))
    for value in ("95.0 %", "75.0 %", "37.5 %", "100.0 %", "—", "渝水区", "分宜县"):
        assert value in told, value


def test_what_is_too_small_is_hatched_and_what_cannot_be_worked_out_is_grey(site: Site) -> None:
    of_area = fills(figure(site))
    assert of_area[SMALL]["fillpattern"]["shape"] == "/"
    assert "fillpattern" not in of_area[NONE]
    assert of_area[NONE]["fillcolor"] == load_theme().color("bg-2")
    assert "不足 20" in of_area[SMALL]["text"]


def test_areas_beyond_the_limits_are_outlined_above_the_others_and_signed(site: Site) -> None:
    shown, theme = figure(site), load_theme()
    lines = [trace["line"] for trace in shown["data"] if trace["mode"] == "lines" and trace.get("fill") is None]
    assert [line["color"] for line in lines[-2:] if line["width"] == 6] == [theme.color("ok"), theme.color("offline")]
    assert all(line["width"] == 2 for line in lines[:-2])
    told = words(shown)
    assert any(text.startswith("<b>▲ 95.0 %") for text in told)
    assert any(text.startswith("<b>▼ 37.5 %") for text in told)
    assert {"▲▼ 超出 99.8 % 界限（较好）", "▲▼ 超出 99.8 % 界限（较差）"} <= {trace.get("name") for trace in shown["data"]}


def test_it_is_always_marked_as_a_sketch_and_says_what_it_shows(site: Site) -> None:
    notes = [note["text"] for note in figure(site)["layout"]["annotations"]]
    assert notes == ["提前办结率 · 2026 年 2 月 · 按发生日期", "示意图"]


def test_nothing_of_it_asks_for_tiles_or_outlines_from_elsewhere(site: Site) -> None:
    shown = figure(site)
    assert {trace["type"] for trace in shown["data"]} == {"scatter"}
    assert not {"geo", "mapbox", "map"} & set(shown["layout"])


def test_a_table_says_the_same_and_leads_on(site: Site) -> None:
    told = json.dumps(asked(site)["map-side"], ensure_ascii=False)
    for said in ("渝水区", "95.0 %", "没有分母，无法计算", "不足 20，不排名", "差于界限", "各区域的指标值",
                 "/comparison/?period=2026-02&area=360521"):
        assert said in told, said


def test_a_click_on_an_area_leads_to_its_comparison(site: Site) -> None:
    shown = figure(site)
    at = next(number for number, trace in enumerate(shown["data"]) if trace.get("meta") == BAD)

    def clicked(curve: int) -> Any:
        return run_callback(site.client(Role.LEADER), "/map/", "map-onward.href", {
            "map-picture.clickData": {"points": [{"curveNumber": curve}]}},
            {"map-picture.figure": shown, "map-address.search": f"{FEBRUARY}&indicator=overdue_rate"})

    answer = clicked(at).json["response"]["map-onward"]["href"]
    assert answer == "/comparison/?period=2026-02&indicator=overdue_rate&area=360521"
    assert clicked(len(shown["data"]) - 1).status_code == 204
    assert clicked(999).status_code == 204


def test_whoever_is_bound_to_an_area_sees_that_one_and_the_others_as_bare_shapes(site: Site) -> None:
    client = site.app.test_client()
    assert sign_in(client, "yuan", "夏日 蝉鸣 2026").status_code == 303
    told = asked(site, f"{FEBRUARY}&area={BAD}", client)
    assert set(fills(told["map-picture"]["figure"])) == {GOOD}
    text = json.dumps(told, ensure_ascii=False)
    assert "渝水区" in text
    for secret in ("分宜县", "37.5 %", BAD, "75.0 %"):
        assert secret not in text, secret
    file = client.get(f"/map/export.csv{FEBRUARY}&area={BAD}").data.decode("utf-8-sig")
    assert "分宜县" not in file
    assert "渝水区" in file


def test_days_that_changed_after_they_were_over_are_told_and_only_of_ones_own_area(tmp_path: Path) -> None:
    site, day = make_site(tmp_path), date(2026, 2, 4)
    for area in (GOOD, BAD):
        count_day(site.services.database, "fagai", day, area=area, **concluded(40, 30))
    site.services.accounts.create("yuan", "夏日 蝉鸣 2026", display_name="袁某", roles=[Role.LEADER], area=GOOD)
    bound, told = site.app.test_client(), "本时段有 1 个部门日在过后又有变动"
    assert sign_in(bound, "yuan", "夏日 蝉鸣 2026").status_code == 303
    assert "部门日" not in json.dumps(asked(site)["map-side"], ensure_ascii=False), "nothing changed"
    correct_day(site.services.database, "fagai", day, datetime(2026, 2, 20, 9, 30, tzinfo=UTC), area=BAD)

    for search, client, pages, files in (
            (FEBRUARY, site.client(Role.LEADER), True, told), (FEBRUARY, bound, False, "本时段没有部门日在过后变动"),
            (f"{FEBRUARY}&basis=acceptance", site.client(Role.LEADER), False, "")):
        page = json.dumps(asked(site, search, client)["map-side"], ensure_ascii=False)
        assert (told in page, "市发展和改革委员会，2026-02-20 17:30 更正" in page) == (pages, pages)
        file = client.get(f"/map/export.csv{search}").data.decode("utf-8-sig")
        assert files in file if files else "部门日" not in file


def test_who_sees_one_unit_only_is_refused(site: Site) -> None:
    for role in (Role.DEPARTMENT_USER, Role.DUTY_OFFICER):
        assert site.client(role).get("/map/").status_code == 403
        assert site.client(role).get("/map/export.csv").status_code == 403


@pytest.mark.parametrize("code", CODES)
def test_every_indicator_can_be_drawn(site: Site, code: str) -> None:
    told = json.dumps(asked(site, f"{FEBRUARY}&indicator={code}"), ensure_ascii=False)
    assert [key for key in ("map_page.", "comparison_page.", "comparison_why.", "comparison_says.") if key in told] == []


@pytest.mark.parametrize("search", [
    "", "?period=2100", "?indicator=%3Cb%3E", "?from=x&to=y", "?area=nowhere&by=org&org=x&item=y"])
def test_no_address_breaks_the_page(site: Site, search: str) -> None:
    assert len(fills(figure(site, search))) == 5
    assert site.client(Role.LEADER).get(f"/map/export.xlsx{search}").status_code == 200


def test_control_characters_make_no_file(site: Site) -> None:
    assert site.client(Role.LEADER).get("/map/export.xlsx?indicator=%00").status_code == 400


def test_files_hold_every_area_and_are_written_down(site: Site) -> None:
    client = site.client(Role.LEADER)
    rows = list(csv.reader(io.StringIO(client.get(f"/map/export.csv{FEBRUARY}").data.decode("utf-8-sig"))))
    named = {row[0]: row for row in rows if len(row) > 4}
    assert named["渝水区"][1:4] == ["0.95", "456", "480"]
    assert named["仙女湖区"][1] == ""
    looks = site.services.read_log.looks("map_export", "period=2026-02")
    assert ("wang", "period=2026-02") in [(one.actor, one.subject) for one in looks]


def test_an_area_without_a_boundary_stands_in_the_table(tmp_path: Path) -> None:
    one = {"type": "Feature", "id": CITY, "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}}
    file = tmp_path / "own.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [one]}), encoding="utf-8")
    site = make_site(tmp_path, **{"evaluation.map_file": str(file)})
    told = asked(site)
    assert set(fills(told["map-picture"]["figure"])) == {CITY}
    assert "图上没有边界" in json.dumps(told["map-side"], ensure_ascii=False)


# Colours -------------------------------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(theme: Theme, one: str, other: str) -> float:
    low, high = sorted((luminance(theme.color(one)), luminance(theme.color(other))))
    return (high + 0.05) / (low + 0.05)


def test_steps_differ_in_lightness_alone_and_words_can_be_read_on_each() -> None:
    theme = load_theme()
    for at, ink in enumerate(("text-hi", "text-hi", "text-hi", "bg-0", "bg-0"), start=1):
        assert contrast(theme, f"map-{at}", ink) >= 4.5, at
    for at in range(1, 5):
        assert contrast(theme, f"map-{at}", f"map-{at + 1}") >= 1.4, at
