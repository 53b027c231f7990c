"""A question under way: how far it is, whether its time is over, and whether its asker still wants it.

What is known of it lies in two small files in the store's folder, which every web process shares: whoever asks after a
question, or gives it up, need not reach the process that works on it. A name is made of the asker's and of a ticket he chose,
so that nobody finds another one's.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from core.errors import InvalidInput, NotFound, SupervisionError, Unavailable
from core.instants import DAY_US, SECOND_US

log = logging.getLogger(__name__)
ASKED, STOP = ".asked", ".stop"
LOOK_S = 0.2
_TICKET = re.compile(r"[0-9a-f]{16,64}")


class QuestionStopped(SupervisionError):
    """Its asker gave it up."""

    status = 409


def check_ticket(ticket: str) -> str:
    """Itself; "" is none. Raises InvalidInput (`history_ticket_unreadable`)."""
    if ticket and not _TICKET.fullmatch(ticket):
        raise InvalidInput("history_ticket_unreadable", value=ticket[:32])
    return ticket


class Watches:
    """The questions under way in a store's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ASKED

    def percent(self, asker: str, ticket: str) -> float:
        """How far a question is, as DuckDB guesses. Raises NotFound (`history_not_asked`)."""
        try:
            return float(self._path(asker, ticket).read_text() or 0)
        except (FileNotFoundError, ValueError):
            raise NotFound("history_not_asked") from None

    def stop(self, asker: str, ticket: str) -> None:
        """Give it up. Raises NotFound when it is not under way."""
        self.percent(asker, ticket)
        self._path(asker, ticket).with_suffix(STOP).touch()

    @contextmanager
    def over(self, connection: duckdb.DuckDBPyConnection, timeout_s: float, asker: str, ticket: str) -> Iterator[None]:
        """While it runs. Raises Unavailable (`history_timeout`) or QuestionStopped (`history_stopped`) when it was ended."""
        watch = _Watch(connection, timeout_s, self._path(asker, ticket) if ticket else None)
        try:
            with watch:
                yield
        except duckdb.InterruptException as error:
            if watch.was_stopped:
                raise QuestionStopped("history_stopped") from error
            raise Unavailable("history_timeout", retry_after=60, seconds=timeout_s) from error

    def _path(self, asker: str, ticket: str) -> Path:
        check_ticket(ticket)
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / hashlib.sha256(f"{asker}\0{ticket}".encode()).hexdigest()[:32]


class _Watch:
    def __init__(self, connection: duckdb.DuckDBPyConnection, timeout_s: float, path: Path | None) -> None:
        self._connection, self._path = connection, path
        self._until = time.monotonic() + timeout_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.was_stopped = False

    def __enter__(self) -> None:
        if self._path is not None:
            self._path.with_suffix(STOP).unlink(missing_ok=True)
            self._path.write_text("0")
            _sweep(self._path)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path.with_suffix(STOP).unlink(missing_ok=True)

    def _look(self) -> None:
        left = self._until - time.monotonic()
        while not self._over.wait(min(LOOK_S, left) if left > 0 else LOOK_S):
            left = self._until - time.monotonic()
            if self._path is not None:
                self._tell(self._path)
            if self.was_stopped or left <= 0:
                self._connection.interrupt()  # again and again: it may not have begun

    def _tell(self, path: Path) -> None:
        """How far it is, and whether somebody gave it up; a full disk costs the news, never the time-out."""
        try:
            path.write_text(f"{max(0.0, self._connection.query_progress()):.1f}")
            self.was_stopped = self.was_stopped or path.with_suffix(STOP).exists()
        except OSError as error:
            log.warning("a question to the deep history cannot tell how far it is: %s", error)


def _sweep(newest: Path) -> None:
    """What killed processes left beside a file just written: no question takes a day."""
    now = newest.stat().st_mtime
    for path in newest.parent.iterdir():
        try:
            if path.stat().st_mtime < now - DAY_US / SECOND_US:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue
