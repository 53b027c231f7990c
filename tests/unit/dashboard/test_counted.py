"""The list behind a figure, on its page and in its file: who is led there, what he finds, and what a frozen figure said."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import msgspec
import pytest
from sqlalchemy import insert

from cases.events import EventKind
from core.access import Role
from core.instants import day_of
from evaluation.bulletins.figures import Figures, UnitFigures
from evaluation.bulletins.models import bulletins
from evaluation.models import FIGURES
from tests.staff import OTHER_ORG, OWN_ORG, Site, make_site, run_callback
from tests.unit.cases.record import event

K = EventKind
PERIOD = "?period=2026-02"
OVERDUE = f"{PERIOD}&indicator=overdue_rate&org={OWN_ORG}"
CASES = 12


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Twelve cases of one department and one of another concluded in February 2026, all of them late but two."""
    site = make_site(tmp_path_factory.mktemp("counted"), **{"evaluation.counted_page": 10, "evaluation.counted_file_max": 11})
    for number in range(CASES + 2):
        org = OWN_ORG if number <= CASES else OTHER_ORG
        began = "2026-02-10 09:00" if number < 2 else "2025-09-01 09:00"
        site.services.recorder.record([
            event(K.ACCEPTED, began, case_no=_number(number), org=org, item=site.item_of(org)),
            event(K.CONCLUDED, f"2026-02-{10 + number:02} 10:00", case_no=_number(number), org=org, item=site.item_of(org))])
    return site


def _number(number: int) -> str:
    return "=HYPERLINK(1)" if number == CASES else f"C-{number:02}"


def listed(site: Site, search: str, role: Role = Role.LEADER) -> str:
    answer = run_callback(site.client(role), "/counted/", "counted-body.children", {"counted-address.search": search})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def side(site: Site, search: str, role: Role = Role.LEADER) -> str:
    outputs = ("..comparison-head.children...comparison-side.children...comparison-funnel.figure..."
               "comparison-funnel-words.children..")
    return json.dumps(run_callback(site.client(role), "/comparison/", outputs, {"comparison-address.search": search}).json)


def hrefs(told: str, page: str = "/counted/") -> list[str]:
    return [part.split('"')[0] for part in told.split('"href": "')[1:] if part.startswith(page)]


def test_the_numbers_of_the_comparison_lead_to_their_lists(site: Site) -> None:
    links = hrefs(side(site, f"{PERIOD}&indicator=overdue_rate"))
    assert f"/counted/?period=2026-02&indicator=overdue_rate&org={OWN_ORG}&part=above" in links
    assert f"/counted/?period=2026-02&indicator=overdue_rate&org={OWN_ORG}&part=below" in links
    assert f"/counted/?period=2026-02&indicator=on_time_rate&org={OWN_ORG}&part=above" in links, "the columns beside, too"
    assert not [link for link in links if f"org={OTHER_ORG}" in link and "on_time_rate" in link], "0 has nothing behind it"
    assert hrefs(side(site, f"{PERIOD}&indicator=overdue_rate&by=area")) == [], "areas are gone down through"


def test_the_list_is_what_is_counted_page_by_page(site: Site) -> None:
    first = listed(site, f"{OVERDUE}&part=above")
    assert "清单共 11 件办件，与指标所计一致" in first
    assert "分子：超期办结" in first
    assert (len(hrefs(first, "/case/")), "下一页" in first, "回到首页" in first) == (10, True, False)
    [following] = [link for link in hrefs(first) if "after=" in link]
    second = listed(site, following.removeprefix("/counted/"))
    assert (len(hrefs(second, "/case/")), "下一页" in second, "回到首页" in second) == (1, False, True)
    assert len({*hrefs(first, "/case/"), *hrefs(second, "/case/")}) == 11
    below = listed(site, f"{OVERDUE}&part=below")
    assert "清单共 13 件办件" in below
    assert "分母：正常办结" in below


@pytest.mark.parametrize("code", ["promised_speed", "yellow_cards", "rectification_rate", "correction_rate", "complaints"])
@pytest.mark.parametrize("more", ["", "&part=below", "&part=x&after=1~y~z&unit=web", "&by=channel&unit=web&basis=acceptance"])
def test_every_address_is_answered(site: Site, code: str, more: str) -> None:
    told = listed(site, f"{PERIOD}&org={OWN_ORG}&indicator={code}{more}")
    assert [key for key in ("counted_page.", "comparison_page.", "disposition.", "complaint_state.") if f'"{key}' in told] == []


def test_channels_lead_to_lists_of_their_own(site: Site) -> None:
    links = hrefs(side(site, f"{PERIOD}&indicator=overdue_rate&by=power_kind&org={OWN_ORG}"))
    [above] = {link for link in links if link.endswith("unit=permit") and "indicator=overdue_rate" in link and "above" in link}
    told = listed(site, above.removeprefix("/counted/"))
    assert "清单共 11 件办件" in told
    assert "行政许可" in told


