"""A video process in miniature for the tests: cameras in memory, captures, the port of live pictures, and viewers of it."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import av
from wsproto import ConnectionType, WSConnection
from wsproto.events import BytesMessage, CloseConnection, Request, TextMessage

from tests.cameras import CLOCK, capture_rules
from tests.services import wait_until
from video.cameras import Camera
from video.capture import CaptureRules
from video.live import LiveRules, LiveServer
from video.room import RoomRules, VideoRoom
from video.tickets import Tickets
from video.transcode import TranscodeRules

SECRET = b"s" * 32
TICKETS = Tickets(SECRET, CLOCK, 15)


class Book:
    """Cameras registered in memory."""

    def __init__(self, *cameras: Camera) -> None:
        self.cameras: Sequence[Camera] = cameras

    def opened(self) -> Sequence[Camera]:
        return self.cameras

    def fingerprint(self) -> object:
        return tuple((camera.id, camera.rev) for camera in self.cameras)


def room_rules(capture: CaptureRules | None = None, **given: Any) -> RoomRules:
    transcode = TranscodeRules(height=720, fps=15, max_pixels=4096 * 2304, face_model=given.pop("face_model", None))
    return RoomRules(**{"capture": capture or capture_rules(), "transcode": transcode, "transcoders_max": 4, "idle_s": 30.0,
                        "watch": False, **given})


@dataclass
class Viewing:
    """What is up, and how to look at it."""

    book: Book
    room: VideoRoom
    live: LiveServer
    tickets: Tickets = field(default_factory=lambda: TICKETS)

    def address(self, code: str, stream: str = "main", *, ticket: str | None = None, unmasked: bool = False) -> str:
        ticket = ticket if ticket is not None else self.tickets.issue([code], "zhang", "patrol", unmasked=unmasked)[0]
        return f"ws://127.0.0.1:{self.live.port}/live/{code}/{stream}?ticket={ticket}"


@contextmanager
def viewing(*cameras: Camera, rules: RoomRules | None = None, viewers_max: int = 16, queue_bytes: int = 4 << 20,
            tickets: Tickets = TICKETS) -> Iterator[Viewing]:
    book = Book(*cameras)
    room = VideoRoom(book, rules or room_rules(), CLOCK)
    live = LiveServer(room, tickets, LiveRules("127.0.0.1", 0, viewers_max, queue_bytes), CLOCK)
    room.start()
    live.start()
    try:
        wait_until(lambda: len(room.cameras) == sum(one.is_enabled for one in cameras), timeout_s=5, what="the cameras")
        yield Viewing(book, room, live, tickets)
    finally:
        live.stop()
        room.stop()


class Watching:
    """A viewer that keeps everything it is told."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._socket = socket.create_connection((str(parts.hostname), int(parts.port or 80)))
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._changed = threading.Condition()
        self.messages: list[dict[str, Any]] = []
        self.binaries: list[bytes] = []
        self.close_code: int | None = None
        self._part = b""
        self._socket.sendall(self._protocol.send(Request(host=parts.netloc, target=f"{parts.path}?{parts.query}")))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()

    def send(self, **message: Any) -> None:
        self._socket.sendall(self._protocol.send(TextMessage(json.dumps(message))))

    def until(self, kind: str, timeout_s: float = 10.0, count: int = 1) -> dict[str, Any]:
        """The latest message of this type, when there are so many."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.of(kind)) >= count, timeout_s)
            assert came, f"no {kind} in {[message['type'] for message in self.messages]}"
            return self.of(kind)[-1]

    def until_pictures(self, count: int, timeout_s: float = 10.0) -> None:
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.binaries) >= count, timeout_s)
            assert came, f"{len(self.binaries)} of {count} binaries; {self.messages}"

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    def frames(self) -> list[av.VideoFrame]:
        """What a decoder makes of what came since the last initialization segment."""
        begin = max(index for index, data in enumerate(self.binaries) if data[4:8] == b"ftyp")
        with av.open(io.BytesIO(b"".join(self.binaries[begin:]))) as movie:
            return list(movie.decode(video=0))

    def _listen(self) -> None:
        with suppress(OSError):
            while data := self._socket.recv(1 << 16):
                self._protocol.receive_data(data)
                with self._changed:
                    for event in self._protocol.events():
                        self._take(event)
                    self._changed.notify_all()

    def _take(self, event: Any) -> None:
        if isinstance(event, TextMessage):
            self.messages.append(json.loads(event.data))
        elif isinstance(event, BytesMessage):
            self._part += bytes(event.data)
            if event.message_finished:
                self.binaries.append(self._part)
                self._part = b""
        elif isinstance(event, CloseConnection):
            self.close_code = event.code
