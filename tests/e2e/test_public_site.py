"""The story of the two machines: an applicant applies at the public site, the inside accepts, and he sees it there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from approval.posts import EVERY_UNIT
from commands.listening import Listener
from core.access import Role
from dashboard.demo_accounts import DEMO_PASSWORD
from public_site import PublicSite, build_public_site
from tests.e2e.accessibility import faults
from tests.e2e.centre import CommandCentre, settings_for
from tests.e2e.screens import Screens, sign_in
from tests.pair import KEY, outer_settings

ITEM, PHONE = "gongxin-01", (390, 844)
PAPERS = ("shenqing", "shenfen", "jishu", "changdi")
PATIENCE_MS = 60_000


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[tuple[str, PublicSite]]:
    settings = outer_settings(tmp_path / "outer", **{"server.port": 0})
    site = build_public_site(settings)
    listener = Listener(settings, site)
    listener.start()
    yield listener.address.rstrip("/"), site
    listener.stop()
    site.database.dispose()


@pytest.fixture
def inside(tmp_path: Path, outside: tuple[str, PublicSite]) -> Iterator[CommandCentre]:
    folder = tmp_path / "inner"
    settings = settings_for(folder, exchange__url=outside[0], exchange__key=KEY, exchange__interval_s=1.0,
                            exchange__part_dir=str(folder / "parts"), approval__material_dir=str(folder / "materials"))
    with CommandCentre(settings) as running:
        running.services.accounts.create("chuang", DEMO_PASSWORD, display_name="庄晓", roles=[Role.APPROVAL_STAFF], org="fagai")
        running.services.approval.posts.give("chuang", EVERY_UNIT, ["综合窗口"])
        yield running


def apply(page: Page, address: str, folder: Path) -> tuple[str, str]:
    """Every step of the form; returns number and password."""
    page.goto(f"{address}/public/items/{ITEM}/")
    page.click("form[action$='/begin'] button")
    for name, value in (("name", "新余锦程通信有限公司"), ("phone", "13979000001"), ("title", "城南基站")):
        page.fill(f"#{name}", value)
    page.click("button[value='next']")
    for code in PAPERS:
        (folder / f"{code}.pdf").write_bytes(b"%PDF-1.4\n" + code.encode())
        page.set_input_files(f"#file-{code}", folder / f"{code}.pdf")
        page.click(f"#paper-{code} button[form=files]")
    page.click("button[value=review]")
    page.check("input[name='agreed']")
    page.click("form[action$='/review/'] button")
    assert faults(page) == []
    return page.inner_text("#case-no"), page.inner_text("#password")


def look_until(page: Page, selector: str, words: str) -> None:
    """Reload, as an impatient applicant does, until it stands there."""
    for _ in range(PATIENCE_MS // 1000):
        page.reload()
        if words in page.inner_text(selector):
            return
        page.wait_for_timeout(1000)
    expect(page.locator(selector)).to_contain_text(words)


def test_an_application_crosses_over_is_accepted_and_comes_back(
        inside: CommandCentre, outside: tuple[str, PublicSite], screens: Screens, tmp_path: Path) -> None:
    address, _ = outside
    applicant = screens.blank(PHONE)
    number, password = apply(applicant, address, tmp_path)
    assert number.startswith("WS-")
    applicant.goto(f"{address}/public/case/")
    assert faults(applicant) == []
    look_until(applicant, "#state", "已申办")
    case_no = applicant.inner_text(".facts dd >> nth=0")

    clerk = screens.blank()
    sign_in(clerk, inside.address, "chuang", f"/hosted/?no={case_no}")
    clerk.click(".act-link[href$='act=accept']")
    clerk.click("#hosted-form .act-buttons button")

    look_until(applicant, "#state", "办理中")
    expect(applicant.locator("main")).to_contain_text("受理通知书")
    with applicant.expect_download() as paper:
        applicant.click("a[href*='/public/case/paper/'][href$='/docx'] >> nth=0")
    assert paper.value.suggested_filename.endswith(".docx")

    at_home = screens.blank(PHONE)
    at_home.goto(f"{address}/public/case/")
    at_home.fill("#no", number)
    at_home.fill("#password", password)
    at_home.click("form[action$='/enter'] button")
    expect(at_home.locator("#state")).to_have_text("办理中")
    assert screens.complaints == []
