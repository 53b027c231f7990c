"""Requests one at a time, where all their work is done in this process: no thread fights another for the interpreter.

Every statement of SQLite lets go of the interpreter and wants it back. With several requests at work each such moment is a
switch of threads, a tenth of the processor time of an act on a hosted case (docs/benchmarks.md).
A turn is a courtesy, not a lock that anything relies on: who waits for a disk or for another's work gives it up meanwhile
(`waiting`), and from who has had it for longer than `patience_s` the next takes it over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_mine = threading.local()


class Turns:
    """Whose turn it is. `patience_s`: how long one may last before another begins beside it."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._lock, self._since = threading.Lock(), 0.0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Within the block it is this thread's turn, unless it was given up or taken over."""
        self.take()
        try:
            yield
        finally:
            give_up()

    def take(self) -> None:
        """Wait for the turn, at most until whoever has it has had it for too long."""
        while True:
            lock = self._lock
            if lock.acquire(timeout=self._patience_s):
                break
            if time.monotonic() - self._since >= self._patience_s:
                self._lock = lock = threading.Lock()  # who has the old one goes on beside us, and lets go of it unnoticed
                lock.acquire()
                break
        self._since = time.monotonic()
        _mine.held = self, lock


def give_up() -> Turns | None:
    """Let the next begin. Whose turns they were, if this thread had one."""
    held: tuple[Turns, threading.Lock] | None = getattr(_mine, "held", None)
    if held is None:
        return None
    turns, lock = held
    _mine.held = None
    lock.release()
    return turns


class waiting:
    """Within the block this thread only waits, so that it is the next one's turn; then it takes its place again."""

    def __enter__(self) -> None:
        self._turns = give_up()

    def __exit__(self, *_raised: object) -> None:
        if self._turns is not None:
            self._turns.take()
