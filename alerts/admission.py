"""Admission to the push channel: refused in words, never by hanging.

A page that finds the house full is told so by Socket.IO and let go a second later. Sockets beyond even that are
answered 503 before a thread is spent on them, so that plain HTTP keeps answering whoever knocks.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LET_GO_AFTER_S = 1.0


class Gate:
    """WSGI middleware: at most `room` sockets at once under `path`."""

    def __init__(self, app: WSGIApplication, path: str, room: int, sockets: Callable[[], int], words: str) -> None:
        self._app, self._path, self._room, self._sockets, self._words = app, path, room, sockets, words

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(self._path) and self._sockets() >= self._room:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain; charset=utf-8"),
                                                       ("Retry-After", "10"), ("Connection", "close")])
            return [self._words.encode()]
        return self._app(environ, start_response)


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
