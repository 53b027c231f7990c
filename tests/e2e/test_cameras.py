"""Cameras before people: the scene of the wall with pictures of a real RTSP server, a stream that goes and comes back, a
reason asked of whoever looks, a camera registered and drawn upon in the browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from core.access import Actor, Role
from tests.cameras import CLOCK
from tests.e2e.centre import CommandCentre, settings_for
from tests.e2e.screens import Screens, screens_of, sign_in, wait_for_text
from tests.services import free_port
from tests.streams import RtspServer
from tests.viewing import TICKETS, room_rules
from video.live import LiveRules, LiveServer
from video.registration import CameraForm
from video.room import VideoRoom
from video.view_log import ViewFilter

ADMIN = Actor("chen", frozenset({Role.ADMINISTRATOR}), display_name="陈默")
PATIENCE_MS = 40_000  # four films decoded in software on a small machine that does other things too
EVIL = "<b id=evil>窗口</b>"


@dataclass
class Hall:
    """A centre whose cameras are read in this process and served at a port of their own."""

    centre: CommandCentre
    rtsp: RtspServer

    @property
    def address(self) -> str:
        return self.centre.address

    def register(self, code: str, name: str, window: str = "1", hall: str = "市民中心", **given: str) -> None:
        self.centre.services.video.service.register(CameraForm(
            code=code, name=name, area=self.centre.services.catalogue.default_area, hall=hall, window=window, kind="rtsp",
            main=given.get("main", self.rtsp.address("/hall"))), reason="开通", actor=ADMIN)

    def views(self) -> list[tuple[str, str, str, str]]:
        return [(view.viewer_name, view.camera, view.reason, view.note)
                for view in self.centre.services.video.views.views(ViewFilter(), ADMIN)]


@contextmanager
def hall_at(folder: Path, rtsp: RtspServer) -> Iterator[Hall]:
    settings = settings_for(folder, video__networks=["127.0.0.0/8"], video__port=free_port())
    with CommandCentre(settings) as centre:
        room = VideoRoom(centre.services.video.queries, room_rules(), CLOCK)
        live = LiveServer(room, TICKETS, LiveRules("127.0.0.1", settings.video.port, 64, 4 << 20), CLOCK)
        room.start()
        _elsewhere(live.start)
        try:
            yield Hall(centre, rtsp)
        finally:
            _elsewhere(live.stop)
            room.stop()


def _elsewhere(work: Callable[[], None]) -> None:
    """In a thread of its own: that of the browser's driver has an event loop running already."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, _rtsp_service: RtspServer) -> Iterator[Hall]:
    _rtsp_service.start()
    with hall_at(tmp_path_factory.mktemp("hall"), _rtsp_service) as up:
        for number in range(1, 5):
            up.register(f"hall-{number}", f"{number}号窗口综合受理", str(number))
        yield up


@pytest.fixture
def screens(browser: Browser) -> Iterator[Screens]:
    with screens_of(browser) as opened:
        yield opened


def scene(screens: Screens, hall: Hall, search: str = "tiles=4", *, may_lose_link: bool = False) -> Page:
    """A paired screen on which the cameras are shown."""
    page = screens.blank(may_lose_link=may_lose_link)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{hall.address}/wall/?screen={hall.centre.screen_token}", wait_until="commit")
    page.goto(f"{hall.address}/wall/?scene=cameras&{search}")
    return page


def until_live(page: Page, count: int) -> None:
    page.wait_for_function("(count) => document.querySelectorAll('.tile[data-state=live]').length >= count", arg=count)


def test_four_windows_live_and_one_enlarged(hall: Hall, screens: Screens) -> None:
    page = scene(screens, hall)
    until_live(page, 4)
    first = page.locator(".tile").first
    assert "号窗口" in first.locator(".tile-window").inner_text()
    assert "秒前" in first.locator(".tile-age").inner_text()
    assert "监察室大屏 20" in first.locator(".viewer-line").first.text_content()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tile.is-focus")
    assert "camera=hall-1" in page.url
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    page.wait_for_selector(".wall[data-scene=board]")
    assert page.locator(".tile").count() == 0
    assert {view[:3] for view in hall.views()} >= {("监察室大屏", f"hall-{n}", "wall") for n in range(1, 5)}
    page.keyboard.press("v")
    until_live(page, 4)


