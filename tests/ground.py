"""What every test needs again and again, worked out once per process: the newest schema, the configuration that was read, the
code of routes and templates; and once per state of the code, the small copies of the fonts.

Nothing is left out: an empty database gets the very pages that the migrations made of another one, a folder of configuration is
read again as soon as one of its files changes. Only what makes a product slow on purpose is less: passwords are hashed with the
least work, SQLite does not wait for the disk. Tests of the migrations, the parser, or of these ask for `plain_ground`.
"""

from __future__ import annotations

import hashlib
import inspect
import pickle
import sqlite3
import uuid
from collections.abc import Callable, Hashable
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import dash._configs
import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from argon2 import PasswordHasher
from dash._hooks import HooksManager
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Engine, MetaData, create_engine
from sqlalchemy.engine import URL
from werkzeug.routing import Rule

import bootstrap
import config.district_map
import config.documents
import core.database
import core.migration
import core.passwords
import evaluating
import evaluation.assembly
import public_site
from config.calendars import load_calendar_contents, load_calendars
from config.catalogue import load_catalogue
from config.district_map import load_map
from config.follow_up import load_follow_up
from config.indicators import load_indicators
from config.ladders import load_presets
from config.texts import load_texts
from core.database import Database, import_models

REPOSITORY = Path(__file__).resolve().parents[1]
# What reads configuration, and the modules that do so whenever an installation is built.
READERS: dict[Callable[..., Any], tuple[ModuleType, ...]] = {
    load_calendars: (bootstrap,), load_calendar_contents: (bootstrap,), load_presets: (bootstrap,),
    load_texts: (bootstrap, public_site), load_catalogue: (bootstrap, public_site), load_follow_up: (bootstrap, public_site),
    load_indicators: (evaluating, evaluation.assembly), load_map: (config.district_map,),
}


def font_folder() -> Path:
    """Where all tests find the copies of fonts: a folder of its own for every state of the code that makes them."""
    makers = (REPOSITORY / "papers" / name for name in ("fonts.py", "outlines.py"))
    state = hashlib.sha256(b"".join(maker.read_bytes() for maker in makers)).hexdigest()[:16]
    return REPOSITORY / ".pytest_cache" / f"fonts-{state}"


class Clones:
    """PostgreSQL databases that were filled once; any empty one becomes a copy of them, file by file."""

    def __init__(self) -> None:
        self._filled: dict[tuple[URL, Hashable], str] = {}  # the template by its server and what is in it

    def become(self, engine: Engine, kind: Hashable, fill: Callable[[Engine], None]) -> None:
        """The empty database of `engine` has what `fill` makes. Nobody else may be connected with it."""
        server = engine.url.set(database="postgres")
        if (server, kind) not in self._filled:
            self._filled[server, kind] = self._made(server, fill)
        engine.dispose()
        name = engine.url.database
        self._administer(server, f'DROP DATABASE "{name}" WITH (FORCE)',
                         f'CREATE DATABASE "{name}" TEMPLATE "{self._filled[server, kind]}" STRATEGY FILE_COPY')

    def drop(self) -> None:
        """A server somebody gave us keeps nothing; one of our own is gone already."""
        for (server, _kind), name in self._filled.items():
            try:
                self._administer(server, f'DROP DATABASE IF EXISTS "{name}"')
            except psycopg.OperationalError:
                continue

    def _made(self, server: URL, fill: Callable[[Engine], None]) -> str:
        name = f"template_{uuid.uuid4().hex[:16]}"
        self._administer(server, f'CREATE DATABASE "{name}"')
        engine = create_engine(server.set(database=name))
        fill(engine)
        engine.dispose()
        return name

    def _administer(self, server: URL, *statements: str) -> None:
        address = server.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def _is_empty(connection: Connection) -> bool:
    asked = {"sqlite": "SELECT 1 FROM sqlite_master",
             "postgresql": "SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace LIMIT 1"}
    found = connection.exec_driver_sql(asked[connection.dialect.name]).first()
    connection.rollback()
    return found is None


class Schema:
    """Stands in for alembic.command where a database is brought to the newest schema: an empty one is copied from the first one
    that Alembic made."""

    def __init__(self, clones: Clones) -> None:
        self._templates: dict[str | None, sqlite3.Connection] = {}  # by the folder of the migrations
        self._clones = clones

    def upgrade(self, settings: Config, revision: str) -> None:
        connection = settings.attributes["connection"]
        if not _is_empty(connection):
            command.upgrade(settings, revision)
        elif connection.dialect.name == "postgresql":
            connection.invalidate()  # it connects again when it is next used
            self._clones.become(connection.engine, settings.get_main_option("script_location"),
                                lambda engine: self._by_alembic(settings, revision, engine))
        else:
            self._sqlite(settings, revision, connection)

    def _by_alembic(self, settings: Config, revision: str, engine: Engine) -> None:
        given = settings.attributes["connection"]
        with engine.connect() as settings.attributes["connection"]:
            command.upgrade(settings, revision)
        settings.attributes["connection"] = given

    def _sqlite(self, settings: Config, revision: str, connection: Connection) -> None:
        scripts = settings.get_main_option("script_location")
        if scripts in self._templates:
            self._templates[scripts].backup(connection.connection.driver_connection)
        else:
            command.upgrade(settings, revision)
            self._templates[scripts] = _copied(connection.connection.driver_connection)


