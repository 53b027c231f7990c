"""Events in the order of their claimed time, in a temporary file: a log of any length costs the same memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from cases.events import CaseEvent

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(CaseEvent).decode


class Timeline:
    """Filled once, then taken from the front. The file is SQLite's own temporary one and vanishes with the process."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("CREATE TABLE line (at INTEGER, place INTEGER, n INTEGER, event BLOB)")
        self._place: tuple[int, int, int] = (-(2**63), 0, 0)

    def add(self, events: Iterable[CaseEvent]) -> None:
        """Take in events of one file, in the order of the file."""
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO line VALUES (?, ?, ?, ?)", (
            (event.claimed_at, event.order, number, _pack(event)) for number, event in enumerate(events)))
        self._db.execute("COMMIT")
        self._db.execute("CREATE INDEX IF NOT EXISTS by_time ON line (at, place, n)")

    def take_until(self, now_us: int, most: int) -> list[CaseEvent]:
        """The next events that have happened by now, at most so many."""
        rows = self._db.execute(
            "SELECT at, place, n, event FROM line WHERE (at, place, n) > (?, ?, ?) AND at <= ? "
            "ORDER BY at, place, n LIMIT ?", (*self._place, now_us, most)).fetchall()
        if rows:
            self._place = rows[-1][:3]
        return [_unpack(row[3]) for row in rows]

    @property
    def next_us(self) -> int | None:
        """When the next event happens; None at the end."""
        row = self._db.execute("SELECT at FROM line WHERE (at, place, n) > (?, ?, ?) ORDER BY at, place, n LIMIT 1",
                               self._place).fetchone()
        return None if row is None else int(row[0])

    @property
    def first_us(self) -> int | None:
        return self._one("SELECT min(at) FROM line")

    @property
    def last_us(self) -> int | None:
        return self._one("SELECT max(at) FROM line")

    def __len__(self) -> int:
        return self._one("SELECT count(*) FROM line") or 0

    def close(self) -> None:
        self._db.close()

    def _one(self, query: str) -> int | None:
        value = self._db.execute(query).fetchone()[0]
        return None if value is None else int(value)
