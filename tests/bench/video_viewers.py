"""Viewers of many live streams in one process that costs little: counts pictures, keeps none.

    python -m tests.bench.video_viewers SECONDS < addresses, one per line (ws:// or http:// of a multipart stream)

Prints one line of JSON: pictures per second of each, in the order given.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
import time
from urllib.parse import urlsplit

CHUNK = 1 << 18
BOUNDARY = b"--BoundaryString"  # motion's


class Stream:
    """One connection; `count` pictures so far."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.is_socket = parts.scheme == "ws"
        self.connection = socket.create_connection((parts.hostname, parts.port))
        upgrade = ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n") if self.is_socket else ""
        query = f"?{parts.query}" if parts.query else ""
        self.connection.sendall(f"GET {parts.path}{query} HTTP/1.1\r\nHost: {parts.netloc}\r\n{upgrade}\r\n".encode())
        self.count = self._skip = 0
        self._pending = b""
        self._is_open = False

    def read(self) -> bool:
        """Whether there may be more."""
        data = self.connection.recv(CHUNK)
        if not data:
            return False
        if not self._is_open:
            self._pending += data
            if b"\r\n\r\n" not in self._pending:
                return True
            self._is_open = True
            data = self._pending.partition(b"\r\n\r\n")[2]
            self._pending = b""
        self._take(data) if self.is_socket else self._take_parts(data)
        return True

    def _take(self, data: bytes) -> None:
        """WebSocket frames: only their heads are looked at."""
        if self._skip >= len(data):
            self._skip -= len(data)
            return
        data, self._skip = self._pending + data[self._skip:], 0
        self._pending = b""
        while len(data) >= 18:
            kind, length, at = data[0] & 0xF, data[1] & 0x7F, 2
            if length == 126:
                length, at = int.from_bytes(data[2:4], "big"), 4
            elif length == 127:
                length, at = int.from_bytes(data[2:10], "big"), 10
            self.count += kind == 2 and data[at + 4:at + 8] == b"moof"
            if at + length > len(data):
                self._skip = at + length - len(data)
                return
            data = data[at + length:]
        self._pending = data

    def _take_parts(self, data: bytes) -> None:
        data = self._pending + data
        self.count += data.count(BOUNDARY)
        self._pending = b"" if data.endswith(BOUNDARY) else data[1 - len(BOUNDARY):]


def main() -> None:
    seconds = float(sys.argv[1])
    streams = [Stream(line.strip()) for line in sys.stdin if line.strip()]
    selector = selectors.DefaultSelector()
    for stream in streams:
        selector.register(stream.connection, selectors.EVENT_READ, stream)
    settle, end = time.monotonic() + 3, time.monotonic() + 3 + seconds
    first: list[int] = []
    while time.monotonic() < end:
        if not first and time.monotonic() >= settle:
            first = [stream.count for stream in streams]
            print("settled", flush=True)
        for key, _ in selector.select(0.05):
            if not key.data.read():
                selector.unregister(key.fileobj)
    rates = [(stream.count - before) / seconds for stream, before in zip(streams, first, strict=True)]
    print(json.dumps(rates), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
