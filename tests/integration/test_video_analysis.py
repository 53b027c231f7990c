"""From a real RTSP stream to a card: the camera is watched, its seat gets a reference, nobody is there, a person confirms."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import cv2
import pytest
from sqlalchemy import select

from alerts.alarms import standing_alarms
from alerts.models import cards
from bootstrap import Services, build_services
from config.onsite import SignalKind
from config.settings import load_settings
from core.access import Actor, Role
from core.clock import AcceleratedClock
from tests import streams
from tests.cameras import CLOCK, camera
from tests.integration.test_signals import OFFICER, register
from tests.services import wait_until
from tests.streams import Clip, RtspServer
from tests.unit.video.rooms import SEAT, noisy, room
from tests.viewing import Book, room_rules
from video.cameras import StreamName
from video.eye import Eye
from video.references import State
from video.room import VideoRoom
from video.watch import Watcher

INSPECTOR = Actor("bob", frozenset({Role.INSPECTOR}), display_name="薄博")
SPEED = 240.0  # a quarter of an hour of office time in less than four seconds


@pytest.fixture
def services(fresh_sqlite_url: str, tmp_path: Path) -> Iterator[Services]:
    settings = load_settings({
        "database.url": fresh_sqlite_url, "journal.key": "j" * 32, "security.secret_key": "s" * 32,
        "journal.anchor_dir": str(tmp_path / "anchors"), "vision.picture_dir": str(tmp_path / "signals"),
        "vision.interval_s": 0.2, "vision.offline_s": 1})
    built = build_services(settings, AcceleratedClock(datetime(2024, 4, 22, 2, 0, tzinfo=UTC), SPEED))
    register(built)
    yield built
    built.database.dispose()


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """An empty window with the noise of a sensor."""
    grey = cv2.cvtColor(room(), cv2.COLOR_BGR2GRAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "draw", lambda _width, _height, number, _fps: noisy(grey, 3, number))
        return streams.make_clip(tmp_path_factory.mktemp("hall"), seconds=3)


@pytest.fixture
def watched(services: Services, rtsp_server: RtspServer, hall: Clip) -> Iterator[Watcher]:
    one = camera(rtsp_server.serve("/window", hall), code="hall-07", area="360500", hall="政务大厅", window="7",
                 org="fagai", seat=SEAT)
    video = VideoRoom(Book(one), room_rules(), CLOCK)
    watcher = services.analysis.watcher(video.capture)
    watcher.start()
    video.followers.append(watcher)
    video.start()
    yield watcher
    video.stop()
    watcher.stop()


def test_an_empty_window_before_a_real_camera_becomes_a_card(services: Services, watched: Watcher) -> None:
    analysis = services.analysis
    number = analysis.references.ask(1, OFFICER)
    wait_until(lambda: analysis.references.of(1)[0].state is State.PROPOSED, timeout_s=40, what="a picture of the seat")
    analysis.references.accept(number, INSPECTOR)
    wait_until(lambda: bool(analysis.queries.waiting(OFFICER)), timeout_s=60, what="a signal")

    [found] = analysis.queries.waiting(OFFICER)
    assert (found.kind, found.window, found.org) == (SignalKind.UNATTENDED, "7", "fagai")
    assert analysis.queries.picture(found.id, OFFICER)[1].startswith(b"\xff\xd8")
    analysis.signals.confirm(found.id, OFFICER, "无人")
    with services.database.read() as conn:
        [card] = conn.execute(select(cards.c.origin, cards.c.org, cards.c.disposition)).all()
    assert tuple(card) == ("onsite", "fagai", "to_sign")


def test_a_camera_that_is_killed_is_told_and_told_to_be_back(services: Services, watched: Watcher, rtsp_server: RtspServer,
                                                             restored) -> None:
    server = restored(rtsp_server)
    wait_until(lambda: watched.looks > 1, timeout_s=40, what="looks")
    server.kill9()

    def alarms() -> list[str]:
        with services.database.read() as conn:
            return [alarm.code for alarm in standing_alarms(conn)]
    wait_until(lambda: alarms() == ["camera_offline"], timeout_s=40, what="the alarm")
    server.start()
    wait_until(lambda: alarms() == [], timeout_s=60, what="its end")


def test_rare_key_frames_are_not_waited_for(rtsp_server: RtspServer) -> None:
    """With keys farther apart than is waited for, every picture is decoded: looks come as often as asked."""
    one = camera(f"{rtsp_server.url}/hall")
    video = VideoRoom(Book(one), room_rules(), CLOCK)
    video.start()
    wait_until(lambda: bool(video.cameras), timeout_s=10, what="the camera")
    eye = Eye(0.2, 0.5, 320)
    capture = video.capture(one.id, StreamName.MAIN)
    capture.subscribe(eye)
    seen: list[int] = []

    def look() -> bool:
        if eye.is_due and (found := eye.look()) is not None:
            assert found[0].shape == (180, 320, 3)
            seen.append(found[1])
        return len(seen) >= 8
    try:
        wait_until(look, timeout_s=40, what="eight looks")
    finally:
        capture.unsubscribe(eye)
        video.stop()
    gaps = [(later - earlier) / 1e6 for earlier, later in itertools.pairwise(seen)]
    assert min(gaps) < 0.9
