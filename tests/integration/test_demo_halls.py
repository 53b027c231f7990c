"""The drawn cameras as the demonstration runs them: a process that draws, a real RTSP server, and commands to both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import av
import numpy as np
import psutil
import pytest

from core.clock import SystemClock
from core.instants import SECOND_US
from tests.halls import Halls
from tests.services import wait_until
from tests.streams import has_packages
from video.scenes.clock_bars import read_bars
from video.scenes.course import Course, Cue
from video.scenes.designs import BY_KEY
from video.scenes.furniture import seat_of
from video.scenes.scene import Scene
from video.vision.seat import ReferenceDetector, Verdict

KEY = "w03"
SOON_S = 15
pytestmark = pytest.mark.skipif(not has_packages(), reason="no RTSP server installed; run: scripts/setup test")


@pytest.fixture(scope="module")
def halls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Halls]:
    running = Halls(tmp_path_factory.mktemp("halls"), KEY)
    yield running
    running.kill()


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
