"""The connection to an RTSP camera, held by us and not by FFmpeg: a port of this machine behind which the camera is.

FFmpeg would follow a redirection anywhere, read a session description for ever, look the name up itself, and a read that hangs
in it cannot be ended from outside. So it connects here, and the relay connects to the address that was checked, reads along
until the stream plays (what FFmpeg may not see does not reach it); then it is only copied (video/copying.py). Closing it ends
everything.
"""

from __future__ import annotations

import logging
import select
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from video.addresses import login_of
from video.copying import CHUNK, Copying, Flow
from video.datagrams import Datagrams
from video.faults import SourceFault, passing, refused
from video.talk import Talk
from video.targets import Target

log = logging.getLogger(__name__)
_COPYING = Copying()


@dataclass(frozen=True, slots=True)
class RelayRules:
    open_timeout_s: float
    tls: ssl.SSLContext | None
    now_us: Callable[[], int]


class Relay:
    """One connection to one camera. `close` may be called from any thread, at any time, and ends every wait."""

    def __init__(self, target: Target, rules: RelayRules, *, is_diverted: bool = False, by_datagrams: bool = False) -> None:
        """Connects to the camera. `is_diverted`: its stream may be, by `flow`. `by_datagrams`: that is how it sends its
        pictures. Raises SourceFault."""
        self.target, self._is_diverted = target, is_diverted
        self.talk = Talk(rules.now_us)
        self.fault: SourceFault | None = None
        self._deadline = monotonic() + rules.open_timeout_s
        self._is_closed = False
        self._flows, self._ended = threading.Event(), threading.Event()
        self._flow: Flow | None = None
        self._poll = select.poll()  # select() knows no descriptor above 1,023
        connection = self._connect(rules)
        self._datagrams = Datagrams(connection, target.ip, self._farewell) if by_datagrams else None
        self._camera = self._datagrams.inside if self._datagrams is not None else connection
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._inside: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name=f"relay-{target.host}", daemon=True)

    @property
    def passed(self) -> int:
        """Bytes the camera has sent since the stream plays."""
        return self._flow.passed if self._flow is not None else 0

    @property
    def is_unheard(self) -> bool:
        """Whether the camera says that it sends datagrams and none has come: something on the way lets none through."""
        return self._datagrams is not None and self.talk.plays and self.passed == 0

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

    def flow(self, timeout_s: float) -> Flow | None:
        """The stream, when it plays; None where it does not."""
        self._flows.wait(timeout_s)
        return self._flow

    def join(self, timeout_s: float) -> bool:
        """Waits until its thread and sockets are gone; whether they are."""
        if self._thread.ident is None:
            self._end()
        end = monotonic() + timeout_s
        return self._ended.wait(timeout_s) and (self._datagrams is None or self._datagrams.join(max(0.0, end - monotonic())))

    def _farewell(self, refusal: bytes) -> bytes:
        self.talk.session.challenged(refusal)
        return self.talk.session.request(login_of(self.target.through(self.target.port)), "TEARDOWN")

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
            return
        except SourceFault as fault:
            self.fault = fault
        except OSError:
            # One of the ends went away, or `close` was called: whoever reads the stream is told by its end.
            self.fault = self._datagrams.fault if self._datagrams is not None else None
        except Exception:  # a fault of ours must show, and must end this camera's connection only
            log.exception("the relay to %s failed", self.target.host)
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
        self._flow = Flow(self._camera, self._inside, self._end, self.talk.rest if self._is_diverted else None)
        _COPYING.add(self._flow)
        self._flows.set()

    def _ready(self, timeout_s: float) -> list[socket.socket]:
        """The sides that have something to read. Raises SourceFault when the time for opening is over."""
        assert self._inside is not None
        if isinstance(self._camera, ssl.SSLSocket) and self._camera.pending():
            return [self._camera]
        if timeout_s <= 0:
            raise passing("camera_timeout", host=self.target.host)
        ready = {number for number, _ in self._poll.poll(timeout_s * 1000)}
        if self._is_closed:
            raise ConnectionAbortedError
        return [side for side in (self._camera, self._inside) if side.fileno() in ready]

    def _read(self, side: socket.socket) -> bytes:
        data = side.recv(CHUNK)
        if not data:
            raise ConnectionResetError
        return data

    def _end(self) -> None:
        self._is_closed = True
        for end in (self._camera, self._inside, self._listening):
            if end is not None:
                end.close()
        self._flows.set()
        self._ended.set()


def unverified_tls() -> ssl.SSLContext:
    """Cameras sign their own certificates. video.tls_ca_file verifies them where an installation has an authority."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
