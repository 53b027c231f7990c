"""The map in a browser: what it shows on both screens, a click through to the comparison, and the picture."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page
from pypdfium2 import PdfDocument

from tests.comparing import concluded, count_day, each_day
from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text

FEBRUARY = "/map/?period=2026-02"
CITY, GOOD, BAD, SMALL, NONE = "360500", "360502", "360521", "360571", "360572"
AT_LABEL = """(area) => {
    const chart = document.querySelector("#map-picture .js-plotly-plot"), {xaxis, yaxis} = chart._fullLayout;
    const names = chart.data.find((trace) => trace.mode === "text"), at = names.text.findIndex((text) => text.includes(area));
    const box = chart.getBoundingClientRect(), scale = box.width / chart.clientWidth;
    const across = xaxis._offset + xaxis.c2p(names.x[at]) + 60, down = yaxis._offset + yaxis.c2p(names.y[at]) - 40;
    return [box.left + scale * across, box.top + scale * down];
}"""


@pytest.fixture
def city(centre: CommandCentre) -> CommandCentre:
    """Two areas beyond the limits, one as most, one too small, one without anything that ended."""
    for day in each_day(date(2026, 2, 2), date(2026, 2, 13)):
        for area, early in ((CITY, 31), (GOOD, 37), (BAD, 22)):
            count_day(centre.services.database, "gongan", day, area=area, **concluded(40, early, late=2))
    count_day(centre.services.database, "gongan", date(2026, 2, 3), area=SMALL, **concluded(6, 5))
    count_day(centre.services.database, "gongan", date(2026, 2, 3), area=NONE, received=3)
    return centre


def opened(screens: Screens, city: CommandCentre, size: tuple[int, int] = (1920, 1080)) -> Page:
    page = screens.blank(size)
    sign_in(page, city.address, "wang", FEBRUARY.replace("?", "%3F"))
    page.wait_for_selector("#map-picture .textpoint", state="attached")
    page.wait_for_selector(".map-grid tbody tr")
    return page


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160)])
def test_values_stand_on_the_areas_and_a_click_leads_on(city: CommandCentre, screens: Screens, size: tuple[int, int]) -> None:
    page = opened(screens, city, size)
    shown = page.inner_text("#map-picture")
    for words in ("▲ 92.5 %", "▼ 55.0 %", "83.3 %", "—", "渝水区", "示意图", "提前办结率 · 2026 年 2 月"):
        assert words in shown, words
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    page.click(".choice:text-is('季度')")
    wait_for_text(page, "#map-picture", "第 1 季度")
    page.mouse.move(*page.evaluate(AT_LABEL, "分宜县"))
    wait_for_text(page, "#map-picture .hoverlayer", "差于界限")
    page.mouse.click(*page.evaluate(AT_LABEL, "分宜县"))
    page.wait_for_url(f"**/comparison/?period=2026-Q1&area={BAD}")
    page.wait_for_selector(".comparison-grid tbody tr")


def test_letters_are_large_enough_for_five_metres_and_stay_within_the_picture(city: CommandCentre, screens: Screens) -> None:
    page = opened(screens, city)
    sizes = page.evaluate("""() => [...document.querySelectorAll("#map-picture .textpoint text tspan:first-child")]
        .map((node) => node.getBoundingClientRect().height)""")
    assert min(sizes) >= 28
    frame = page.locator("#map-picture").bounding_box()
    assert frame is not None
    outside = page.evaluate("""(right) => [...document.querySelectorAll("#map-picture :is(.legendtext, .annotation-text)")]
        .filter((node) => node.getBoundingClientRect().right > right).map((node) => node.textContent)""",
                            frame["x"] + frame["width"])
    assert outside == []
    assert frame["height"] > 650


def test_the_view_becomes_a_picture_that_says_what_it_is(city: CommandCentre, screens: Screens, tmp_path: Path) -> None:
    page = opened(screens, city)
    with page.expect_download() as picture:
        page.click("[data-picture-of]")
    with Image.open(picture.value.path()) as image:
        box = page.locator("#map-picture").bounding_box()
        assert box is not None
        assert image.width == 2 * int(box["width"])
    with page.expect_download() as table:
        page.click(".comparison-exports a:text-is('CSV')")
    assert "渝水区" in Path(table.value.path()).read_text(encoding="utf-8-sig")


def test_on_paper_the_map_is_black_on_white_with_its_table_and_without_controls(screens: Screens, city: CommandCentre) -> None:
    page = opened(screens, city)
    paper = PdfDocument(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    told = "".join(paper[number].get_textpage().get_text_range() for number in range(len(paper)))
    assert paper[0].get_width() > paper[0].get_height()
    assert "渝水区" in told
    for control in ("退出", "Excel"):
        assert control not in told, control
    picture = np.asarray(paper[0].render(scale=1).to_pil().convert("L"))
    assert picture[2, 2] == 255  # no dark page on paper
    assert np.median(picture) > 200
