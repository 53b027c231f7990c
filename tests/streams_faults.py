"""Cameras that fail as no real server can be made to: one behaviour each, on a port of 127.0.0.1.

`FaultyCamera(behaviour)` talks RTSP just far enough. Those that play send a clip by RTP over the same connection.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, count, cycle, islice

from tests.streams import Clip

MTU = 1_400
SDP = "\r\n".join((
    "v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "c=IN IP4 0.0.0.0", "t=0 0", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
    "a=fmtp:96 packetization-mode=1", "a=control:track", ""))


def pictures_of(clip: Clip) -> Iterator[bytes]:
    """The access units of a clip, Annex B."""
    with clip.pictures.open("rb") as source:
        json.loads(source.readline())
        while mark := source.read(5):
            yield source.read(struct.unpack(">IB", mark)[0])


class Peer:
    """One client of a faulty camera."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._number = 0
        self._pending = b""
        self.datagrams: Callable[[bytes], object] | None = None   # takes packets where they are not sent over the connection

    def request(self) -> tuple[str, str]:
        """Method and CSeq of the next request."""
        head = self.head()
        return head.partition(" ")[0], _sequence(head)

    def head(self) -> str:
        """The next request."""
        while b"\r\n\r\n" not in self._pending:
            data = self.connection.recv(65_536)
            if not data:
                raise ConnectionResetError
            self._pending += data
        head, _, self._pending = self._pending.partition(b"\r\n\r\n")
        return head.decode()

    def answer(self, sequence: str, status: str = "200 OK", body: str = "", **headers: str) -> None:
        fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        length = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n" if body else ""
        self.connection.sendall(f"RTSP/1.0 {status}\r\nCSeq: {sequence}\r\n{fields}{length}\r\n{body}".encode())

    def until_playing(self, sdp: str = SDP, session: str = "1") -> None:
        while True:
            method, sequence = self.request()
            if method == "DESCRIBE":
                self.answer(sequence, body=sdp)
            elif method == "SETUP":
                self.answer(sequence, Transport="RTP/AVP/TCP;unicast;interleaved=0-1", Session=session)
            else:
                self.answer(sequence, Session=session, Public="OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
            if method == "PLAY":
                return

    def send(self, picture: bytes, pts: int) -> None:
        units = _units(picture)
        for index, unit in enumerate(units):
            for payload, is_end in _payloads(unit):
                self._packet(payload, pts, is_last=is_end and index == len(units) - 1)

    def _packet(self, payload: bytes, pts: int, *, is_last: bool) -> None:
        self._number += 1
        head = struct.pack(">BBHII", 0x80, 96 | (0x80 if is_last else 0), self._number & 0xFFFF, pts & 0xFFFFFFFF, 7)
        if self.datagrams is not None:
            self.datagrams(head + payload)
            return
        self.connection.sendall(b"$\x00" + struct.pack(">H", len(head) + len(payload)) + head + payload)


def _sequence(head: str) -> str:
    return next(line.partition(":")[2].strip() for line in head.split("\r\n") if line.lower().startswith("cseq"))


def _to(line: socket.socket, port: int, packet: bytes) -> None:
    line.sendto(packet, ("127.0.0.1", port))


def _units(picture: bytes) -> list[bytes]:
    return [unit for unit in picture.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01") if unit]


def _payloads(unit: bytes) -> Iterator[tuple[bytes, bool]]:
    if len(unit) <= MTU:
        yield unit, True
        return
    indicator, kind = unit[0] & 0xE0 | 28, unit[0] & 0x1F
    for at in range(1, len(unit), MTU):
        is_end = at + MTU >= len(unit)
        yield bytes([indicator, kind | (0x80 if at == 1 else 0) | (0x40 if is_end else 0)]) + unit[at:at + MTU], is_end


Behaviour = Callable[[Peer], None]


class FaultyCamera:
    """Listens until closed; every connection is given to `behaviour`."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour, self._open = behaviour, []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"rtsp://127.0.0.1:{self.port}/hall"
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> FaultyCamera:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._listening.close()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._one, args=[connection], daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            self._behaviour(Peer(connection))


def hangs(peer: Peer) -> None:
    """Takes the connection and never says a word."""
    while peer.connection.recv(65_536):
        pass


def talks_garbage(peer: Peer) -> None:
    peer.connection.recv(65_536)
    for _ in range(200):
        peer.connection.sendall(bytes(range(256)) * 64)


def describes_for_ever(peer: Peer) -> None:
    """A session description that does not end, announced as short as possible."""
    while (asked := peer.request())[0] != "DESCRIBE":
        peer.answer(asked[1], Public="DESCRIBE")
    peer.connection.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {asked[1]}\r\nContent-Type: application/sdp\r\n"
                            f"Content-Length: 999999999\r\n\r\n{SDP}".encode())
    while True:
        peer.connection.sendall(b"a=x-endless:" + b"y" * 1_000 + b"\r\n")


def heads_for_ever(peer: Peer) -> None:
    _, sequence = peer.request()
    peer.connection.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n".encode())
    while True:
        peer.connection.sendall(b"X-Endless: " + b"y" * 1_000 + b"\r\n")


def drips(peer: Peer) -> None:
    """Answers, one byte at a time."""
    _, sequence = peer.request()
    for byte in f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n{'X-Slow: yes' * 500}".encode():
        peer.connection.sendall(bytes([byte]))
        time.sleep(0.05)


def redirects_to(url: str) -> Behaviour:
    def behaviour(peer: Peer) -> None:
        while True:
            method, sequence = peer.request()
            peer.answer(sequence, "302 Found" if method == "DESCRIBE" else "200 OK", Location=url)
    return behaviour


def plays(*clips: Clip, speed: float = 1.0, then: Behaviour | None = None, jump: int = 0) -> Behaviour:
    """The clips one after the other in one session; between two, the time stamps jump by `jump` ticks of 1/90,000 s."""
    def behaviour(peer: Peer) -> None:
        peer.until_playing()
        pts = 0
        for clip in clips:
            for picture in pictures_of(clip):
                peer.send(picture, pts)
                pts += 90_000 // clip.fps
                time.sleep(1 / clip.fps / speed)
            pts += jump
        (then or hangs)(peer)
    return behaviour


def begins_late(clip: Clip, late: int) -> Behaviour:
    """As a camera with few key frames: it says beforehand what its pictures are, and sends so many before the first that can be
    shown. Who looks first gets a moment of pictures, then none."""
    key, *others = pictures_of(clip)
    sets = [base64.b64encode(unit).decode() for unit in _units(key) if unit[0] & 0x1F in (7, 8)]
    sdp = SDP.replace("packetization-mode=1", f"packetization-mode=1;sprop-parameter-sets={','.join(sets)}")
    shown = iter([[key, *others], chain(islice(cycle(others), late), cycle([key, *others]))])

    def behaviour(peer: Peer) -> None:
        peer.until_playing(sdp)
        for number, picture in enumerate(next(shown, ())):
            peer.send(picture, number * 90_000 // clip.fps)
            time.sleep(1 / clip.fps)
        hangs(peer)
    return behaviour


def swells(clip: Clip) -> Behaviour:
    """A few pictures, then one that never ends."""
    def behaviour(peer: Peer) -> None:
        peer.until_playing()
        for number, picture in enumerate(list(pictures_of(clip))[:5]):
            peer.send(picture, number * 6_000)
        while True:
            peer._packet(b"\x7c\x01" + b"x" * MTU, 30_000, is_last=False)
    return behaviour


def floods(clip: Clip) -> Behaviour:
    """A key frame, then pictures of a few bytes as fast as they can be sent."""
    def behaviour(peer: Peer) -> None:
        peer.until_playing()
        peer.send(next(pictures_of(clip)), 0)
        for number in count(1):
            peer.send(b"\x00\x00\x01\x41\x9a\x00", number * 90)
    return behaviour


def chatters(clip: Clip) -> Behaviour:
    """A picture now and then, and between them empty pieces and rubbish without end."""
    def behaviour(peer: Peer) -> None:
        peer.until_playing()
        for number in count():
            peer.send(next(pictures_of(clip)), number * 90)
            peer.connection.sendall(b"$\x05\x00\x00\x00" * 20_000)
    return behaviour


def forgets(clip: Clip, told: list[str]) -> Behaviour:
    """Plays for ever, asks for the password, now and then with another number, and would end a session nobody asks for after
    two seconds. What it was asked while it played is put into `told`."""
    def behaviour(peer: Peer) -> None:
        peer.until_playing(session="ab;timeout=2")
        threading.Thread(target=listen, args=[peer], daemon=True).start()
        for number, picture in enumerate(cycle(list(pictures_of(clip)))):
            peer.send(picture, number * 6_000)
            time.sleep(1 / clip.fps)

    def listen(peer: Peer) -> None:
        with suppress(OSError):
            while True:
                head = peer.head()
                told.append(head)
                if f"nonce-{len(told)}" not in head:
                    peer.connection.sendall(f'RTSP/1.0 401 Unauthorized\r\nCSeq: 9\r\nWWW-Authenticate: Digest realm="r", '
                                            f'nonce="nonce-{len(told) + 1}"\r\n\r\n'.encode())
    return behaviour


def sends_datagrams(clip: Clip, told: list[str]) -> Behaviour:
    """Plays by UDP until it is told to end, and asks for the password, with another number once it plays. What it was asked is
    put into `told`."""
    def behaviour(peer: Peer) -> None:
        number, gone = 1, threading.Event()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.bind(("127.0.0.1", 0))
            while not gone.is_set():
                told.append(peer.head())
                method, sequence = told[-1].partition(" ")[0], _sequence(told[-1])
                if f'nonce="{number}"' not in told[-1]:
                    peer.answer(sequence, "401 Unauthorized", WWW_Authenticate=f'Digest realm="r", nonce="{number}"')
                    continue
                if found := re.search(r"client_port=(\d+)-\d+", told[-1]):
                    peer.datagrams = partial(_to, line, int(found[1]))
                    peer.answer(sequence, Session="ab", Transport=f"RTP/AVP;{found[0]};server_port={line.getsockname()[1]}")
                else:
                    peer.answer(sequence, Session="ab", body=SDP if method == "DESCRIBE" else "")
                if method == "PLAY":
                    number += 1
                    threading.Thread(target=send, args=[peer, gone], daemon=True).start()
                if method == "TEARDOWN":
                    gone.set()

    def send(peer: Peer, gone: threading.Event) -> None:
        with suppress(OSError):
            for number, picture in enumerate(cycle(list(pictures_of(clip)))):
                if gone.wait(1 / clip.fps):
                    return
                peer.send(picture, number * 90_000 // clip.fps)
    return behaviour
