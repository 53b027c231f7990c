"""The stories of the staff workbench: a walk-in accepted, a case handled by three people, a project done in parallel."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Page, TimeoutError

from approval.flow import Part
from approval.matters import Applicant, Application
from approval.posts import EVERY_UNIT
from config.versions import Kind
from core.access import Actor, Role
from dashboard.demo_accounts import DEMO_PASSWORD
from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text

RADIO, UNIT, JOINT, LEAD = "gongxin-01", "gongxin", "fagai-01", "fagai"
PEOPLE = {"chuang": ("庄晓", EVERY_UNIT, ("综合窗口",)), "lin": ("林涛", UNIT, ("承办人",)), "gao": ("高敏", UNIT, ("审核人",)),
          "luo": ("罗勇", UNIT, ("批准人",)), "land": ("田原", "ziran", ("承办人", "审核人", "批准人")),
          "land2": ("田青", "ziran", ("承办人", "审核人", "批准人")),
          "land3": ("田禾", "ziran", ("承办人", "审核人", "批准人"))}
APPLICANT = Applicant("新余锦程通信有限公司", "company", "91360500MA0000000X", "13979000001")


# A hand that presses again and again until the answer is there.
PRESS_AGAIN = """() => { const press = () => document.querySelector("#window-filed #filed-number") ||
    (document.querySelector("#window-file").click(), setTimeout(press, 20)); press(); }"""


@pytest.fixture
def hall(centre: CommandCentre) -> CommandCentre:
    """A centre with staff of its own."""
    for name, (display_name, org, posts) in PEOPLE.items():
        centre.services.accounts.create(name, DEMO_PASSWORD, display_name=display_name, roles=[Role.APPROVAL_STAFF],
                                        org=LEAD if org == EVERY_UNIT else org)
        centre.services.approval.posts.give(name, org, posts)
    return centre


def actor(hall: CommandCentre, name: str) -> Actor:
    found = hall.services.accounts.actor_of(name)
    assert found is not None
    return found


def accepted(hall: CommandCentre, item: str = RADIO, fields: dict[str, str] | None = None) -> str:
    clerk, approval = actor(hall, "chuang"), hall.services.approval
    papers = tuple(code for code, one in hall.services.catalogue.items[item].details.materials.items() if one.required)
    number = approval.intake.file(Application(item, APPLICANT, "城南基站", fields or {}, papers), "window", clerk).case_no
    approval.intake.accept(number, approval.queries.find(number, clerk).head.rev, clerk)
    return number


def opened(screens: Screens, hall: CommandCentre, name: str, address: str, *, may_lose_link: bool = False) -> Page:
    page = screens.blank(may_lose_link=may_lose_link)
    sign_in(page, hall.address, name, address)
    page.wait_for_selector(".staff .topbar-who")
    return page


def pick(page: Page, dropdown: str, words: str) -> None:
    """Type into a dropdown and take what it finds."""
    page.click(dropdown)
    if not _is_open(page):
        page.click(dropdown)  # a page that is still busy may not have heard the first
        page.wait_for_selector(".dash-dropdown-option")
    page.keyboard.type(words)
    page.click(f".dash-dropdown-option:has-text('{words}') >> nth=0")


def _is_open(page: Page) -> bool:
    try:
        page.wait_for_selector(".dash-dropdown-option", timeout=5_000)
    except TimeoutError:
        return False
    return True


def act(page: Page, no: str, name: str, words: str = "") -> None:
    """Choose an act of the case, say something and press its button."""
    page.click(f".act-link[href$='act={name}']")
    page.wait_for_selector("#hosted-form h2, #hosted-form .act-form")
    if words:
        page.fill("#hosted-form textarea >> nth=0", words)
    page.click("#hosted-form .act-buttons button")


def test_a_list_of_hundreds_shows_as_many_as_there_is_room_for(hall: CommandCentre, screens: Screens) -> None:
    page = opened(screens, hall, "chuang", "/window/")
    page.click("#window-item")
    page.wait_for_selector(".dash-dropdown-option")
    frame = page.locator(".dash-dropdown-content").bounding_box()
    assert frame is not None
    options = [box for option in page.locator(".dash-dropdown-option").all() if (box := option.bounding_box()) is not None]
    assert sum(box["y"] + box["height"] <= frame["y"] + frame["height"] for box in options) >= 6
    search = page.locator("input.dash-dropdown-search")
    assert search.evaluate("(one) => getComputedStyle(one).borderTopWidth") == "0px"  # its frame is around the sign as well


def test_a_walk_in_is_registered_and_accepted(hall: CommandCentre, screens: Screens) -> None:
    page = opened(screens, hall, "chuang", "/window/")
    page.click("#window-file")
    wait_for_text(page, ".field-error", "请选择事项")
    pick(page, "#window-item", "无线电台")
    wait_for_text(page, "#window-item-facts", "10 个工作日")
    page.click("#window-file")
    wait_for_text(page, ".field-error", "请填写申请人名称")
    page.fill("#window-name", "新余锦程通信有限公司")
    page.fill("#window-phone", "13979000001")
    for paper in ("申请表", "身份证明", "技术资料"):
        page.click(f"#window-papers label:has-text('{paper}')")
    page.fill("#hall-station", "A03")
    page.evaluate(PRESS_AGAIN)
    number = page.inner_text("#filed-number")
    wait_for_text(page, "#window-accept-words", "台址使用证明")
    page.click("#window-accept")
    wait_for_text(page, "#window-said", "承办")
    assert page.inner_text("#filed-number") == number
    wait_for_text(page, ".receipt-list", "受理通知书")
    detail = hall.services.approval.queries.find(number, actor(hall, "chuang"))
    assert detail.head.step == "承办"
    assert len(hall.services.approval.queries.search(actor(hall, "chuang"), "锦程")) == 1  # pressed twice, filed once
    pick(page, "#window-item", "无线电台")
    page.click("#window-file")
    wait_for_text(page, ".field-error", "请填写申请人名称")
    assert page.inner_text("#filed-number") == number  # number and password are shown this once
    with page.expect_download() as saved:
        page.click(".receipt-list a:has-text('docx') >> nth=0")
    assert saved.value.suggested_filename.endswith(".docx")


def test_a_walk_in_whose_answer_is_lost_is_filed_again_without_writing_it_again(
        hall: CommandCentre, screens: Screens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.pages.window.FILING_S", 1.0)
    page = opened(screens, hall, "chuang", "/window/", may_lose_link=True)
    pick(page, "#window-item", "无线电台")
    page.fill("#window-name", "新余锦程通信有限公司")
    page.fill("#window-phone", "13979000001")
    page.route("**/_dash-update-component", lambda route: route.abort() if "window-file.n_clicks" in (
        route.request.post_data or "") else route.continue_())
    page.click("#window-file")
    wait_for_text(page, "#window-said", "服务器没有应答")
    page.unroute("**/_dash-update-component")
    assert page.input_value("#window-name") == "新余锦程通信有限公司"
    page.click("#window-file")
    page.wait_for_selector("#window-filed #filed-number")


def test_the_window_asks_what_the_form_of_the_item_asks(hall: CommandCentre, screens: Screens) -> None:
    page = opened(screens, hall, "chuang", "/window/")
    pick(page, "#window-item", "挖掘城市道路")
    page.fill("#window-name", "新余市自来水公司")
    page.fill("#window-phone", "13979000001")
    page.fill("#window-form label:has-text('挖掘面积') input", "很大")
    page.click("#window-file")
    wait_for_text(page, "#window-form .field-error", "请填写“道路名称”")
    page.fill("#window-form label:has-text('道路名称') input", "仙来大道")
    page.click("#window-form .dash-dropdown")
    page.click(".dash-dropdown-option:has-text('支路')")
    page.fill("#window-form label:has-text('开工日期') input", "2026-04-01")
    page.click("#window-file")
    wait_for_text(page, "#window-form .field-error", "应为数字")
    page.fill("#window-form label:has-text('挖掘面积') input", "12.5")
    page.click("#window-file")
    number = page.inner_text("#filed-number")
    page.goto(f"{hall.address}/hosted/?no={number}")
    wait_for_text(page, "#hosted-body", "挖掘面积（平方米）")
    wait_for_text(page, ".flow-skipped", "审核")
    wait_for_text(page, ".flow-skipped", "道路等级为“支路”；为快速路、主干路、次干路的才办")


def test_three_people_handle_a_case_to_its_end_with_a_step_back(hall: CommandCentre, screens: Screens) -> None:
    number = accepted(hall)
    handler = opened(screens, hall, "lin", "/worklist/")
    handler.click(f"button[aria-label='领取办件 {number}']")
    wait_for_text(handler, "#work-said", "已领取")
    handler.goto(f"{hall.address}/hosted/?no={number}")
    act(handler, number, "complete", "材料属实")
    wait_for_text(handler, ".flow-open", "审核")

    reviewer = opened(screens, hall, "gao", f"/hosted/?no={number}")
    reviewer.click(".act-link[href$='act=send_back']")
    wait_for_text(reviewer, "#hosted-effect", "回到“承办”")
    reviewer.fill("#hosted-form textarea", "台址图纸不清")
    reviewer.click("#hosted-form .act-buttons button")
    wait_for_text(reviewer, ".flow-withdrawn", "林涛")

    handler.goto(f"{hall.address}/hosted/?no={number}")
    act(handler, number, "complete", "已补充图纸")
    wait_for_text(handler, ".flow-open", "审核")
    for name, page_words in (("gao", "同意"), ("luo", "批准")):
        page = opened(screens, hall, name, f"/hosted/?no={number}")
        act(page, number, "complete", page_words)
        page.wait_for_function("() => document.querySelectorAll('.flow-done').length >= 3")
    clerk = opened(screens, hall, "chuang", f"/hosted/?no={number}")
    act(clerk, number, "charge")
    wait_for_text(clerk, ".fee-list", "待缴")
    clerk.click(".act-link[href$='act=paid']")
    clerk.fill("#hosted-form .act-field:has-text('流水号') input", "POS0001")
    clerk.click("#hosted-form .act-buttons button")
    wait_for_text(clerk, ".fee-list", "已缴")
    act(clerk, number, "conclude", "办结")
    wait_for_text(clerk, ".hosted-state", "已办结")
    clerk.click(".hosted-life li:last-child .life-then")
    wait_for_text(clerk, ".then .hosted-state", "已收件")


def test_two_posts_sign_a_step_and_the_last_one_decides(hall: CommandCentre, screens: Screens) -> None:
    _let_sign_together(hall, "批准人", "分管领导")
    for name, shown in (("zheng", "郑军"), ("qiu", "邱岚")):
        hall.services.accounts.create(name, DEMO_PASSWORD, display_name=shown, roles=[Role.APPROVAL_STAFF], org=UNIT)
        hall.services.approval.posts.give(name, UNIT, ["分管领导"])
    number, approval = accepted(hall), hall.services.approval
    for name in ("lin", "gao"):
        approval.handling.complete(number, approval.queries.find(number, actor(hall, name)).head.rev, "同意", actor(hall, name))

    head = opened(screens, hall, "zheng", f"/hosted/?no={number}")
    wait_for_text(head, ".flow-open", "待签：批准人、分管领导")
    head.click(".act-link[href$='act=complete']")
    wait_for_text(head, "#hosted-effect", "您签署后还需 1 个岗位签署")
    assert head.locator("#hosted-form :text('不予')").count() == 0  # one signature grants and refuses nothing
    head.fill("#hosted-form textarea", "同意，请抓紧")
    head.click("#hosted-form .act-buttons button")
    wait_for_text(head, ".flow-open", "郑军")
    wait_for_text(head, ".flow-open", "待签：批准人")
    wait_for_text(head, "#hosted-acts", "您已会签本环节；待签：批准人")
    second = opened(screens, hall, "qiu", f"/hosted/?no={number}")
    wait_for_text(second, "#hosted-acts", "您的岗位已由郑军会签")
    assert second.locator(".act-link[href$='act=complete']").count() == 0
    second.goto(f"{hall.address}/worklist/")
    second.wait_for_selector(".work-none")

    approver = opened(screens, hall, "luo", "/worklist/")
    approver.click(f".work-grid a:has-text('{number}')")
    approver.click(".act-link[href$='act=complete']")
    approver.click("#hosted-form label:has-text('不予')")
    wait_for_text(approver, "#hosted-effect", "将作出不予决定")
    approver.fill("#hosted-form .act-field:has-text('意见') textarea", "台址不符")
    approver.fill("#hosted-form .act-field:has-text('不予的理由') textarea", "台址不符合规划")
    approver.click("#hosted-form .act-buttons button")
    wait_for_text(approver, ".hosted-life", "结果：不予")
    wait_for_text(approver, ".flow-step:nth-child(4)", "郑军、罗勇")


def _let_sign_together(hall: CommandCentre, *posts: str) -> None:
    editing, chen = hall.services.editing, actor(hall, "chen")
    content = dict(editing.present(Kind.ITEM, RADIO)[1])
    content["steps"] = [{**one, "signers": list(posts)} if one["name"] == "批准" else one for one in content["steps"]]
    editing.propose(Kind.ITEM, RADIO, content, reason="重大事项会签", actor=chen, effective_from=date(2026, 3, 16))
    with hall.services.database.read() as conn:
        hall.services.areas.refresh(conn)


def test_a_step_is_done_with_its_form_and_its_document(hall: CommandCentre, screens: Screens) -> None:
    hall.services.accounts.create("guo", DEMO_PASSWORD, display_name="郭勘", roles=[Role.APPROVAL_STAFF], org="chengguan")
    hall.services.approval.posts.give("guo", "chengguan", ["承办人"])
    number = accepted(hall, "chengguan-03", {"road": "仙来大道", "grade": "主干路", "area": "12", "begin": "2026-04-01"})
    page = opened(screens, hall, "guo", f"/hosted/?no={number}")
    act(page, number, "complete", "属实")
    wait_for_text(page, "#hosted-form .field-error", "请填写“实测挖掘面积”")
    page.fill("#hosted-form .act-field:has-text('实测挖掘面积') input", "11.5")
    page.click("#hosted-form .act-field:has-text('勘验结论') .dash-dropdown")
    page.click(".dash-dropdown-option:has-text('整改后符合')")
    page.click("#hosted-form .act-buttons button")
    wait_for_text(page, "#hosted-said", "还缺文书：现场勘验记录")
    with page.expect_file_chooser() as chooser:
        page.click(".paper-list li:has-text('现场勘验记录') button[data-upload]")
    chooser.value.set_files({"name": "勘验记录.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\nrecord"})
    wait_for_text(page, "#hosted-body", "勘验记录.pdf")
    page.click("#hosted-form .act-buttons button")
    wait_for_text(page, ".flow-open", "审核")
    wait_for_text(page, ".hosted-life", "实测挖掘面积（平方米）：11.5")


def test_a_licence_is_given_with_the_conclusion_checked_by_anybody_and_revoked(hall: CommandCentre, screens: Screens) -> None:
    hall.services.accounts.create("zheng", DEMO_PASSWORD, display_name="郑军", roles=[Role.APPROVAL_STAFF], org=UNIT)
    hall.services.approval.posts.give("zheng", UNIT, ["分管领导"])
    number = _decided(hall)
    clerk = opened(screens, hall, "chuang", f"/hosted/?no={number}")
    clerk.click(".act-link[href$='act=conclude']")
    wait_for_text(clerk, "#hosted-effect", "同时出具“无线电台执照”，有效期至 2029-03-15")
    clerk.click("#hosted-form .act-buttons button")
    wait_for_text(clerk, "#hosted-body", "市工信局证〔2026〕1号")
    wait_for_text(clerk, "#hosted-body", "有效期至 2029-03-15")
    code = next(one.code for one in hall.services.approval.queries.find(number, actor(hall, "chuang")).receipts
                if one.kind == "licence")
    telephone = screens.blank((390, 844))
    telephone.goto(f"{hall.address}/public/check/{code}")
    wait_for_text(telephone, ".standing-valid", "有效")

    head = opened(screens, hall, "zheng", f"/hosted/?no={number}")
    head.click(".act-link[href$='act=end_licence']")
    wait_for_text(head, "#hosted-effect", "证照立即失效")
    head.fill("#hosted-form textarea", "申请材料不实")
    head.click("#hosted-form .act-buttons button")
    wait_for_text(head, "#hosted-body", "已撤销")
    telephone.reload()
    wait_for_text(telephone, ".standing-revoked", "撤销，不再有效")


def _decided(hall: CommandCentre) -> str:
    """A case with its fee paid that only waits for its conclusion."""
    number, approval, clerk = accepted(hall), hall.services.approval, actor(hall, "chuang")
    for name in ("lin", "gao", "luo"):
        person = actor(hall, name)
        approval.handling.complete(number, approval.queries.find(number, person).head.rev, "同意", person)
    fee = approval.ending.charge(number, approval.queries.find(number, clerk).head.rev, "pinlv", 1, clerk)
    approval.ending.paid(number, fee, "票1")
    return number


def test_a_case_of_another_unit_is_not_found_and_a_stranger_finds_no_act(hall: CommandCentre, screens: Screens) -> None:
    number = accepted(hall)
    stranger = opened(screens, hall, "land", f"/hosted/?no={number}")
    wait_for_text(stranger, "#hosted-head", "没有找到办件")
    reviewer = opened(screens, hall, "gao", f"/hosted/?no={number}")
    reviewer.wait_for_selector(".flow-open")
    assert reviewer.locator(".act-link[href$='act=complete']").count() == 0


def test_a_project_is_dispatched_done_in_parallel_and_a_part_reopened(hall: CommandCentre, screens: Screens) -> None:
    number = accepted(hall, JOINT)
    clerk = opened(screens, hall, "chuang", f"/hosted/?no={number}")
    clerk.click(".act-link[href$='act=dispatch']")
    for item in ("ziran-04", "shuili-03"):
        pick(clerk, "#plan-item", hall.services.catalogue.items[item].name)
        clerk.click("#plan-add")
        wait_for_text(clerk, "#plan-table", hall.services.catalogue.items[item].name)
    clerk.fill("#hosted-form textarea", "请各部门并联办理")
    clerk.click("#hosted-form .act-buttons button")
    clerk.wait_for_selector(".project .part-open >> nth=1")
    _finish(hall, number)
    wait_for_text(clerk, ".project .part-done", "已办结")
    clerk.click(".act-link[href$='act=reopen']")
    wait_for_text(clerk, "#hosted-effect", "退回首个环节")
    clerk.fill("#hosted-form textarea", "红线图有误")
    clerk.click("#hosted-form .act-buttons button")
    clerk.wait_for_function("() => document.querySelectorAll('.project .part-open').length === 2")


def test_a_part_that_came_to_nothing_holds_the_project_until_it_is_begun_anew(hall: CommandCentre, screens: Screens) -> None:
    number, clerk_of = accepted(hall, JOINT), actor(hall, "chuang")
    approval = hall.services.approval
    approval.projects.dispatch(number, approval.queries.find(number, clerk_of).head.rev,
                               [Part("land", "ziran-04", "ziran"), Part("water", "shuili-03", "shuili")], "分发", clerk_of)
    void = next(part.case_no for part in approval.queries.find(number, clerk_of).parts if part.node == "land")
    assert void is not None
    approval.ending.withdraw(void, "立项错误")
    clerk = opened(screens, hall, "chuang", f"/hosted/?no={number}")
    wait_for_text(clerk, ".project-held", "会审不能完成")
    clerk.click(".act-link[href$='act=begin_anew']")
    wait_for_text(clerk, "#hosted-effect", "另立新件")
    clerk.fill("#hosted-form textarea", "重新立项")
    clerk.click("#hosted-form .act-buttons button")
    clerk.wait_for_function("() => document.querySelectorAll('.project .part-open').length === 2")
    assert clerk.locator(".project-held").count() == 0


def _finish(hall: CommandCentre, project: str) -> None:
    """The three people of the first part do their steps."""
    approval, clerk = hall.services.approval, actor(hall, "chuang")
    part = next(one for one in approval.queries.find(project, clerk).parts if one.org == "ziran")
    assert part.case_no is not None
    for name in ("land", "land2", "land3"):
        head = approval.queries.find(part.case_no, clerk).head
        approval.handling.complete(part.case_no, head.rev, "同意", actor(hall, name))
    rev = approval.queries.find(part.case_no, clerk).head.rev
    approval.ending.conclude(part.case_no, rev, "办结", clerk)
