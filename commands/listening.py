"""The HTTP server of a process, and the signal that ends it."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Protocol

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from config.settings import Settings


class Served(Protocol):
    """What is served: the command centre or the public site of its own."""

    @property
    def app(self) -> Flask: ...


class Listener:
    """The HTTP server in its own thread: one thread per request, and per live client."""

    def __init__(self, settings: Settings, served: Served) -> None:
        # Werkzeug's server is the one Flask-SocketIO's threading mode is made for; measured to 500 clients.
        self._server = make_server(settings.server.host, settings.server.port, served.app, threaded=True,
                                   request_handler=_QuietHandler)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self.address = f"http://{settings.server.host}:{self._server.server_port}/"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, name="web", daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()


class _QuietHandler(WSGIRequestHandler):
    """Requests are not logged line by line; errors are, by the application."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


def until_told_to_stop() -> threading.Event:
    """Set by the first SIGINT or SIGTERM."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped
