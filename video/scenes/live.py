"""The drawn cameras as a process of their own: windows drawn while somebody watches them, sent by the RTSP server.

    python -m video.scenes.live FOLDER PORT w01 w02 …

Commands come by the standard input, a JSON object a line: {"window", "cue"} for what happens there now (Cue), or {"window",
"is_connected"} to take the camera off the network and back. The end of the input ends the process, and with it the server.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from core.clock import SystemClock
from core.instants import SECOND_US
from video.rtsp_server import LiveSource, RtspServer
from video.scenes.course import Course, Cue
from video.scenes.designs import BY_KEY, Design
from video.scenes.encoding import Encoder
from video.scenes.scene import Scene

NICENESS = 5            # stands for hardware that would be elsewhere: the product itself comes first
SUB, SUB_FPS = (640, 360), 10
MAIN, MAIN_FPS = (1280, 720), 25
MAIN_WINDOWS = ("w01",)  # with a main stream of their own; the others show the smaller one as both
_BEHIND = 3             # pictures a line may be behind before some are left out


def mounts_of(design: Design) -> list[tuple[str, tuple[int, int], int]]:
    """Path, size and pictures a second of the streams of a window, the small one first."""
    small = [(f"/{design.key}/sub", SUB, SUB_FPS)]
    return [*small, (f"/{design.key}/main", MAIN, MAIN_FPS)] if design.key in MAIN_WINDOWS else small


class Window:
    """What happens at one window, for all its streams."""

    def __init__(self) -> None:
        self._course = Course()

    @property
    def course(self) -> Course:
        return self._course

    def take(self, cue: Cue, at_us: int) -> None:
        self._course = self._course.then(at_us, cue)


class Stream:
    """One stream of a window, drawn for each who connects; the RTSP server connects once, whoever watches it."""

    def __init__(self, design: Design, window: Window, size: tuple[int, int], fps: int, folder: Path) -> None:
        self._window, self._size, self._fps = window, size, fps
        self._scene = Scene(design, *size, kept_in=folder)
        self._lock = threading.Lock()
        self._clock = SystemClock()

    def send(self, line: socket.socket) -> None:
        """Pictures in their time until the line is hung up."""
        encoder = Encoder(*self._size, self._fps)
        number = self._clock.now_us() * self._fps // SECOND_US
        while True:
            due_us = number * SECOND_US // self._fps
            wait_us = due_us - self._clock.now_us()
            if wait_us > 0:
                time.sleep(wait_us / SECOND_US)
            elif -wait_us > _BEHIND * SECOND_US // self._fps:
                number = self._clock.now_us() * self._fps // SECOND_US
                continue
            with self._lock:
                planes = self._scene.planes(self._window.course, due_us)
            for one in encoder.encode(planes, due_us):
                line.sendall(struct.pack(">IB", len(one.data), one.is_key) + one.data)
            number += 1


class Cameras:
    """All windows. `open` draws them one after the other and puts each on the network as soon as it is drawn."""

    def __init__(self, folder: Path, port: int, designs: Sequence[Design]) -> None:
        self._folder, self._designs = folder, designs
        self._socket = folder / "scenes.sock"
        self._server = RtspServer(folder, port)
        self._windows = {design.key: Window() for design in designs}
        self._streams: dict[str, Stream] = {}
        self._away: set[str] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        self._socket.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._socket))
        self._socket.chmod(0o600)
        listener.listen(16)
        threading.Thread(target=self._accept, args=[listener], daemon=True).start()
        self._server.start()
        threading.Thread(target=self._draw_all, daemon=True).start()

    def obey(self, lines: Iterable[str]) -> None:
        """Until they end; a line that says nothing sensible is left out."""
        clock = SystemClock()
        for line in lines:
            try:
                told = json.loads(line)
                window = self._windows[told["window"]]
                if "cue" in told:
                    window.take(Cue(told["cue"]), clock.now_us())
                else:
                    self._connect(told["window"], is_connected=bool(told["is_connected"]))
            except (ValueError, KeyError, TypeError) as error:
                print(f"scenes: {line.strip()[:80]!r} is no command: {error}", file=sys.stderr)

    def stop(self) -> None:
        self._server.stop()
        self._socket.unlink(missing_ok=True)

    def _connect(self, key: str, *, is_connected: bool) -> None:
        with self._lock:
            (self._away.discard if is_connected else self._away.add)(key)
            self._publish()

    def _publish(self) -> None:
        self._server.serve({mount: LiveSource("h264", fps, self._socket) for design in self._designs
                            if design.key not in self._away
                            for mount, _size, fps in mounts_of(design) if mount in self._streams})

    def _draw_all(self) -> None:
        """The small streams of all windows first: they are what a wall shows. Two at a time, one for each of two cores."""
        wanted: queue.SimpleQueue[tuple[Design, str, tuple[int, int], int]] = queue.SimpleQueue()
        for place in range(2):
            for design in self._designs:
                for mount in mounts_of(design)[place:place + 1]:
                    wanted.put((design, *mount))
        for _ in range(2):
            threading.Thread(target=self._draw_some, args=[wanted], daemon=True).start()

    def _draw_some(self, wanted: queue.SimpleQueue[tuple[Design, str, tuple[int, int], int]]) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                design, mount, size, fps = wanted.get_nowait()
                stream = Stream(design, self._windows[design.key], size, fps, self._folder)
                with self._lock:
                    self._streams[mount] = stream
                    self._publish()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            line, _ = listener.accept()
            threading.Thread(target=self._answer, args=[line], daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            with line.makefile("rb") as asked:
                mount = asked.readline(80).decode(errors="replace").strip()
            stream = self._streams.get(mount)
            if stream is not None:
                stream.send(line)


def run(folder: Path, port: int, designs: Sequence[Design], commands: TextIO) -> None:
    """Until `commands` ends."""
    cameras = Cameras(folder, port, designs)
    cameras.start()
    try:
        cameras.obey(commands)
    finally:
        cameras.stop()


if __name__ == "__main__":
    os.nice(NICENESS)
    run(Path(sys.argv[1]), int(sys.argv[2]), [BY_KEY[key] for key in sys.argv[3:]], sys.stdin)
    os._exit(0)  # threads that still draw are left where they are
