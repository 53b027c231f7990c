"""The stories of the other powers in a browser: a petition from the public site to its end, a penalty opened by its unit."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from core.access import Role
from dashboard.demo_accounts import DEMO_PASSWORD
from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, wait_for_text
from tests.e2e.test_hall import act, actor, opened, pick

PETITION, PENALTY = "xinfang-81", "chengguan-81"
PEOPLE = {"fang": ("xinfang", ("综合窗口",)), "xu": ("xinfang", ("承办人",)), "tao": ("xinfang", ("承办人",)),
          "min": ("xinfang", ("批准人",)), "song": ("xinfang", ("承办人",)), "cheng": ("chengguan", ("承办人",))}
STEPS = (("xu", "调查核实"), ("tao", "拟办"), ("min", "处理意见"), ("song", "意见送达"))


@pytest.fixture
def hall(centre: CommandCentre) -> CommandCentre:
    for name, (org, posts) in PEOPLE.items():
        centre.services.accounts.create(name, DEMO_PASSWORD, display_name=name, roles=[Role.APPROVAL_STAFF], org=org)
        centre.services.approval.posts.give(name, org, posts)
    return centre


def lodged(page: Page, hall: CommandCentre) -> str:
    """A petition by the pages of the public site; returns its number."""
    page.goto(f"{hall.address}/public/items/?power=petition")
    page.click("ul.rows a")
    page.click("text=在线申请")
    page.fill("#name", "王小明")
    page.fill("#phone", "13979000003")
    page.fill("#title", "小区夜间施工噪声扰民")
    page.click("button[value=next]")
    page.click("button[value=review]")
    page.check("input[name=agreed]")
    page.click("form[action$='/review/'] button")
    page.wait_for_selector("text=查询密码")
    return hall.services.approval.queries.intake(actor(hall, "fang"))[0].case_no


def test_a_petition_is_lodged_on_the_public_site_and_handled_to_its_end(hall: CommandCentre, screens: Screens) -> None:
    citizen = screens.blank((1280, 900))
    number = lodged(citizen, hall)
    clerk = opened(screens, hall, "fang", f"/hosted/?no={number}")
    wait_for_text(clerk, ".hosted-head", "信访")
    clerk.click(".act-link[href$='act=receive']")
    clerk.click("#hosted-form label:has-text('信访事项材料')")
    clerk.click("#hosted-form .act-buttons button")
    wait_for_text(clerk, ".hosted-state", "已收件")
    clerk.wait_for_selector(".act-link[href$='act=accept']:has-text('受理信访')")
    act(clerk, number, "accept")
    wait_for_text(clerk, ".receipt-list", "信访事项受理告知书")
    for name, step in STEPS:
        page = opened(screens, hall, name, f"/hosted/?no={number}")
        wait_for_text(page, ".flow-open", step)
        act(page, number, "complete", "已办")
        page.wait_for_function("step => !document.querySelector('.flow-open')?.innerText.includes(step)", arg=step)
    clerk.goto(f"{hall.address}/hosted/?no={number}")
    wait_for_text(clerk, ".hosted-state", "已出具处理意见")
    act(clerk, number, "conclude", "办结")
    wait_for_text(clerk, ".hosted-state", "已办结")
    citizen.goto(f"{hall.address}/public/case/")
    wait_for_text(citizen, "main", "信访事项处理意见书")


def test_a_penalty_is_opened_by_the_unit_and_has_no_password(hall: CommandCentre, screens: Screens) -> None:
    page = opened(screens, hall, "cheng", "/window/")
    pick(page, "#window-item", "占用、挖掘城市道路违法行为")
    wait_for_text(page, "#window-item-facts", "行政处罚")
    page.fill("#window-name", "新余宏达建筑有限公司")
    page.fill("#window-phone", "13979000002")
    page.fill("#window-title", "擅自挖掘城市道路")
    page.click("#window-papers label:has-text('案件线索材料')")
    page.click("#window-file")
    number = page.inner_text("#filed-number")
    assert page.locator("#filed-password").count() == 0
    page.goto(f"{hall.address}/hosted/?no={number}")
    page.wait_for_selector(".act-link[href$='act=accept']:has-text('立案')")
    page.click(".act-link[href$='act=accept']")
    page.click("#hosted-form label:has-text('现场检查笔录')")
    page.click("#hosted-form .act-buttons button")
    wait_for_text(page, ".hosted-state", "已立案")
    wait_for_text(page, ".paper-list", "容缺待补")
    wait_for_text(page, ".receipt-list", "立案通知书")
    page.goto(f"{hall.address}/worklist/?list=work")
    wait_for_text(page, ".work-grid", "调查取证")
