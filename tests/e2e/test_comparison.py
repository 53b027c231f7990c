"""The comparison in a browser: from the city down to the page of a case, over time, files, paper, and who sees whom."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page
from pypdfium2 import PdfDocument

from core.instants import day_of
from evaluation import comparison
from tests.comparing import concluded, count_day, each_day
from tests.e2e.centre import CommandCentre, accepted
from tests.e2e.screens import Screens, sign_in, wait_for_text

FEBRUARY = "/comparison/?period=2026-02"
GOOD, BAD, SMALL, OWN = "gongan", "minzheng", "jiaoyu", "fagai"


@pytest.fixture
def city(centre: CommandCentre) -> CommandCentre:
    """Since December: one department better from 9 February on, a bad one, a small one, and the department user's own."""
    services = centre.services
    calendar = services.areas.default.calendar
    for day in each_day(date(2025, 12, 1), date(2026, 3, 13)):
        if not calendar.is_working(day_of(day)):
            continue
        early = 28 + day.day % 3 if day < date(2026, 2, 9) else 37 + day.day % 2
        told = {GOOD: concluded(40, early), BAD: concluded(40, 10, late=25, yellow=3), OWN: concluded(37, 25)}
        for org, figures in told.items():
            count_day(services.database, org, day, centre.item(org), **figures)
    count_day(services.database, SMALL, date(2026, 2, 3), **concluded(5, 5))
    centre.post(accepted("C-1", "2026-02-10T10:00:00+08:00", GOOD, item=centre.item(GOOD)))
    return centre


def opened(screens: Screens, city: CommandCentre, name: str = "wang", address: str = FEBRUARY,
           size: tuple[int, int] = (1920, 1080)) -> Page:
    page = screens.blank(size)
    sign_in(page, city.address, name, address.replace("?", "%3F").replace("&", "%26"))
    drawn(page)
    return page


def drawn(page: Page) -> None:
    page.wait_for_selector(".comparison-grid tbody tr")
    for chart in ("comparison-funnel", "comparison-course"):
        page.wait_for_selector(f"#{chart} .scatterlayer .point >> nth=0", state="attached")


def beyond(page: Page) -> list[int]:
    """How far tables side by side reach beyond their panel; the page itself never does."""
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    found: list[int] = page.evaluate("""() => [...document.querySelectorAll("#comparison-side .comparison-scroll")]
        .map((node) => node.scrollWidth - node.clientWidth)""")
    return found


def test_a_leader_goes_from_the_city_down_to_a_case(city: CommandCentre, screens: Screens) -> None:
    page = opened(screens, city)
    first = page.locator(".comparison-grid tbody tr").first
    assert "市公安局" in first.inner_text()
    assert "首位确定：市公安局" in page.inner_text("#comparison-side")
    assert "低于下 99.8 % 界限" in page.inner_text("#comparison-funnel-words")
    assert "不足 20，不排名" in page.locator(".comparison-grid tbody tr", has_text="市教育局").inner_text()
    first.locator("th a").click()
    wait_for_text(page, "#comparison-course-head", "市公安局")
    wait_for_text(page, "#comparison-course-words", "2 月 9 日起上移")
    wait_for_text(page, "#comparison-course-words", "春节放假")
    assert page.locator("#comparison-course .annotation-text", has_text="春节放假").count() == 1
    page.locator("#comparison-below .comparison-grid tbody a").first.click()
    page.wait_for_url("**item=*")
    page.goto(f"{page.url}&indicator=accepted".replace("&indicator=early_rate", ""))
    page.click("#comparison-below a:text-matches('全部 .* 条')")
    page.wait_for_url("**/counted/*indicator=accepted*part=above")
    page.click("#counted-body td a:text-is('C-1')")
    page.wait_for_url("**/case/360500/C-1")
    wait_for_text(page, "body", "C-1")


