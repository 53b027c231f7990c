"""Scores in the browser: published, contested by the department, granted by a leader; weights tried beside the form."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text
from tests.scoring import record_february
from tests.staff import OWN_ORG

PATIENCE = 120_000  # a busy machine draws a page in seconds


@pytest.fixture
def scored(centre: CommandCentre) -> CommandCentre:
    record_february(centre.services)
    return centre


def opened(screens: Screens, centre: CommandCentre, name: str, path: str, size: tuple[int, int] = (1920, 1080)) -> Page:
    page = screens.blank(size)
    page.set_default_timeout(PATIENCE)
    sign_in(page, centre.address, name, path)
    return page


def pressed(page: Page, words: str, said: str) -> None:
    page.click(f"button:has-text('{words}') >> nth=0")
    wait_for_text(page, "#scores-said", said)


def fits(page: Page) -> bool:
    """Whether nothing sticks out to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_month_is_published_contested_and_given_back(scored: CommandCentre, screens: Screens) -> None:
    inspector = opened(screens, scored, "li", "/scores/")
    wait_for_text(inspector, "#scores-head", "试算结果")
    pressed(inspector, "提交并公布", "已提交")
    wait_for_text(inspector, "#scores-head", "申诉至 2026-03-23 24:00")
    inspector.click("#scores-table a:has-text('市发展和改革委员会')")
    wait_for_text(inspector, "#scores-detail", "95.50")
    inspector.click("summary:has-text('时限红牌')")
    expect(inspector.locator("#scores-detail a:has-text('牌 1')")).to_have_attribute("href", "/card/1/")
    assert fits(inspector)

    department = opened(screens, scored, "zhao", "/scores/")
    wait_for_text(department, "#scores-detail", "对扣分提出申诉")
    assert "市民政局" not in department.inner_text("main")
    department.fill("textarea", "卡由系统故障引起")
    pressed(department, "提交申诉", "申诉已提交")
    wait_for_text(department, "#scores-detail", "待审理")

    leader = opened(screens, scored, "wang", "/scores/", (3840, 2160))
    wait_for_text(leader, "#scores-waiting", "卡由系统故障引起")
    leader.fill("#scores-waiting input", "查证属实")
    pressed(leader, "成立", "申诉成立")
    leader.click("#scores-table a:has-text('市发展和改革委员会')")
    wait_for_text(leader, "#scores-detail", "公布时 95.50")
    assert leader.locator(".score-line.is-returned").count() == 1
    assert fits(leader)
    [row] = [row for row in scored.services.scoring.queries.departments(1, scored.services.accounts.actor_of("wang"))
             if row.org == OWN_ORG]
    assert (row.total, row.first_total) == (10_550, 9_550)


def test_ranks_move_while_weights_are_changed_and_a_version_is_saved(scored: CommandCentre, screens: Screens) -> None:
    page = opened(screens, scored, "li", "/schemes/")
    wait_for_text(page, "#scheme-trial", "2 个部门中，0 个位次变动")
    page.locator("[id*='rules.early.points']").first.fill("0")
    page.keyboard.press("Enter")
    wait_for_text(page, "#scheme-trial", "2 个部门中，2 个位次变动")
    assert re.search(r"1 ▲1\s+市民政局", page.inner_text("#scheme-trial"))
    page.fill("#edit-since", "2026-02-01")
    page.fill("#edit-reason", "提前办结不再加分")
    page.click("#edit-save")
    wait_for_text(page, "#edit-said", "第 1 版已生效")
    wait_for_text(page, "#edit-history", "rules.early.points")
    assert fits(page)
    scores = opened(screens, scored, "li", "/scores/")
    wait_for_text(scores, "#scores-head", "方案第 1 版")
    wait_for_text(scores, "#scores-table", "市民政局")
