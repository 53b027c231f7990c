"""SQLite's readers: connections kept for the next look.

Making one up costs as much as several statements, and so does a transaction of the toolkit's. Theirs is begun once and stays
open; what a look needs, that all its statements see one moment, is a transaction of SQLite's, begun and ended by the driver.
Whoever looks must not end it himself, and must have read or dropped every result: one that is left half read holds its moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType

from sqlalchemy import Connection

from core.statements import driver_of, run


class Readers:
    """`connect` makes a connection whose transactions nothing else begins; at most `most` are kept."""

    def __init__(self, connect: Callable[[], Connection], most: int) -> None:
        self._connect = connect
        self._kept: deque[Connection] = deque(maxlen=most)

    def look(self) -> Look:
        """A block with a connection for reading; one that raises gives its connection up."""
        return Look(self)

    def take(self) -> Connection:
        try:
            return self._kept.pop()
        except IndexError:
            return self._begun()

    def _begun(self) -> Connection:
        conn = self._connect()
        try:
            conn.begin()
        except BaseException:
            conn.close()
            raise
        return conn

    def give_back(self, conn: Connection) -> None:
        if len(self._kept) < (self._kept.maxlen or 0):
            self._kept.append(conn)
        else:
            conn.close()

    def close(self) -> None:
        """Give up those that wait for the next look."""
        while self._kept:
            self._kept.pop().close()


class Look:
    """Every request looks several times: a generator would cost as much as a short statement."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def __enter__(self) -> Connection:
        self._conn = conn = self._readers.take()
        try:
            run(conn, "BEGIN", ())
        except BaseException:
            conn.close()
            raise
        return conn

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        conn = self._conn
        try:
            if error is None:
                driver_of(conn).rollback()
                self._readers.give_back(conn)
                return
        except BaseException:
            conn.close()
            raise
        conn.close()
