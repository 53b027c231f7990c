"""An account is asked for by one administrator, confirmed by another, and its owner signs in with what was shown once."""

from __future__ import annotations

from playwright.sync_api import Page

from core.access import Role
from dashboard.demo_accounts import DEMO_PASSWORD
from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text


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
    wait_for_text(owner, ".topbar-who", "艾薇")


def test_a_role_taken_away_ends_the_session_of_who_had_it(centre: CommandCentre, screens: Screens) -> None:
    centre.services.accounts.create("fang", DEMO_PASSWORD, display_name="方敏", roles=[Role.ADMINISTRATOR])
    officer = screens.desk(centre.address, "zhou")
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
