"""A camera that sends its pictures as datagrams (RTP over UDP), made to look like one that sends them over its connection.

What is said to it goes through here: a request for frames on the connection becomes one for datagrams to ports of ours, and its
answer the other way round. What comes to these ports from the address that was checked is framed (RFC 2326, 10.12) and put
between the answers. So everything behind (the relay, its limits, whoever takes pictures apart) knows one way only.
"""

from __future__ import annotations

import logging
import re
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep

from video.datagram_ports import Order, Port, two_ports
from video.faults import SourceFault, refused
from video.talk import HEAD_MAX, message_size

log = logging.getLogger(__name__)
CHUNK = 64 * 1024
ROUND_MAX = 512       # datagrams of a port in one go
REST_S = 0.002        # after each round, so that what belongs together is handled together
STREAMS_MAX = 2       # of a camera, which says itself how many it has: each takes two ports and their buffers
PATIENCE_S = 10.0     # for either side to take what it is sent
PARTING_S = 0.5       # for the camera to answer to the farewell, which makes sure that it was read
_CHANNELS = re.compile(rb"interleaved=(\d{1,3})-(\d{1,3})")
_TRANSPORT = re.compile(rb"(?im)^transport:[^\r\n]*")
_SERVER = re.compile(rb"server_port=(\d{1,5})(?:-(\d{1,5}))?")
_REPORT = b"\x80\xc9\x00\x01yang"   # an empty receiver report: opens the way through firewalls, and says that somebody listens


