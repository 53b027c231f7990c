"""The forecast in a browser: from the page to a case, and the wall sorted by it, marked as what it is."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from evaluation.forecast.assembly import build_forecasts
from tests.e2e.centre import UNIT, CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text
from tests.foretelling import log

OTHER = "minzheng"
START = datetime(2025, 2, 10, 1, 30, tzinfo=UTC)


@pytest.fixture
def city(centre: CommandCentre) -> CommandCentre:
    """A year of cases of two departments, the second of them slow, and a model of them."""
    services = centre.services
    now = services.clock.now_us()
    events = [event for told in log(171, start=START, orgs=(OTHER, UNIT), area="360500").values() for event in told]
    services.recorder.record(sorted((event for event in events if event.claimed_at <= now), key=lambda event: event.claimed_at))
    quick = services.settings.forecast.model_copy(update={"cases_min": 10})
    forecasting = build_forecasts(quick, services.uow, services.areas, services.catalogue).service
    forecasting.train()
    assert forecasting.refresh() > 1
    return centre


def test_from_the_page_to_the_case_and_back(city: CommandCentre, screens: Screens) -> None:
    page = screens.blank()
    sign_in(page, city.address, "wang", "/forecast/")
    page.wait_for_selector(".forecast-curve .scatterlayer .point >> nth=0", state="attached")
    expect(page.locator(".forecast-scores tbody tr")).to_have_count(3)
    assert "预测" in page.inner_text(".forecast-head h1")
    first = page.locator(".forecast-departments tbody tr").first
    assert "市民政局" in first.inner_text()
    first.locator("a").click()
    wait_for_text(page, ".forecast-cases-head", "市民政局：最可能超期的在办办件")
    row = page.locator(".forecast-cases tbody tr").first
    chance = row.locator(".forecast-cell strong").inner_text()
    row.locator("td:nth-child(2) a").click()
    wait_for_text(page, ".case-forecast", chance)
    told = page.inner_text(".case-forecast")
    assert "预测" in told
    assert "依据：" in told
    page.click(".case-forecast a")
    page.wait_for_url("**/forecast/")


def test_the_wall_is_sorted_by_it_and_says_so(city: CommandCentre, screens: Screens) -> None:
    wall = screens.wall(city.address, city.screen_token)
    wait_for_text(wall, ".board-rule", "按严重程度排")
    wall.keyboard.press("f")
    wait_for_text(wall, ".board-rule", "按预计超期排")
    assert wall.url.endswith("?sort=forecast")
    assert ["预计", "预计"] == wall.locator("[data-part=first-head]").all_inner_texts()
    wait_for_text(wall, ".queue-summary", "预测 · 非事实")
    assert "预测" in wall.locator(".queue-forecast").first.inner_text()
    assert wall.locator(".queue-forecast .mark").count() == 0
    assert first_department(wall) == "市民政局"
    assert cut_off(wall, ".queue-forecast, .board-rule") == []

    wall.reload()
    wait_for_text(wall, ".board-rule", "按预计超期排")
    wall.click(".board-rule")
    wait_for_text(wall, ".board-rule", "按严重程度排")
    wait_for_text(wall, ".queue-summary", "签收")
    assert "sort=" not in wall.url


def cut_off(wall: Page, selector: str) -> list[str]:
    """What of these is wider than its place."""
    found: list[str] = wall.eval_on_selector_all(
        selector, "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.innerText)")
    return found


def first_department(wall: Page) -> str:
    names = wall.locator("#wall-heat-map .textpoint text")
    expect(names.first).to_have_text(re.compile("局"))
    return str(names.first.text_content())
