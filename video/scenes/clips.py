"""The drawn cameras as clips, for machines without an RTSP server: a file per window, played again and again.

    python -m video.scenes.clips FOLDER w01 w02 …

A file that is there already was written whole and is left as it is. The end of the standard input ends the process.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from core.instants import SECOND_US
from video.scenes.course import Course, Cue
from video.scenes.designs import BY_KEY, Design
from video.scenes.encoding import write_clip
from video.scenes.live import NICENESS, SUB, SUB_FPS
from video.scenes.scene import Scene

SECONDS = 48
BEGINS_US = 1_800_000_000 * SECOND_US
WITH_ABSENCE = ("w03", "w06", "w08")  # their clerk leaves for a while in every round
LEAVES_S, RETURNS_S = 12, 40


def name_of(design: Design) -> str:
    return f"{design.key}.mp4"


def course_of(design: Design) -> Course:
    """Whole rounds: at its end a clip looks as at its beginning."""
    if design.key not in WITH_ABSENCE:
        return Course()
    return Course(((BEGINS_US + LEAVES_S * SECOND_US, Cue.LEAVE), (BEGINS_US + RETURNS_S * SECOND_US, Cue.COME)))


def write_all(folder: Path, designs: Sequence[Design]) -> None:
    for design in designs:
        path = folder / name_of(design)
        if not path.is_file():
            scene = Scene(design, *SUB, kept_in=folder, loop_from_us=BEGINS_US)
            write_clip(path, scene, course_of(design), BEGINS_US, SECONDS, SUB_FPS)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    write_all(Path(sys.argv[1]), [BY_KEY[key] for key in sys.argv[2:]])