def test_a_click_on_the_funnel_chooses_and_the_address_is_the_view(city: CommandCentre, screens: Screens) -> None:
    page = opened(screens, city)
    place = page.evaluate("""() => {
        const chart = document.querySelector("#comparison-funnel .js-plotly-plot");
        const points = chart.data.at(-1), at = points.customdata.indexOf("minzheng");
        const box = chart.getBoundingClientRect(), {xaxis, yaxis} = chart._fullLayout;
        return [box.left + xaxis._offset + xaxis.c2p(points.x[at]), box.top + yaxis._offset + yaxis.c2p(points.y[at])];
    }""")
    page.mouse.move(*place)
    page.mouse.click(*place)
    page.wait_for_url("**org=minzheng*")
    wait_for_text(page, "#comparison-course-head", "市民政局")
    page.click(".comparison-grid thead a:text-is('超期办结率')")
    page.wait_for_url("**indicator=overdue_rate*")
    again = screens.blank()
    sign_in(again, city.address, "wang")
    again.goto(page.url)
    drawn(again)
    assert again.inner_text("#comparison-side h2") == "横向：超期办结率"
    assert "市民政局" in again.inner_text("#comparison-course-head")
    best = ".comparison-grid tbody tr >> nth=0"
    assert again.inner_text(best) == page.inner_text(best)


def test_a_view_becomes_files_a_picture_and_paper(city: CommandCentre, screens: Screens, tmp_path: Path) -> None:
    page = opened(screens, city, address=f"{FEBRUARY}&org={GOOD}")
    with page.expect_download() as csv:
        page.click(".comparison-exports a:text-is('CSV')")
    assert "市公安局" in Path(csv.value.path()).read_text(encoding="utf-8-sig")
    with page.expect_download() as book:
        page.click(".comparison-exports a:text-is('Excel')")
    with zipfile.ZipFile(book.value.path()) as opened_book:
        assert "市公安局" in opened_book.read("xl/sharedStrings.xml").decode()
    with page.expect_download() as picture:
        page.click("[data-picture-of]")
    with Image.open(picture.value.path()) as image:
        box = page.locator("#comparison-funnel").bounding_box()
        assert box is not None
        assert image.format == "PNG"
        assert image.width == 2 * int(box["width"])
    paper = PdfDocument(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    told = "".join(paper[number].get_textpage().get_text_range() for number in range(len(paper)))
    assert paper[0].get_width() > paper[0].get_height()
    assert "市公安局" in told
    assert "退出" not in told  # no bar, no buttons
    assert "Excel" not in told
    for words in ("横向：提前办结率", "漏斗图", "纵向：市公安局", "同工作日比较", "市民政局", "市教育局", "市公安局的事项"):
        assert words in told.replace("\r\n", ""), words
    page.emulate_media(media="print")
    paper_width = (297 - 2 * 12) / 25.4 * 96  # A4 across without its margins, in CSS pixels
    page.set_viewport_size({"width": int(paper_width), "height": 700})
    wide = page.evaluate("() => [...document.querySelectorAll('.comparison-body *')].filter((one) => one.checkVisibility() && "
                         "!one.closest('.js-plotly-plot') && one.getBoundingClientRect().right > innerWidth + 1)"
                         ".map((one) => one.tagName + '.' + one.className)")
    assert wide == [], "nothing is cut off at the edge of the paper"
    assert "控制限" in told  # the charts are there, too
    page.wait_for_function("""() => {
        const chart = document.querySelector("#comparison-course .main-svg");
        return Math.abs(chart.clientWidth - document.querySelector("#comparison-course").clientWidth) < 2;
    }""")


def test_a_department_user_sees_himself_among_others_without_a_name(city: CommandCentre, screens: Screens,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "CROWD", 2)  # this city has two that are large enough to be shown
    page = opened(screens, city, "zhao")
    text = page.inner_text(".comparison-body")
    assert "市发展和改革委员会" in text
    assert page.locator(".comparison-grid tbody tr", has_text="其他单位").count() == 2
    for secret in ("市公安局", "市民政局", "市教育局"):
        assert secret not in page.content(), secret


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160)])
def test_everything_has_its_place_and_can_be_read(city: CommandCentre, screens: Screens, size: tuple[int, int]) -> None:
    page = opened(screens, city, address=f"{FEBRUARY}&columns=cards&lang=en", size=size)
    assert beyond(page) == [0], "many columns, and the longer words"
    page.goto(f"{city.address}{FEBRUARY}&org={GOOD}&lang=zh")
    drawn(page)
    assert beyond(page) == [0]
    chart, words = (page.locator(one).bounding_box() for one in ("#comparison-course", "#comparison-course-words"))
    assert chart is not None
    assert words is not None
    assert chart["height"] > 300
    assert chart["y"] + chart["height"] <= words["y"]
