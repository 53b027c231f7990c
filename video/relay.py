"""The connection to an RTSP camera, held by us and not by FFmpeg: a port of this machine behind which the camera is.

FFmpeg would follow a redirection anywhere, read a session description for ever, look the name up itself, and a read that hangs
in it cannot be ended from outside. So it connects here, and the relay connects to the address that was checked, reads along
until the stream plays (what FFmpeg may not see does not reach it); then it only copies. Closing it ends everything.
"""

from __future__ import annotations

import email.utils
import logging
import select
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from core.instants import SECOND_US, to_us
from video.faults import SourceFault, passing, refused
from video.targets import Target

log = logging.getLogger(__name__)
CHUNK = 128 * 1024
HEAD_MAX, BODY_MAX = 16 * 1024, 256 * 1024


@dataclass(frozen=True, slots=True)
class RelayRules:
    open_timeout_s: float
    tls: ssl.SSLContext | None
    now_us: Callable[[], int]


class Talk:
    """Reads the answers of the camera until the stream plays. Raises SourceFault at the first that must go no further."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._asked: dict[int, tuple[str, bool]] = {}  # number of a request: its method, whether it carried credentials
        self._requests = self._answers = b""
        self._body_left = 0
        self.plays = False
        self.clock_offset_us: int | None = None  # the camera's clock minus ours, where it tells the time

    def ask(self, data: bytes) -> None:
        """What FFmpeg sends to the camera."""
        self._requests = (self._requests + data)[-HEAD_MAX:]
        while b"\r\n\r\n" in self._requests:
            head, _, self._requests = self._requests.partition(b"\r\n\r\n")
            line, fields = _parsed(head)
            self._asked[_number(fields.get("cseq"))] = (line.partition(" ")[0], "authorization" in fields)

    def answer(self, data: bytes) -> None:
        """What the camera sends to FFmpeg, before it is passed on."""
        self._answers += data
        while self._answers and not self.plays:
            if self._body_left:
                taken = min(self._body_left, len(self._answers))
                self._answers, self._body_left = self._answers[taken:], self._body_left - taken
            elif self._answers[:1] == b"$":
                self.plays = True  # a camera that sends pictures before it has answered
            elif not self._take_head():
                return

    def _take_head(self) -> bool:
        """Whether a whole head was there."""
        is_answer = self._answers[:5] == b"RTSP/"[:len(self._answers)]
        if not is_answer and not (self._answers[:1].isalpha() and b" RTSP/" in self._answers):  # else a request of the camera's
            raise refused("camera_not_rtsp")
        head, end, rest = self._answers.partition(b"\r\n\r\n")
        if len(head) > HEAD_MAX:
            raise refused("camera_answer_too_long")
        self._judge_status(head)
        if not end:
            return False
        self._answers = rest
        self._judge(head)
        return True

    def _judge_status(self, head: bytes) -> None:
        """A redirection is stopped as soon as its first line is there."""
        if head.startswith(b"RTSP/") and head[8:10] == b" 3":
            raise refused("camera_redirects")

    def _judge(self, head: bytes) -> None:
        line, fields = _parsed(head)
        self._body_left = _number(fields.get("content-length"))
        if self._body_left > BODY_MAX:
            raise refused("camera_answer_too_long")
        method, with_credentials = self._asked.pop(_number(fields.get("cseq")), ("", False))
        status = _number(line.partition(" ")[2][:3])
        self._note_time(fields.get("date", ""))
        if status in (401, 403) and (with_credentials or status == 403):
            raise refused("camera_unauthorized")
        if status == 404 and method in ("DESCRIBE", "SETUP"):
            raise passing("camera_path_unknown")
        self.plays = self.plays or (method == "PLAY" and status == 200)

    def _note_time(self, text: str) -> None:
        with suppress(ValueError, TypeError, OverflowError):
            told = email.utils.parsedate_to_datetime(text)
            if told.tzinfo is not None:
                self.clock_offset_us = to_us(told) + SECOND_US // 2 - self._now_us()  # it names whole seconds


class Relay:
    """One connection to one camera. `close` may be called from any thread, at any time, and ends every wait."""

    def __init__(self, target: Target, rules: RelayRules) -> None:
        """Connects to the camera. Raises SourceFault."""
        self.target = target
        self.talk = Talk(rules.now_us)
        self.fault: SourceFault | None = None
        self.passed = 0  # bytes the camera has sent
        self._deadline = monotonic() + rules.open_timeout_s
        self._is_closed = False
        self._poll = select.poll()  # select() knows no descriptor above 1,023
        self._camera = self._connect(rules)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._inside: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name=f"relay-{target.host}", daemon=True)

    @property
    def address(self) -> str:
        """What FFmpeg is to open."""
        return self.target.through(self._listening.getsockname()[1])

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._is_closed = True
        for end in (self._camera, self._inside, self._listening):
            if end is not None:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def join(self, timeout_s: float) -> None:
        """Waits until its thread and sockets are gone."""
        if self._thread.ident is None:
            self._end()
        else:
            self._thread.join(timeout_s)

    def _connect(self, rules: RelayRules) -> socket.socket:
        where, left = self.target, max(0.1, self._deadline - monotonic())
        try:
            plain = socket.create_connection((where.ip, where.port), timeout=left)
        except TimeoutError:
            raise passing("camera_timeout", host=where.host) from None
        except OSError:
            raise passing("camera_unreachable", host=where.host, port=where.port) from None
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not where.is_tls:
            return plain
        try:
            return (rules.tls or unverified_tls()).wrap_socket(plain, server_hostname=where.host)
        except (ssl.SSLError, OSError) as failure:
            plain.close()
            raise refused("camera_tls_failed", host=where.host, problem=type(failure).__name__) from None

    def _run(self) -> None:
        try:
            self._accept()
            self._talk()
            self._copy()
        except SourceFault as fault:
            self.fault = fault
        except OSError:
            pass  # one of the ends went away, or `close` was called: whoever reads the stream is told by its end
        except Exception:  # a fault of ours must show, and must end this camera's connection only
            log.exception("the relay to %s failed", self.target.host)
        finally:
            self._end()

    def _accept(self) -> None:
        self._listening.settimeout(max(0.1, self._deadline - monotonic()))
        self._inside, _ = self._listening.accept()
        self._listening.close()
        self._inside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._inside.settimeout(10.0)
        self._camera.settimeout(10.0)
        for side in (self._inside, self._camera):
            self._poll.register(side, select.POLLIN)

    def _talk(self) -> None:
        assert self._inside is not None
        while not self.talk.plays:
            for side in self._ready(self._deadline - monotonic()):
                data = self._read(side)
                if side is self._inside:
                    self.talk.ask(data)
                    self._camera.sendall(data)
                else:
                    self.talk.answer(data)
                    self._inside.sendall(data)

    def _copy(self) -> None:
        assert self._inside is not None
        buffer = memoryview(bytearray(CHUNK))
        while True:
            for side in self._ready(None):
                if side is self._inside:
                    self._camera.sendall(self._read(side))
                    continue
                count = self._camera.recv_into(buffer)
                if not count:
                    raise ConnectionResetError
                self.passed += count
                self._inside.sendall(buffer[:count])

    def _ready(self, timeout_s: float | None) -> list[socket.socket]:
        """The sides that have something to read. Raises SourceFault when the time for opening is over."""
        assert self._inside is not None
        if isinstance(self._camera, ssl.SSLSocket) and self._camera.pending():
            return [self._camera]
        if timeout_s is not None and timeout_s <= 0:
            raise passing("camera_timeout", host=self.target.host)
        ready = {number for number, _ in self._poll.poll(None if timeout_s is None else timeout_s * 1000)}
        if self._is_closed:
            raise ConnectionAbortedError
        return [side for side in (self._camera, self._inside) if side.fileno() in ready]

    def _read(self, side: socket.socket) -> bytes:
        data = side.recv(CHUNK)
        if not data:
            raise ConnectionResetError
        if side is self._camera:
            self.passed += len(data)
        return data

    def _end(self) -> None:
        self._is_closed = True
        for end in (self._camera, self._inside, self._listening):
            if end is not None:
                end.close()


def unverified_tls() -> ssl.SSLContext:
    """Cameras sign their own certificates. video.tls_ca_file verifies them where an installation has an authority."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _parsed(head: bytes) -> tuple[str, dict[str, str]]:
    first, *lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else 0
