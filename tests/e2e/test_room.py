"""The room in a real browser: it speaks, one screen at a time, is silenced by a person and says so; its health has a page."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.centre import CommandCentre, red
from tests.e2e.screens import Screens, sign_in

SOUND = "[data-part=sound]"
HEARD = "document.querySelector('[data-live=room-voice]').dataset.heard"


def heard(page: Page) -> int:
    return int(page.get_attribute("[data-live=room-voice]", "data-heard") or 0)


def test_a_new_card_is_spoken_by_one_of_two_walls_and_the_other_takes_over(centre: CommandCentre, screens: Screens):
    east = screens.wall(centre.address, centre.screen_token)
    expect(east.locator(SOUND)).to_have_text("本屏播报")
    west = screens.wall(centre.address, centre.screen_token)
    expect(west.locator(SOUND)).to_contain_text("由")

    with east.expect_response(lambda answer: "/wall/sound/card-" in answer.url) as spoken:
        centre.post(red("XY-1"))
    assert "audio/wav" == spoken.value.headers["content-type"]
    assert heard(east) >= 1
    assert 0 == heard(west)

    east.close()
    expect(west.locator(SOUND)).to_have_text("本屏播报", timeout=20_000)
    west.wait_for_function(f"() => Number({HEARD}) > 0")


def test_the_horn_is_silenced_for_a_while_and_the_card_still_waits(centre: CommandCentre, screens: Screens):
    wall = screens.wall(centre.address, centre.screen_token)
    expect(wall.locator(SOUND)).to_have_text("本屏播报")
    officer = screens.blank()
    sign_in(officer, centre.address, "zhou", "/desk/")
    officer.get_by_role("button", name="静音 5 分钟").click()
    expect(wall.locator(SOUND)).to_contain_text("静音")
    expect(wall.locator(SOUND)).to_contain_text("周立新")

    before = heard(wall)
    centre.post(red("XY-2"))
    expect(wall.locator(".wall-cards .card").first).to_be_visible()
    wall.wait_for_timeout(1_500)
    assert before == heard(wall)
    assert 1 == centre.services.alert_queries.counts().unack

    expect(officer.locator(".horn")).to_contain_text("已静音 4:")
    officer.locator(".horn").click()
    expect(wall.locator(SOUND)).to_have_text("本屏播报")
    wall.wait_for_function(f"before => Number({HEARD}) > before", arg=before)


def test_the_health_page_shows_every_part_of_the_watch(centre: CommandCentre, screens: Screens):
    screens.wall(centre.address, centre.screen_token)
    page = screens.blank()
    sign_in(page, centre.address, "chen", "/health/")
    centre.services.room.sender.send()

    for words in ("程序自身", "告警负荷", "屏幕", "无法判定的时限"):
        expect(page.get_by_role("heading", name=words).first).to_be_visible()
    page.reload()
    expect(page.locator("#health-screens")).to_contain_text("监察室大屏")
