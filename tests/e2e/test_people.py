"""An account is asked for by one administrator, confirmed by another, and its owner signs in with what was shown once."""

from __future__ import annotations

from playwright.sync_api import Page

from core.access import Role
from dashboard.demo_accounts import DEMO_PASSWORD
from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text

OWN_PASSWORD = "chosen by ivy herself"


def people_page(screens: Screens, centre: CommandCentre, username: str, search: str = "") -> Page:
    page = screens.blank()
    sign_in(page, centre.address, username, f"/people/{search}")
    page.wait_for_selector("#people-list .grid")
    return page


def test_a_new_account_needs_two_administrators_and_then_lets_its_owner_in(centre: CommandCentre, screens: Screens) -> None:
    centre.services.accounts.create("fang", DEMO_PASSWORD, display_name="方敏", roles=[Role.ADMINISTRATOR])
    first = people_page(screens, centre, "chen")
    first.fill("#people-username", "ivy")
    first.fill("#people-display_name", "艾薇")
    first.fill("#people-reason", "新入职")
    first.click("#people-save")
    wait_for_text(first, "#people-said", "至少需要一个角色")
    first.click("#people-roles label:has-text('监察员')")
    first.click("#people-save")
    wait_for_text(first, "#people-said", "等待另一名管理员复核")
    wait_for_text(first, "#people-proposals", "本人提交")
    assert first.locator("#people-proposals button:has-text('复核生效')").is_disabled()

    second = people_page(screens, centre, "fang")
    wait_for_text(second, "#people-proposals .edit-new", "监察员")
    second.fill("#people-proposals input", "已核对任职文件")
    second.click("#people-proposals button:has-text('复核生效')")
    password = second.inner_text(".people-secret")
    wait_for_text(second, "#people-history", "已核对任职文件")
    wait_for_text(second, "#people-list", "艾薇")
    second.reload()
    second.wait_for_selector("#people-list .grid")
    assert password not in second.content()

    owner = screens.blank()
    owner.goto(f"{centre.address}/sign-in/")
    owner.fill(".entrance-form input[name=username]", "ivy")
    owner.fill(".entrance-form input[name=password]", password)
    owner.click(".entrance-form button[type=submit]")
    wait_for_text(owner, ".entrance-notice", "当前密码由他人设置")
    owner.goto(f"{centre.address}/desk/")
    owner.fill("input[name=old]", password)
    owner.fill("input[name=new]", OWN_PASSWORD)
    owner.fill("input[name=again]", OWN_PASSWORD)
    owner.click(".entrance-form button[type=submit]")
    wait_for_text(owner, ".topbar-who", "艾薇")
    assert owner.url == f"{centre.address}/desk/"


def test_posts_are_given_for_a_reason_and_what_is_wrong_stands_at_its_field(centre: CommandCentre, screens: Screens) -> None:
    centre.services.accounts.create("lin", DEMO_PASSWORD, display_name="林涛", roles=[Role.APPROVAL_STAFF], org="gongxin")
    page = people_page(screens, centre, "chen")
    page.click("#posts-save")
    wait_for_text(page, ".field-error", "请选择审批人员")
    page.click("#posts-person")
    page.click(".dash-dropdown-option:has-text('林涛')")
    page.click("#posts-held label:has-text('承办人')")
    page.click("#posts-save")
    wait_for_text(page, ".field-error", "请填写修改理由")
    page.fill("#posts-reason", "轮岗")
    page.click("#posts-save")
    wait_for_text(page, "#posts-said", "lin 的岗位已更新")
    wait_for_text(page, "#posts-list", "承办人")
    wait_for_text(page, "#people-history", "岗位（所有部门）")
    assert page.input_value("#posts-reason") == ""
    page.fill("#posts-reason", "再来一次")
    page.click("#posts-save")
    wait_for_text(page, ".field-error", "岗位没有任何改动")


def test_a_role_taken_away_ends_the_session_of_who_had_it(centre: CommandCentre, screens: Screens) -> None:
    centre.services.accounts.create("fang", DEMO_PASSWORD, display_name="方敏", roles=[Role.ADMINISTRATOR])
    officer = screens.desk(centre.address, "zhou", is_put_out=True)
    first = people_page(screens, centre, "chen", "?account=zhou")
    first.wait_for_function("() => document.querySelector('#people-username').value === 'zhou'")
    first.click("#people-roles label:has-text('值班员')")
    first.click("#people-roles label:has-text('领导')")
    first.fill("#people-reason", "调岗")
    first.click("#people-save")
    wait_for_text(first, "#people-said", "等待另一名管理员复核")

    second = people_page(screens, centre, "fang")
    wait_for_text(second, "#people-proposals .edit-old", "值班员")
    second.click("#people-proposals button:has-text('复核生效')")
    wait_for_text(second, "#people-said", "已生效")

    officer.goto(f"{centre.address}/case/")
    officer.wait_for_selector(".entrance-form")
    assert centre.services.accounts.get("zhou").roles == {Role.LEADER}


def test_the_menu_under_ones_name_leads_to_the_page_that_changes_ones_password(centre: CommandCentre, screens: Screens) -> None:
    page, elsewhere = screens.desk(centre.address, "zhou"), screens.desk(centre.address, "zhou")
    page.hover(".topbar-own .topbar-opener")
    page.click(".topbar-own a")
    page.fill("input[name=old]", "not my password")
    page.fill("input[name=new]", OWN_PASSWORD)
    page.fill("input[name=again]", OWN_PASSWORD)
    with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
        page.click(".entrance-form button[type=submit]")
    assert refused.value.status == 403
    wait_for_text(page, ".entrance-problem", "原密码不正确")
    screens.complaints.clear()  # the browser's own line about the refusal
    page.fill("input[name=old]", DEMO_PASSWORD)
    page.fill("input[name=new]", OWN_PASSWORD)
    page.fill("input[name=again]", OWN_PASSWORD)
    page.click(".entrance-form button[type=submit]")
    page.wait_for_selector("[data-live-root][data-loaded=true]")

    elsewhere.goto(f"{centre.address}/case/")
    elsewhere.wait_for_selector(".entrance-form input[name=username]")
