"""Files of each view of the comparison: the numbers of the page, what they mean, and who made them when, for whom."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import msgspec
import pytest
from PIL import Image

from cases.events import EventKind
from config.texts import load_texts
from core.access import Role
from dashboard.panels import downloads
from dashboard.words import Words
from evaluation.spreadsheets import Sheet
from tests.comparing import concluded, correct_day, count_day, each_day
from tests.staff import OTHER_ORG, OWN_ORG, Site, make_site
from tests.unit.cases.record import event
from tests.unit.dashboard.test_comparison import CORRECTED, FEBRUARY, february, followed, told


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return february(tmp_path_factory.mktemp("comparison_files"))


def file_of(site: Site, view: str, search: str, role: Role = Role.LEADER) -> tuple[list[str], list[list[str]]]:
    """(words above, heads and rows) of a view as CSV."""
    answer = site.client(role).get(f"/comparison/export.csv{search}&view={view}")
    assert answer.status_code == 200, answer.text
    lines = [row for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))) if row]
    return [row[0] for row in lines if len(row) == 1], [row for row in lines if len(row) > 1]


def numbers(rows: list[list[str]], column: int) -> list[float]:
    return [float(row[column]) for row in rows[1:] if row[column]]


def test_the_chart_as_a_file_has_the_very_points_limits_and_signs_of_the_page(site: Site) -> None:
    search = f"{FEBRUARY}&org={OWN_ORG}&indicator=cards_per_1000"
    course = told(site, search, path="/course")
    words, rows = file_of(site, "course", search)
    known = [one for one in course["points"] if one["value"] is not None]
    assert [row[0] for row in rows[1:]] == [one["first"] for one in course["points"]]
    assert numbers(rows, 1) == [one["value"] for one in known]
    assert numbers(rows, 5) == [one["low"] for one in known]
    assert numbers(rows, 6) == [one["high"] for one in known]
    assert set(numbers(rows, 4)) == {course["centre"]}
    assert set(course["sentences"][:1]) <= set(words)
    assert "春节放假" in [row[9] for row in rows]
    assert words[0].startswith("市发展和改革委员会 · 每千件黄红牌数 · 2026 年 2 月 · 按发生日期")


def test_the_seasons_as_a_file_have_the_values_of_the_page(site: Site) -> None:
    search = f"{FEBRUARY}&org={OWN_ORG}"
    seasons = told(site, search, path="/course")["seasons"]
    _, rows = file_of(site, "seasons", search)
    assert [row[1:4] for row in rows[1:]] == [[one["first"], one["last"], str(one["working_days"])] for one in seasons]
    assert numbers(rows, 5) == [one["now"] for one in seasons]


def test_the_items_as_a_file_have_the_values_of_the_page(site: Site) -> None:
    words, rows = file_of(site, "items", f"{FEBRUARY}&org={OWN_ORG}")
    assert [row[1:4] for row in rows[1:]] == [[str(438 / 480), "438", "480"]]
    assert rows[0][11:14] == ["超期办结率", "超期办结率 分子", "超期办结率 分母"]
    assert "比较对象 事项" in words[0]


@pytest.mark.parametrize("view", ["side", "course", "seasons", "items"])
def test_every_file_says_what_it_is_when_it_was_made_by_whom_and_what_it_means(site: Site, view: str) -> None:
    words, _ = file_of(site, view, f"{FEBRUARY}&org={OWN_ORG}")
    assert "提前办结率 · 2026 年 2 月 · 按发生日期" in words[0]
    assert [line for line in words if line.startswith("2026-03-16 14:03 由 王")]
    assert [line for line in words if "公式：提前办结 ÷ 正常办结" in line]
    book = site.client(Role.LEADER).get(f"/comparison/export.xlsx{FEBRUARY}&org={OWN_ORG}&view={view}").data
    with ZipFile(io.BytesIO(book)) as opened:
        assert len([name for name in opened.namelist() if "/sheet" in name]) == 2
        assert "指标口径" in opened.read("xl/workbook.xml").decode()


def test_files_of_a_department_are_its_own_and_need_one(site: Site) -> None:
    client = site.client(Role.LEADER)
    assert client.get(f"/comparison/export.csv{FEBRUARY}&view=items").json["code"] == "org_missing"  # type: ignore[index]
    unknown = client.get(f"/comparison/export.csv{FEBRUARY}&view=none")
    assert (unknown.status_code, unknown.json["code"]) == (400, "choice_unknown")  # type: ignore[index]
    for view in ("side", "course", "seasons", "items"):
        words, rows = file_of(site, view, f"{FEBRUARY}&org={OTHER_ORG}", Role.DEPARTMENT_USER)
        assert "市民政局" not in json.dumps([words, rows], ensure_ascii=False), view
    refused = site.client(Role.DEPARTMENT_USER).get(f"/comparison/export.csv{FEBRUARY}&view=persons")
    assert refused.status_code == 403, "the settings say inspectors and leaders"


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Two days of one department and one of another changed after they were over, none of the one that asks for itself."""
    site = make_site(tmp_path_factory.mktemp("corrected"))
    for org, days in ((OWN_ORG, ()), (OTHER_ORG, (3, 4)), ("jiaoyu", (3,))):
        for day in each_day(date(2026, 2, 2), date(2026, 2, 6)):
            count_day(site.services.database, org, day, **concluded(40, 30))
        for number in days:
            correct_day(site.services.database, org, date(2026, 2, number), CORRECTED)
    return site


def late_lines(site: Site, view: str, search: str, role: Role = Role.LEADER) -> list[str]:
    return [line for line in file_of(site, view, search, role)[0] if "部门日" in line]