def test_without_a_department_there_is_no_list(site: Site) -> None:
    assert "请先在比较中选择一个部门" in listed(site, PERIOD)
    answer = site.client(Role.LEADER).get(f"/counted/export.csv{PERIOD}")
    assert (answer.status_code, answer.json["code"]) == (400, "org_missing")  # type: ignore[index]


def test_a_department_user_is_shown_his_own_list_whatever_he_asks_for(site: Site) -> None:
    asked = f"{PERIOD}&indicator=overdue_rate&org={OTHER_ORG}"
    told = listed(site, asked, Role.DEPARTMENT_USER)
    assert "清单共 11 件办件" in told
    assert _number(CASES + 1) not in told
    own = site.client(Role.DEPARTMENT_USER).get(f"/counted/export.csv{asked}").data.decode("utf-8-sig")
    assert _number(CASES + 1) not in own
    links = hrefs(side(site, f"{PERIOD}&indicator=overdue_rate", Role.DEPARTMENT_USER))
    assert links
    assert not [link for link in links if OTHER_ORG in link]


def test_who_does_not_compare_is_refused(site: Site) -> None:
    assert [site.client(Role.DUTY_OFFICER).get(path).status_code for path in ("/counted/", "/counted/export.csv")] == [403, 403]


def test_the_file_has_the_list_its_head_and_no_formula(site: Site) -> None:
    client = site.client(Role.LEADER)
    answer = client.get(f"/counted/export.csv{OVERDUE}&part=below")
    lines = [row for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))) if row]
    words = [row[0] for row in lines if len(row) == 1]
    assert words[0].startswith("市发展和改革委员会 · 超期办结率 · 2026 年 2 月 · 按发生日期 · 分母：正常办结")
    assert "清单共 13 件办件，与指标所计一致" in words
    assert "本文件只有前 11 条，全部 13 条见页面（evaluation.counted_file_max）" in words
    assert [line for line in words if line.startswith("2026-03-16 14:03 由 王")]
    assert [line for line in words if "公式：超期办结 ÷ 正常办结" in line]
    rows = [row for row in lines if len(row) > 1]
    assert (rows[0][0], len(rows)) == ("办件", 12)
    assert "'=HYPERLINK(1)" in {row[0] for row in rows}
    with ZipFile(io.BytesIO(client.get(f"/counted/export.xlsx{OVERDUE}").data)) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "/sheet" in name]
        strings = book.read("xl/sharedStrings.xml").decode()
    assert (len(sheets), "<f>" in "".join(sheets)) == (2, False)
    assert "超期办结 ÷ 正常办结" in strings
    assert site.services.read_log.looks("comparison_export", f"{OVERDUE[1:]}&part=below")


# Frozen and corrected ----------------------------------------------------------------------------------------------

def _freeze(site: Site, number: int, late: int) -> None:
    counts: dict[str, int] = {**dict.fromkeys(FIGURES, 0), "concluded": 13, "late": late}
    of_own = UnitFigures(org=OWN_ORG, name="", counts=counts)
    frozen = Figures(area="", area_name="", month="2026-02", as_of=0, version="1", rank_by="on_time_rate", least=5,
                     counts=counts, before={}, cards_by_acceptance={}, units=(of_own,), trend=())
    row: dict[str, Any] = {
        "area": "", "month": "2026-02", "slot": None, "state": "issued", "rev": 1, "title": "",
        "figures": msgspec.json.encode(frozen).decode(), "figures_sha256": "", "made_by": "", "made_name": "", "made_at": 0,
        "number": f"新监通报〔2026〕{number}号", "issued_name": "", "issued_at": day_of(date(2026, 3, 5)) * 86_400_000_000}
    with site.services.uow() as uow:
        uow.conn.execute(insert(bulletins).values(**row))


def test_a_figure_that_was_issued_and_corrected_since_says_so(tmp_path: Path, site: Site) -> None:
    assert "月通报" not in listed(site, OVERDUE)
    _freeze(site, 1, late=11)
    _freeze(site, 2, late=9)
    told = listed(site, OVERDUE)
    assert "与月通报 新监通报〔2026〕1号（2026-03-05 印发）定稿的数一致：11" in told
    assert "月通报 新监通报〔2026〕2号（2026-03-05 印发）定稿为 9，其后更正，现为 11" in told
    assert "月通报" not in listed(site, f"{OVERDUE}&basis=acceptance"), "the bulletin counts by the days things happened"
    assert "个部门日在过后又有变动" in told, "all of it was recorded weeks later"
