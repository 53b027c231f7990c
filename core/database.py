"""The database: one engine, one metadata, and the bulk look-up and writes every hot path uses.

SQLite (default; WAL, synchronous FULL, which costs nothing in batches) and PostgreSQL (psycopg 3) are equals. Tables are
SQLAlchemy Core tables declared in each package's `models.py`.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import ConfigError
from core.processors import OneProcessor
from core.reader import Readers
from core.statements import NUMBERS_CHECKED, as_toolkit_error, check_under_way, driver_of, run, run_many
from core.writer import Common, Part, Writer

metadata = MetaData(naming_convention={
    "ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s"})

MODEL_MODULES = ("core.models", "config.models", "papers.models", "cases.models", "feeds.models", "alerts.models",
                 "alerts.roster.models", "alerts.notices.models", "alerts.handover.models", "alerts.patrol.models",
                 "alerts.room.models", "alerts.detectors.models", "supervision.models", "approval.models",
                 "applicants.models", "exchange.inner.models", "video.models", "video.footage.models", "evaluation.models",
                 "evaluation.exports.models", "evaluation.scoring.models", "evaluation.bulletins.models",
                 "evaluation.forecast.models", "evaluation.webhooks.models")
MAX_PARAMETERS = 5_000
ASKED_AFTER_S = 5.0  # PostgreSQL: a connection idle for so long is asked whether it still lives
FEW = 16             # PostgreSQL: up to here rows go one by one (pipelined); COPY and its temporary table pay from there
STATEMENTS_KEPT = 512  # a connection keeps so many parsed; the driver keeps 128, an act and its answer need that many
Rows = Sequence[Sequence[Any]]
C = TypeVar("C", bound=Common)


def import_models() -> MetaData:
    """Load every package's tables into `metadata` and return it (migrations and tests need the whole)."""
    for name in MODEL_MODULES:
        importlib.import_module(name)
    return metadata


