"""An inspector pages through the morning of a window, plays it, marks an incident, and finds its film on the card."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Route
from sqlalchemy import update

from core.access import Actor, Role
from core.instants import SECOND_US, to_us
from tests.e2e.centre import CommandCentre, settings_for
from tests.e2e.hall_day import record, settings_of, windows
from tests.e2e.screens import Screens, sign_in, wait_for_text
from tests.footage import sent
from tests.services import wait_until
from video.footage.incidents import Incident
from video.footage.manifest import Finding, check
from video.models import cameras
from video.view_log import ViewFilter

NINE = to_us(datetime(2026, 3, 16, 1, 0, tzinfo=UTC))
TIME = "() => document.querySelector('.footage-video')?.currentTime ?? -1"


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandCentre]:
    """Two windows, two minutes of the first from nine on with ten seconds missing in the middle."""
    folder = tmp_path_factory.mktemp("hall")
    with CommandCentre(settings_for(folder, **settings_of(folder)), datetime(2026, 3, 16, 1, 30, tzinfo=UTC)) as centre:
        one, other = windows(centre, "企业登记一号窗口", "企业登记二号窗口")
        record(centre, one, sent(60.0, begin_us=NINE, width=320))
        record(centre, one, sent(60.0, begin_us=NINE + 70 * SECOND_US, serial=2, width=320))
        record(centre, other, sent(60.0, begin_us=NINE, width=320))
        yield centre


def test_a_day_is_paged_through_marked_and_found_on_the_card(hall: CommandCentre, screens: Screens, tmp_path: Path):
    page = screens.blank(may_refuse=True)
    page.add_init_script("delete Crypto.prototype.randomUUID")  # as where the pages come without HTTPS
    sign_in(page, hall.address, "li", "/footage/?camera=cam-1")
    wait_for_text(page, "[data-part=title]", "企业登记一号窗口")
    page.wait_for_selector(".bar-film")
    assert page.locator(".bar-film").count() == 2
    wait_for_text(page, "[data-part=events]", "录像程序已停止")

    page.click("[data-part=reason] button[type=submit]")
    wait_for_text(page, "[data-part=reason-said]", "请选择调阅理由")
    assert page.locator(".footage-video[src]").count() == 0
    page.select_option("[data-part=why]", "patrol")
    page.click("[data-part=reason] button[type=submit]")
    page.wait_for_function(f"() => ({TIME})() > 0.2")
    wait_for_text(page, ".viewer-mark", "李敏 li")

    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('.footage-video').paused")
    page.click(".footage-jump >> nth=0")      # the gap at 09:01:00: its first picture after it is that of the next film
    page.wait_for_function(f"() => ({TIME})() < 1 && document.querySelector('.footage-now').textContent.startsWith('09:01:1')")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => ({TIME})() > 9.5")
    page.keyboard.press("i")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => ({TIME})() > 19.5")
    page.keyboard.press("o")
    wait_for_text(page, "[data-part=from]", "09:01:20")
    wait_for_text(page, "[data-part=to]", "09:01:30")
    page.check("[name=kind][value=phone]", force=True)
    page.fill("[name=comment]", "玩手机")
    page.check("[name=card]")
    page.select_option("[name=level]", "yellow")
    page.fill("[name=title]", "一号窗口玩手机")
    page.click("[data-part=save]")
    wait_for_text(page, "[data-part=said]", "已标记并发出")

    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("i")
    page.keyboard.press("o")
    page.check("[name=kind][value=badge]", force=True)
    page.fill("[name=comment]", "误标")
    page.click("[data-part=save]")
    wait_for_text(page, "[data-part=events]", "误标")
    page.click(".footage-event:has-text('误标') summary")
    page.fill(".footage-event:has-text('误标') .footage-withdraw-form input", "看错窗口")
    page.click(".footage-event:has-text('误标') .footage-withdraw-form button")
    wait_for_text(page, ".footage-event.is-taken-back", "撤回：看错窗口")

    page.keyboard.press("PageDown")
    wait_for_text(page, "[data-part=title]", "企业登记二号窗口")
    page.wait_for_selector("[data-part=reason]:not([hidden])")    # another camera, another reason
    page.keyboard.press("PageUp")
    wait_for_text(page, "[data-part=events]", "一号窗口玩手机")
    page.click(".footage-event a.button")

    page.wait_for_selector("[data-card-clip] select")
    wait_for_text(page, ".card-clips", "已留存")
    page.click("[data-card-clip] .button-main")
    page.wait_for_function(f"() => ({TIME})() > 0.2")
    wait_for_text(page, ".card-clips .viewer-mark", "李敏 li")
    with page.expect_download() as taken:
        page.click("[data-card-clip] .button:not(.button-main)")
    taken.value.save_as(tmp_path / "evidence.zip")
    assert check(tmp_path / "evidence.zip", hall.services.footage.keys).finding is Finding.GENUINE
    views = hall.services.video.views.views(ViewFilter(camera="cam-1"), Actor("x", frozenset({Role.INSPECTOR})))
    looks = [view.what for view in views if view.what != "snapshot"]
    assert looks == ["export", "clip", "recorded"], views


def test_who_writes_why_he_takes_back_goes_on_writing_when_the_day_is_asked_for_again(hall: CommandCentre, screens: Screens):
    mark(hall, "误标")
    page = screens.blank()
    sign_in(page, hall.address, "li", "/footage/?camera=cam-2")
    wait_for_text(page, "[data-part=events]", "误标")
    page.click(".footage-event:has-text('误标') summary")
    page.click(".footage-event:has-text('误标') .footage-withdraw-form input")
    page.keyboard.type("看错")
    mark(hall, "别处标的")
    wait_for_text(page, "[data-part=events]", "别处标的")
    page.keyboard.type("窗口")
    page.keyboard.press("Enter")
    wait_for_text(page, ".footage-event.is-taken-back", "撤回：看错窗口")
    assert page.locator(".footage-event:has-text('别处标的') .footage-withdraw-form").count() == 1


def test_an_answer_that_comes_late_shows_no_other_window_than_the_one_chosen(hall: CommandCentre, screens: Screens):
    page = screens.blank()
    sign_in(page, hall.address, "li", "/footage/?camera=cam-2")
    wait_for_text(page, "[data-part=title]", "企业登记二号窗口")
    held: list[Route] = []
    page.route("**/day.json?camera=cam-1&*", lambda route: held.append(route))
    page.click("[data-camera=cam-1]")
    page.wait_for_function("() => new URLSearchParams(location.search).get('camera') === 'cam-1'")
    with page.expect_response("**/day.json?camera=cam-2&*"):
        page.click("[data-camera=cam-2]")
    page.wait_for_selector("[data-camera=cam-2].is-here")
    with page.expect_response("**/day.json?camera=cam-1&*"):
        held[0].continue_()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert "企业登记二号窗口" in page.inner_text("[data-part=title]")


def mark(hall: CommandCentre, comment: str) -> None:
    wish = Incident("cam-2", "badge", NINE + 10 * SECOND_US, NINE + 20 * SECOND_US, comment)
    with hall.services.uow() as uow:
        hall.services.footage.incidents.mark(uow, wish, Actor("zhao", frozenset({Role.INSPECTOR})))


def test_an_inspector_fills_the_form_of_a_random_look(hall: CommandCentre, screens: Screens):
    sampler = hall.services.footage.sampler
    sampler._rules = replace(sampler._rules, per_day=4, windows=2)
    sampler._picture = lambda camera: hall.services.footage.pictures.at(camera.id, NINE + 20 * SECOND_US)
    hall.set_clock(datetime(2026, 3, 16, 9, 0, tzinfo=UTC))
    sampler.draw_due()  # or the job did
    inspector = Actor("x", frozenset({Role.INSPECTOR}))
    wait_until(lambda: sum(bool(row.picture_sha256) for row in hall.services.footage.queries.samplings(inspector)) == 8,
               timeout_s=15, what="eight looks")
    page = screens.blank()
    sign_in(page, hall.address, "li", "/footage/?view=sampling")
    page.click(".sampling-line >> nth=0")
    page.wait_for_function("() => document.querySelector('.sampling-picture')?.naturalWidth === 320")
    page.click("#sampling-save")
    wait_for_text(page, "#sampling-said", "请逐项填写")
    for name in ("presence", "dress", "badge", "conduct"):
        page.click(f"#sampling-{name} label:has-text('{'不符合' if name == 'dress' else '看不清'}')")
    page.fill("#sampling-comment", "未着工装")
    page.click(".sampling-line >> nth=1")   # what was written of one look is not the next one's, and is there again
    page.wait_for_function("() => document.querySelector('#sampling-comment').value === ''")
    assert page.locator("#sampling-form input:checked").count() == 0
    page.click(".sampling-line >> nth=0")
    page.wait_for_function("() => document.querySelector('#sampling-comment').value === '未着工装'")
    page.wait_for_function("() => document.querySelectorAll('#sampling-form input:checked').length === 4")
    page.click("#sampling-save")
    wait_for_text(page, "#sampling-said", "已提交")
    wait_for_text(page, ".sampling-line.is-here", "着装")
    wait_for_text(page, "#sampling-detail", "未着工装")
    assert page.locator("#sampling-form").is_hidden()


def test_a_camera_with_masks_is_played_with_them_in_the_film(hall: CommandCentre, screens: Screens):
    """The upper half, where the number of each picture stands, is grey in what the browser got, not only under an overlay."""
    with hall.services.uow() as uow:
        uow.conn.execute(update(cameras).where(cameras.c.code == "cam-2").values(masks="[[[0,0],[1,0],[1,0.5],[0,0.5]]]"))
    page = screens.blank()
    sign_in(page, hall.address, "li", "/footage/?camera=cam-2")
    wait_for_text(page, "[data-part=title]", "企业登记二号窗口")
    page.wait_for_selector(".bar-film")
    page.select_option("[data-part=why]", "patrol")
    page.click("[data-part=reason] button[type=submit]")
    page.wait_for_function(f"() => ({TIME})() > 0.2", timeout=30_000)
    wait_for_text(page, "body", "遮罩后的副本")
    brightest = page.evaluate("""() => {
        const video = document.querySelector(".footage-video"), canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
        const context = canvas.getContext("2d");
        context.drawImage(video, 0, 0);
        return Math.max(...context.getImageData(0, 0, canvas.width, canvas.height * 0.45).data.filter((_, at) => at % 4 === 0));
    }""")
    assert brightest < 90  # the bits of the number are 230
