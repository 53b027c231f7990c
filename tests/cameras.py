"""Short ways to captures and what they saw, for the tests of the hall video."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.clock import SystemClock
from tests.services import wait_until
from video.addresses import networks_of
from video.cameras import Camera, CameraState, SourceKind, StreamName
from video.capture import Capture, CaptureRules
from video.packets import MediaPacket
from video.sources import SourceRules

CLOCK = SystemClock()
LOOPBACK = networks_of(["127.0.0.0/8"])


def camera(main: str, *, kind: SourceKind = SourceKind.RTSP, code: str = "hall-1", **given: Any) -> Camera:
    return Camera(**{"id": 1, "code": code, "name": "一号窗口", "area": "360500", "hall": "市民中心", "kind": kind,
                     "main": main, **given})


def source_rules(file_dir: Path | None = None, **given: Any) -> SourceRules:
    return SourceRules(**{"networks": LOOPBACK, "file_dir": file_dir, "open_timeout_s": 4.0, "read_timeout_s": 4.0, "tls": None,
                          "now_us": CLOCK.now_us, **given})


def capture_rules(source: SourceRules | None = None, **given: Any) -> CaptureRules:
    """As the shipped settings, but for what `given` says."""
    return CaptureRules(**{"source": source or source_rules(), "stalled_after_s": 2.5, "restart_after_s": 4.0, "retry_s": 1.0,
                           "refused_retry_s": 60.0, "ring_s": 10.0, "ring_bytes": 32 << 20, "max_pixels": 4096 * 2304,
                           "max_picture_bytes": 16 << 20, **given})


class Seen:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.packets: list[MediaPacket] = []
        self.losses: list[int] = []
        self._changed = threading.Condition()

    def take(self, packet: MediaPacket) -> None:
        with self._changed:
            self.packets.append(packet)
            self._changed.notify_all()

    def lost(self, at_us: int) -> None:
        with self._changed:
            self.losses.append(at_us)
            self._changed.notify_all()

    def until(self, count: int, timeout_s: float = 10.0) -> list[MediaPacket]:
        """The packets, when there are so many."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.packets) >= count, timeout_s)
            assert came, f"{len(self.packets)} of {count} packets"
            return list(self.packets)


@contextmanager
def following(one: Camera, rules: CaptureRules | None = None, *, watched: bool = True,
              now_us: Callable[[], int] = CLOCK.now_us) -> Iterator[tuple[Capture, Seen]]:
    """A started capture with a listener, and the watch over it."""
    capture, seen, ended = Capture(one, StreamName.MAIN, rules or capture_rules(), now_us), Seen(), threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            capture.watch()

    watcher = threading.Thread(target=watch, name="test-watch", daemon=True)
    capture.subscribe(seen)
    capture.start()
    if watched:
        watcher.start()
    try:
        yield capture, seen
    finally:
        ended.set()
        capture.stop()
        if watched:
            watcher.join()


def until_state(capture: Capture, state: CameraState, timeout_s: float = 10.0) -> None:
    wait_until(lambda: capture.state is state, timeout_s=timeout_s, what=f"{capture.camera.code} to be {state.value}")


def until_code(capture: Capture, code: str, timeout_s: float = 10.0) -> dict[str, Any]:
    """The reason, when it is this one."""
    wait_until(lambda: _code(capture) == code, timeout_s=timeout_s, what=f"the reason {code}")
    reason = capture.standing.reason
    assert reason is not None
    return reason


def _code(capture: Capture) -> str:
    return (capture.standing.reason or {}).get("code", "")
