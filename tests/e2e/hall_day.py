"""A morning of hall windows in an installation under test: cameras registered, their recordings on the disk.

The clock of the machine is taken to be the business clock, so that the morning lies where the tests look for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from time import sleep
from typing import Any

import av
from sqlalchemy import insert, select

from core.instants import SECOND_US
from tests.e2e.centre import CommandCentre
from tests.footage import camera, register
from video.cameras import Camera, StreamName
from video.footage.models import video_segments
from video.packets import MediaPacket, Track
from video.recorder import Recorder, RecorderRules
from video.segments import SegmentStore

MINUTE_US = 60 * SECOND_US
QUIET_BYTES = 4 << 20  # no camera sends faster than the disk takes it
KEPT = {"recording__keep_days": 9_000, "recording__evidence_keep_days": 9_000, "recording__samplings_per_day": 0,
        "vision__enabled": False, "video__enabled": False}


def settings_of(folder: Path) -> dict[str, Any]:
    """What an installation under test needs: its own folders, and nothing that is forgotten meanwhile."""
    return {"recording__dir": str(folder / "recordings"), "recording__evidence_dir": str(folder / "evidence"), **KEPT}


def windows(centre: CommandCentre, *names: str) -> list[Camera]:
    """Cameras at windows A01, A02 … of one hall."""
    made = [camera(number, name=name) for number, name in enumerate(names, 1)]
    for one in made:
        register(centre.services.uow, one)
    return made


def record(centre: CommandCentre, one: Camera, packets: Iterable[MediaPacket]) -> SegmentStore:
    """What that camera sent, through the recorder itself."""
    footage = centre.services.footage
    store = SegmentStore(centre.services.uow, footage.settings.dir, "test", centre.clock)
    recorder = Recorder(one, StreamName.MAIN, store, RecorderRules(60.0))
    recorder.start()
    for packet in packets:
        while recorder.waits_bytes > QUIET_BYTES:
            sleep(0.01)
        recorder.take(packet)
    assert recorder.stop(60)
    return store


def repeat(centre: CommandCentre, one: Camera, begins_us: Iterable[int]) -> None:
    """The camera's first segment again at these instants: hours of recording in no time."""
    folder, c = centre.services.footage.settings.dir, video_segments.c
    with centre.services.uow() as uow:
        first = uow.conn.execute(select(video_segments).where(c.camera_id == one.id).order_by(c.begin_at)).first()
        assert first is not None
        for begin in begins_us:
            file = f"{Path(first.file).parent}/main-{begin}.mp4"
            os.link(folder / first.file, folder / file)
            end = begin + first.end_at - first.begin_at
            uow.conn.execute(insert(video_segments).values(
                **{**first._mapping, "id": None, "file": file, "begin_at": begin, "end_at": end, "begin_business_at": begin,
                   "end_business_at": end}))


def film(path: Path, begin_us: int, seconds: float) -> Iterable[MediaPacket]:
    """The packets of a file, again and again, as a camera that began then would have sent them."""
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        base = stream.time_base
        track = Track(stream.codec_context.name, stream.width, stream.height, base,
                      bytes(stream.codec_context.extradata or b""), 1)
        pieces = [(bytes(one), one.pts, one.dts, one.is_keyframe) for one in source.demux(stream)
                  if one.dts is not None and one.size]
    length = pieces[-1][2] + pieces[1][2] - 2 * pieces[0][2]
    turn = 0
    while True:
        for data, pts, dts, is_key in pieces:
            at = begin_us + int((dts - pieces[0][2] + turn * length) * base * SECOND_US)
            if at > begin_us + seconds * SECOND_US:
                return
            yield MediaPacket(track, data, pts + turn * length, dts + turn * length, is_key, at)
        turn += 1
