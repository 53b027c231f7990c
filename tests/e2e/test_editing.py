"""An administrator changes a flow: the running case keeps its own, a new one has the new, and a plan moves the running one."""

from __future__ import annotations

from datetime import date
from typing import Any

from playwright.sync_api import Page

from config.versions import Kind
from core.access import Role
from dashboard.demo_accounts import DEMO_PASSWORD
from tests.e2e.centre import CommandCentre, concluded
from tests.e2e.centre import accepted as told_accepted
from tests.e2e.screens import Screens, wait_for_text
from tests.e2e.test_hall import JOINT, LEAD, RADIO, accepted, actor, hall, opened

__all__ = ["hall"]
TODAY = "2026-03-16"


def step(page: Page, place: int, name: str) -> str:
    """The selector of a field of a step. Dash writes the parts of an id in their alphabetical order."""
    return f'[id=\'{{"field":"steps.{place}.{name}","of":"items"}}\']'


def choose(page: Page, dropdown: str, words: str) -> None:
    """A dropdown too short to be searched."""
    page.click(dropdown)
    page.click(f".dash-dropdown-option:has-text('{words}') >> nth=0")


def test_an_administrator_gives_a_step_a_form_and_a_document(hall: CommandCentre, screens: Screens) -> None:
    page = opened(screens, hall, "chen", f"/items/?item={RADIO}")
    wait_for_text(page, ".item-flow", "审核")
    for table, row in (("step_fields", {"step": "承办", "code": "height", "name": "天线高度"}),
                       ("step_papers", {"step": "办结", "code": "kanyan", "name": "现场勘验记录"})):
        page.click(f".item-{table} > button")
        for name, value in row.items():
            page.fill(f'[id=\'{{"field":"{table}.0.{name}","of":"items"}}\']', value)
    page.fill("#edit-since", TODAY)
    page.fill("#edit-reason", "规范现场勘验")
    page.click("#edit-save")
    wait_for_text(page, ".item-step_papers .field-error", "不是可填表单、可附文书的环节")
    page.fill('[id=\'{"field":"step_papers.0.step","of":"items"}\']', "承办")
    page.keyboard.press("Tab")
    wait_for_text(page, ".item-flow", "天线高度、现场勘验记录")
    page.click("#edit-save")
    wait_for_text(page, "#edit-said", "第 1 版已生效")
    with hall.services.database.read() as conn:
        hall.services.areas.refresh(conn)
    details = hall.services.approval.desk.item(RADIO).details
    assert [(one.step, one.code) for one in (*details.step_fields, *details.step_papers)] == [
        ("承办", "height"), ("承办", "kanyan")]


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
    choose(page, '[id=\'{"step":"审核"}\']', "批准")
    page.click("#migration-propose")
    wait_for_text(page, "#migration-said", "请先预览")
    choose(page, '[id=\'{"step":"审核"}\']', "复核")
    page.click("#migration-preview")
    wait_for_text(page, "#migration-said", "可迁移 1 件")
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


def test_a_holiday_moved_shows_which_cards_and_clocks_move_before_it_is_saved(hall: CommandCentre, screens: Screens) -> None:
    """春节 2026 ends on Monday 02-23. Were the day off the Tuesday instead, cases of 7 working days of 02-06 would have been
    due on the Monday: an open one has another due instant, an ended one another card. One of March stays as it is."""
    hall.post(of_seven_days("20260001", "2026-02-06T10:00:00+08:00"), of_seven_days("20260002", "2026-03-02T10:00:00+08:00"),
              of_seven_days("20260003", "2026-02-06T10:00:00+08:00"), concluded("20260003", "2026-02-26T10:00:00+08:00"))
    page = opened(screens, hall, "chen", "/calendars/?calendar=cn&year=2026")
    for day in ("2026-02-23", "2026-02-24"):
        page.click(f'[id=\'{{"day":"{day}"}}\']')
        wait_for_text(page, "#calendar-said", f"{day} 已改（未保存）")
    page.fill("#edit-since", "2026-01-01")
    page.click("#edit-preview")
    wait_for_text(page, "#edit-result", "个时限变动")
    clocks, cards = page.inner_text("#edit-result").split("试算期内的牌")

    assert ("1 个时限变动" in clocks, "20260001" in clocks, "-1.0 天" in clocks) == (True, True, True)
    assert ("变动 1，" in cards, "20260003" in cards) == (True, True)
    for told in (clocks, cards):
        assert "02-24" in told
        assert "02-23" in told
        assert "20260002" not in told
    assert hall.services.editing.history(Kind.CALENDAR, "cn") == []
    assert hall.cards()["20260001"].level == "red"


def of_seven_days(case_no: str, at: str) -> dict[str, Any]:
    """A case of an item with a promise of 7 working days, to the minute."""
    return told_accepted(case_no, at, LEAD, item=JOINT)


def test_whoever_only_reads_finds_no_way_to_save(hall: CommandCentre, screens: Screens) -> None:
    hall.services.accounts.create("ivy", DEMO_PASSWORD, display_name="艾薇", roles=[Role.INSPECTOR])
    page = opened(screens, hall, "ivy", f"/items/?item={RADIO}")
    wait_for_text(page, ".item-flow", "审核")
    assert not page.is_visible("#edit-save")
    assert page.locator(".item-row button:enabled").count() == 0
