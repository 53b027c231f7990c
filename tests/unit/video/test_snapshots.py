"""One picture of a real RTSP server, or the reason there is none; who looked burnt into it, masks filled."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from PIL import Image

from core.access import Actor, Role
from core.child import ChildLimits, Children
from core.clock import SystemClock
from core.errors import UpstreamError
from tests.streams import Clip, RtspServer
from video.addresses import AddressRules, networks_of
from video.cameras import Camera, SourceKind, StreamName
from video.registration import Stored
from video.snapshots import Picture, Snapshots
from video.watermark import burnt, words_for

RTSP = SourceKind.RTSP


@pytest.fixture(scope="module")
def snapshots(clip_dir: Path) -> Snapshots:
    rules = AddressRules(networks_of(["127.0.0.0/8"]), clip_dir)
    return Snapshots(Children(ChildLimits(seconds=10)), rules, SystemClock())


def camera(main: str, kind: SourceKind = RTSP) -> Camera:
    return Camera(id=7, code="hall-1", name="1号窗口", area="360500", hall="大厅", kind=kind, main=main)


def test_a_stream_is_tried_before_it_is_saved(snapshots: Snapshots, rtsp_server: RtspServer, rtsp_clip: Clip):
    address = rtsp_server.address("/hall")
    tested = snapshots.test(RTSP, Stored(address, rtsp_server.address("/nothing")))
    main, sub = tested[StreamName.MAIN], tested[StreamName.SUB]
    assert (main.codec, main.width, main.height, main.is_plain) == ("h264", rtsp_clip.width, rtsp_clip.height, True)
    assert main.picture is not None
    assert Image.open(io.BytesIO(main.picture.jpeg)).size == (rtsp_clip.width, rtsp_clip.height)
    assert (sub.picture, sub.code) == (None, "camera_path_unknown")


def test_a_film_is_tried_the_same_way(snapshots: Snapshots, rtsp_clip: Clip):
    assert snapshots.take(camera(rtsp_clip.movie.name, SourceKind.FILE)).jpeg[:2] == b"\xff\xd8"


@pytest.mark.parametrize(("address", "code"), [
    ("rtsp://8.8.8.8/x", "camera_network_refused"), ("", "camera_address_unreadable"),
    ("rtsp://127.0.0.1:1/x", "camera_unreachable")])
def test_no_picture_has_a_reason(snapshots: Snapshots, address: str, code: str):
    with pytest.raises(UpstreamError) as refused:
        snapshots.take(camera(address))
    assert refused.value.code == code


def test_what_is_no_camera_is_a_reason_too(clip_dir: Path):
    quick = Snapshots(Children(ChildLimits(seconds=5)), AddressRules(networks_of(["127.0.0.0/8"]), clip_dir), SystemClock())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert quick.test(RTSP, Stored(f"rtsp://u:geheim@127.0.0.1:{silent.getsockname()[1]}/x", ""))[
            StreamName.MAIN].code == "camera_timeout"


def test_what_this_process_reads_anyway_is_not_opened_again(clip_dir: Path):
    class Reader:
        def picture(self, camera_id: int, stream: StreamName) -> Picture | None:
            return Picture(b"jpeg", 5) if (camera_id, stream) == (7, StreamName.SUB) else None

    read = Snapshots(Children(), AddressRules(), SystemClock(), Reader)
    assert read.take(camera("rtsp://127.0.0.1:1/x")) == Picture(b"jpeg", 5)


def plain(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 90)).save(out, "JPEG")
    return out.getvalue()


def test_every_picture_says_who_looked_and_masks_are_filled():
    words = words_for(Actor("li", frozenset({Role.INSPECTOR}), display_name="李敏"), 1_773_625_800_000_000)
    assert words == "李敏 li 2026-03-16 09:50:00"
    marked = Image.open(io.BytesIO(burnt(plain(640, 360), words, (((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)),))))
    assert marked.size == (640, 360)
    covered = sorted(marked.crop((4, 4, 300, 160)).convert("L").get_flattened_data())
    assert covered[len(covered) // 2] < 40
    open_side = set(marked.crop((330, 10, 630, 330)).convert("L").get_flattened_data())
    assert max(open_side) - min(open_side) > 20


@pytest.mark.parametrize("jpeg", [b"", b"\xff\xd8\xff", b"GIF89a" + b"x" * 40, plain(8, 8)[:60]])
def test_what_is_no_picture_is_refused(jpeg: bytes):
    with pytest.raises(UpstreamError):
        burnt(jpeg, "x")
