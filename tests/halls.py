"""The process of the drawn cameras (video/scenes/live.py) for tests, with one window."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from tests.services import free_port, wait_until

ROOT = Path(__file__).resolve().parents[1]
DRAWN_S = 90  # includes the drawing of a window on a busy machine


class Halls:
    """The process, and how its one window is watched."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key, self.port = folder, key, free_port()
        command = [sys.executable, "-m", "video.scenes.live", str(folder), str(self.port), key]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True)

    def say(self, **told: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"window": self.key, **told}) + "\n")
        self.process.stdin.flush()

    @property
    def address(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{self.key}/sub"

    def open(self) -> av.container.InputContainer | None:
        try:
            return av.open(self.address, options={"rtsp_transport": "tcp"}, timeout=(4, 2))
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

    def kill(self) -> None:
        """And with it, within a second, its server."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.kill()
        self.process.wait(10)
