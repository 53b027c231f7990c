"""Live pictures over WebSocket from a real RTSP server: what comes over the wire is a film that decodes, for everybody."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.clock import FrozenClock
from tests.cameras import CLOCK, camera
from tests.services import wait_until
from tests.streams import Clip, RtspServer, age_s, make_clip, read_bars
from tests.viewing import SECRET, TICKETS, Book, Viewing, Watching, room_rules, viewing
from video.cameras import CameraState, StreamName
from video.live import LiveRules, LiveServer
from video.room import VideoRoom
from video.tickets import Tickets

MASK = (((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)),)


@pytest.fixture
def hall(rtsp_server: RtspServer) -> Iterator[Viewing]:
    with viewing(camera(rtsp_server.address("/hall"))) as up:
        yield up


def test_a_film_comes_over_the_wire(hall: Viewing, rtsp_clip: Clip) -> None:
    with Watching(hall.address("hall-1")) as viewer:
        viewer.until_pictures(40)
        hello, track, age = viewer.until("hello"), viewer.until("track"), viewer.until("age")
        frames = viewer.frames()
    assert (hello["camera"], hello["stream"]) == ("hall-1", "main")
    assert (track["width"], track["height"], track["transcoded"], track["masked"]) == (640, 360, False, False)
    assert track["mime"].startswith('video/mp4; codecs="avc1.')
    assert viewer.binaries[0][4:8] == b"ftyp"
    assert age["age_ms"] < 1_000
    assert frames[0].time == 0
    numbers = [read_bars(frame.to_ndarray(format="gray")) for frame in frames]
    assert all((later - earlier) % rtsp_clip.count == 1 for earlier, later in pairwise(numbers))


def test_a_second_viewer_begins_with_the_present_picture(hall: Viewing, rtsp_clip: Clip) -> None:
    with Watching(hall.address("hall-1")) as first:
        first.until_pictures(20)
        with Watching(hall.address("hall-1")) as second:
            second.until_pictures(2)
            now = time.time()
            group = second.frames()
            assert age_s(rtsp_clip, read_bars(group[-1].to_ndarray(format="gray")), now) < 0.5
            assert group[-1].time < 0.05  # a whole group of pictures, squeezed
        assert hall.room.counts()["captures"] == 1


def test_ten_viewers_share_one_reading(hall: Viewing) -> None:
    viewers = [Watching(hall.address("hall-1")) for _ in range(10)]
    for viewer in viewers:
        viewer.until_pictures(15)
    assert hall.room.counts()["captures"] == 1
    capture = hall.room.capture(1, StreamName.MAIN)
    assert len(capture._listeners) == 1
    for viewer in viewers:
        viewer.close()
    wait_until(lambda: not capture.has_listeners, timeout_s=3, what="the last listener to leave")


def test_a_viewer_that_does_not_read_is_skipped_and_hurts_nobody(rtsp_server: RtspServer, clip_dir: Path) -> None:
    big = make_clip(clip_dir, codec="h264", width=1280, height=720, fps=25, seconds=2)
    address = rtsp_server.serve("/big", big)
    with viewing(camera(address), queue_bytes=50_000) as up, Watching(up.address("hall-1")) as quick:
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", up.live.port))
        path = up.address("hall-1").partition(str(up.live.port))[2]
        slow.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
                     "\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode())
        wait_until(lambda: any(viewer.skipped > 25 for viewer, _ in list(up.live._viewers.values())), timeout_s=20,
                   what="skipping")
        stuck = next(viewer for viewer, _ in up.live._viewers.values() if viewer.skipped)
        assert stuck.socket.waiting_bytes < 50_000 + 400_000  # the bound and one group at the most
        count = len(quick.binaries)
        quick.until_pictures(count + 25, timeout_s=3)
        assert quick.until("age")["skipped"] == 0
        slow.close()


def test_state_is_told_when_the_camera_goes_and_comes(hall: Viewing, rtsp_server: RtspServer) -> None:
    with Watching(hall.address("hall-1")) as viewer:
        viewer.until_pictures(5)
        rtsp_server.kill9()
        wait_until(lambda: any(message["state"] == "offline" for message in viewer.of("state")), timeout_s=5, what="offline")
        assert viewer.of("state")[-1]["reason"]["code"].startswith("camera_")
        rtsp_server.start()
        viewer.until("track", count=2)
        viewer.until_pictures(len(viewer.binaries) + 2)
        assert [data[4:8] for data in viewer.binaries].count(b"ftyp") == 2


@pytest.mark.parametrize("codec", ["hevc", "mjpeg"])
def test_what_no_browser_plays_is_transcoded_once(rtsp_server: RtspServer, clip_dir: Path, codec: str) -> None:
    clip = make_clip(clip_dir, codec=codec)
    with viewing(camera(rtsp_server.serve(f"/{codec}", clip))) as up, Watching(up.address("hall-1")) as viewer, \
            Watching(up.address("hall-1")) as other:
        viewer.until_pictures(20)
        other.until_pictures(20)
        assert viewer.until("track")["transcoded"]
        assert up.room.counts()["transcoders"] == 1
        frames = viewer.frames()
        numbers = [read_bars(frame.to_ndarray(format="gray")) for frame in frames[-10:]]
    assert all((later - earlier) % clip.count in (1, 2) for earlier, later in pairwise(numbers))
    wait_until(lambda: up.room.counts()["transcoders"] == 0, timeout_s=3, what="the transcoder to end")


def test_masks_are_burnt_in_unless_the_ticket_allows_more(rtsp_server: RtspServer) -> None:
    with viewing(camera(rtsp_server.address("/hall"), masks=MASK)) as up:
        with Watching(up.address("hall-1")) as viewer:
            viewer.until_pictures(10)
            assert (viewer.until("track")["masked"], viewer.until("track")["transcoded"]) == (True, True)
            for frame in viewer.frames():
                hidden = frame.to_ndarray(format="gray")[:, 330:]
                assert np.ptp(hidden) < 12  # nothing of the picture
                assert np.ptp(frame.to_ndarray(format="gray")[:, :300]) > 60
        with Watching(up.address("hall-1", unmasked=True)) as viewer:
            viewer.until_pictures(5)
            assert not viewer.until("track")["masked"]


def test_faces_without_a_detector_make_the_whole_picture_coarse(rtsp_server: RtspServer) -> None:
    with viewing(camera(rtsp_server.address("/hall"), blur_faces=True)) as up, Watching(up.address("hall-1")) as viewer:
        viewer.until_pictures(5)
        grey = viewer.frames()[0].to_ndarray(format="gray").astype(int)
        assert np.mean(np.abs(np.diff(grey, axis=1))) < 4


def test_drawing_a_mask_ends_the_views_without_it(hall: Viewing) -> None:
    with Watching(hall.address("hall-1")) as viewer:
        viewer.until_pictures(3)
        old = hall.book.cameras[0]
        hall.book.cameras = [camera(old.main, masks=MASK, rev=2)]
        hall.room.reload()
        assert viewer.until("end", timeout_s=5)["code"] == "video_stopping"
    with Watching(hall.address("hall-1")) as viewer:
        viewer.until_pictures(3)
        assert viewer.until("track")["masked"]


@pytest.mark.parametrize(("ticket", "path", "code", "status"), [
    ("garbage", "hall-1", "video_ticket_invalid", 4401), ("a.b", "hall-1", "video_ticket_invalid", 4401),
    (None, "hall-9", "camera_unknown", 4404), ("other", "hall-1", "video_ticket_other_camera", 4403)])
def test_refusals_are_told(hall: Viewing, ticket: str | None, path: str, code: str, status: int) -> None:
    given = hall.tickets.issue(["hall-7"], "li", "wall", unmasked=False)[0] if ticket == "other" else ticket
    with Watching(hall.address(path, ticket=given)) as viewer:
        assert viewer.until("end")["code"] == code
        wait_until(lambda: viewer.close_code is not None, timeout_s=3, what="the close")
        assert viewer.close_code == status
        assert viewer.binaries == []


def test_no_more_viewers_than_allowed(rtsp_server: RtspServer) -> None:
    with viewing(camera(rtsp_server.address("/hall")), viewers_max=1) as up, Watching(up.address("hall-1")) as first:
        first.until("hello")
        with Watching(up.address("hall-1")) as second:
            assert second.until("end")["details"]["retry_after"] == 10
        first.until_pictures(3)


def test_a_view_ends_with_its_ticket_unless_renewed(rtsp_server: RtspServer) -> None:
    soon = Tickets(SECRET, FrozenClock(CLOCK.now()), 0)
    soon._lasts_ms = 1_500
    with viewing(camera(rtsp_server.address("/hall")), tickets=soon) as up, Watching(up.address("hall-1")) as ends, \
            Watching(up.address("hall-1")) as goes_on:
        ends.until("hello")
        goes_on.until("hello")
        longer = Tickets(SECRET, CLOCK, 15)
        goes_on.send(type="renew", ticket=longer.issue(["hall-1"], "zhang", "patrol", unmasked=False)[0])
        assert ends.until("end", timeout_s=5)["code"] == "video_ticket_expired"
        count = len(goes_on.binaries)
        goes_on.until_pictures(count + 5)
        assert goes_on.of("end") == []


def test_health_and_nothing_else_over_http(hall: Viewing) -> None:
    base = f"http://127.0.0.1:{hall.live.port}"
    with urllib.request.urlopen(f"{base}/healthz") as answer:
        assert b'"viewers":0' in answer.read()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{base}/live/hall-1/main")


def test_streams_nobody_needs_are_let_go_and_those_under_watch_are_not(rtsp_server: RtspServer) -> None:
    one, two = camera(rtsp_server.address("/hall"), sub=rtsp_server.address("/hall")), camera("rtsp://127.0.0.1:1/", id=2,
                                                                                             code="hall-2")
    with viewing(one, two, rules=room_rules(watch=True, idle_s=0.2)) as up:
        wait_until(lambda: up.room.standings()[1].state is CameraState.LIVE, timeout_s=5, what="the watch")
        assert up.room.standings()[2].reason == {"code": "camera_unreachable", "host": "127.0.0.1", "port": 1}
        main = up.room.capture(1, StreamName.MAIN)
        wait_until(lambda: not up.room.reads(main), timeout_s=5, what="the main stream to be let go")
        assert up.room.capture(1, StreamName.SUB).state is CameraState.LIVE
        assert up.room.picture(1, StreamName.SUB) is not None
        up.book.cameras = []
        up.room.reload()
        wait_until(lambda: up.room.counts()["captures"] == 0, timeout_s=5, what="the captures to end")
    assert isinstance(up.book, Book)


def test_a_port_that_is_taken_is_told_and_nothing_is_left_running() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        rules = LiveRules("127.0.0.1", holder.getsockname()[1], 1, 1)
        live = LiveServer(VideoRoom(Book(), room_rules(), CLOCK), TICKETS, rules, CLOCK)
        with pytest.raises(OSError, match="in use"):
            live.start()
    assert not [thread for thread in threading.enumerate() if thread.name == "video-live"]


def test_it_can_be_started_by_whoever_runs_an_event_loop_already(rtsp_server: RtspServer) -> None:
    async def started() -> bool:
        with viewing(camera(rtsp_server.address("/hall"))) as up:
            return up.live.port > 0

    with ThreadPoolExecutor(1) as beside:
        assert beside.submit(asyncio.run, started()).result()