def test_a_stream_that_is_killed_says_so_and_comes_back(hall: Hall, screens: Screens) -> None:
    page = scene(screens, hall, "tiles=1&camera=hall-1")
    until_live(page, 1)
    hall.rtsp.kill9()
    try:
        page.wait_for_selector(".tile.is-focus:not([data-state=live])")  # after three seconds, on a page that may be slow
        assert page.locator(".tile.is-focus .tile-notice").inner_text() != ""
    finally:
        hall.rtsp.start()
    page.wait_for_selector(".tile.is-focus[data-state=live]")


def test_a_person_says_why_before_he_sees_anything(hall: Hall, screens: Screens) -> None:
    page = screens.blank()
    page.set_default_timeout(PATIENCE_MS)
    sign_in(page, hall.address, "li", "/desk/")
    page.wait_for_selector(".topbar-who")
    page.goto(f"{hall.address}/wall/?scene=cameras&tiles=1")
    page.wait_for_selector(".scene-why")
    assert page.locator("video").count() == 0
    page.click(".scene-why button[value=patrol]")
    until_live(page, 1)
    assert ("李敏", "hall-1", "patrol", "") in hall.views()
    page.goto(f"{hall.address}/wall/?scene=cameras&tiles=1&camera=hall-2&card=17")
    until_live(page, 1)
    assert ("李敏", "hall-2", "card", "17") in hall.views()
    page.keyboard.press("Escape")
    page.wait_for_selector(".scene-why:not([hidden])")  # the card is no reason to look at all windows
    assert "card=" not in page.url


def test_a_wall_without_cameras_says_what_to_do_and_names_are_only_words(tmp_path: Path, rtsp_server: RtspServer,
                                                                         screens: Screens) -> None:
    with hall_at(tmp_path, rtsp_server) as empty:
        page = scene(screens, empty, may_lose_link=True)  # the centre goes before the page does
        wait_for_text(page, ".scene-empty", "没有可显示的摄像机")
        assert page.locator(".tile").count() == 0
        empty.register("evil", EVIL, hall=EVIL)
        page.reload()
        page.wait_for_selector(".tile")
        assert page.locator(".tile-name").inner_text() == EVIL
        assert page.locator("#evil").count() == 0


def test_an_administrator_tries_registers_and_draws(hall: Hall, screens: Screens) -> None:
    page = screens.blank()
    page.set_default_timeout(PATIENCE_MS)
    sign_in(page, hall.address, "chen", "/cameras/?camera=new")
    page.wait_for_function("() => document.querySelector('#camera-hall')?.value === '市民中心'")
    for name, words in (("code", "new-1"), ("name", "新窗口"), ("hall", "市民中心"), ("window", "9"), ("reason", "新装"),
                        ("main", hall.rtsp.address("/nothing"))):
        page.fill(f"#camera-{name}", words)
    page.click("#camera-test")
    wait_for_text(page, "#camera-said", "没有画面")
    page.fill("#camera-main", hall.rtsp.address("/hall"))
    page.click("#camera-test")
    wait_for_text(page, "#camera-said", "H264 640×360")
    page.wait_for_selector(".picture-stage[data-shows=still]")
    page.click("[data-act=seat]")
    for _step in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    page.click("#camera-save")
    wait_for_text(page, "#camera-said", "已保存")
    page.wait_for_selector(".picture-state[data-state=live]", timeout=20_000)
    [camera] = [one for one in hall.centre.services.video.queries.opened() if one.code == "new-1"]
    assert camera.seat[0] == (0.23, 0.35)
    assert len(camera.seat) == 4
    hall.centre.services.video.service.retire("new-1", camera.rev, reason="测试完毕", actor=ADMIN)
