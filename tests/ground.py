"""What every test needs again and again, worked out once per process: the newest schema, the configuration that was read, the
code of routes; and once per state of the code, the small copies of the fonts.

Nothing is left out: an empty SQLite file gets the very pages that the migrations made of another one, a folder of configuration
is read again as soon as one of its files changes. Tests of the migrations and of the parser themselves ask for `plain_ground`.
"""

from __future__ import annotations

import hashlib
import inspect
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from dash._hooks import HooksManager
from werkzeug.routing import Rule

import bootstrap
import config.documents
import core.migration

REPOSITORY = Path(__file__).resolve().parents[1]


def font_folder() -> Path:
    """Where all tests find the copies of fonts: a folder of its own for every state of the code that makes them."""
    makers = (REPOSITORY / "papers" / name for name in ("fonts.py", "outlines.py"))
    state = hashlib.sha256(b"".join(maker.read_bytes() for maker in makers)).hexdigest()[:16]
    return REPOSITORY / ".pytest_cache" / f"fonts-{state}"


class Schema:
    """Stands in for alembic.command where a database is brought to the newest schema."""

    def __init__(self) -> None:
        self._templates: dict[str | None, sqlite3.Connection] = {}  # by the folder of the migrations

    def upgrade(self, settings: Config, revision: str) -> None:
        """As Alembic does it; an empty SQLite database is copied from the first one that Alembic made."""
        connection = settings.attributes["connection"]
        if connection.dialect.name != "sqlite" or connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first():
            connection.rollback()
            command.upgrade(settings, revision)
            return
        connection.rollback()
        scripts = settings.get_main_option("script_location")
        if scripts in self._templates:
            self._templates[scripts].backup(connection.connection.driver_connection)
        else:
            command.upgrade(settings, revision)
            self._templates[scripts] = _copied(connection.connection.driver_connection)


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


class Loader:
    """Remembers what a folder of configuration was read into, by the time and size of its files. What is read does not change;
    a mapping is given out as a copy."""

    def __init__(self, load: Callable[..., Any]) -> None:
        self._load, self._known = load, dict[tuple[Any, ...], Any]()

    def __call__(self, folder: Path | None = None) -> Any:
        given = () if folder is None else (folder,)
        where = folder or inspect.signature(self._load).parameters["directory"].default
        files = sorted(path for path in where.rglob("*") if path.is_file())
        key = (where, *((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))
        if key not in self._known:
            self._known[key] = self._load(*given)
        found = self._known[key]
        return dict(found) if isinstance(found, dict) else found


class Builders:
    """Remembers the code werkzeug writes for a route: it follows from the route's parts and defaults alone."""

    def __init__(self, compile_: Callable[[Rule, bool], Any]) -> None:
        self._compile, self._known = compile_, dict[tuple[Any, ...], Any]()

    def of(self, rule: Rule, append_unknown: bool = True) -> Any:
        key = (tuple(rule._trace), tuple(sorted((rule.defaults or {}).items())), append_unknown)
        if key not in self._known:
            self._known[key] = self._compile(rule, append_unknown)
        return self._known[key]


def _copied(made: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    made.backup(copy)
    return copy


def lay(patch: pytest.MonkeyPatch) -> None:
    """From now on."""
    patch.setenv("YANGGUANG_PAPERS__FONT_DIR", str(font_folder()))  # processes that tests start see it, too
    patch.setattr(core.migration, "command", Schema())
    patch.setattr(config.documents, "_parse", Parser(config.documents._parse))
    for name in ("load_calendars", "load_texts", "load_presets", "load_catalogue", "load_calendar_contents"):
        patch.setattr(bootstrap, name, Loader(getattr(bootstrap, name)))
    builders = Builders(Rule._compile_builder)
    patch.setattr(Rule, "_compile_builder", lambda rule, append_unknown=True: builders.of(rule, append_unknown))
    # Dash looks through everything that is installed for hooks, once for every page as long as it finds none.
    HooksManager.register_setuptools()
    patch.setattr(HooksManager, "register_setuptools", lambda *_: None)
