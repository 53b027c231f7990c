"""Starting the real server for a benchmark, and posting events to it over a kept connection."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psutil

from tests.bench.serve import EMIT
from tests.services import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
SETTLE_S, QUIET_SHARE = 1.0, 0.05
START_TIMEOUT_S, STOP_TIMEOUT_S = 60.0, 15.0


class Served:
    """A running server: where, who, and the feed's token."""

    def __init__(self, port: int, pid: int, token: str) -> None:
        self.port, self.pid, self.token = port, pid, token
        self._lines = threading.local()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, events: Sequence[bytes]) -> bytes:
        """POST /api/v1/events; raises RuntimeError unless it is accepted."""
        return self._ask("/api/v1/events", b"[" + b",".join(events) + b"]")

    def emit(self) -> None:
        """The bare message to every client."""
        self._ask(EMIT, b"")

    def _connection(self) -> http.client.HTTPConnection:
        """One kept connection per sending thread."""
        if not hasattr(self._lines, "kept"):
            self._lines.kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        kept: http.client.HTTPConnection = self._lines.kept
        return kept

    def wake(self) -> None:
        """Open the kept connection of this thread anew: the server closes one that is idle while browsers and clients begin."""
        self._connection().close()

    def _ask(self, path: str, body: bytes) -> bytes:
        try:
            answer, text = self._asked(path, body)
        except (ConnectionError, http.client.HTTPException):  # the server closes a kept connection when it has served enough
            self._connection().close()
            answer, text = self._asked(path, body)
        if answer.status not in (200, 204):
            raise RuntimeError(f"{path}: {answer.status} {text[:500]!r}")
        return text

    def _asked(self, path: str, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        line = self._connection()
        line.request("POST", path, body, {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        answer = line.getresponse()
        return answer, answer.read()

    def settle(self) -> None:
        """Return once the server has done what it does at its start: its first jobs, its caches."""
        process, busy = psutil.Process(self.pid), -1.0
        while (now := sum(process.cpu_times()[:2])) - busy > QUIET_SHARE * SETTLE_S:
            busy = now
            time.sleep(SETTLE_S)

    def is_up(self) -> bool:
        try:
            self._connection().request("GET", "/healthz")
            return self._connection().getresponse().read() == b"ok\n"
        except OSError:
            self._connection().close()
            return False


@contextmanager
def served(url: str, folder: Path, begins: datetime, **settings: object) -> Iterator[Served]:
    """A server that answers, with these settings (`__` for the dot); ended with the block."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.serve", url, str(folder), begins.isoformat(), str(port),
               json.dumps({name.replace("__", "."): value for name, value in settings.items()})]
    log = folder / f"server-{port}.log"
    with log.open("wb") as errors, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors) as process:
        try:
            assert process.stdout is not None
            token = process.stdout.readline().decode().strip()
            server = Served(port, process.pid, token)
            wait_until(lambda: process.poll() is not None or server.is_up(), timeout_s=START_TIMEOUT_S, what="the server")
            if process.poll() is not None:
                raise RuntimeError(log.read_text(encoding="utf-8")[-2000:])
            yield server
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """In order, or else at once: a benchmark that was interrupted must not leave a server behind."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
