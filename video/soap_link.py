"""One POST to a device that is a stranger: until an instant and no longer, so many bytes, nowhere else than asked; over TLS
where its address says so, and once more with an HTTP digest where it asks for that."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from contextlib import ExitStack
from typing import Any
from urllib.parse import SplitResult, urlsplit

from core.errors import UpstreamError
from video.addresses import Login
from video.http_digest import answer_to

BODY_MAX = 1 << 20
_PIECE = 65_536


def post(address: str, machine: str, body: bytes, action: str, until: float, *, login: Login | None = None,
         tls: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    """(status, body). `machine` is the IP address that was checked for the host of `address`; asking for it again could lead
    elsewhere. `until` is an instant of the monotonic clock. A redirect is an answer like any other: it is not followed.
    `tls`: how an https address is spoken to; None: not at all.

    Raises UpstreamError (`onvif_unreachable`, `onvif_unreadable`).
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or (parts.scheme == "https" and tls is None):
        raise UpstreamError("onvif_unreadable", permanent=True, what="address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    answer = _asked(parts, machine, path, body, action, until, tls, "")
    if answer.status == 401 and login is not None:
        proof = answer_to(answer.headers.get_all("WWW-Authenticate", []), login, "POST", path)
        if proof is not None:
            answer = _asked(parts, machine, path, body, action, until, tls, f"Authorization: {proof}\r\n")
    try:
        return answer.status, answer.read(BODY_MAX)
    except (http.client.HTTPException, ValueError, OSError) as broken:
        raise UpstreamError("onvif_unreadable", permanent=True, what="http") from broken


def _asked(parts: SplitResult, machine: str, path: str, body: bytes, action: str, until: float, tls: ssl.SSLContext | None,
           more: str) -> http.client.HTTPResponse:
    head = (f"POST {path} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nConnection: close\r\n{more}"
            f'Content-Type: application/soap+xml; charset=utf-8; action="{action}"\r\nContent-Length: {len(body)}\r\n\r\n')
    is_secret = parts.scheme == "https"
    try:
        told = _exchange((machine, parts.port or (443 if is_secret else 80)), head.encode() + body, until,
                         tls if is_secret else None, parts.hostname or "")
    except (OSError, UnicodeError, ValueError) as failure:
        raise UpstreamError("onvif_unreachable", what=type(failure).__name__) from failure
    try:
        answer = http.client.HTTPResponse(_Read(told))  # type: ignore[arg-type]
        answer.begin()
        return answer
    except (http.client.HTTPException, ValueError, OSError) as broken:
        raise UpstreamError("onvif_unreadable", permanent=True, what="http") from broken


def _exchange(where: tuple[str, int], message: bytes, until: float, tls: ssl.SSLContext | None, name: str) -> bytes:
    """Whatever comes back until the other side closes, or its answer is whole, or the time is over."""
    told = bytearray()
    with ExitStack() as ends:
        link = ends.enter_context(socket.create_connection(where, timeout=_left(until)))
        link.settimeout(_left(until))
        if tls is not None:
            link = ends.enter_context(tls.wrap_socket(link, server_hostname=name))
        link.sendall(message)
        while len(told) < BODY_MAX and not _is_whole(told):
            link.settimeout(_left(until))
            piece = link.recv(_PIECE)
            if not piece:
                break
            told += piece
    return bytes(told)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _is_whole(told: bytearray) -> bool:
    """A camera may keep the line open although it was asked to close it."""
    head, sign, body = bytes(told).partition(b"\r\n\r\n")
    if not sign:
        return False
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip() == b"content-length" and value.strip().isdigit():
            return len(body) >= int(value)
        if name.strip() == b"transfer-encoding" and value.strip() == b"chunked":
            return body.endswith(b"0\r\n\r\n")
    return False


class _Read:
    """What was read, as the socket http.client reads from."""

    def __init__(self, told: bytes) -> None:
        self._file = io.BytesIO(told)

    def makefile(self, *_mode: Any) -> io.BytesIO:
        return self._file
