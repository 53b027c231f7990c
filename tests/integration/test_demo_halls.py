"""The drawn cameras as the demonstration runs them: a process that draws, a real RTSP server, and commands to both."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from core.clock import SystemClock
from core.instants import SECOND_US
from tests.services import free_port, wait_until
from tests.streams import has_packages
from video.scenes.clock_bars import read_bars
from video.scenes.course import Course, Cue
from video.scenes.designs import BY_KEY
from video.scenes.furniture import seat_of
from video.scenes.scene import Scene
from video.vision.seat import ReferenceDetector, Verdict

ROOT = Path(__file__).resolve().parents[2]
KEY = "w03"
DRAWN_S, SOON_S = 60, 15  # the first includes the drawing of a window on a busy machine
pytestmark = pytest.mark.skipif(not has_packages(), reason="no RTSP server installed; run: scripts/setup test")


class Halls:
    """The process, and how its one window is watched."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        command = [sys.executable, "-m", "video.scenes.live", str(folder), str(self.port), KEY]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True)

    def say(self, **told: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"window": KEY, **told}) + "\n")
        self.process.stdin.flush()

    def open(self) -> av.container.InputContainer | None:
        try:
            return av.open(f"rtsp://127.0.0.1:{self.port}/{KEY}/sub", options={"rtsp_transport": "tcp"}, timeout=(4, 2))
        except (av.FFmpegError, OSError):
            return None

    def pictures(self) -> Iterator[np.ndarray]:
        """As they come, from the moment the stream can be opened until it ends."""
        opened: list[av.container.InputContainer | None] = [None]

        def is_open() -> bool:
            opened[0] = self.open()
            return opened[0] is not None
        wait_until(is_open, timeout_s=DRAWN_S, what="the stream")
        assert opened[0] is not None
        with opened[0] as stream:
            for frame in stream.decode(video=0):
                yield frame.to_ndarray(format="bgr24")


@pytest.fixture(scope="module")
def halls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Halls]:
    running = Halls(tmp_path_factory.mktemp("halls"))
    yield running
    running.process.kill()
    running.process.wait(10)


def test_the_window_is_live_obeys_and_ends_with_whoever_began_it(halls: Halls) -> None:
    clock, design = SystemClock(), BY_KEY[KEY]
    pictures = halls.pictures()
    first = next(pictures)
    at = read_bars(first, clock.now_us())
    assert at is not None
    assert 0 <= clock.now_us() - at < 5 * SECOND_US

    # The clerk leaves, and a detector that knows the empty seat sees it.
    away = Course().then(at - 60 * SECOND_US, Cue.LEAVE)
    detector = ReferenceDetector([Scene(design, kept_in=halls.folder).frame(away, at)])
    assert detector.look(first, seat_of(design)).verdict is Verdict.OCCUPIED
    halls.say(cue="leave")
    assert _within(pictures, lambda picture: detector.look(picture, seat_of(design)).verdict is Verdict.EMPTY)

    # The camera is cut off, and comes back where it was.
    halls.say(is_connected=False)
    assert not _within(pictures, lambda _picture: False)
    assert halls.open() is None
    halls.say(is_connected=True)
    again = next(halls.pictures())
    assert detector.look(again, seat_of(design)).verdict is Verdict.EMPTY

    # Whoever began it is gone: nobody is left.
    children = psutil.Process(halls.process.pid).children()
    assert halls.process.stdin is not None
    halls.process.stdin.close()
    halls.process.wait(SOON_S)
    wait_until(lambda: not any(child.is_running() for child in children), timeout_s=SOON_S, what="the server's end")


def _within(pictures: Iterator[np.ndarray], is_so: Callable[[np.ndarray], bool]) -> bool:
    """Whether it becomes so in the next pictures of a stream, at most those of half a minute, before the stream ends."""
    try:
        return any(is_so(picture) for picture in islice(pictures, 450))
    except (av.FFmpegError, OSError):
        return False
