"""An administrator changes a flow: the running case keeps its own, a new one has the new, and a plan moves the running one."""

from __future__ import annotations

from datetime import date

from playwright.sync_api import Page

from config.versions import Kind
from core.access import Role
from dashboard.demo_accounts import DEMO_PASSWORD
from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, wait_for_text
from tests.e2e.test_hall import RADIO, accepted, actor, hall, opened

__all__ = ["hall"]
TODAY = "2026-03-16"


def step(page: Page, place: int, name: str) -> str:
    """The selector of a field of a step. Dash writes the parts of an id in their alphabetical order."""
    return f'[id=\'{{"field":"steps.{place}.{name}","of":"items"}}\']'


def choose(page: Page, dropdown: str, words: str) -> None:
    """A dropdown too short to be searched."""
    page.click(dropdown)
    page.click(f".dash-dropdown-option:has-text('{words}') >> nth=0")


def test_an_edited_flow_is_for_new_cases_until_a_plan_moves_the_running_one(hall: CommandCentre, screens: Screens) -> None:
    number = accepted(hall)
    page = opened(screens, hall, "chen", f"/items/?item={RADIO}")
    wait_for_text(page, ".item-flow", "审核")
    wait_for_text(page, "#edit-form", "运行中的办件 1 件")

    page.fill(step(page, 2, "limit"), "9wd")
    page.fill("#edit-since", TODAY)
    page.fill("#edit-reason", "压缩时限")
    page.click("#edit-save")
    wait_for_text(page, ".item-steps .field-error", "超过承诺时限")
    page.fill(step(page, 2, "limit"), "1wd")
    page.fill(step(page, 2, "name"), "复核")
    page.keyboard.press("Tab")
    wait_for_text(page, ".item-flow", "复核")
    page.click(".item-steps > button")
    page.wait_for_selector(step(page, 5, "name"))
    page.fill(step(page, 4, "name"), "签发")
    page.keyboard.press("Tab")
    wait_for_text(page, ".item-flow", "签发")
    page.click("#edit-save")
    wait_for_text(page, ".item-steps .field-error", "没有岗位")
    choose(page, step(page, 4, "posts"), "批准人")
    page.keyboard.press("Escape")
    page.click("#edit-save")
    wait_for_text(page, "#edit-said", "第 1 版已生效")

    detail = hall.services.approval.queries.find(number, actor(hall, "chuang"))
    assert detail.flow.inner == ("承办", "审核", "批准")
    new = hall.services.approval.queries.find(accepted(hall), actor(hall, "chuang"))
    assert new.flow.inner == ("承办", "复核", "批准", "签发")

    page.goto(f"{hall.address}/migrations/?item={RADIO}")
    wait_for_text(page, "#migration-steps", "原环节“审核”对应")
    page.click("#migration-preview")
    wait_for_text(page, "#migration-said", "没有对应环节")
    choose(page, '[id=\'{"step":"审核"}\']', "复核")
    page.click("#migration-preview")
    wait_for_text(page, "#migration-cases", number)
    wait_for_text(page, "#migration-cases", "可迁移")
    page.fill("#migration-reason", "流程再造")
    page.click("#migration-propose")
    page.click("#migration-plans button:has-text('执行')")
    wait_for_text(page, "#migration-plans", "已迁移 1 件，保留原版本 0 件")

    handler = opened(screens, hall, "lin", f"/hosted/?no={number}")
    wait_for_text(handler, ".flow", "签发")
    wait_for_text(handler, ".hosted-life", "版本迁移")


def test_a_unit_with_work_cannot_vanish_and_one_without_can(hall: CommandCentre, screens: Screens) -> None:
    accepted(hall)
    page = opened(screens, hall, "chen", "/organisations/?org=gongxin")
    abolished = '[id=\'{"field":"abolished","of":"organisations"}\'] label'
    page.click(abolished)
    page.fill("#edit-since", TODAY)
    page.fill("#edit-reason", "机构改革")
    page.click("#edit-save")
    wait_for_text(page, "#edit-said", "尚有未办结办件 1 件")

    page.goto(f"{hall.address}/organisations/?org=new")
    for name, words in (("code", "shuju"), ("name", "市数据局"), ("short", "市数据局"), ("posts", "数据专员")):
        page.fill(f'[id=\'{{"field":"{name}","of":"organisations"}}\']', words)
    page.fill("#edit-since", TODAY)
    page.fill("#edit-reason", "新设")
    page.click("#edit-save")
    wait_for_text(page, "#edit-said", "第 1 版已生效")
    wait_for_text(page, "#edit-list", "市数据局")
    assert "数据专员" in hall.services.editing.shipped.posts_of("shuju")
    assert hall.services.editing.history(Kind.ORGANISATION, "shuju")[0].effective_from == date(2026, 3, 16)


def test_whoever_only_reads_finds_no_way_to_save(hall: CommandCentre, screens: Screens) -> None:
    hall.services.accounts.create("ivy", DEMO_PASSWORD, display_name="艾薇", roles=[Role.INSPECTOR])
    page = opened(screens, hall, "ivy", f"/items/?item={RADIO}")
    wait_for_text(page, ".item-flow", "审核")
    assert not page.is_visible("#edit-save")
    assert page.locator(".item-row button:enabled").count() == 0
