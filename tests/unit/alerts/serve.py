"""A push server in a process of its own, so that a test can kill it: `python -m tests.unit.alerts.serve URL PORT [REDIS]`."""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

from core.database import Database
from core.doorbell import RedisDoorbell
from tests.services import wait_until
from tests.unit.alerts.house import House
from tests.unit.alerts.live import LiveServer

REPOSITORY = Path(__file__).resolve().parents[3]


def main(url: str, port: str, redis_url: str = "") -> None:
    house = House(Database(url))
    with LiveServer(house, port=int(port), doorbell=RedisDoorbell(redis_url) if redis_url else None):
        threading.Event().wait()


class ServerProcess:
    """That process, as a test sees it."""

    def __init__(self, database_url: str, port: int, redis_url: str = "") -> None:
        self._arguments = [database_url, str(port), *([redis_url] if redis_url else [])]
        self.port, self.url = port, f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "tests.unit.alerts.serve", *self._arguments],
                                         cwd=REPOSITORY)
        wait_until(self._answers, timeout_s=30, what="the push server")

    def kill9(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def _answers(self) -> bool:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1).status == 200
        except (urllib.error.URLError, OSError):
            return False


if __name__ == "__main__":
    main(*sys.argv[1:])
