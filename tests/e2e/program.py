"""`app.py` as a process of its own: started as a user starts it, and killed as only the kernel kills."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.services import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")
START_TIMEOUT_S = 180.0  # a busy machine


class Program:
    """`python app.py ARGUMENTS` in `folder`, with settings by environment. `address` is what it printed."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self._folder, self._arguments = folder, arguments
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1",
                             **{f"YANGGUANG_{key.upper()}": value for key, value in settings.items()}}
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when it has printed its address, which is when it listens."""
        self._lines = []
        self._process = subprocess.Popen([sys.executable, str(REPOSITORY / "app.py"), *self._arguments], cwd=self._folder,
                                         env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                         encoding="utf-8")
        self._reader = threading.Thread(target=self._read, args=[self._process], daemon=True)
        self._reader.start()
        wait_until(lambda: bool(self._address()) or not self.is_running, timeout_s=START_TIMEOUT_S, what="an address")
        if not self.is_running:
            self._hang_up()
            raise AssertionError(self.log)

    def stop(self) -> None:
        """Ask it to end, as Ctrl+C does."""
        if self._process is not None and self.is_running:
            self._process.terminate()
            self._process.wait(30)
        self._hang_up()

    def kill9(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)
        self._hang_up()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return "".join(self._lines)

    @property
    def address(self) -> str:
        return self._address().rstrip("/")

    def _address(self) -> str:
        found = ADDRESS.search(self.log)
        return found[0] if found else ""

    def _hang_up(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._reader.join(10)
            self._process.stdout.close()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._lines.append(line)