class Datagrams:
    """One camera. `inside` is the connection to it as everybody else sees it; closing it ends everything."""

    def __init__(self, camera: socket.socket, address: str, farewell: Callable[[bytes], bytes]) -> None:
        """`camera`: the connection over which one talks to it, which belongs to this from now on. `address`: the one that was
        checked. `farewell` is the request to end the session, after this answer to the last one, or none."""
        self.inside, self._near = socket.socketpair()
        self.fault: SourceFault | None = None   # why it ended, where it was not one of the sides
        self._camera, self._address, self._farewell = camera, address, farewell
        self._ports: dict[int, Port] = {}       # by channel
        self._pair = (0, 1)                     # the channels of the last request
        self._asked = self._answered = b""
        self._plays = self._is_plain = False
        self._poll = select.poll()
        for side in (self._camera, self._near):
            side.settimeout(PATIENCE_S)
            self._poll.register(side, select.POLLIN)
        self._thread = threading.Thread(target=self._run, name=f"datagrams-{address}", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Waits until its thread and sockets are gone; whether they are."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            try:
                self._pass_on()
            except SourceFault as fault:
                self.fault = fault
            except (OSError, ValueError):
                pass  # one of the sides went away, or said what is none: whoever reads is told by the end
            with suppress(OSError):
                self._part()
        except Exception:  # a fault of ours must show, and must end this camera's connection only
            log.exception("the datagrams of the camera at %s failed", self._address)
        finally:
            for end in (self._near, self._camera, *(port.line for port in self._ports.values())):
                end.close()

    def _pass_on(self) -> None:
        while True:
            for number, _ in self._poll.poll(self._patience_ms()):
                self._move(number)
            self._let_go()
            sleep(REST_S)

    def _patience_ms(self) -> float | None:
        """How long nothing need be done if nothing comes; None: for ever."""
        due = min((port.due_s for port in self._ports.values() if port.due_s is not None), default=None)
        return max(0.0, due - monotonic()) * 1000 if due is not None else None

    def _let_go(self) -> None:
        """What waited for a packet that is lost goes on without it. After what has come was read, it may be among it."""
        self._near.sendall(b"".join(port.overdue(monotonic()) for port in self._ports.values()))

    def _part(self) -> None:
        """A session of datagrams outlives its connection: untold, the camera would go on sending for a minute or so, and those
        that allow few sessions would refuse the next. It may ask once more who says so."""
        answer = b""
        self._near.close()
        self._camera.settimeout(PARTING_S)
        for _ in range(2 if self._plays else 0):
            self._camera.sendall(self._farewell(answer))
            answer = _read(self._camera)
            if b" 401 " not in answer:
                return

    def _move(self, number: int) -> None:
        if number == self._near.fileno():
            self._ask(_read(self._near))
        elif number == self._camera.fileno():
            self._near.sendall(self._told(_read(self._camera)))
        else:
            self._receive(next(port for port in self._ports.values() if port.line.fileno() == number))

    # --- what is said to the camera -----------------------------------------------------------------------------

    def _ask(self, data: bytes) -> None:
        self._asked += data
        while self._asked:
            if self._asked[:1] == b"$":  # a report over the connection: there are ports for those
                end = 4 + int.from_bytes(self._asked[2:4], "big")
                if len(self._asked) < max(4, end):
                    return
                self._asked = self._asked[end:]
                continue
            head, end_of_head, rest = self._asked.partition(b"\r\n\r\n")
            if len(head) > HEAD_MAX:
                raise ValueError("a request without end")
            if not end_of_head:
                return
            self._asked = rest
            self._camera.sendall(self._for_datagrams(head) + end_of_head)
            self._plays = head.startswith(b"PLAY ") or (self._plays and not head.startswith(b"TEARDOWN "))
            self._knock()

    def _for_datagrams(self, head: bytes) -> bytes:
        line = _TRANSPORT.search(head) if head.startswith(b"SETUP ") else None
        channels = _CHANNELS.search(line[0]) if line is not None else None
        if channels is None:
            return head
        self._pair = int(channels[1]), int(channels[2])
        pictures, reports = self._open(*self._pair)
        return _TRANSPORT.sub(b"Transport: RTP/AVP;unicast;client_port=%d-%d" % (pictures.number, reports.number), head)

    def _open(self, channel: int, beside: int) -> tuple[Port, Port]:
        """The two ports of a stream, an even one and the next; asked for again (with credentials) they are the same."""
        if channel not in self._ports:
            if len(self._ports) >= 2 * STREAMS_MAX:
                raise refused("camera_streams_too_many", most=STREAMS_MAX)
            lines = two_ports(self._camera)
            for line, number, order in zip(lines, (channel, beside), (Order(), None), strict=True):
                self._ports[number] = Port(line, number, order)
                self._poll.register(line, select.POLLIN)
        return self._ports[channel], self._ports[beside]

    def _knock(self) -> None:
        for port in self._ports.values():
            if port.theirs:
                with suppress(OSError):
                    port.line.sendto(_REPORT, (self._address, port.theirs))

    # --- what comes from it -------------------------------------------------------------------------------------

    def _told(self, data: bytes) -> bytes:
        """What the camera said, its way of sending said otherwise: whole messages, so that frames stand between them.
        What is none is judged by whoever reads along until it plays; later on it is nobody's."""
        self._answered += data
        told = []
        try:
            while not self._is_plain and (size := message_size(self._answered)):
                told.append(self._said_otherwise(self._taken(size)))
        except ValueError:
            no_message = self._taken(len(self._answered))
            told += [] if self._plays else [no_message]
        if self._is_plain:
            told.append(self._taken(len(self._answered)))
        return b"".join(told)

    def _taken(self, size: int) -> bytes:
        taken, self._answered = self._answered[:size], self._answered[size:]
        return taken

    def _said_otherwise(self, message: bytes) -> bytes:
        if message[:1] == b"$":
            return message
        head, end, body = message.partition(b"\r\n\r\n")
        return _TRANSPORT.sub(lambda line: self._for_frames(line[0]), head) + end + body

    def _for_frames(self, line: bytes) -> bytes:
        if b"interleaved" in line.lower():
            self._is_plain = True  # it sends over the connection all the same
            return line
        theirs = _SERVER.search(line)
        if theirs is not None:
            for channel, number in zip(self._pair, theirs.groups(), strict=True):
                if channel in self._ports and int(number or 0) <= 65_535:
                    self._ports[channel].theirs = int(number or 0)
            self._knock()
        return b"Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d" % self._pair

    def _receive(self, port: Port) -> None:
        """What others than the camera send to the port is nothing to us, nor what comes before it was asked for."""
        frames = []
        with suppress(BlockingIOError):
            for _ in range(ROUND_MAX):
                data, sender = port.line.recvfrom(CHUNK)
                is_wanted = self._plays and not self._is_plain
                if is_wanted and sender[0] == self._address and port.is_theirs(data, sender[1]):
                    frames.append(port.framed(data, monotonic()))
        self._near.sendall(b"".join(frames))


def _read(side: socket.socket) -> bytes:
    data = side.recv(CHUNK)
    if not data:
        raise ConnectionResetError
    return data
