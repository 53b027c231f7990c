"""kill -9 in the middle of writing: a segment keeps its whole beginning, a clip is whole or not there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.access import Actor
from core.files import sha256_of
from core.instants import SECOND_US
from papers.keys import KeyRing
from tests.footage import NOON, camera, ground, numbers_in, register, sent
from video.cameras import StreamName
from video.evidence import ClipMaker, ClipRules, ClipService, Installation
from video.footage.manifest import Finding, check, package
from video.footage.models import video_clips, video_gaps, video_segments
from video.recorder import Recorder, RecorderRules
from video.segments import SegmentStore

REPOSITORY = Path(__file__).resolve().parents[2]
CAM = camera()
RULES = ClipRules(3.0, 6.0, 20.0)
STEPS = ("before snapshot.jpg", "before manifest.json", "before manifest.sig", "before the name", "after the name",
         "before the row")


def child(*arguments: Any) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "tests.integration.video_child", *map(str, arguments)], cwd=REPOSITORY,
                            stdout=subprocess.PIPE, text=True)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


@pytest.fixture
def units(tmp_path: Path, fresh_database_url: str):
    made = ground(fresh_database_url)
    register(made, CAM)
    yield made
    made.database.dispose()


def test_a_recorder_that_is_killed_leaves_what_is_whole(tmp_path: Path):
    units = ground(f"sqlite:///{tmp_path / 'x.db'}")
    register(units, CAM)
    process = child("record", tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "recording\n"
    folder = tmp_path / "recordings"
    while len(list(folder.glob("cam-1/*/*.mp4"))) < 3:
        assert process.poll() is None
    kill(process)

    store = SegmentStore(units, folder, "w1", units.clock)
    mended = store.mend(CAM)

    with units.database.read() as conn:
        rows = conn.execute(select(video_segments).order_by(video_segments.c.begin_at)).all()
        gaps = conn.execute(select(video_gaps)).all()
    assert len(mended.recovered) + len(mended.lost) == 1
    assert {row.state for row in rows} <= {"closed", "damaged"}
    shown = [number for row in rows if row.state == "closed" for _, number in numbers_in(folder / row.file)]
    assert shown == list(range(len(shown)))  # nothing of what was kept is missing in the middle
    assert all(row.sha256 == sha256_of(folder / row.file) for row in rows if row.state == "closed")
    assert not mended.recovered or [gap.reason for gap in gaps if gap.end_at is None] == ['{"code":"crashed"}']
    recorder = Recorder(CAM, StreamName.MAIN, store, RecorderRules(segment_s=20.0))
    recorder.start()
    for packet in sent(2.0, begin_us=NOON + 3600 * SECOND_US, serial=9):
        recorder.take(packet)
    assert recorder.stop()
    with units.database.read() as conn:
        assert conn.execute(select(video_gaps.c.end_at).where(video_gaps.c.reason.contains("crashed"))).scalars().all() == [
            NOON + 3600 * SECOND_US] * bool(mended.recovered)
    units.database.dispose()


@pytest.mark.parametrize("step", STEPS)
def test_a_clip_whose_maker_is_killed_is_made_whole_by_the_next(tmp_path: Path, step: str):
    units = ground(f"sqlite:///{tmp_path / 'x.db'}", NOON + 60 * SECOND_US)
    register(units, CAM)
    store = SegmentStore(units, tmp_path / "recordings", "w1", units.clock)
    recorder = Recorder(CAM, StreamName.MAIN, store, RecorderRules(segment_s=10.0))
    recorder.start()
    for packet in sent(30.0):
        recorder.take(packet)
    assert recorder.stop()
    with units() as uow:
        number = ClipService(RULES, units.clock).ask(uow, CAM.id, NOON + 15 * SECOND_US, Actor("bob", frozenset()))
    process = child("make", tmp_path, step)
    assert process.stdout is not None
    assert process.stdout.readline() == "standing\n"
    kill(process)

    keys = KeyRing(tmp_path / "keys", "x")
    maker = ClipMaker(units, Installation(store.folder, tmp_path / "evidence", keys, "x"), RULES, units.clock)
    assert maker.folder_of(number).exists() == (step in ("after the name", "before the row"))
    with units.database.read() as conn:
        assert conn.execute(select(video_clips.c.state)).scalar() == "pending"
    assert maker.make_due() == 1

    assert [path.name for path in (tmp_path / "evidence").iterdir()] == [str(number)]
    zipped = tmp_path / "x.zip"
    zipped.write_bytes(package(maker.folder_of(number), keys, "").getvalue())
    assert check(zipped, keys).finding is Finding.GENUINE
    assert [shown for _, shown in numbers_in(maker.folder_of(number) / "clip.mp4")] == list(range(120, 211))
    units.database.dispose()


def test_segments_gaps_and_clips_are_kept_alike_by_both_databases(tmp_path: Path, units: Any):
    store = SegmentStore(units, tmp_path / "recordings", "w1", units.clock)
    recorder = Recorder(CAM, StreamName.MAIN, store, RecorderRules(segment_s=10.0))
    recorder.start()
    for packet in sent(30.0):
        recorder.take(packet)
    assert recorder.stop()
    service = ClipService(RULES, units.clock)
    with units() as uow:
        number = service.ask(uow, CAM.id, NOON + 15 * SECOND_US, Actor("bob", frozenset()), card_id=7)
        assert service.ask(uow, CAM.id, NOON + 15 * SECOND_US, Actor("bob", frozenset()), card_id=7) == number
    units.clock._now_us = NOON + 60 * SECOND_US
    where = Installation(store.folder, tmp_path / "evidence", KeyRing(tmp_path / "keys", "x"), "x")
    assert ClipMaker(units, where, RULES, units.clock).make_due() == 1
    assert not store.mend(CAM)
    with units.database.read() as conn:
        row = conn.execute(select(video_clips)).one()
        assert (row.state, len(row.sha256), row.card_id) == ("ready", 64, 7)
        assert [one.state for one in conn.execute(select(video_segments))] == ["closed"] * 3
        assert [one.end_at for one in conn.execute(select(video_gaps))] == [None]
