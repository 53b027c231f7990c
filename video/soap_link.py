"""One POST to a device that is a stranger: until an instant and no longer, so many bytes, nowhere else than asked."""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from core.errors import UpstreamError

BODY_MAX = 1 << 20
_PIECE = 65_536


def post(address: str, machine: str, body: bytes, action: str, until: float) -> tuple[int, bytes]:
    """(status, body). `machine` is the IP address that was checked for the host of `address`; asking for it again could lead
    elsewhere. `until` is an instant of the monotonic clock. A redirect is an answer like any other: it is not followed.

    Raises UpstreamError (`onvif_unreachable`, `onvif_unreadable`).
    """
    parts = urlsplit(address)
    if parts.scheme != "http" or not parts.hostname:
        raise UpstreamError("onvif_unreadable", permanent=True, what="address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = (f"POST {path} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nConnection: close\r\n"
            f'Content-Type: application/soap+xml; charset=utf-8; action="{action}"\r\nContent-Length: {len(body)}\r\n\r\n')
    try:
        told = _exchange(machine, parts.port or 80, head.encode("ascii") + body, until)
    except (OSError, UnicodeError) as failure:
        raise UpstreamError("onvif_unreachable", what=type(failure).__name__) from failure
    try:
        answer = http.client.HTTPResponse(_Read(told))  # type: ignore[arg-type]
        answer.begin()
        return answer.status, answer.read(BODY_MAX)
    except (http.client.HTTPException, ValueError, OSError) as broken:
        raise UpstreamError("onvif_unreadable", permanent=True, what="http") from broken


def _exchange(host: str, port: int, message: bytes, until: float) -> bytes:
    """Whatever comes back until the other side closes, or its answer is whole, or the time is over."""
    told = bytearray()
    with socket.create_connection((host, port), timeout=_left(until)) as link:
        link.settimeout(_left(until))
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
