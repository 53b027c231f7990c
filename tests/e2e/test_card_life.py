"""The life of a card in the hands of people, each at his own screen: officer, shift leader, inspector and department."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page

from supervision.orders.queries import WantedOrders
from tests.e2e.centre import INSPECTOR, MONDAY, CommandCentre, concluded, red, yellow
from tests.e2e.screens import Screens, sign_in, wait_for_text
from tests.e2e.test_desk import choose, confirm


def row_of(desk: Page, case_no: str) -> str:
    """What stands in the row of a case."""
    text: str = desk.inner_text(f".desk-list .row:has-text('{case_no}')")
    return text


def give(desk: Page, key: str, words: str) -> None:
    """Open the form of a command by its key, write into its first field, send it."""
    desk.keyboard.press(key)
    desk.wait_for_selector(".act-form:not([hidden])")
    desk.keyboard.type(words)
    confirm(desk)


def decide(desk: Page, choice: int, why: str) -> None:
    """Decide an appeal by keyboard: the so-manieth decision of the list (uphold, reject, pass up), then the reason."""
    desk.keyboard.press("u")
    desk.wait_for_selector(".form-decide_appeal:not([hidden])")
    for _ in range(choice):
        desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Tab")
    desk.keyboard.type(why)
    confirm(desk)


def open_form(unit: Page, case_no: str, kind: str) -> None:
    """The department's form of a reply or an appeal to a card."""
    unit.click(f".unit-card:has-text('{case_no}')")
    unit.click(f".unit-open-{kind}")
    unit.wait_for_selector(f".form-{kind}")


def unit_page(screens: Screens, centre: CommandCentre) -> Page:
    page = screens.blank((390, 844))
    sign_in(page, centre.address, "zhao")
    page.wait_for_selector(".unit[data-loaded=true]")
    return page


# Signing ----------------------------------------------------------------------------------------------------------


def test_a_queue_is_worked_by_keyboard_and_a_red_card_needs_the_shift_leader_too(
        centre: CommandCentre, screens: Screens) -> None:
    centre.post(red("L-1", item=centre.item("fagai")), *(yellow(f"L-2{n}", item=centre.item("fagai")) for n in range(3)))
    officer, leader = screens.desk(centre.address, "zhou"), screens.desk(centre.address, "sun")
    for desk in (officer, leader):
        desk.wait_for_function("() => document.querySelectorAll('.desk-list .row').length === 4")
    assert officer.title().startswith("（4）")

    give(officer, "a", "已电话督促")  # stands on the red one: it comes first
    wait_for_text(officer, ".row", "周立新 已签，待第二人")
    wait_for_text(officer, "[data-part=said]", "签收")
    assert centre.cards()["L-1"].acked is None

    wait_for_text(leader, ".view-second .view-count", "1")
    leader.keyboard.press("2")
    leader.wait_for_function("() => document.querySelectorAll('.desk-list .row').length === 1")
    leader.keyboard.press("F2")
    wait_for_text(leader, ".act-note", "周立新 已先签收")
    leader.keyboard.type("同意")
    confirm(leader)
    wait_for_text(leader, ".view-second .view-count", "0")
    wait_for_text(officer, ".row", "已签收 孙国华")
    assert centre.cards()["L-1"].state == "acked"

    officer.keyboard.press("1")
    officer.keyboard.press("*")
    give(officer, "a", "一并督办")
    wait_for_text(officer, "[data-part=said]", "签收：已完成 3 张")
    assert {centre.cards()[f"L-2{n}"].state for n in range(3)} == {"acked"}
    officer.wait_for_function("() => !document.title.startsWith('（')")


def test_whoever_signed_first_is_not_offered_the_second_signature(centre: CommandCentre, screens: Screens) -> None:
    centre.post(red("L-3", item=centre.item("fagai")))
    officer = screens.desk(centre.address, "zhou")
    choose(officer, "L-3")
    give(officer, "a", "先签")
    wait_for_text(officer, ".row", "待第二人")

    officer.keyboard.press("a")

    wait_for_text(officer, "[data-part=said]", "现在不能签收")


