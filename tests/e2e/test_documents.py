"""Papers and files in a browser: words edited beside the finished page, pictures, an earlier file used again, a check."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from fpdf import FPDF
from playwright.sync_api import Page

from approval.matters import Applicant, Application
from approval.posts import EVERY_UNIT
from core.access import Role
from dashboard.demo_accounts import DEMO_PASSWORD
from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text

PATIENCE = 120_000  # a busy machine draws a page in seconds
RADIO = "gongxin-01"
APPLICANT = Applicant("新余锦程通信有限公司", "company", "91360500MA0000000X", "13979000001")


@pytest.fixture
def hall(centre: CommandCentre) -> CommandCentre:
    centre.services.accounts.create("chuang", DEMO_PASSWORD, display_name="庄晓", roles=[Role.APPROVAL_STAFF], org="fagai")
    centre.services.approval.posts.give("chuang", EVERY_UNIT, ["综合窗口"])
    return centre


def plan() -> bytes:
    made = FPDF()
    for _ in range(2):
        made.add_page()
        made.rect(20, 20, 120, 80, style="F")
    return bytes(made.output())


def opened(screens: Screens, hall: CommandCentre, name: str, address: str) -> Page:
    page = screens.blank()
    page.set_default_timeout(PATIENCE)
    sign_in(page, hall.address, name, address)
    return page


def test_words_are_edited_with_the_finished_page_beside_them(hall: CommandCentre, screens: Screens) -> None:
    page = opened(screens, hall, "chen", "/documents/?paper=refused")
    page.wait_for_selector(".paper-sheet[src^='data:image/png']")
    page.fill("#edit-form textarea >> nth=0", "{nobody} {reason}")
    wait_for_text(page, "#paper-said", "{nobody}")
    page.fill("#edit-form textarea >> nth=0", "{org}不予受理。理由：{reason}。")
    page.wait_for_selector(".paper-sheet[src^='data:image/png']")
    page.fill("#edit-since", "2026-03-16")
    page.fill("#edit-reason", "统一用语")
    page.click("#edit-save")
    wait_for_text(page, "#edit-history", "统一用语")
    approval = hall.services.approval
    clerk = hall.services.accounts.actor_of("chuang")
    number = approval.intake.file(Application(RADIO, APPLICANT, "城南基站"), "web").case_no
    approval.intake.refuse(number, approval.queries.find(number, clerk).head.rev, "不属于本机关职权", clerk)
    paper = approval.queries.of_applicant(number).receipts[-1].number
    with BytesIO(hall.services.follow_up.papers.file(paper, "docx")) as file:
        assert any("工业和信息化局不予受理。理由：不属于本机关职权。" in line.text for line in Document(file).paragraphs)


def test_the_window_sees_pictures_of_files_and_uses_an_earlier_one_again(hall: CommandCentre, screens: Screens) -> None:
    approval = hall.services.approval
    code = next(iter(hall.services.catalogue.items[RADIO].details.materials))
    upload = approval.materials.keep(code, "平面图.pdf", plan())
    first = approval.intake.file(Application(RADIO, APPLICANT, "城南基站", uploads=(upload,)), "web").case_no
    second = approval.intake.file(Application(RADIO, APPLICANT, "城北基站"), "web").case_no
    page = opened(screens, hall, "chuang", f"/hosted/?no={first}")
    page.wait_for_selector(".paper-thumb")
    assert page.locator(".paper-thumb").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    pages = page.locator(".file-page")
    assert pages.count() == 2
    assert max(one.bounding_box()["height"] for one in pages.all()) < 48  # a line, no sheet of paper
    with page.expect_response("**/hall_page.mjs*"):  # what answers the button comes in after it
        page.goto(f"{hall.address}/hosted/?no={second}")
    page.fill("#reuse-consent", "申请人当面同意")
    page.wait_for_timeout(1000)
    page.click("[data-reuse]")
    wait_for_text(page, ".paper-list", f"沿用办件 {first} 的材料")


def test_anybody_checks_a_file_and_is_told_when_it_was_changed(hall: CommandCentre, screens: Screens, tmp_path: Path) -> None:
    approval = hall.services.approval
    number = approval.intake.file(Application(RADIO, APPLICANT, "城南基站"), "web").case_no
    content = hall.services.follow_up.papers.file(approval.queries.of_applicant(number).receipts[0].number, "pdf")
    place = content.index(b"stream") + 40
    page = screens.blank()
    page.set_default_timeout(PATIENCE)
    for name, told, words in (("issued.pdf", content, "出具后未被改动"),
                              ("changed.pdf", content[:place] + bytes([content[place] ^ 1]) + content[place + 1:], "已被改动")):
        (tmp_path / name).write_bytes(told)
        page.goto(f"{hall.address}/public/check/")
        page.set_input_files("#file", tmp_path / name)
        page.click("form[method=post] button")
        wait_for_text(page, "#verdict", words)
