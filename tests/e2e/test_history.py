"""A leader asks about past years in the browser, passes the answer on as a link and takes it away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text
from tests.exporting import record

PATIENCE = 120_000  # a busy machine draws a page in seconds


@pytest.fixture
def filled(centre: CommandCentre) -> CommandCentre:
    record(centre.services, 60)
    centre.services.deep_history.writer.work()
    return centre


def opened(screens: Screens, centre: CommandCentre, name: str, address: str = "/history/") -> Page:
    page = screens.blank((1920, 1080))
    page.set_default_timeout(PATIENCE)
    sign_in(page, centre.address, name, address.replace("?", "%3F").replace("&", "%26"))
    page.wait_for_selector("#past-answer > *")
    return page


def chosen(page: Page, field: str, words: str) -> None:
    """One of the choices of a list."""
    page.click(f"#past-{field}")
    page.locator(".dash-dropdown-option").filter(has_text=re.compile(f"^{re.escape(words)}$")).click()
    page.keyboard.press("Escape")


def test_a_question_is_asked_answered_passed_on_and_taken_away(filled: CommandCentre, screens: Screens,
                                                               tmp_path: Path) -> None:
    page = opened(screens, filled, "wang")
    wait_for_text(page, "#past-answer", "选好条件后")
    chosen(page, "by", "月份")
    page.fill("#past-from", "2026-01-01")
    page.click("#past-ask")
    wait_for_text(page, ".history-grid", "2026-01")
    heads = page.locator(".history-grid thead th").all_inner_texts()
    assert heads[:4] == ["部门", "月份", "正常办结", "提前办结"]
    assert page.locator("#past-stop").is_hidden()
    address = page.evaluate("location.search")
    assert address == "?subject=rates&by=org%2Cmonth&from=2026-01-01"
    with page.expect_download() as taken:
        page.click("#past-answer a:has-text('CSV')")
    taken.value.save_as(tmp_path / "answer.csv")
    text = (tmp_path / "answer.csv").read_text(encoding="utf-8-sig")
    assert text.count("市民政局") == page.locator(".history-grid tbody tr:has-text('市民政局')").count() > 0
    linked = opened(screens, filled, "li", f"/history/{address}")
    wait_for_text(linked, ".history-grid", "2026-01")
    assert linked.input_value("#past-from") == "2026-01-01"


def test_events_are_asked_for_by_their_kinds(filled: CommandCentre, screens: Screens) -> None:
    page = opened(screens, filled, "zhao")
    chosen(page, "subject", "事件数")
    page.wait_for_selector("#past-kinds-part:not([hidden])")
    chosen(page, "by", "事件种类")
    chosen(page, "kinds", "受理")
    page.click("#past-ask")
    wait_for_text(page, ".history-grid", "受理")
    assert page.locator(".history-grid tbody tr").count() == 1
    assert "市民政局" not in page.inner_text("body"), "his own unit's only"
