"""What every test needs again and again, worked out once per process: the newest schema and the parsed configuration files.

Nothing is left out: an empty SQLite file gets the very pages that the migrations made of another one, a file of configuration
is read again as soon as it changes. Tests of the migrations and of the parser themselves ask for `plain_ground`.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

import config.documents
import core.migration


class Schema:
    """Stands in for alembic.command where a database is brought to the newest schema."""

    def __init__(self) -> None:
        self._template: sqlite3.Connection | None = None

    def upgrade(self, settings: Config, revision: str) -> None:
        """As Alembic does it; an empty SQLite database is copied from the first one that Alembic made."""
        connection = settings.attributes["connection"]
        if connection.dialect.name != "sqlite" or connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first():
            connection.rollback()
            command.upgrade(settings, revision)
            return
        connection.rollback()
        if self._template is None:
            command.upgrade(settings, revision)
            self._template = _copied(connection.connection.driver_connection)
        else:
            self._template.backup(connection.connection.driver_connection)


class Parser:
    """Remembers what was read of each file, by its time and size."""

    def __init__(self, parse: Callable[..., Any]) -> None:
        self._parse, self._known = parse, dict[tuple[Path, int, int], bytes]()

    def __call__(self, path: Path, loader: Any) -> Any:
        stamp = path.stat()
        key = (path, stamp.st_mtime_ns, stamp.st_size)
        if key not in self._known:
            self._known[key] = pickle.dumps(self._parse(path, loader))
        return pickle.loads(self._known[key])


def _copied(made: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    made.backup(copy)
    return copy


def lay(patch: pytest.MonkeyPatch) -> None:
    """From now on."""
    patch.setattr(core.migration, "command", Schema())
    patch.setattr(config.documents, "_parse", Parser(config.documents._parse))
