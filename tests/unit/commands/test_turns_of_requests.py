"""Which requests take turns: those of a program on SQLite, and of them none that stays open."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from types import SimpleNamespace
from typing import Any

import pytest

from commands.listening import _answering
from config.settings import load_settings


@pytest.mark.parametrize(("url", "turn_ms", "path", "upgrade", "are_together"), [
    ("sqlite://", 60_000, "/api/v1/approval/cases", False, False),
    ("sqlite://", 60_000, "/socket.io/", False, True),
    ("sqlite://", 60_000, "/live/1/main", True, True),
    ("sqlite://", 0, "/api/v1/approval/cases", False, True),
    ("sqlite://", 20, "/a/long/report", False, True),
    ("postgresql+psycopg://x/y", 60_000, "/api/v1/approval/cases", False, True),
])
def test_two_requests_meet_only_where_they_take_no_turns(url: str, turn_ms: int, path: str, upgrade: bool,
                                                         are_together: bool) -> None:
    met = Barrier(2)

    def app(_environ: dict[str, Any], _start: Any) -> list[bytes]:
        try:
            met.wait(1 if not are_together else 30)
        except BrokenBarrierError:
            return [b"alone"]
        return [b"together"]

    settings = load_settings({"database.url": url, "server.turn_ms": turn_ms})
    answer = _answering(settings, SimpleNamespace(app=app))  # type: ignore[arg-type]
    environ = {"PATH_INFO": path} | ({"HTTP_UPGRADE": "websocket"} if upgrade else {})
    with ThreadPoolExecutor(2) as people:
        told = list(people.map(lambda _: next(iter(answer(environ, None))), range(2)))  # type: ignore[arg-type]
    assert told == [b"together" if are_together else b"alone"] * 2
