"""A shift is handed over between two screens: drafted and signed by one, accepted item by item and signed by the other."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.centre import CommandCentre, yellow
from tests.e2e.screens import Screens, sign_in, wait_for_text
from tests.e2e.test_card_life import give


def handover_page(screens: Screens, centre: CommandCentre, username: str) -> Page:
    page = screens.blank()
    sign_in(page, centre.address, username, "/handover/")
    page.wait_for_selector(".handover[data-loaded=true]")
    return page


def test_a_shift_is_handed_over_item_by_item_and_what_is_not_accepted_asks_again(
        centre: CommandCentre, screens: Screens) -> None:
    centre.post(*(yellow(f"H-{n}", item=centre.item("fagai")) for n in range(2)))
    desk = screens.desk(centre.address, "zhou")
    desk.wait_for_function("() => document.querySelectorAll('.desk-list .row').length === 2")
    desk.keyboard.press("*")
    give(desk, "a", "已电话")
    wait_for_text(desk, "[data-part=said]", "签收：已完成 2 张")

    giving = handover_page(screens, centre, "zhou")
    giving.select_option("#handover-incoming", "sun")
    giving.click(".handover-begin .button-main")
    giving.wait_for_selector(".handover-item >> nth=1")
    giving.fill(".handover-notes textarea", "H-0 已约定今日办结")
    giving.click(".handover-offer")
    wait_for_text(giving, ".handover-state", "等待 孙国华 接班")

    taking = handover_page(screens, centre, "sun")
    wait_for_text(taking, ".handover-words", "H-0 已约定今日办结")
    count = taking.locator(".handover-item").count()
    lines = [taking.locator(".handover-item").nth(n).inner_text() for n in range(count)]
    at = {no: next(n for n, line in enumerate(lines) if no in line) for no in ("H-0", "H-1")}
    assert at == {"H-0": 0, "H-1": 1}
    taking.focus(".handover-items")
    taking.keyboard.press("a")
    wait_for_text(taking, ".handover-item.decision-accepted", "H-0")
    taking.wait_for_selector(".handover-item.is-selected:has-text('H-1')")
    taking.keyboard.press("d")
    wait_for_text(taking, ".handover-item.decision-declined", "H-1")
    taking.keyboard.press("*")
    taking.wait_for_function("() => document.querySelectorAll('.handover-item.decision-none').length === 0")
    taking.keyboard.press("s")
    wait_for_text(taking, "[data-part=said]", "交接完成")

    assert (centre.cards()["H-0"].state, centre.cards()["H-1"].state) == ("acked", "unack")
    wait_for_text(taking, ".handover-signature", "孙国华")
    wait_for_text(taking, ".handover-signature", "周立新")
    taking.emulate_media(media="print")
    assert not taking.is_visible(".topbar")
    assert taking.is_visible(".handover-item >> nth=0")
