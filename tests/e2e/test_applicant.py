"""An applicant signs in by a code, files, finds his case and is told of it; staff see that he was, and end a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from approval.posts import EVERY_UNIT
from core.access import Role
from dashboard.demo_accounts import DEMO_PASSWORD
from tests.e2e.centre import CommandCentre, settings_for
from tests.e2e.screens import Screens, sign_in, wait_for_text

PHONE, ITEM = "13979000001", "gongxin-01"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[CommandCentre]:
    """A demonstration, so that nothing is really sent and the page shows the code."""
    settings = settings_for(tmp_path, demo__enabled=True, applicants__key="a" * 32, complaints__identity_key="i" * 32,
                            approval__material_dir=str(tmp_path / "materials"))
    with CommandCentre(settings) as made:
        made.services.accounts.create("chuang", DEMO_PASSWORD, display_name="庄晓", roles=[Role.APPROVAL_STAFF], org="gongxin")
        made.services.approval.posts.give("chuang", EVERY_UNIT, ["综合窗口"])
        yield made


def enter(page: Page, city: CommandCentre) -> None:
    page.goto(f"{city.address}/public/account/enter/")
    page.fill("#contact", PHONE)
    page.click("form[action='/public/account/code'] button")
    code = page.inner_text("#shown-code")
    page.fill("#code", code)
    page.click("form[action='/public/account/enter/'] button")
    page.wait_for_url("**/public/account/")


def file(page: Page, city: CommandCentre) -> str:
    page.goto(f"{city.address}/public/items/{ITEM}/")
    page.click("form[action$='/begin'] button")
    assert page.input_value("#phone") == PHONE
    page.fill("#name", "王小明")
    page.fill("#title", "城南基站")
    page.click("button[value=next]")
    page.goto(f"{city.address}/public/apply/{ITEM}/review/")
    page.check("input[name=agreed]")
    page.click("form[action$='/review/'] button")
    return page.inner_text("#case-no")


def test_an_applicant_files_finds_his_case_and_is_told(city: CommandCentre, screens: Screens) -> None:
    applicant = screens.blank((390, 844))
    enter(applicant, city)
    number = file(applicant, city)
    applicant.goto(f"{city.address}/public/account/")
    wait_for_text(applicant, "#cases", "城南基站")
    approval, clerk = city.services.approval, city.services.accounts.actor_of("chuang")
    assert clerk is not None
    approval.intake.ask_correction(number, approval.queries.find(number, clerk).head.rev, ["shenqing"], "缺少申请表", clerk)
    applicant.click(f"#cases button[value='{number}']")
    wait_for_text(applicant, "#state", "补正")

    staff = screens.blank()
    sign_in(staff, city.address, "chuang", f"/hosted/?no={number}")
    wait_for_text(staff, "#hosted-told", "告知补正")
    wait_for_text(staff, "#hosted-told", "139****0001")
    wait_for_text(staff, "#hosted-told", "已送达")


def test_staff_end_a_session_they_left_open_elsewhere(city: CommandCentre, screens: Screens) -> None:
    forgotten, here = screens.blank(), screens.blank()
    for page in (forgotten, here):
        sign_in(page, city.address, "chuang", "/worklist/")
        page.wait_for_selector(".staff .topbar-who")
    here.goto(f"{city.address}/account/sessions")
    assert here.locator(".entrance-sessions li").count() == 2
    here.click(".entrance-sessions li:not(:has(.chip)) button")
    here.wait_for_function("() => document.querySelectorAll('.entrance-sessions li').length === 1")
    forgotten.goto(f"{city.address}/worklist/")
    forgotten.wait_for_url("**/sign-in/**")
