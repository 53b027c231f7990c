"""The real server for a benchmark, in a process of its own: `python -m tests.bench.serve URL FOLDER ISO-INSTANT PORT SETTINGS`
(JSON).

It is the default one-process server with its jobs; only its clock begins at the given instant. Beside the product's routes it
serves POST /bench/emit: a bare Socket.IO message to every client of the live channel, the floor of the push.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from flask_socketio import SocketIO

from alerts.push import NAMESPACE
from approval.posts import EVERY_UNIT
from bootstrap import build_services
from commands.serving import serve
from config.settings import load_settings
from core.access import Role
from core.clock import AcceleratedClock
from server import build_server
from tests.bench.house import settings_of

EMIT, FLOOR_EVENT, SOURCE = "/bench/emit", "bench", "bench"
OFFICER, PASSWORD = "bench", "a bench is no place to sleep"
STAFF = {"bench.clerk": "综合窗口", "bench.handler": "承办人", "bench.reviewer": "审核人", "bench.approver": "批准人"}

MANY = 10_000


def main(url: str, folder: Path, begins: datetime, port: int, more: dict[str, object]) -> None:
    """Print the token of the feed, then serve until told to stop."""
    # Cards are measured one by one; beyond this number screens would say them together.
    settings = load_settings(settings_of(url, folder) | {"demo.enabled": True, "server.port": port,
                                                         "cards.flood_cards": MANY} | more)
    services = build_services(settings, AcceleratedClock(begins, speed=1.0))
    print(services.accounts.issue_token("feed", SOURCE), flush=True)
    services.accounts.create(OFFICER, PASSWORD, display_name="bench", roles=[Role.DUTY_OFFICER])
    for name, post in STAFF.items():
        services.accounts.create(name, PASSWORD, display_name=name, roles=[Role.APPROVAL_STAFF], org="gongxin")
        services.approval.posts.give(name, EVERY_UNIT, [post])
    server = build_server(services, demo_duty="bench")

    server.app.wsgi_app = _Emitter(server.app.wsgi_app, server.push.socketio)  # type: ignore[method-assign]
    serve(services, server, with_jobs=True)


class _Emitter:
    """In front of the application, so that no gate or session is part of the floor."""

    def __init__(self, app: Any, socketio: SocketIO) -> None:
        self._app, self._socketio = app, socketio

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] != EMIT:
            return self._app(environ, start_response)
        self._socketio.emit(FLOOR_EVENT, {}, namespace=NAMESPACE)
        start_response("204 No Content", [])
        return []


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]), int(sys.argv[4]), json.loads(sys.argv[5]))
