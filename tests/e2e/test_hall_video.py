"""The whole of the hall video in the browser: a drawn window behind a real RTSP server is registered, watched, left by
its clerk; an officer confirms, the card has its evidence, which plays and verifies; the day shows the gap; a lost stream
says so."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from commands.evidence import check_evidence
from core.access import Actor, Role
from core.clock import AcceleratedClock, SystemClock
from core.instants import SECOND_US
from tests.e2e.centre import MONDAY, UNIT, CommandCentre, settings_for
from tests.e2e.screens import Screens, sign_in, wait_for_text
from tests.halls import DRAWN_S, Halls
from tests.services import free_port, wait_until
from tests.streams import has_packages
from video.attendance import Moment
from video.references import Why
from video.registration import CameraForm
from video.scenes.course import Course, Cue
from video.scenes.designs import BY_KEY
from video.scenes.furniture import seat_of
from video.scenes.scene import Scene
from video.view_log import ViewFilter
from viewing import build_viewing

ADMINISTRATOR = Actor("chen", frozenset({Role.ADMINISTRATOR}), display_name="陈默")
OFFICER = Actor("zhou", frozenset({Role.DUTY_OFFICER}), display_name="周立新")
DESIGN = BY_KEY["w03"]
SPEED = 120.0      # fifteen office minutes are seven and a half seconds
SLOW_MS = 60_000   # what has to wait for pictures on a busy machine
pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(not has_packages(), reason="no RTSP server installed; run: scripts/setup test")]


@dataclass
class Window:
    """The installation and the window it watches."""

    centre: CommandCentre
    halls: Halls

    @property
    def address(self) -> str:
        return self.centre.address


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    settings = settings_for(
        tmp_path, video__networks=["127.0.0.0/8"], video__port=free_port(), recording__dir=str(tmp_path / "recordings"),
        recording__evidence_dir=str(tmp_path / "evidence"), recording__segment_s=4, recording__before_s=4,
        recording__after_s=4, recording__samplings_per_day=0, recording__free_min_mib=0,
        vision__picture_dir=str(tmp_path / "signals"), vision__back_s=3)
    halls = Halls(tmp_path, DESIGN.key)
    try:
        with CommandCentre(settings) as centre:
            viewing = build_viewing(centre.services)
            _elsewhere(viewing.start)
            try:
                yield Window(centre, halls)
            finally:
                _elsewhere(viewing.stop)
    finally:
        halls.kill()


def _elsewhere(work: Callable[[], None]) -> None:
    """In a thread of its own: that of the browser's driver has an event loop running already."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_from_the_first_picture_to_the_evidence(window: Window, screens: Screens, tmp_path: Path) -> None:
    centre, halls = window.centre, window.halls
    wait_until(lambda: halls.open() is not None, timeout_s=DRAWN_S, what="the drawn window")
    _register(_patient(screens), window)
    _tell_seat_and_reference(window)

    wall = _patient(screens)
    wall.goto(f"{window.address}/wall/?screen={centre.screen_token}")
    wall.goto(f"{window.address}/wall/?scene=cameras&tiles=1")
    wall.wait_for_selector(".tile[data-state=live]", timeout=SLOW_MS)

    centre.clock.switch_to(AcceleratedClock(MONDAY, SPEED))
    halls.say(cue="leave")
    wait_until(lambda: bool(centre.services.analysis.queries.waiting(OFFICER)), timeout_s=60, what="the signal")
    centre.clock.switch_to(AcceleratedClock(centre.clock.now(), 1.0))  # or the day would be over before it is looked at
    page = _patient(screens)
    sign_in(page, window.address, "zhou", "/signals/")
    wait_for_text(page, "#signal-detail", "离岗")
    expect(page.locator("#signal-detail img").first).to_be_visible()
    page.click("#signal-confirm")
    wait_until(lambda: any(card.origin == "onsite" for card in centre.all_cards()), timeout_s=15, what="the card")
    halls.say(cue="come")
    [card] = [card for card in centre.all_cards() if card.origin == "onsite"]

    _look_at_evidence(page, window, card.id, tmp_path)
    _look_at_the_window(page, window, card.id)
    _look_at_the_day(page, window)

    halls.say(is_connected=False)
    wall.wait_for_selector(".tile:not([data-state=live])", timeout=SLOW_MS)
    assert wall.locator(".tile-notice").inner_text() != ""
    halls.say(is_connected=True)
    wall.wait_for_selector(".tile[data-state=live]", timeout=SLOW_MS)


def _register(page: Page, window: Window) -> None:
    """As an administrator does: try it, see it, save it; the page then shows the live picture."""
    sign_in(page, window.address, "chen", "/cameras/?camera=new")
    page.wait_for_function("() => document.querySelector('#camera-options input')?.checked")
    for name, words in (("code", DESIGN.key), ("name", "3号窗口 工程建设"), ("hall", DESIGN.hall.name), ("window", "3"),
                        ("reason", "新装"), ("main", window.halls.address)):
        page.fill(f"#camera-{name}", words)
    page.click("#camera-test")
    page.wait_for_function("() => document.querySelector('#camera-said').textContent.includes('H264 640×360')",
                           timeout=SLOW_MS)
    page.click("#camera-save")
    wait_for_text(page, "#camera-said", "已保存")
    page.wait_for_selector(".picture-state[data-state=live]", timeout=SLOW_MS)
    page.close()


def _patient(screens: Screens) -> Page:
    """A page on a machine that draws, encodes, reads, analyses and records meanwhile."""
    page = screens.blank(may_lose_link=True)
    page.set_default_timeout(SLOW_MS)
    page.set_default_navigation_timeout(SLOW_MS)
    return page


def _tell_seat_and_reference(window: Window) -> None:
    """What the page of cameras and that of signals are for, told here by the services they call."""
    services, at = window.centre.services, SystemClock().now_us()
    row = services.video.queries.find(DESIGN.key, ADMINISTRATOR)
    camera = services.video.queries.find_opened(DESIGN.key)
    assert camera is not None
    services.video.service.edit(CameraForm(
        code=row.code, name=row.name, area=row.area, hall=row.hall, window=row.window, org=UNIT, kind=row.kind,
        main=camera.main, seat=seat_of(DESIGN)), row.rev, reason="画座席区域", actor=ADMINISTRATOR)
    empty = Scene(DESIGN, kept_in=window.halls.folder).frame(Course(((at - 60 * SECOND_US, Cue.LEAVE),)), at)
    kept = services.analysis.pictures.keep(empty)
    number = services.analysis.references.propose(row.id, kept, Moment(at, services.clock.now_us()), Why.FIRST, None)
    services.analysis.references.accept(number, OFFICER)


def _look_at_evidence(page: Page, window: Window, card: int, folder: Path) -> None:
    """The clip on the card's page: it plays, and what is downloaded is what was kept."""
    clips = window.centre.services.footage.queries
    wait_until(lambda: any(clip.state == "ready" for clip in clips.clips_of_card(card)), timeout_s=90, what="the clip")
    page.goto(f"{window.address}/card/{card}")
    page.click(".clip-player button[type=submit]")
    page.wait_for_function("() => document.querySelector('.clip-player video')?.currentTime > 0.5", timeout=SLOW_MS)
    with page.expect_download() as download:
        page.click(".clip-player button[type=button]")
    package = folder / "package.zip"
    download.value.save_as(package)
    asked = argparse.Namespace(file=str(package), keys=None)
    assert check_evidence(window.centre.services.settings, asked) == 0
    broken = bytearray(package.read_bytes())
    broken[len(broken) // 2] ^= 1
    package.write_bytes(bytes(broken))
    assert check_evidence(window.centre.services.settings, asked) != 0


def _look_at_the_window(page: Page, window: Window, card: int) -> None:
    """From the card, which shows what the camera saw, to the window as it is now; the log knows for which card."""
    page.goto(f"{window.address}/card/{card}")
    page.wait_for_function("() => document.querySelector('.card-signal img')?.naturalWidth > 0", timeout=SLOW_MS)
    page.click("a.button[href*='scene=cameras']")
    page.wait_for_selector(".tile[data-state=live]", timeout=SLOW_MS)
    views = window.centre.services.video.views.views(ViewFilter(), Actor("x", frozenset({Role.INSPECTOR})))
    assert ("zhou", "live", "card", str(card)) in {(view.viewer, view.what, view.reason, view.note) for view in views}


def _look_at_the_day(page: Page, window: Window) -> None:
    page.goto(f"{window.address}/footage/?camera={DESIGN.key}")
    told = page.evaluate("async (code) => (await fetch(`/footage/day.json?camera=${code}`)).json()", DESIGN.key)
    assert told["segments"]
    assert any(one["card"] for one in told["clips"])
    away = [span["end"] - span["begin"] for span in told["presence"] if span["state"] == "absent"]
    assert max(away) > 10 * 60_000
    page.wait_for_selector(".bar-presence.is-absent", state="attached")
