"""Passes on what cameras send: one thread for all of them.

A thread for each camera would be woken for every piece of every picture, and all of them contend for the interpreter at the
moments at which pictures come. This one rests a little after each round, so that what belongs to a picture is handled at once.
"""

from __future__ import annotations

import logging
import select
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from time import sleep

log = logging.getLogger(__name__)
CHUNK = 256 * 1024
KEPT_MAX = 32 << 20    # bytes of a stream kept until it is decided who takes it apart
REST_S = 0.01
IN, OUT = select.EPOLLIN, select.EPOLLOUT


class Flow:
    """Two connections, the camera's and the one inside, each passed on to the other; or, once diverted, the camera's alone.

    `ended` is called once, in the copying thread, when either is over: from then on nothing here uses them.
    """

    def __init__(self, camera: socket.socket, inside: socket.socket, ended: Callable[[], None], begun: bytes | None) -> None:
        """`begun`: what of the stream was passed on already, where it may be diverted; None: it never will be."""
        self.camera, self.inside, self.ended = camera, inside, ended
        self.passed = 0                            # bytes the camera has sent
        self.problem: Exception | None = None      # what ended it, if it was not one of the connections
        self._since = None if begun is None else [begun]
        self._waiting = b""                        # what the inside has not taken yet: meanwhile no more is asked for
        self._sink: Callable[[bytes], None] | None = None
        self._lock = threading.Lock()
        self._epoll: select.epoll | None = None
        self._is_over = False

    @property
    def is_diverted(self) -> bool:
        return self._sink is not None

    @property
    def sides(self) -> tuple[socket.socket, ...]:
        return (self.camera,) if self._sink is not None else (self.camera, self.inside)

    def open(self, epoll: select.epoll) -> None:
        self._epoll = epoll
        with self._lock:  # the first is read as soon as it is registered, and needs the other
            for side in self.sides:
                side.setblocking(False)
                epoll.register(side, IN)

    def close(self, epoll: select.epoll) -> None:
        with self._lock:
            self._is_over = True
            for side in self.sides:
                epoll.unregister(side)

    def divert(self, sink: Callable[[bytes], None]) -> None:
        """Everything since the stream began, and what comes, goes to `sink` and no longer inside."""
        assert self._epoll is not None
        with self._lock:
            since, self._since, self._waiting = self._since or [], None, b""
            for data in since:
                sink(data)
            if not self._is_over:
                self._epoll.unregister(self.inside)
                self._epoll.modify(self.camera, IN)
                self._sink = sink

    def keep_to_inside(self) -> None:
        """It will not be diverted: nothing need be kept for that."""
        with self._lock:
            self._since = None

    def send(self, data: bytes) -> None:
        """Small and rare: a camera that does not take even this is gone. Raises OSError."""
        with self._lock:
            if self.camera.send(data) < len(data):
                raise ConnectionResetError

    def move(self, number: int, buffer: memoryview) -> None:
        """This side is ready. Raises OSError when the flow is over."""
        with self._lock:
            if number == self.camera.fileno():
                self._from_camera(buffer)
            elif self._waiting:
                self._go_on()
            elif self._sink is None:
                self._from_inside(buffer)

    def _from_camera(self, buffer: memoryview) -> None:
        with suppress(ssl.SSLWantReadError):  # half a record
            while not self._waiting:
                count = self.camera.recv_into(buffer)
                if not count:
                    raise ConnectionResetError
                self.passed += count
                self._pass_on(bytes(buffer[:count]))
                if not (isinstance(self.camera, ssl.SSLSocket) and self.camera.pending()):
                    break

    def _pass_on(self, data: bytes) -> None:
        if self._sink is not None:
            self._sink(data)
            return
        if self._since is not None and self.passed <= KEPT_MAX:
            self._since.append(data)
        self._waiting = data
        self._to_inside()
        if self._waiting:
            self._ask_of(0, OUT)

    def _to_inside(self) -> None:
        with suppress(BlockingIOError):
            self._waiting = self._waiting[self.inside.send(self._waiting):]

    def _go_on(self) -> None:
        self._to_inside()
        if not self._waiting:
            self._ask_of(IN, IN)

    def _ask_of(self, camera: int, inside: int) -> None:
        assert self._epoll is not None
        self._epoll.modify(self.camera, camera)
        self._epoll.modify(self.inside, inside)

    def _from_inside(self, buffer: memoryview) -> None:
        count = self.inside.recv_into(buffer)
        if not count or self.camera.send(buffer[:count]) < count:
            raise ConnectionResetError


class Copying:
    """The flows of a process. `add` and `divert` are for any thread."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._flows: dict[int, Flow] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, flow: Flow) -> None:
        with self._lock:
            for side in flow.sides:
                self._flows[side.fileno()] = flow
            flow.open(self._epoll)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="camera-copying", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        buffer = memoryview(bytearray(CHUNK))
        while True:
            for number, _ in self._epoll.poll():
                flow = self._flows.get(number)
                if flow is not None:  # else it ended in this round
                    self._move(flow, number, buffer)
            sleep(REST_S)

    def _move(self, flow: Flow, number: int, buffer: memoryview) -> None:
        try:
            flow.move(number, buffer)
        except OSError:
            self._end(flow)  # one of the ends went away: whoever reads the stream is told by its end
        except Exception as problem:  # stays with its camera
            if not flow.is_diverted:  # else who reads the stream raises it again
                log.exception("passing on what a camera sends failed")
            flow.problem = problem
            self._end(flow)

    def _end(self, flow: Flow) -> None:
        with self._lock:
            for number in [number for number, each in self._flows.items() if each is flow]:
                del self._flows[number]
        try:
            flow.close(self._epoll)
            flow.ended()
        except Exception:  # whatever happens to one camera, the others are read on
            log.exception("what a camera sent could not be ended in order")
