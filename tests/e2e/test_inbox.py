"""The unread badge of the bar: there on load, counting when a notice comes, cleared by reading, in both languages."""

from __future__ import annotations

from playwright.sync_api import expect

from alerts.roster.contacts import Addressee, Contact
from core.access import Actor, Role
from supervision.orders.matters import Draft
from tests.e2e.centre import INSPECTOR, UNIT, CommandCentre, yellow
from tests.e2e.screens import Screens, sign_in
from tests.e2e.test_card_life import give
from tests.e2e.test_desk import choose
from tests.services import wait_until

CHIEF = Actor("chen", frozenset({Role.ADMINISTRATOR}))
UNIT_USER = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), UNIT)
LEADER = Actor("wang", frozenset({Role.LEADER}), display_name="王建国")


def propose(centre: CommandCentre) -> None:
    orders = centre.services.follow_up.orders
    draft = Draft("proposal", "360500", UNIT, "关于规范受理的监察建议书", "三次未说明理由。", "逐件说明")
    order_id = orders.draft(draft, INSPECTOR)
    orders.submit(order_id, 1, INSPECTOR)
    orders.approve(order_id, 2, LEADER)


def test_the_desk_counts_at_once_and_reading_clears(centre: CommandCentre, screens: Screens) -> None:
    desk = screens.desk(centre.address, "zhou")
    opener = desk.locator(".inbox-opener")
    expect(opener).to_have_attribute("aria-label", "站内消息，没有未读")
    expect(desk.locator(".inbox-count")).to_be_hidden()

    centre.post(yellow("XY-1"))
    expect(desk.locator(".inbox-count")).to_have_text("1", timeout=8_000)  # well below the 15 s after which it asks anyway
    expect(opener).to_have_attribute("aria-label", "站内消息，1 条未读")

    opener.click()
    expect(desk.locator(".inbox-item.is-unread")).to_contain_text("XY-1")
    desk.locator(".inbox [data-part=inbox-read]").click()
    expect(desk.locator(".inbox-count")).to_be_hidden()
    desk.keyboard.press("Escape")
    expect(desk.locator(".inbox-panel")).to_be_hidden()
    assert centre.services.notices.queries.unread("zhou") == 0


def test_what_goes_up_a_level_reaches_the_shift_leader(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("XY-3"))
    officer, leader = screens.desk(centre.address, "zhou"), screens.desk(centre.address, "sun")
    expect(leader.locator(".inbox-count")).to_be_hidden()
    choose(officer, "XY-3")
    give(officer, "e", "多次催办无果")

    expect(leader.locator(".inbox-count")).to_have_text("1")
    leader.locator(".inbox-opener").click()
    expect(leader.locator(".inbox-item.is-unread")).to_contain_text("XY-3")


def test_a_department_user_finds_his_proposal_in_english_too(centre: CommandCentre, screens: Screens) -> None:
    centre.services.roster_service.save_contact(
        Contact(org=UNIT, role=Addressee.LIAISON, name="赵晓燕", username="zhao"), CHIEF)
    centre.post(yellow("XY-2"))
    wait_until(lambda: "XY-2" in centre.cards(), timeout_s=10, what="the card")
    centre.services.notices.actions.mark_read(None, UNIT_USER)
    propose(centre)
    page = screens.blank()
    sign_in(page, centre.address, "zhao", "/unit/", lang="en")

    expect(page.locator(".inbox-opener")).to_have_attribute("aria-label", "In-site notices, 1 unread")
    expect(page.locator(".unit-cards").first).to_contain_text("XY-2")  # the page around it is what it was
    page.locator(".inbox-opener").click()
    page.locator(".inbox-item.is-unread").click()
    page.wait_for_url("**/orders/?view=papers&q=*")
    expect(page.locator(".inbox-opener")).to_have_attribute("aria-label", "In-site notices, none unread")
