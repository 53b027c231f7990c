"""A real camera (RTSP) is recorded through the video process's own capture; a clip of it shows the true time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest
from sqlalchemy import select

from core.access import Actor
from core.clock import SystemClock
from core.doorbell import InProcessDoorbell
from core.instants import SECOND_US
from core.unit_of_work import UnitOfWorkFactory
from papers.keys import KeyRing
from tests.cameras import capture_rules
from tests.footage import camera, ground, register
from tests.services import wait_until
from tests.streams import Clip, RtspServer, read_bars
from video.cameras import Camera, SourceKind, StreamName
from video.capture import Capture
from video.evidence import ClipMaker, ClipRules, ClipService, Installation
from video.footage.models import video_clips, video_gaps, video_segments
from video.recorder import RecorderRules
from video.recordings import Recordings
from video.segments import SegmentStore

RULES = ClipRules(before_s=2.0, after_s=1.0, wait_s=20.0)


def until(is_true: Callable[[], bool], seconds: float) -> None:
    wait_until(is_true, timeout_s=seconds, what="the recording")


@dataclass
class Room:
    """Of the video room, what a recording needs: one capture."""

    one: Capture

    def capture(self, _camera_id: int, _stream: StreamName) -> Capture:
        return self.one

    def reads(self, capture: Capture) -> bool:
        return capture is self.one


@dataclass
class Desk:
    units: UnitOfWorkFactory
    folder: Path
    camera: Camera
    capture: Capture
    keys: KeyRing

    def recordings(self, mode: str) -> Recordings:
        store = SegmentStore(self.units, self.folder / "recordings", "w", SystemClock())
        made = Recordings(Room(self.capture), store, RecorderRules(segment_s=2.0, retry_s=0.1), mode, self.units.database,
                          SystemClock())
        made.start()
        made.cameras_changed([self.camera])
        return made

    def maker(self) -> ClipMaker:
        return ClipMaker(self.units, Installation(self.folder / "recordings", self.folder / "evidence", self.keys, "x"), RULES)

    def ask(self, at_us: int) -> int:
        with self.units() as uow:
            return ClipService(RULES).ask(uow, self.camera.id, at_us, Actor("bob", frozenset()))

    def rows(self, table: Any) -> list[Any]:
        with self.units.database.read() as conn:
            return list(conn.execute(select(table)))


@pytest.fixture
def desk(tmp_path: Path, rtsp_server: RtspServer) -> Iterator[Desk]:
    units = UnitOfWorkFactory(ground(f"sqlite:///{tmp_path / 'x.db'}").database, SystemClock(), InProcessDoorbell())
    one = camera(kind=SourceKind.RTSP, main=rtsp_server.address("/hall"))
    register(units, one)
    capture = Capture(one, StreamName.MAIN, capture_rules(), SystemClock().now_us)
    capture.start()
    until(lambda: capture.state.value == "live", 15)
    yield Desk(units, tmp_path, one, capture, KeyRing(tmp_path / "keys", "x"))
    capture.stop()
    units.database.dispose()


def errors_of(clip: Clip, path: Path, begin_us: int) -> list[float]:
    """By how many seconds each picture of a clip differs from the time at which it is shown (modulo the clip's length)."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            shown = read_bars(frame.to_ndarray(format="gray")) / clip.fps
            true = (begin_us / 1e6 + float(frame.time)) % clip.seconds
            found.append((true - shown + clip.seconds / 2) % clip.seconds - clip.seconds / 2)
    return found


def test_a_clip_of_a_real_camera_shows_the_true_time(desk: Desk, rtsp_clip: Clip):
    recordings = desk.recordings("always")
    until(lambda: len(desk.rows(video_segments)) >= 3, 20)
    at = SystemClock().now_us()
    number, maker = desk.ask(at), desk.maker()
    until(lambda: maker.make_due() == 1, 30)
    recordings.stop()

    row = desk.rows(video_clips)[0]
    assert row.state == "ready"
    assert row.begin_at <= at - 2 * SECOND_US
    assert row.end_at >= at + SECOND_US - 150_000
    errors = errors_of(rtsp_clip, maker.folder_of(number) / "clip.mp4", row.begin_at)
    assert max(map(abs, errors)) < 1.0
    assert (row.end_at - row.begin_at) / SECOND_US == pytest.approx(len(errors) / rtsp_clip.fps, abs=0.2)
    assert {one.state for one in desk.rows(video_segments)} == {"closed"}


def test_where_only_evidence_is_kept_the_clip_reaches_back_into_the_ring(desk: Desk, rtsp_clip: Clip):
    until(lambda: bool(desk.capture.past(0, SystemClock().now_us() - 3 * SECOND_US)), 15)
    recordings = desk.recordings("evidence")
    assert recordings.recorded == []
    at = SystemClock().now_us()
    number, maker = desk.ask(at), desk.maker()
    until(lambda: recordings.recorded == ["cam-1"], 10)
    until(lambda: maker.make_due() == 1, 30)
    until(lambda: recordings.recorded == [], 15)
    recordings.stop()

    row = desk.rows(video_clips)[0]
    assert (row.state, row.reason) == ("ready", "")
    assert row.begin_at <= at - 2 * SECOND_US + 150_000
    errors = errors_of(rtsp_clip, maker.folder_of(number) / "clip.mp4", row.begin_at)
    assert max(map(abs, errors)) < 1.0


def test_a_camera_that_is_cut_off_leaves_a_gap_and_is_recorded_again(desk: Desk, rtsp_server: RtspServer):
    recordings = desk.recordings("always")
    until(lambda: len(desk.rows(video_segments)) >= 1, 20)
    rtsp_server.kill9()
    until(lambda: any(gap.end_at is None for gap in desk.rows(video_gaps)), 20)
    rtsp_server.start()
    until(lambda: all(gap.end_at is not None for gap in desk.rows(video_gaps)), 30)
    recordings.stop()

    lost = [gap for gap in desk.rows(video_gaps) if "connection_lost" in gap.reason]
    assert len(lost) == 1
    assert 0 < lost[0].end_at - lost[0].begin_at < 30 * SECOND_US