SAID = "本时段有 {n} 个部门日在过后又有变动（迟到的数据、撤牌等），最近一次在 2026-02-20 17:30；此前读到的数与现在不同"
NONE_SAID = "本时段没有部门日在过后变动"


def test_every_file_says_how_many_days_changed_after_they_were_over(corrected: Site) -> None:
    assert late_lines(corrected, "side", FEBRUARY) == [SAID.format(n=3)]
    assert late_lines(corrected, "course", FEBRUARY) == [SAID.format(n=3)]
    for view in ("course", "seasons", "items", "persons"):
        assert late_lines(corrected, view, f"{FEBRUARY}&org={OTHER_ORG}") == [SAID.format(n=2)], view
        assert late_lines(corrected, view, f"{FEBRUARY}&org={OWN_ORG}") == [NONE_SAID], view
    assert late_lines(corrected, "side", f"{FEBRUARY}&basis=acceptance") == [], "until its cases end it changes by nature"


def test_the_interface_says_the_same_as_the_files(corrected: Site) -> None:
    def known(search: str, role: Role = Role.LEADER, path: str = "") -> tuple[object, object]:
        answer = told(corrected, search, role, path)
        return answer["corrected_rows"], answer["corrected_at"]

    at = "2026-02-20T09:30:00+00:00"
    assert known(FEBRUARY) == known(FEBRUARY, path="/course") == (3, at)
    assert known(f"{FEBRUARY}&org={OTHER_ORG}") == (3, at), "the department chosen stands among the others"
    assert known(f"{FEBRUARY}&org={OTHER_ORG}", path="/course") == known(f"{FEBRUARY}&org={OTHER_ORG}&by=channel") == (2, at)
    assert known(f"{FEBRUARY}&org={OWN_ORG}", path="/course") == (0, None)
    assert known("?period=2026-01") == (0, None)
    for path in ("", "/course"):
        assert known(f"{FEBRUARY}&basis=acceptance", path=path) == (None, None)


def test_a_department_user_is_told_of_his_own_days_alone(corrected: Site) -> None:
    for path, view in (("", "side"), ("/course", "course")):
        search = f"{FEBRUARY}&org={OTHER_ORG}"
        assert told(corrected, search, Role.DEPARTMENT_USER, path)["corrected_rows"] == 0
        assert late_lines(corrected, view, search, Role.DEPARTMENT_USER) == [NONE_SAID]


# Persons ---------------------------------------------------------------------------------------------------------------------

def test_the_people_of_a_department_are_shown_when_asked_for_and_the_look_is_logged(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    accepted = event(EventKind.ACCEPTED, "2026-02-04 10:00", case_no="P-1", org="jiaoyu", item="")
    ended = event(EventKind.CONCLUDED, "2026-02-05 10:00", case_no="P-1", org="jiaoyu", item="")
    site.services.recorder.record([accepted, msgspec.structs.replace(ended, actor="孙办事员")])

    offered = json.dumps(followed(site, f"{FEBRUARY}&org=jiaoyu"), ensure_ascii=False)
    assert "按经办人查看" in offered
    assert "孙办事员" not in offered
    assert site.services.read_log.looks("figures_of_persons") == []

    told = json.dumps(followed(site, f"{FEBRUARY}&org=jiaoyu&persons=1"), ensure_ascii=False)
    assert "孙办事员" in told
    assert "不排名、不计分" in told
    [look] = site.services.read_log.looks("figures_of_persons")
    assert (look.actor, look.subject) == ("wang", "jiaoyu 2026-02-01 2026-02-28")

    own = json.dumps(followed(site, f"{FEBRUARY}&persons=1", Role.DEPARTMENT_USER), ensure_ascii=False)
    assert "按经办人查看" not in own, "the settings say inspectors and leaders"
    assert len(site.services.read_log.looks("figures_of_persons")) == 1

    words, rows = file_of(site, "persons", f"{FEBRUARY}&org=jiaoyu")
    assert [row[0] for row in rows] == ["经办人", "孙办事员"]
    assert words[0] == "市教育局 · 经办人 · 2026 年 2 月 · 按发生日期"
    assert [line for line in words if "不排名、不计分" in line]
    assert len(site.services.read_log.looks("figures_of_persons")) == 2, "a file is a look, too"


@pytest.mark.parametrize("view", ["side", "course", "seasons", "items"])
def test_every_table_is_a_picture_too(site: Site, view: str) -> None:
    answer = site.client(Role.LEADER).get(f"/comparison/export.png{FEBRUARY}&org={OWN_ORG}&view={view}")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert picture.width > 1_000
        assert picture.height > 200
    assert site.services.read_log.looks("comparison_export", f"{FEBRUARY[1:]}&org={OWN_ORG}&view={view}")


def test_a_long_table_is_a_picture_of_its_first_rows_and_says_so(site: Site) -> None:
    made = downloads._first(Sheet("t", ["w"], ["a"], [["x"]] * 7), 3, Words("zh", load_texts()["zh"].tree))
    assert (len(made.rows), made.words[1]) == (3, "图中只有前 3 行，全部 7 行见 CSV 或 Excel（evaluation.picture_rows_max）")


def test_pictures_are_painted_one_at_a_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []
    monkeypatch.setattr(downloads, "as_png", lambda *_, **__: (held.append(downloads._PAINTING.locked()), b"")[1])
    site.client(Role.LEADER).get(f"/comparison/export.png{FEBRUARY}&org={OWN_ORG}&view=side")
    assert (held, downloads._PAINTING.locked()) == ([True], False)
