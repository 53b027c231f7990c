"""Statements that run again and again, through the driver itself.

The toolkit composes them once for each kind of database and is then left out: its own way to run a statement costs ten times
what SQLite needs for it, at every act. Rows are named tuples; errors are those of SQLAlchemy; transactions stay the
connection's.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Executable, Table, insert
from sqlalchemy.exc import DataError, DBAPIError

from core.errors import InvalidInput

Cursor = Any


def driver_of(conn: Connection) -> Any:
    """The driver's connection, within the transaction of `conn`: one is begun where none is, as the toolkit does it."""
    if conn.get_transaction() is None:
        conn.begin()
    return conn.connection.dbapi_connection


def run(conn: Connection, statement: str, arguments: Any, **options: Any) -> Cursor:
    """Execute it once; `options` are the driver's. Raises the errors of SQLAlchemy, so that a caller has one kind to catch."""
    try:
        return driver_of(conn).execute(statement, arguments, **options)
    except conn.dialect.loaded_dbapi.Error as error:
        raise as_toolkit_error(conn, statement, error) from error


def run_many(conn: Connection, statement: str, rows: Sequence[Any]) -> None:
    """Execute it for every row."""
    try:
        driver_of(conn).cursor().executemany(statement, rows)
    except conn.dialect.loaded_dbapi.Error as error:
        raise as_toolkit_error(conn, statement, error) from error


def as_toolkit_error(conn: Connection, statement: str, error: Exception) -> BaseException:
    """The driver's error as SQLAlchemy would have raised it."""
    return DBAPIError.instance(statement, None, error, conn.dialect.loaded_dbapi.Error, dialect=conn.dialect)


def check_under_way(conn: Connection) -> None:
    """Raises OperationalError where SQLite undid the transaction by itself (a full disk) and somebody went on: each further
    statement would be committed alone, and the commit would do nothing and say nothing."""
    if not getattr(driver_of(conn), "in_transaction", True):
        raise as_toolkit_error(conn, "COMMIT", conn.dialect.loaded_dbapi.OperationalError("the transaction was undone"))


@dataclass(slots=True)
class _Form:
    """A statement as one kind of database reads it. `arguments` makes of values by name what the driver takes."""

    text: str
    arguments: Callable[[dict[str, Any]], Any]
    row: Callable[[Any], Any]


class Statement:
    """One statement, composed once. Its values are given by the names of its bound parameters.

    Values given are plain numbers and texts: a parameter whose values would be converted is refused with TypeError.
    """

    def __init__(self, clause: Executable, columns: Sequence[str] | None = None) -> None:
        """`columns`: what an insert or update writes, where the clause itself does not say it."""
        self._clause, self._columns = clause, columns
        self._forms: dict[str, _Form] = {}

    def rows(self, conn: Connection, **values: Any) -> list[Any]:
        """All rows."""
        form = self._forms.get(conn.dialect.name) or self._composed(conn)
        return [form.row(row) for row in run(conn, form.text, form.arguments(values)).fetchall()]

    def first(self, conn: Connection, **values: Any) -> Any | None:
        """The first row, or None."""
        form = self._forms.get(conn.dialect.name) or self._composed(conn)
        cursor = run(conn, form.text, form.arguments(values))
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else form.row(row)

    def value(self, conn: Connection, **values: Any) -> Any:
        """The first column of the first row; None where there is none."""
        row = self.first(conn, **values)
        return None if row is None else row[0]

    def run(self, conn: Connection, **values: Any) -> int:
        """Carry it out; returns how many rows it changed."""
        form = self._forms.get(conn.dialect.name) or self._composed(conn)
        return int(run(conn, form.text, form.arguments(values)).rowcount)

    def _composed(self, conn: Connection) -> _Form:
        compiled: Any = self._clause.compile(dialect=conn.dialect, column_keys=self._columns)  # type: ignore[attr-defined]
        if compiled._bind_processors or compiled.post_compile_params:
            raise TypeError(f"values are converted here, which the driver alone does not do: {compiled.string}")
        fixed = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        form = _Form(compiled.string, _arguments_of(compiled.positiontup, fixed), _row_maker(compiled, conn))
        self._forms[conn.dialect.name] = form
        return form


def inserting(table: Table, *columns: str) -> Statement:
    """INSERT of one row with these columns."""
    return Statement(insert(table).inline(), columns)


def _arguments_of(names: Sequence[str] | None, fixed: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """Puts the values of these names in their order, beside those that are fixed; where there are no names (None) the driver
    takes them as they are."""
    if names is None:
        return lambda given: fixed | given
    if not names:
        return lambda _given: ()
    take = itemgetter(*names) if len(names) > 1 else partial(_only, names[0])  # half the time of a loop
    return (lambda given: take(fixed | given)) if fixed else take


def _only(name: str, given: dict[str, Any]) -> tuple[Any]:
    return (given[name],)


def _row_maker(compiled: Any, conn: Connection) -> Callable[[Any], Any]:
    """From what the driver gives to a named row; truth values and bytes as the toolkit gives them. A text names no columns."""
    columns: Sequence[Any] = compiled._result_columns
    if not columns:
        return tuple
    naming: Any = namedtuple  # a checker wants the names written out, which here come from the statement
    named: Any = naming("Row", [column.keyname for column in columns])
    read = {place: convert for place, column in enumerate(columns)
            if (convert := column.type.dialect_impl(conn.dialect).result_processor(conn.dialect, None)) is not None}
    if not read:
        plain: Callable[[Any], Any] = named._make
        return plain
    return lambda row: named._make([read[place](value) if place in read else value for place, value in enumerate(row)])


class _NumbersChecked:
    """A number no column can hold was given by somebody: that is his mistake, not ours."""

    def __enter__(self) -> None:
        """Every look and every act comes here: a generator would cost as much as a short statement."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OverflowError):
            raise InvalidInput("number_out_of_range") from error
        if isinstance(error, DataError) and type(error.orig).__name__ == "NumericValueOutOfRange":
            raise InvalidInput("number_out_of_range") from error


NUMBERS_CHECKED = _NumbersChecked()
