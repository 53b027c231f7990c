"""The name of the record a database holds: given once, while the journal is empty, and sealed with the installation's key.

Anchors carry it, so that any number of databases may publish into one folder, and a record that was rolled back or exchanged is
still told from another one. The seal shows, too, whether a key is the one this record is sealed with.
"""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, select

from cases.chain import ChainKeys, canonical, mac_of
from cases.models import journal
from core.database import bulk_upsert
from core.errors import ConfigError
from core.models import marks
from core.unit_of_work import UnitOfWorkFactory

MARK = "record"
_CHAIN = "yangguang/record"


class RecordName:
    """Gives it, and reads it with its seal."""

    def __init__(self, keys: ChainKeys) -> None:
        self._keys = keys

    def give(self, units: UnitOfWorkFactory) -> None:
        """Name an empty record, anew if its key is another one now. A record of before names were given has none, and is held
        to every anchor there is."""
        with units.database.read() as conn:
            if not self._is_nameless(conn):
                return
        with units() as uow:
            if self._is_nameless(uow.conn):
                name = secrets.token_hex(16)
                bulk_upsert(uow.conn, marks, ("name", "value"), [(MARK, f"{name} {self._seal(name)}")], key=("name",))

    def _is_nameless(self, conn: Connection) -> bool:
        stored = _stored(conn)
        return (stored is None or not self._has_seal(stored)) and _is_empty(conn)

    def read(self, conn: Connection) -> str:
        """The name, "" where none was given. Raises ConfigError (`journal_key_differs`) when it was sealed with another key."""
        stored = _stored(conn)
        if stored is None:
            return ""
        if not self._has_seal(stored):
            raise ConfigError("journal_key_differs", key="journal.key",
                              remedy="give the key this record was begun with (journal.key or journal.key_path)")
        return stored.partition(" ")[0]

    def _has_seal(self, stored: str) -> bool:
        name, _, seal = stored.partition(" ")
        return secrets.compare_digest(seal, self._seal(name))

    def _seal(self, name: str) -> str:
        return mac_of(self._keys.key(_CHAIN), b"", canonical([name])).hex()


def _stored(conn: Connection) -> str | None:
    return conn.scalar(select(marks.c.value).where(marks.c.name == MARK))


def _is_empty(conn: Connection) -> bool:
    return conn.scalar(select(journal.c.seq).limit(1)) is None
