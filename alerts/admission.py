"""Admission to the push channel: refused in words, never by hanging.

A page that finds the house full is told so by Socket.IO and let go a second later. Sockets beyond even that are
answered 503 before a thread is spent on them, so that plain HTTP keeps answering whoever knocks.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LET_GO_AFTER_S = 1.0


class Gate:
    """WSGI middleware: at most `room` sockets at once under `path`, each given up when dead for `dead_after_s`."""

    def __init__(self, app: WSGIApplication, path: str, room: int, sockets: Callable[[], int], words: str,
                 dead_after_s: float) -> None:
        self._app, self._path, self._room, self._sockets, self._words = app, path, room, sockets, words
        self._dead_after_s = dead_after_s

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(self._path):
            return self._app(environ, start_response)
        if self._sockets() >= self._room:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain; charset=utf-8"),
                                                       ("Retry-After", "10"), ("Connection", "close")])
            return [self._words.encode()]
        self._bound(environ.get("werkzeug.socket") or environ.get("gunicorn.socket"))
        return self._app(environ, start_response)

    def _bound(self, connection: socket.socket | None) -> None:
        """Let the kernel end a connection whose other side takes nothing, else its two threads wait for ever."""
        if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._dead_after_s * 1000))


class Refusals:
    """Sockets refused in words; they are closed once the words have arrived."""

    def __init__(self, close: Callable[[Any], None], monotonic: Callable[[], float]) -> None:
        self._close, self._monotonic = close, monotonic
        self._waiting: deque[tuple[float, Any]] = deque()
        self._lock = threading.Lock()

    def add(self, eio_sid: Any) -> None:
        with self._lock:
            self._waiting.append((self._monotonic() + LET_GO_AFTER_S, eio_sid))

    def let_go(self) -> None:
        for eio_sid in self._due():
            self._close(eio_sid)

    def _due(self) -> list[Any]:
        due = []
        with self._lock:
            while self._waiting and self._waiting[0][0] <= self._monotonic():
                due.append(self._waiting.popleft()[1])
        return due
