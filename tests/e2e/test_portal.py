"""The public site in a real browser: on a desktop and on a phone, by mouse, by finger and by keyboard, and by axe's eyes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from approval.posts import EVERY_UNIT
from core.access import Actor, Role
from core.instants import date_of
from papers.marks import qr_picture
from tests.comparing import concluded, count_day
from tests.e2e.accessibility import faults, tab_to
from tests.e2e.centre import INSPECTOR, CommandCentre, settings_for
from tests.e2e.screens import Screens, wait_for_text

RADIO, UNIT = "gongxin-01", "gongxin"
PHONE, DESKTOP = (390, 844), (1920, 1080)
STAFF = frozenset({Role.APPROVAL_STAFF})
CLERK = Actor("chuang", STAFF, "fagai", "庄晓")
POSTS = {"承办人": Actor("lin", STAFF, UNIT, "林涛"), "审核人": Actor("gao", STAFF, UNIT, "高敏"),
         "批准人": Actor("luo", STAFF, UNIT, "罗勇")}
LEADER = Actor("wang", frozenset({Role.LEADER}), display_name="王建国")
NOWHERE = "/public/no-such-page"
PDF = {"name": "申请表.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF\n"}
PICTURE = {"name": "身份证.png", "mimeType": "image/png", "buffer": qr_picture("x")}
NO_PDF = {"name": "申请表.pdf", "mimeType": "application/pdf", "buffer": b"MZ\x90\x00"}


@pytest.fixture
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandCentre]:
    """A demonstration: nothing is sent, so the page shows the code an applicant signs in with."""
    with CommandCentre(settings_for(tmp_path_factory.mktemp("centre"), demo__enabled=True)) as running:
        yield running


@pytest.fixture
def hall(centre: CommandCentre) -> CommandCentre:
    centre.services.approval.posts.give(CLERK.name, EVERY_UNIT, ["综合窗口"])
    for post, person in POSTS.items():
        centre.services.approval.posts.give(person.name, UNIT, [post])
    return centre


class Visit:
    """A browser on the public site that holds every page it comes to to what a page owes, and remembers where it has been."""

    def __init__(self, page: Page, hall: CommandCentre) -> None:
        self.page, self._address = page, hall.address
        self.seen: set[str] = set()

    def go(self, path: str) -> None:
        self.page.goto(f"{self._address}{path}")
        self.look()

    def click(self, selector: str) -> None:
        """Press what leads to another page, and look at that."""
        with self.page.expect_navigation():
            self.page.click(selector)
        self.look()

    def look(self) -> None:
        assert faults(self.page) == []
        self.seen.add(urlsplit(self.page.url).path)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.fill(f"#{name}", value)

    def says(self, words: str) -> None:
        wait_for_text(self.page, "main", words)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def visit(request: pytest.FixtureRequest, hall: CommandCentre, screens: Screens) -> Visit:
    return Visit(screens.blank(request.param, may_refuse=True), hall)


def rev(hall: CommandCentre, case_no: str) -> int:
    return hall.services.approval.queries.find(case_no, INSPECTOR).head.rev


def be_known(visit: Visit) -> None:
    """Sign in by a code sent to a mobile number, which makes the account."""
    visit.go("/public/account/")
    visit.fill(contact="13979000001")
    visit.click("form[action$='/code'] button")
    code = visit.text("#shown-code")
    visit.fill(code="000000" if code != "000000" else "111111")
    visit.click("form[action$='/enter/'] button")
    assert visit.page.locator("#problem").count() == 1
    visit.fill(code=code)
    visit.click("form[action$='/enter/'] button")
    visit.go("/public/account/settings/")


def apply(visit: Visit) -> tuple[str, str]:
    """From the front page to the receipt, with the mistakes people make; the number and the password."""
    visit.go("/public/")
    visit.fill(q="无线电台")
    visit.click("main button")
    visit.click(f"a[href='/public/items/{RADIO}/']")
    visit.click("form[action$='/begin'] button")
    visit.click("button[value=next]")
    assert visit.page.locator("[aria-invalid]").count() >= 2
    visit.fill(name="新余锦程通信有限公司", phone="13979000001", title="城南基站")
    visit.click("button[value=keep]")
    visit.says("已保存")
    visit.click("button[value=next]")
    for paper, file in (("shenqing", NO_PDF), ("shenqing", PDF), ("shenfen", PDF)):
        visit.page.set_input_files(f"#file-{paper}", file)
        visit.click(f"#paper-{paper} button[form=files]")
    assert visit.page.locator(".problem").count() == 0
    visit.page.set_input_files("#file-shenfen", PICTURE)
    visit.click("#paper-shenfen button[form=files]")
    assert visit.page.locator("img.thumb").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    visit.page.set_input_files("#file-shenqing", {**PICTURE, "name": "补充图.png"})  # chosen, and not uploaded
    visit.click("button[value=review]")
    visit.says("台站技术资料申报表")
    visit.says("补充图.png")
    visit.click("form[action$='/review/'] button")
    assert visit.page.locator("#agreed-problem").count() == 1
    visit.page.check("[name=agreed]")
    visit.click("form[action$='/review/'] button")
    assert visit.page.locator(".receipt img").count() == 1
    return visit.text("#case-no"), visit.text("#password")


def enter(visit: Visit, number: str, password: str) -> None:
    visit.go("/public/case/")
    visit.click(".leave button")
    visit.go("/public/case/")
    visit.fill(no=number, password="2345678923")
    visit.click("main form button")
    assert visit.page.locator("#problem").count() == 1
    visit.fill(no=number, password=password)
    visit.click("main form button")
    assert number in visit.text("main")


def correct(visit: Visit, hall: CommandCentre, number: str) -> None:
    hall.services.approval.intake.ask_correction(number, rev(hall, number), ["jishu", "changdi"], "缺技术资料", CLERK)
    visit.go("/public/case/")
    for paper in ("jishu", "changdi"):
        visit.page.set_input_files(f"#file-{paper}", PDF)
        visit.click(f"#correct button[value={paper}]")
    visit.click("#send-correction")
    assert visit.text("#state") == "已收件"


def pay(visit: Visit) -> None:
    for verdict, words in (("silent", "待缴"), ("declined", "待缴"), ("paid", "已缴")):
        visit.click("#fees form button")
        visit.click(f"button[value={verdict}]")
        assert words in visit.text("#fees")
        visit.go("/public/case/")


def handled(hall: CommandCentre, number: str) -> None:
    """Accepted, all steps done and the fee asked for, by the people of the hall."""
    approval = hall.services.approval
    approval.intake.accept(number, rev(hall, number), CLERK)
    for person in POSTS.values():
        approval.handling.complete(number, rev(hall, number), "同意", person)
    approval.ending.charge(number, rev(hall, number), "pinlv", 2, CLERK)


def test_an_applicant_goes_all_the_way(hall: CommandCentre, visit: Visit):
    be_known(visit)
    number, password = apply(visit)
    code = hall.services.approval.queries.of_applicant(number).receipts[0].code
    enter(visit, number, password)
    correct(visit, hall, number)
    handled(hall, number)
    visit.go("/public/case/")
    assert visit.page.locator("tr.due").count() == 1
    pay(visit)
    approval = hall.services.approval
    approval.ending.conclude(number, rev(hall, number), "准予许可", CLERK)
    approval.ending.collect(number, rev(hall, number), "欧阳守正", CLERK)
    visit.go("/public/case/")
    with visit.page.expect_download() as saved:
        visit.page.click("a[href$='/docx'] >> nth=0")
    assert saved.value.suggested_filename.endswith(".docx")
    visit.page.check("[name=score][value='5']")
    visit.click("#rate button")
    assert visit.page.locator("#rate").count() == 0
    assert hall.services.approval.queries.find(number, INSPECTOR).head.state == "collected"
    visit.go("/public/check/")
    visit.fill(code=code)
    visit.click("main form button")
    visit.says("由本平台出具")
    number_of_paper = hall.services.approval.queries.of_applicant(number).receipts[0].number
    issued = hall.services.follow_up.papers.file(number_of_paper, "pdf")
    for content, words in ((issued, "出具后未被改动"), (b"%PDF-1.4 another", "不是本平台出具")):
        visit.page.set_input_files("#file", {"name": "paper.pdf", "mimeType": "application/pdf", "buffer": content})
        visit.click("form:has(#file) button")
        assert words in visit.text("#verdict")
    visit.go("/public/check/23456789ABCDEFGH")
    for kind in ("consultation", "complaint"):
        complain(visit, kind, number)
    visit.go("/public/account/")
    assert number in visit.text("#cases")
    read_bulletin(visit, hall)
    visit.go(NOWHERE)
    assert visit.page.locator("a.brand[href='/public/']").count() == 1
    for path in ("/public/?lang=en", "/public/case/", "/public/told/", f"/public/items/{RADIO}/", "/public/?lang=zh"):
        visit.go(path)
    assert unseen(hall, visit.seen) == set()


def published_bulletin(hall: CommandCentre) -> int:
    """Of the month before the present one, issued and published by two persons."""
    clock, desk = hall.services.areas.default.calendar.today(hall.services.clock.now_us()), hall.services.bulletins.service
    month = (date_of(clock).replace(day=1) - timedelta(days=1)).replace(day=1)
    for org in ("gongan", "minzheng", UNIT):
        count_day(hall.services.database, org, month, **concluded(30, 20, 2, yellow=1))
    number = desk.produce("", month.isoformat()[:7], INSPECTOR)
    desk.submit(number, 1, INSPECTOR)
    desk.issue(number, 2, LEADER)
    desk.publish(number, 3, INSPECTOR)
    return number


def read_bulletin(visit: Visit, hall: CommandCentre) -> None:
    number = published_bulletin(hall)
    visit.go("/public/bulletins/")
    visit.click(f"a[href$='/bulletins/{number}/']")
    assert "附件1" in visit.text(".bulletin")
    with visit.page.expect_download() as saved:
        visit.page.click(".files a:text-is('PDF')")
    assert saved.value.suggested_filename.endswith(".pdf")


def complain(visit: Visit, kind: str, number: str) -> None:
    visit.go(f"/public/tell/{kind}/")
    visit.page.select_option("#org", UNIT)
    visit.page.select_option("#category", index=1)
    visit.fill(title="办理太慢", content="说好十天，三次去都让我回去等。")
    if kind == "complaint":
        visit.fill(about_case=number)
    visit.page.check("[name=named][value=no]")
    visit.click("main form button")
    assert visit.text("#number")


def unseen(hall: CommandCentre, seen: set[str]) -> set[str]:
    """The public pages a browser can be sent to that were not looked at."""
    routes = hall.server.app.url_map
    adapter = routes.bind("")
    met = {adapter.match(path, method="GET")[0] for path in seen if path != NOWHERE}
    pages = {rule.endpoint for rule in routes.iter_rules()
             if rule.endpoint.startswith("portal.") and "GET" in (rule.methods or ())}
    return pages - met - {"portal.static", "portal.case_paper", "portal.bulletin_file", "portal.nowhere",
                          "portal.apply_preview", "portal.case_file",
                          "portal.pay_go"}  # of a real platform: tests/integration/test_open_platform.py


def test_the_keyboard_is_enough(hall: CommandCentre, screens: Screens):
    page = screens.blank(DESKTOP)
    page.goto(f"{hall.address}/public/")
    tab_to(page, "跳到")
    page.keyboard.press("Enter")
    tab_to(page, "搜索")
    page.keyboard.type("无线电台")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/?**")
    tab_to(page, "无线电台")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/items/{RADIO}/")
    tab_to(page, "在线申请")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/apply/{RADIO}/")
    for label, words in (("申请人 必需", "新余锦程通信有限公司"), ("手机", "13979000001"), ("申请内容", "城南基站")):
        tab_to(page, label)
        page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**/materials/")
    tab_to(page, "核对")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/")
    tab_to(page, "承诺所填")
    page.keyboard.press("Space")
    tab_to(page, "提交申请")
    page.keyboard.press("Enter")
    page.wait_for_selector("#case-no")
    assert hall.services.approval.queries.of_applicant(page.inner_text("#case-no")).head.state == "submitted"


def test_a_case_is_taken_back(hall: CommandCentre, visit: Visit):
    number, password = apply(visit)
    enter(visit, number, password)
    visit.click("form[action$='/withdraw'] button")
    assert visit.page.locator(".problem").count() == 1
    visit.page.check("[name=sure]")
    visit.click("form[action$='/withdraw'] button")
    assert visit.text("#state") == "已撤回"