class Tables:
    """Stands in for Database.create_all: an empty database is copied from the first one whose tables were created."""

    def __init__(self, clones: Clones) -> None:
        self._templates: dict[Hashable, sqlite3.Connection] = {}
        self._clones = clones

    def create_all(self, database: Database) -> None:
        tables = import_models()
        kind = ("tables", *sorted(tables.tables))
        with database.engine.connect() as connection:
            if not _is_empty(connection):
                tables.create_all(database.engine)
                return
            if database.dialect == "sqlite":
                self._sqlite(connection, tables, kind)
                return
        self._clones.become(database.engine, kind, tables.create_all)

    def _sqlite(self, connection: Connection, tables: MetaData, kind: Hashable) -> None:
        file: Any = connection.connection.driver_connection
        if kind in self._templates:
            self._templates[kind].backup(file)
        else:
            tables.create_all(connection)
            connection.commit()
            self._templates[kind] = _copied(file)


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
    """Remembers what a file or a folder of configuration was read into, by the time and size of its files, and by what else was
    given. What is read does not change; a mapping is given out as a copy."""

    def __init__(self, load: Callable[..., Any]) -> None:
        self._load, self._known = load, dict[tuple[Any, ...], Any]()
        self._usual = next(iter(inspect.signature(load).parameters.values())).default

    def __call__(self, *given: Any) -> Any:
        where = given[0] if given else self._usual
        files = sorted(path for path in where.rglob("*") if path.is_file()) if where.is_dir() else [where]
        key = (where, *map(_kept, given[1:]), *((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))
        if key not in self._known:
            self._known[key] = self._load(*given)
        found = self._known[key]
        return dict(found) if isinstance(found, dict) else found


def _kept(given: Any) -> Any:
    """What was given, so that it can be looked up by it."""
    return frozenset(given) if isinstance(given, set) else given


class Builders:
    """Remembers the code werkzeug writes for a route: it follows from the route's parts and defaults alone."""

    def __init__(self, compile_: Callable[[Rule, bool], Any]) -> None:
        self._compile, self._known = compile_, dict[tuple[Any, ...], Any]()

    def of(self, rule: Rule, append_unknown: bool = True) -> Any:
        key = (tuple(rule._trace), tuple(sorted((rule.defaults or {}).items())), append_unknown)
        if key not in self._known:
            self._known[key] = self._compile(rule, append_unknown)
        return self._known[key]


class Revisions:
    """Remembers the migrations of a folder: their files are read, and compiled, once."""

    def __init__(self) -> None:
        self._known: dict[str | None, ScriptDirectory] = {}

    def from_config(self, settings: Config) -> ScriptDirectory:
        folder = settings.get_main_option("script_location")
        if folder not in self._known:
            self._known[folder] = ScriptDirectory.from_config(settings)
        return self._known[folder]


class Templates(BytecodeCache):
    """The code of the pages' templates for every application of this process; Jinja looks whether a file has changed."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


def _copied(made: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    made.backup(copy)
    return copy


def _unhurried(prepare: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Commits do not wait for the disk. What a killed process committed is there all the same: the kernel has it."""
    def prepare_it(connection: Any, record: Any) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous=OFF")
    return prepare_it


def lay(patch: pytest.MonkeyPatch) -> Clones:
    """From now on."""
    patch.setenv("YANGGUANG_PAPERS__FONT_DIR", str(font_folder()))  # processes that tests start see it, too
    clones = Clones()
    tables = Tables(clones)
    patch.setattr(core.migration, "command", Schema(clones))
    patch.setattr(core.migration, "ScriptDirectory", Revisions())
    patch.setattr(Database, "create_all", lambda database: tables.create_all(database))
    patch.setattr(core.database, "_prepare_sqlite", _unhurried(core.database._prepare_sqlite))
    # A hash takes a tenth of a second and 64 MiB on purpose; tests of that ask for `plain_ground`.
    patch.setattr(core.passwords, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1))
    patch.setattr(config.documents, "_parse", Parser(config.documents._parse))
    for load, users in READERS.items():
        reader = Loader(load)
        for user in users:
            patch.setattr(user, load.__name__, reader)
    builders = Builders(Rule._compile_builder)
    patch.setattr(Rule, "_compile_builder", lambda rule, append_unknown=True: builders.of(rule, append_unknown))
    patch.setitem(Flask.jinja_options, "bytecode_cache", Templates())
    # Dash asks for each of its variables sixteen times a page, and looks through all that is installed for hooks, once a page
    # as long as it finds none.
    patch.setattr(dash._configs, "load_dash_env_vars", cache(dash._configs.load_dash_env_vars))
    HooksManager.register_setuptools()
    patch.setattr(HooksManager, "register_setuptools", lambda *_: None)
    return clones
