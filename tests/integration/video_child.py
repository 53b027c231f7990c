"""Processes that record or make a clip until they are killed (tests/integration/test_video_kill.py)."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import video.evidence as evidence
from papers.keys import KeyRing
from tests.footage import NOON, camera, ground, sent
from video.cameras import StreamName
from video.evidence import ClipMaker, ClipRules, Installation
from video.recorder import Recorder, RecorderRules
from video.segments import SegmentStore


def record(folder: Path) -> None:
    """As fast as the disk takes it, for ever; says when something is on the disk."""
    units = ground(f"sqlite:///{folder / 'x.db'}")
    recorder = Recorder(camera(), StreamName.MAIN, SegmentStore(units, folder / "recordings", "child", units.clock),
                        RecorderRules(segment_s=20.0))
    recorder.start()
    packets, turn = list(sent(200.0)), 0
    print("recording", flush=True)
    while True:
        for packet in packets:
            recorder.take(replace(packet, dts=packet.dts + turn * 18_000_000, pts=packet.pts + turn * 18_000_000,
                                  arrived_us=packet.arrived_us + turn * 200_000_000))
            time.sleep(0.001)
        turn += 1


def make(folder: Path, stop_at: str) -> None:
    """Make what is due, and stand still at the step of that name."""
    units = ground(f"sqlite:///{folder / 'x.db'}", NOON + 60_000_000)
    where = Installation(folder / "recordings", folder / "evidence", KeyRing(folder / "keys", "x"), "x")
    maker = ClipMaker(units, where, ClipRules(3.0, 6.0, 20.0), units.clock)

    def stand(step: str) -> None:
        if step == stop_at:
            print("standing", flush=True)
            time.sleep(600)

    write, rename, ready = evidence._write, Path.rename, maker._ready

    def writing(path: Path, content: bytes) -> None:
        stand(f"before {path.name}")
        write(path, content)

    def renaming(path: Path, target: Path) -> Path:
        stand("before the name")
        made = rename(path, target)
        stand("after the name")
        return made

    evidence._write = writing
    Path.rename = renaming  # type: ignore[method-assign, assignment]
    maker._ready = lambda row: (stand("before the row"), ready(row))[1]  # type: ignore[method-assign]
    maker.make_due()


if __name__ == "__main__":
    {"record": record, "make": make}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
