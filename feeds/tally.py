"""Counting what was seen before in one file, in bounded memory."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b


class Tally:
    """How often each fingerprint was met. The first `in_memory` different ones are held here, further ones in a
    temporary SQLite file of the process, which vanishes with it: a file of any length costs the same memory."""

    def __init__(self, in_memory: int) -> None:
        self._counts: dict[bytes, int] = {}
        self._in_memory = in_memory
        self._spill: sqlite3.Connection | None = None

    def count(self, fingerprint: bytes) -> int:
        """How often it was met before; and remember this time."""
        seen = self._counts.get(fingerprint)
        if seen is not None:
            self._counts[fingerprint] = seen + 1
            return seen
        if len(self._counts) < self._in_memory:
            self._counts[fingerprint] = 1
            return 0
        return self._count_spilled(fingerprint)

    def close(self) -> None:
        self._counts.clear()
        if self._spill is not None:
            self._spill.close()

    def _count_spilled(self, fingerprint: bytes) -> int:
        if self._spill is None:
            self._spill = _temporary_table()
        row = self._spill.execute(
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT (fingerprint) DO UPDATE SET n = n + 1 RETURNING n",
            (fingerprint,)).fetchone()
        return int(row[0]) - 1


def fingerprint_of(text: str) -> bytes:
    """12 bytes that stand for a text; two of a billion texts collide with probability 10⁻¹¹."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _temporary_table() -> sqlite3.Connection:
    connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("CREATE TABLE seen (fingerprint BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID")
    connection.execute("BEGIN")
    return connection