class Database:
    """One database by URL: `sqlite:///file.db` or `postgresql://user@host/name`."""

    def __init__(self, url: str, *, pool_size: int = 10, busy_timeout_s: float = 30.0, together_max: int = 16,
                 one_processor: bool = True, only_reads: bool = False) -> None:
        """`one_processor`: threads whose acts share commits wait and write on one (SQLite). `only_reads`: it must exist,
        nothing can be written, and a statement of PostgreSQL takes `busy_timeout_s` at most."""
        self.url = make_url(url)
        self.dialect = self.url.get_backend_name()
        if self.dialect not in ("sqlite", "postgresql"):
            raise ConfigError("database_unsupported", key="database.url", value=self.dialect,
                              remedy="use sqlite:/// or postgresql://")
        self.engine = self._connect(pool_size, busy_timeout_s, only_reads=only_reads)
        self._writer = Writer(self._connected_to_write, together_max,
                              OneProcessor(is_wanted=one_processor)) if self.dialect == "sqlite" else None
        self._readers = Readers(self._connected_to_read, pool_size) if self.dialect == "sqlite" else None

    @contextmanager
    def transaction(self, *, together: bool = False) -> Iterator[Connection]:
        """A writing transaction; commits at exit, rolls back on an exception. `together`: it is short, and may share its commit
        with others that wait for theirs (SQLite)."""
        with self.transaction_of(_Nothing, together=together) as nothing:
            yield nothing.conn

    def transaction_of(self, begin: Callable[[Connection], C], *, together: bool = False) -> AbstractContextManager[C]:
        """The same, giving what `begin` makes of its connection: what its parts have in common, several where others share its
        commit. What they left to the end is written before that (docs/adr/0020)."""
        if self._writer is not None and together:
            return _CheckedPart(self._writer, begin)
        return self._transaction_alone(begin)

    @contextmanager
    def _transaction_alone(self, begin: Callable[[Connection], C]) -> Iterator[C]:
        with NUMBERS_CHECKED, self.engine.begin() if self._writer is None else self._writer.alone() as conn:
            common = begin(conn)
            yield common
            check_under_way(conn)
            common.take()
            common.complete()

    def _connected_to_write(self) -> Connection:
        return self.engine.connect().execution_options(writes=True)

    def _connected_to_read(self) -> Connection:
        return self.engine.connect().execution_options(looks=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading."""
        with NUMBERS_CHECKED, self.engine.connect() if self._readers is None else self._readers.look() as conn:
            yield conn

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection for reading whose statements all see the same moment."""
        if self._writer is not None:
            with self.read() as conn:
                yield conn
            return
        with NUMBERS_CHECKED, self.engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn:
            yield conn

    def create_all(self) -> None:
        """Create every table (tests and benchmarks; installations migrate with Alembic)."""
        import_models().create_all(self.engine)

    def dispose(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._readers is not None:
            self._readers.close()
        self.engine.dispose()

    def _connect(self, pool_size: int, busy_timeout_s: float, *, only_reads: bool) -> Engine:
        """Errors do not repeat what was written: names, telephones and passwords would stand in the log."""
        if self.dialect == "postgresql":
            options = _reading_options(self.url, busy_timeout_s) if only_reads else {}
            engine = create_engine(self.url, pool_size=pool_size, max_overflow=pool_size, pool_use_lifo=True,
                                   hide_parameters=True, connect_args=options)
            event.listen(engine, "checkin", _note_use)
            event.listen(engine, "checkout", _check_idle)
            return engine
        url = self.url
        if only_reads:
            url = url.set(database=f"file:{quote(url.database or '')}", query={"mode": "rw", "uri": "true"})
        elif self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        # Last in, first out: the connection that wrote last still has the pages in its cache.
        engine = create_engine(url, connect_args={"timeout": busy_timeout_s, "check_same_thread": False,
                                                             "cached_statements": STATEMENTS_KEPT},
                               pool_size=pool_size, max_overflow=pool_size, pool_use_lifo=True, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        if only_reads:
            event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA query_only=ON"))
        event.listen(engine, "begin", _begin_sqlite)
        return engine


class _Nothing:
    """What transactions have in common that leave nothing to their end."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    def take(self) -> None:
        """Nothing was left."""

    drop = complete = take


def _reading_options(url: URL, timeout_s: float) -> dict[str, str]:
    given = url.query.get("options", "")
    ours = f"-c default_transaction_read_only=on -c statement_timeout={int(timeout_s * 1000)}"
    return {"options": f"{given if isinstance(given, str) else ' '.join(given)} {ours}".strip()}


def _note_use(_driver: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _check_idle(driver: Any, record: Any, _fairy: Any) -> None:
    """A connection that lay idle may have lost its server: it is asked before it is used, and taken out of the pool with the
    others when it has. One in steady use is not: that question would cost every look and every act a round trip."""
    used = record.info.get("used")
    if used is None or time.monotonic() - used < ASKED_AFTER_S:
        return
    try:
        driver.execute("SELECT 1")
        driver.rollback()
    except driver_errors() as error:
        raise DisconnectionError from error


def is_outage(error: BaseException) -> bool:
    """Whether the database is away (or its pool exhausted), rather than the statement wrong: the same act may succeed later."""
    return isinstance(error, (OperationalError, InterfaceError, PoolTimeout))


def driver_errors() -> tuple[type[Exception], ...]:
    """What psycopg raises."""
    import psycopg  # only where PostgreSQL is used

    return (psycopg.Error,)


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # the driver must not begin behind our back
    # Every commit waits for its own log; folding the log back into the file every 16 MB, not every 4, halves what many
    # small transactions cost (measured), and risks nothing.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=4000", "foreign_keys=ON",
                   "cache_size=-16384", "temp_store=MEMORY"):
        dbapi_connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(conn: Connection) -> None:
    options = conn.get_execution_options()
    if not options.get("looks"):  # core.reader begins what a look needs
        driver: Any = conn.connection.dbapi_connection
        driver.execute("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def look_up(conn: Connection, columns: Sequence[str], table: Table, key: str, values: Sequence[Any],
            condition: str = "", *arguments: Any) -> list[tuple[Any, ...]]:
    """The rows whose `key` is among `values`, as the driver gives them: a binary column may be any bytes-like object.

    `condition` is further SQL with `?` for each of `arguments`. It must not contain a literal `?` or `%`.
    """
    select, further = _selecting(table, tuple(columns), key), f" AND {condition}" if condition else ""
    if conn.dialect.name == "postgresql":
        # %b: the array in binary, a third of the cost of spelling out thousands of values.
        statement = f"{select} = ANY(%b){further}".replace("?", "%s")
        return _fetched(conn, statement, (list(values), *arguments), **_plan_for(values)) if values else []
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(values), MAX_PARAMETERS):
        part = values[start:start + MAX_PARAMETERS]
        found += _fetched(conn, f"{select} IN ({_marks(len(part))}){further}", (*part, *arguments))
    return found


def bulk_insert(conn: Connection, table: Table, columns: Sequence[str], rows: Rows) -> None:
    """Insert rows (tuples in the order of `columns`): COPY on PostgreSQL, executemany on SQLite."""
    if not rows:
        return
    if conn.dialect.name == "postgresql" and len(rows) > FEW:
        with _copying(conn, table.name, columns, rows, _binary_types(table, tuple(columns))):
            pass
    else:
        _each(conn, _inserting(table, tuple(columns)), rows)


@contextmanager
def bulk_inserting(conn: Connection, table: Table, columns: Sequence[str], rows: Rows) -> Iterator[None]:
    """`bulk_insert` around a block that leaves the connection alone: PostgreSQL takes the rows in while the block works."""
    if len(rows) > FEW and conn.dialect.name == "postgresql":
        with _copying(conn, table.name, columns, rows, _binary_types(table, tuple(columns))):
            yield
    else:
        bulk_insert(conn, table, columns, rows)
        yield


def bulk_upsert(conn: Connection, table: Table, columns: Sequence[str], rows: Rows, key: Sequence[str],
                add: Sequence[str] = ()) -> None:
    """Insert or update rows by `key`; columns in `add` are added to what stands there instead of replacing it.

    No key may occur twice in `rows`.
    """
    if not rows:
        return
    on_conflict = _on_conflict(table, tuple(columns), tuple(key), tuple(add))
    if conn.dialect.name == "postgresql" and len(rows) > FEW:
        with _staged(conn, table, columns, rows) as stage:
            names = ",".join(columns)
            conn.exec_driver_sql(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {stage} {on_conflict}")
    else:
        _each(conn, f"{_inserting(table, tuple(columns))} {on_conflict}", rows)


def bulk_update(conn: Connection, table: Table, columns: Sequence[str], rows: Rows, key: Sequence[str]) -> None:
    """Update rows that exist: `columns` are the new values and then `key`. An upsert would touch every index."""
    if not rows:
        return
    values = [name for name in columns if name not in key]
    if conn.dialect.name == "postgresql" and len(rows) > FEW:
        changes = ", ".join(f"{name} = stage.{name}" for name in values)
        where = " AND ".join(f"{table.name}.{name} = stage.{name}" for name in key)
        with _staged(conn, table, columns, rows) as stage:
            # Planned for just these rows: a plan that is kept was made when the table was small, and reads all of it.
            run(conn, f"UPDATE {table.name} SET {changes} FROM {stage} AS stage WHERE {where}", (), prepare=False)
    else:
        _each(conn, _updating(table, tuple(values), tuple(key)), rows)


def bulk_delete(conn: Connection, table: Table, key: Sequence[str], rows: Rows) -> None:
    """Delete the rows with these keys (tuples in the order of `key`)."""
    if conn.dialect.name == "postgresql" and len(rows) > FEW:
        gone = f"SELECT * FROM unnest({','.join(f'%b::{kind}[]' for kind in _binary_types(table, tuple(key)))})"
        run(conn, f"DELETE FROM {table.name} WHERE ({','.join(key)}) IN ({gone})",
            [list(values) for values in zip(*rows, strict=True)], prepare=False)
    elif rows:
        _each(conn, f"DELETE FROM {table.name} WHERE {' AND '.join(f'{name} = ?' for name in key)}", rows)


def _each(conn: Connection, statement: str, rows: Rows) -> None:
    """A statement with `?` for every row: executed by itself where there is one, as most acts have it."""
    if conn.dialect.name == "postgresql":
        statement = statement.replace("?", "%s")
    if len(rows) == 1:
        run(conn, statement, rows[0])
    else:
        run_many(conn, statement, rows)


def _plan_for(values: Sequence[Any]) -> dict[str, Any]:
    """PostgreSQL: many values get a plan of their own. One that is kept was made for a handful of values and for the table as
    small as it was then; in a table that grew it may compare every row with every value."""
    return {"prepare": False} if len(values) > FEW else {}


def _fetched(conn: Connection, statement: str, arguments: tuple[Any, ...], **options: Any) -> list[tuple[Any, ...]]:
    """Rows without the toolkit's own row objects and conversions: at thousands of rows a batch they cost more than SQL."""
    return run(conn, statement, arguments, **options).fetchall()  # type: ignore[no-any-return]


def _marks(count: int) -> str:
    return ",".join("?" * count)


@contextmanager
def _staged(conn: Connection, table: Table, columns: Sequence[str], rows: Rows) -> Iterator[str]:
    """The rows in a temporary table of PostgreSQL, from where one statement takes them. It has none of the table's
    NOT NULL: an update stages some columns only. Its whole numbers have room for any, so that it is the statement that looks
    whether they fit. A commit empties it; only what is staged twice in a transaction must be deleted by us."""
    stage = f"stage_{table.name}"
    conn.exec_driver_sql(_staging(table, stage))
    filled = _stages_filled(conn)
    if stage in filled:
        conn.exec_driver_sql(f"DELETE FROM {stage}")
    filled.add(stage)
    with _copying(conn, stage, columns, rows, _wide_types(table, tuple(columns))):
        pass
    yield stage


def _stages_filled(conn: Connection) -> set[str]:
    """The temporary tables used in this transaction."""
    transaction, filled = conn.info.get("stages", (None, set()))
    if transaction is not conn.get_transaction():
        transaction, filled = conn.info["stages"] = (conn.get_transaction(), set())
    names: set[str] = filled
    return names


# Put together once for each table and its columns: at every act the text would cost as much as the statement.

@cache
def _selecting(table: Table, columns: tuple[str, ...], key: str) -> str:
    return f"SELECT {','.join(columns)} FROM {table.name} WHERE {key}"


@cache
def _inserting(table: Table, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({','.join(columns)}) VALUES ({_marks(len(columns))})"


@cache
def _updating(table: Table, values: tuple[str, ...], key: tuple[str, ...]) -> str:
    changes, where = ", ".join(f"{name} = ?" for name in values), " AND ".join(f"{name} = ?" for name in key)
    return f"UPDATE {table.name} SET {changes} WHERE {where}"


@cache
def _on_conflict(table: Table, columns: tuple[str, ...], key: tuple[str, ...], add: tuple[str, ...]) -> str:
    changes = [f"{name} = {table.name}.{name} + excluded.{name}" if name in add else f"{name} = excluded.{name}"
               for name in columns if name not in key]
    return f"ON CONFLICT ({','.join(key)}) DO UPDATE SET {', '.join(changes)}"


@cache
def _staging(table: Table, stage: str) -> str:
    names = tuple(column.name for column in table.columns)
    columns = ", ".join(f"{name}::{kind}" for name, kind in zip(names, _wide_types(table, names), strict=True))
    selected = f"SELECT {columns} FROM {table.name} WITH NO DATA"
    return f"CREATE TEMP TABLE IF NOT EXISTS {stage} ON COMMIT DELETE ROWS AS {selected}"


# PostgreSQL takes rows in binary at half the cost of texts, on both sides. Every value must be of its column's very type.

_BINARY_TYPES = ((BigInteger, "int8"), (SmallInteger, "int2"), (Integer, "int4"), (LargeBinary, "bytea"), (Boolean, "bool"),
                 (Float, "float8"), (String, "text"))
_MOST = {"int2": 2**15 - 1, "int4": 2**31 - 1}


@cache
def _binary_types(table: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    """PostgreSQL's names of the columns' types. Raises StopIteration for one that is not sent in binary."""
    return tuple([next(name for kind, name in _BINARY_TYPES if isinstance(table.c[column].type, kind)) for column in columns])


@cache
def _wide_types(table: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The same with room for any whole number."""
    return tuple(["int8" if name in _MOST else name for name in _binary_types(table, columns)])


@contextmanager
def _copying(conn: Connection, target: str, columns: Sequence[str], rows: Rows, types: Sequence[str]) -> Iterator[None]:
    _check_room(rows, types)
    driver = driver_of(conn)
    statement = f"COPY {target} ({','.join(columns)}) FROM STDIN (FORMAT BINARY)"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            write = copy.write_row
            for row in rows:
                write(row)
            yield
    except conn.dialect.loaded_dbapi.Error as error:
        raise as_toolkit_error(conn, statement, error) from error


def _check_room(rows: Rows, types: Sequence[str]) -> None:
    """Raises OverflowError for a number its column has no room for: the driver would cut off what is too much, silently."""
    for place, kind in enumerate(types):
        if kind in _MOST:
            numbers = [row[place] for row in rows if row[place] is not None]
            if numbers and not -_MOST[kind] - 1 <= min(numbers) <= max(numbers) <= _MOST[kind]:
                raise OverflowError(f"{min(numbers)} to {max(numbers)} do not fit into {kind}")


class _CheckedPart(Part):
    """A part of a shared transaction, its numbers checked."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        with NUMBERS_CHECKED:
            super().__exit__(kind, error, trace)
        NUMBERS_CHECKED.__exit__(kind, error, trace)
