"""The monthly bulletin in a browser: made, submitted, issued by another, taken away, published, read on a telephone."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from docx import Document
from playwright.sync_api import Page

from tests.comparing import concluded, count_day, each_day
from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text

UNITS = ("gongan", "minzheng", "jiaoyu", "fagai", "keji", "gongxin", "minzong")
PAGE = "/bulletins/"


@pytest.fixture
def city(centre: CommandCentre) -> CommandCentre:
    """Seven departments since December; the clock stands in March 2026."""
    for place, org in enumerate(UNITS):
        for day in each_day(date(2025, 12, 1), date(2026, 3, 6))[::7]:
            figures = concluded(20 + place, 15, late=place % 3, yellow=place % 2, rated=2, satisfied=2)
            count_day(centre.services.database, org, day, **figures)
    return centre


def opened(screens: Screens, city: CommandCentre, name: str, address: str = PAGE,
           size: tuple[int, int] = (1920, 1080)) -> Page:
    page = screens.blank(size)
    sign_in(page, city.address, name, address.replace("?", "%3F").replace("=", "%3D"))
    page.wait_for_selector("#bulletins-list > *")
    return page


def test_a_bulletin_goes_from_one_click_to_the_public(city: CommandCentre, screens: Screens) -> None:
    page = opened(screens, city, "li")
    page.click("#bulletins-produce")
    page.wait_for_url("**?bulletin=1")
    wait_for_text(page, ".paper-page", "关于2026年2月全市行政审批电子监察情况的通报")
    wait_for_text(page, ".paper-page", "比上月")
    assert page.locator(".paper-page figure img").count() >= 2
    page.click("#bulletins-do-submit")
    wait_for_text(page, "#bulletins-head", "待签发")
    assert not page.is_visible("#bulletins-do-issue")

    leader = opened(screens, city, "wang", "/bulletins/?bulletin=1")
    leader.click("#bulletins-do-issue")
    wait_for_text(leader, "#bulletins-head", "新监通报〔2026〕1号")
    with leader.expect_download() as file:
        leader.click("#bulletins-head a:text-is('Word（docx）')")
    document = Document(io.BytesIO(Path(file.value.path()).read_bytes()))
    assert "新监通报〔2026〕1号" in [line.text for line in document.paragraphs]
    leader.click("#bulletins-do-publish")
    wait_for_text(leader, "#bulletins-head", "已公开")
    leader.reload()
    wait_for_text(leader, "#bulletins-head", "SHA-256")

    telephone = screens.blank((390, 844))
    telephone.goto(f"{city.address}/public/bulletins/")
    telephone.click("text=关于2026年2月全市行政审批电子监察情况的通报")
    telephone.wait_for_url("**/public/bulletins/1/")  # the sheets have come as well: a width without them says nothing
    assert "附件1　各部门办件情况统计表" in telephone.inner_text(".bulletin")
    assert "＊" in telephone.inner_text(".bulletin")  # few rated in each department
    assert telephone.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    with telephone.expect_download() as copy:
        telephone.click(".files a:text-is('PDF')")
    verdict = city.services.paper_check.check(Path(copy.value.path()).read_bytes())
    assert verdict.number == "新监通报〔2026〕1号"


def test_what_cannot_be_made_is_said_on_the_page(city: CommandCentre, screens: Screens) -> None:
    page = opened(screens, city, "wang")
    page.click("#bulletins-month")
    page.click(".dash-dropdown-option:has-text('2025 年 6 月')")
    page.click("#bulletins-produce")
    wait_for_text(page, "#bulletins-made", "2025-06 没有任何数据")


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160)])
def test_everything_has_its_place_and_can_be_read(city: CommandCentre, screens: Screens, size: tuple[int, int]) -> None:
    page = opened(screens, city, "li", size=size)
    page.click("#bulletins-produce")
    page.wait_for_selector(".paper-page")
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    overflow = page.evaluate("""() => [...document.querySelectorAll(".paper-page .sheet-scroll")]
        .filter((node) => node.scrollWidth > node.clientWidth).length""")
    assert overflow == 0
    assert "select" not in page.inner_text("#bulletins-list").lower()
