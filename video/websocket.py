"""The WebSocket side of the live pictures: RFC 6455 by wsproto, writing without waiting, a hand on what is not yet sent.

Reading and handshake are wsproto's; a picture is framed here, because wsproto would copy it once more for each viewer.
`tell` and `send` are for any thread, all else for the event loop's.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Request, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

HEAD_MAX, MESSAGE_MAX = 16 * 1024, 4 * 1024
HANDSHAKE_S, FAREWELL_S = 5.0, 2.0
SEND_BUFFER = 128 * 1024
PIECES_MAX = 1_000  # the system writes so many at once
_TEXT, _BINARY = 0x81, 0x82


class Visitor(Protocol):
    """What the server makes of a connection."""

    def opened(self, socket: LiveSocket, path: str, query: dict[str, str]) -> None:
        """The handshake is done."""

    def said(self, socket: LiveSocket, text: str) -> None:
        """A text message came."""

    def gone(self, socket: LiveSocket) -> None:
        """The connection is closed; called once for every one that was opened."""

    def health(self) -> dict[str, Any]:
        """What GET /healthz answers."""


class LiveSocket(asyncio.Protocol):
    """One connection."""

    def __init__(self, visitor: Visitor, admits: bool) -> None:
        self._visitor, self._admits = visitor, admits
        self._transport: asyncio.Transport | None = None
        self._socket: WSConnection | None = None
        self._head = b""
        self._is_open = self._was_open = False
        self._is_gone = False
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._number: int | None = None  # descriptor to write to directly; None over TLS
        self._queued = 0                 # bytes on their way to the loop
        self._text: list[str] = []
        self._patience: asyncio.TimerHandle | None = None

    # --- what the server says -----------------------------------------------------------------------------------

    @property
    def waiting_bytes(self) -> int:
        """What the peer has not taken yet."""
        return self._queued + (self._transport.get_write_buffer_size() if self._transport is not None else 0)

    def tell(self, **message: Any) -> None:
        data = msgspec.json.encode(message)
        self._write([_frame_head(_TEXT, len(data)), data])

    def send(self, parts: list[bytes]) -> None:
        """One binary message made of these parts. From any thread."""
        self._write([_frame_head(_BINARY, sum(map(len, parts))), *parts])

    def _write(self, parts: list[bytes]) -> None:
        """At once where the socket takes it, else by the loop: that spares a wake of the loop for every picture."""
        with self._lock:
            if not self._is_open or self._transport is None:
                return
            left = b"".join(parts) if self.waiting_bytes or self._number is None else _written(self._number, parts)
            if left:
                self._queued += len(left)
                with suppress(RuntimeError):  # the loop has ended, and the connection with it
                    self._loop.call_soon_threadsafe(self._write_later, left)

    def _write_later(self, data: bytes) -> None:
        with self._lock:
            self._queued -= len(data)
            if self._transport is not None and not self._is_gone:
                self._transport.write(data)

    def end(self, status: int, code: str, **details: Any) -> None:
        """Says why, and closes."""
        if self._is_open and self._socket is not None and self._transport is not None:
            self.tell(type="end", code=code, details=details)
            if self._socket.state is ConnectionState.OPEN:
                self._write([self._socket.send(CloseConnection(status, code))])
            self._leave()

    def abort(self) -> None:
        """Closes at once, whatever was not yet sent."""
        if self._transport is not None:
            self._transport.abort()

    # --- what comes in ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not self._admits:
            transport.abort()
            return
        # What a viewer does not take shall wait here, where it is counted, and not in megabytes of the system's.
        plain = transport.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._number = plain.fileno() if transport.get_extra_info("ssl_object") is None else None
        self._patience = self._loop.call_later(HANDSHAKE_S, self.abort)

    def data_received(self, data: bytes) -> None:
        try:
            if self._socket is None:
                self._take_head(data)
            else:
                self._feed(data)
        except (RemoteProtocolError, LocalProtocolError, UnicodeDecodeError):
            self.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        with self._lock:  # no thread writes to the descriptor any more: it is closed next
            self._is_open, self._is_gone = False, True
        if self._patience is not None:
            self._patience.cancel()
        if self._was_open:
            self._was_open = False
            self._visitor.gone(self)

    def _take_head(self, data: bytes) -> None:
        self._head += data
        if len(self._head) > HEAD_MAX:
            self.abort()
        elif b"\r\n\r\n" in self._head:
            if b"upgrade: websocket" in self._head.lower():
                self._socket = WSConnection(ConnectionType.SERVER)
                self._feed(self._head)
            else:
                self._answer(self._head.split(b" ", 2)[:2])
            self._head = b""

    def _answer(self, asked: list[bytes]) -> None:
        is_health = asked == [b"GET", b"/healthz"]
        status = HTTPStatus.OK if is_health else HTTPStatus.NOT_FOUND
        body = msgspec.json.encode(self._visitor.health()) if is_health else b""
        head = (f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n")
        assert self._transport is not None
        self._transport.write(head.encode() + body)
        self._transport.close()

    def _feed(self, data: bytes) -> None:
        assert self._socket is not None
        self._socket.receive_data(data)
        for event in self._socket.events():
            self._take(event)

    def _take(self, event: Any) -> None:
        assert self._socket is not None
        assert self._transport is not None
        if isinstance(event, Request):
            self._transport.write(self._socket.send(AcceptConnection()))
            self._open(event.target)
        elif isinstance(event, TextMessage):
            self._take_text(event)
        elif isinstance(event, BytesMessage):
            self.abort()  # nobody sends us pictures
        elif isinstance(event, Ping):
            self._write([self._socket.send(event.response())])
        elif isinstance(event, CloseConnection):
            if self._socket.state is ConnectionState.REMOTE_CLOSING:
                self._write([self._socket.send(event.response())])
            self._leave()

    def _open(self, target: str) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._is_open = self._was_open = True
        parts = urlsplit(target)
        self._visitor.opened(self, parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()})

    def _take_text(self, event: TextMessage) -> None:
        self._text.append(event.data)
        if sum(map(len, self._text)) > MESSAGE_MAX:
            self.abort()
        elif event.message_finished:
            text, self._text = "".join(self._text), []
            self._visitor.said(self, text)

    def _leave(self) -> None:
        """Lets what is written go out, but does not wait for ever."""
        self._is_open = False
        if self._transport is not None:
            self._loop.call_soon(self._transport.close)  # after what is on its way to the loop
            self._loop.call_later(FAREWELL_S, self.abort)


def _written(number: int, parts: list[bytes]) -> bytes:
    """What the socket did not take; all of it where it takes nothing. A broken one is the loop's to find."""
    parts = parts if len(parts) <= PIECES_MAX else [b"".join(parts)]
    try:
        count = os.writev(number, parts)
    except OSError:
        count = 0
    return b"".join(parts)[count:] if count < sum(map(len, parts)) else b""


def _frame_head(kind: int, length: int) -> bytes:
    if length < 126:
        return bytes((kind, length))
    if length < 1 << 16:
        return bytes((kind, 126)) + length.to_bytes(2, "big")
    return bytes((kind, 127)) + length.to_bytes(8, "big")