def test_a_card_goes_up_a_level_and_a_signature_is_taken_back_by_keyboard(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-10", item=centre.item("fagai")))
    desk = screens.desk(centre.address, "zhou")
    choose(desk, "L-10")
    give(desk, "e", "多次催办无果")
    wait_for_text(desk, "[data-part=said]", "升级：已完成 1 张")
    wait_for_text(desk, ".row", "已升级 1 级")

    give(desk, "a", "已电话督促")
    wait_for_text(desk, ".row", "已签收 周立新")
    desk.keyboard.press("z")
    confirm(desk)
    wait_for_text(desk, ".act-problem", "请填写“")
    desk.keyboard.type("签错了牌")
    confirm(desk)

    wait_for_text(desk, "[data-part=said]", "撤回签收：已完成 1 张")
    desk.wait_for_selector(".row.is-waiting")
    wait_for_text(desk, ".view-waiting .view-count", "1")
    assert (centre.cards()["L-10"].state, centre.cards()["L-10"].escalation) == ("unack", 1)


# Replies ----------------------------------------------------------------------------------------------------------


def test_a_department_replies_with_a_file_on_a_phone_and_the_inspector_accepts(
        centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-4", item=centre.item("fagai")))
    inspector = screens.desk(centre.address, "li")
    choose(inspector, "L-4")
    give(inspector, "r", "请说明超时原因")
    wait_for_text(inspector, "[data-part=said]", "要求回复：已完成 1 张")

    unit = unit_page(screens, centre)
    wait_for_text(unit, ".section-owed", "L-4")
    wait_for_text(unit, ".section-owed .unit-left", "还剩 5 个工作日")
    unit.click(".section-owed .unit-card")
    unit.click(".unit-open-reply")
    unit.set_input_files(".unit-picker", {"name": "病毒.exe", "mimeType": "text/plain", "buffer": b"MZ"})
    wait_for_text(unit, ".unit-problem", "类型不受理")
    unit.set_input_files(".unit-picker", {"name": "整改说明.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 done"})
    wait_for_text(unit, ".unit-file", "13 B")
    unit.fill(".unit-words", "经办人外出，今日已补办")
    unit.click(".form-reply .button-main")
    wait_for_text(unit, ".unit-said", "等待监察室审核")
    wait_for_text(unit, ".section-waiting", "L-4")

    centre.post(concluded("L-4", "2026-03-16T09:31:00+08:00"))
    wait_for_text(inspector, ".view-replied .view-count", "1")
    inspector.keyboard.press("0")
    inspector.keyboard.press("4")
    wait_for_text(inspector, ".detail-notes", "已回复待核")
    inspector.wait_for_selector(".row.is-over")
    give(inspector, "y", "属实")
    wait_for_text(inspector, "[data-part=said]", "回复通过：已完成 1 张")
    wait_for_text(unit, ".section-closed", "L-4")

    found = next(card for card in centre.services.alert_queries.closed(None).cards if card.case_no == "L-4")
    inspector.goto(f"{centre.address}/card/{found.id}")
    wait_for_text(inspector, ".card-life", "经办人外出，今日已补办")
    wait_for_text(inspector, ".files-table", "整改说明.pdf")


def test_a_reply_is_sent_back_by_keyboard_and_owed_again(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-11", item=centre.item("fagai")))
    unit = unit_page(screens, centre)
    open_form(unit, "L-11", "reply")
    unit.fill(".unit-words", "正在办理")
    unit.click(".form-reply .button-main")
    wait_for_text(unit, ".section-waiting", "L-11")

    inspector = screens.desk(centre.address, "li")
    wait_for_text(inspector, ".view-replied .view-count", "1")
    inspector.keyboard.press("4")
    wait_for_text(inspector, ".detail-notes", "已回复待核")
    give(inspector, "n", "未说明超时原因")

    wait_for_text(inspector, "[data-part=said]", "退回重报：已完成 1 张")
    wait_for_text(inspector, ".view-replied .view-count", "0")
    wait_for_text(unit, ".section-owed", "L-11")
    card = centre.cards()["L-11"]
    assert (card.state, card.disposition, card.reply_due_at is not None) == ("unack", "to_sign", True)


# Appeals ----------------------------------------------------------------------------------------------------------


def test_a_department_appeals_on_a_phone_and_two_persons_find_for_it_by_keyboard(
        centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-12", item=centre.item("fagai")))
    unit = unit_page(screens, centre)
    open_form(unit, "L-12", "appeal")
    unit.set_input_files(".unit-picker", {"name": "停机说明.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 down"})
    wait_for_text(unit, ".unit-file", "13 B")
    unit.fill(".unit-words", "当日系统停机，无法办理")
    unit.click(".form-appeal .button-main")
    wait_for_text(unit, ".unit-said", "等待裁定")
    wait_for_text(unit, ".section-waiting", "L-12")
    assert unit.locator(".unit-open-appeal").count() == 0

    inspector = screens.desk(centre.address, "li")
    wait_for_text(inspector, ".view-appeals .view-count", "1")
    inspector.keyboard.press("7")
    wait_for_text(inspector, ".detail-notes", "部门申诉")
    decide(inspector, 1, "停机属实")
    wait_for_text(inspector, "[data-part=said]", "裁定申诉：已完成 1 张")
    assert centre.cards()["L-12"].appeal == "upheld"

    leader = screens.desk(centre.address, "sun")
    wait_for_text(leader, ".view-revocations .view-count", "1")
    leader.keyboard.press("8")
    wait_for_text(leader, ".detail-notes", "李敏 提议撤牌")
    give(leader, "v", "同意")
    wait_for_text(leader, "[data-part=said]", "同意撤牌：已完成 1 张")
    wait_for_text(unit, ".section-closed", "L-12")
    [closed] = [card for card in centre.services.alert_queries.closed(None).cards if card.case_no == "L-12"]
    leader.goto(f"{centre.address}/card/{closed.id}")
    wait_for_text(leader, ".card-life", "当日系统停机，无法办理")
    wait_for_text(leader, ".files-table", "停机说明.pdf")


def test_an_appeal_passed_up_waits_for_a_leader(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-13", item=centre.item("fagai")))
    unit = unit_page(screens, centre)
    open_form(unit, "L-13", "appeal")
    unit.fill(".unit-words", "涉及其他部门")
    unit.click(".form-appeal .button-main")
    wait_for_text(unit, ".section-waiting", "L-13")
    inspector = screens.desk(centre.address, "li")
    wait_for_text(inspector, ".view-appeals .view-count", "1")
    inspector.keyboard.press("7")
    wait_for_text(inspector, ".detail-notes", "部门申诉")
    decide(inspector, 3, "请领导裁定")
    wait_for_text(inspector, ".row", "申诉已上报")
    inspector.keyboard.press("u")
    wait_for_text(inspector, "[data-part=said]", "现在不能裁定申诉")

    leader = screens.desk(centre.address, "wang")
    wait_for_text(leader, ".view-appeals .view-count", "1")
    leader.keyboard.press("7")
    wait_for_text(leader, ".detail-notes", "申诉已上报")
    decide(leader, 2, "证据充分")
    wait_for_text(leader, "[data-part=said]", "裁定申诉：已完成 1 张")

    wait_for_text(unit, ".section-owed", "L-13")  # the reply its rule demands is owed again
    assert centre.cards()["L-13"].appeal == "rejected"


def test_another_units_card_never_reaches_a_department_page(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-5", item=centre.item("fagai")),
                yellow("L-6", org="minzheng", item=centre.item("minzheng"), data={"applicant": "李四海"}))
    unit = unit_page(screens, centre)
    wait_for_text(unit, ".unit-list", "L-5")

    assert "L-6" not in unit.content()
    number = centre.cards()["L-6"].id
    assert unit.request.get(f"{centre.address}/card/{number}/evidence.pdf").status == 404


# Shelving ---------------------------------------------------------------------------------------------------------


def test_a_shelved_card_is_quiet_and_comes_back_by_itself(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-7", item=centre.item("fagai")))
    desk = screens.desk(centre.address, "zhou")
    choose(desk, "L-7")
    give(desk, "s", "数据源抢修中")
    wait_for_text(desk, ".row.is-quiet", "暂挂至 03-16 10:3")
    assert desk.inner_text(".view-shelved .view-count") == "1"
    assert centre.cards()["L-7"].state == "shelved"

    centre.set_clock(MONDAY + timedelta(minutes=75))

    desk.wait_for_selector(".row.is-waiting", timeout=30_000)
    assert "暂挂" not in row_of(desk, "L-7")
    assert centre.cards()["L-7"].state == "unack"


def test_a_card_is_taken_out_of_service_and_stopped_by_law_and_comes_back(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-9", item=centre.item("fagai")))
    desk = screens.desk(centre.address, "zhou")
    choose(desk, "L-9")
    desk.keyboard.press("o")
    desk.fill("#act-reason", "数据源检修，数据暂不可信")
    confirm(desk)
    wait_for_text(desk, ".act-problem", "请填写“停用时长")
    desk.select_option("#act-until", "1440")
    confirm(desk)
    wait_for_text(desk, ".row.is-quiet", "停用至 03-17 ")
    assert desk.inner_text(".view-shelved .view-count") == "1"
    assert centre.cards()["L-9"].state == "out_of_service"

    wait_for_text(desk, ".detail-notes, .facts", "停用原因")
    desk.keyboard.press("o")
    confirm(desk)
    desk.wait_for_selector(".row.is-waiting")
    desk.keyboard.press("l")
    desk.fill("#act-reason", "《行政许可法》第四十五条，专家评审")
    desk.select_option("#act-until", str(20 * 1440))
    confirm(desk)
    wait_for_text(desk, ".row.is-quiet", "停计至 04-05 ")

    page = screens.blank()
    sign_in(page, centre.address, "li", f"/card/{centre.cards()['L-9'].id}")
    wait_for_text(page, ".card-facts", "《行政许可法》第四十五条，专家评审")
    wait_for_text(page, ".card-life", "恢复使用")

    centre.set_clock(MONDAY + timedelta(days=21))
    desk.wait_for_selector(".row.is-waiting", timeout=30_000)
    assert centre.cards()["L-9"].state == "unack"


def test_a_form_lacks_nothing_silently(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-8", item=centre.item("fagai")))
    desk = screens.desk(centre.address, "zhou")
    choose(desk, "L-8")
    desk.keyboard.press("s")
    desk.wait_for_selector(".act-form:not([hidden])")

    confirm(desk)

    wait_for_text(desk, ".act-problem", "请填写“暂挂原因”")
    assert centre.cards()["L-8"].state == "unack"


# Two persons ------------------------------------------------------------------------------------------------------


def test_a_card_is_revoked_by_two_persons(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-9", item=centre.item("fagai")))
    officer, leader = screens.desk(centre.address, "zhou"), screens.desk(centre.address, "sun")
    choose(officer, "L-9")
    give(officer, "v", "经核数据有误")
    wait_for_text(officer, "[data-part=said]", "提议撤牌：已完成 1 张")
    wait_for_text(officer, ".row", "周立新 提议撤牌")
    officer.keyboard.press("v")
    wait_for_text(officer, "[data-part=said]", "现在不能")

    wait_for_text(leader, ".view-revocations .view-count", "1")
    leader.keyboard.press("8")
    wait_for_text(leader, ".detail-notes", "提议撤牌")
    give(leader, "v", "复核属实")

    wait_for_text(leader, "[data-part=said]", "同意撤牌：已完成 1 张")
    assert "L-9" not in centre.cards()
    [closed] = [card for card in centre.services.alert_queries.closed(None).cards if card.case_no == "L-9"]
    assert closed.disposition == "revoked"


# Orders -----------------------------------------------------------------------------------------------------------


def test_an_order_given_at_the_desk_is_numbered_and_has_its_paper(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("L-9", item=centre.item("fagai")))
    officer = screens.desk(centre.address, "zhou")
    choose(officer, "L-9")
    give(officer, "a", "已电话督促")
    wait_for_text(officer, ".row", "已签收 周立新")
    give(officer, "d", "限期办结并书面说明原因")
    wait_for_text(officer, "[data-part=said]", "下达督办：已完成 1 张")

    card = centre.cards()["L-9"]
    assert card.disposition == "under_order"
    assert card.order_no is not None
    assert "号" in card.order_no
    [order] = centre.services.follow_up.order_queries.listed(INSPECTOR, WantedOrders("", "", ""), centre.clock.now_us())[0]
    assert order.number == card.order_no

    officer.goto(f"{centre.address}/card/{card.id}")
    wait_for_text(officer, ".card-orders", order.number)
    wait_for_text(officer, ".card-orders", " 24:00")
    officer.click(".card-orders a")
    wait_for_text(officer, "#orders-detail .case-number", order.number)
