"""The HTTP server of a process, and the signal that ends it."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask
from werkzeug.serving import make_server

from commands.answering import KeepingHandler
from config.settings import Settings
from core.turns import Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOK_S = 1.0
_LIVE = "/socket.io/"  # kept open for as long as a screen lives


class Served(Protocol):
    """What is served: the command centre or the public site of its own."""

    @property
    def app(self) -> Flask: ...


class Listener:
    """The HTTP server in its own thread: one thread per connection, and per live client."""

    def __init__(self, settings: Settings, served: Served) -> None:
        # Werkzeug's server is the one Flask-SocketIO's threading mode is made for; measured to 500 clients.
        self._server: Any = make_server(settings.server.host, settings.server.port, _answering(settings, served), threaded=True,
                                        request_handler=KeepingHandler)
        self._server.daemon_threads = True
        self._server.keep_s, self._server.kept, self._server.is_stopping = settings.server.keep_alive_s, set(), False
        self.address = f"http://{settings.server.host}:{self._server.server_port}/"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, name="web", daemon=True).start()

    def stop(self) -> None:
        """No new connection; those that wait for their next request, or for an answer, end."""
        self._server.is_stopping = True
        self._server.shutdown()
        for connection in list(self._server.kept):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)


def _answering(settings: Settings, served: Served) -> WSGIApplication:
    """The application; on SQLite, whose work is all done in this process, one request at a time."""
    turn_s = settings.server.turn_ms / 1000
    if not turn_s or not settings.database.url.startswith("sqlite"):
        return served.app
    turns = Turns(turn_s)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "HTTP_UPGRADE" in environ or environ["PATH_INFO"].startswith(_LIVE):
            return served.app(environ, start_response)
        with turns.taken():
            return served.app(environ, start_response)

    return answer


class _Told(threading.Event):
    """Wakes to look. The system may hand a signal to any thread, but only the main thread runs what it asks for, and not while
    it waits for a lock: one that waited for ever would never end (seen as servers that outlived a SIGTERM by half a minute)."""

    def wait(self, timeout: float | None = None) -> bool:
        while timeout is None and not super().wait(LOOK_S):
            pass
        return super().wait(timeout or 0)


def until_told_to_stop() -> threading.Event:
    """Set by the first SIGINT or SIGTERM."""
    stopped = _Told()

    def stop(_number: int, _frame: FrameType | None) -> None:
        # In a thread of its own: the signal may come while the main thread holds the event's lock.
        threading.Thread(target=stopped.set, name="stop", daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped
