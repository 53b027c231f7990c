"""Connections kept for looks: each look sees one moment, ends what it began, and leaves nothing to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, select
from sqlalchemy.exc import ProgrammingError

from core.database import Database, bulk_insert

things = Table("things", MetaData(), Column("n", Integer, primary_key=True))
MOST = 3


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    kept = Database(f"sqlite:///{tmp_path / 'record.db'}", pool_size=MOST)
    things.metadata.create_all(kept.engine)
    yield kept
    kept.dispose()


def insert(database: Database, n: int) -> None:
    with database.transaction() as conn:
        bulk_insert(conn, things, ("n",), [(n,)])


def count(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(things)).scalar_one())


def test_a_look_sees_one_moment_and_the_next_one_what_was_written_since(database: Database) -> None:
    with database.read() as conn:
        before = count(conn)
        insert(database, 1)
        assert (before, count(conn)) == (0, 0)
    with database.read() as conn:
        assert count(conn) == 1


def test_a_connection_is_used_again_and_only_so_many_are_kept(database: Database) -> None:
    with database.read() as first:
        pass
    with database.read() as second:
        assert second is first
    looks = [database.read() for _ in range(MOST + 2)]
    opened = [look.__enter__() for look in looks]
    for look in looks:
        look.__exit__(None, None, None)
    assert sum(not conn.closed for conn in opened) == MOST
    insert(database, 1)  # none of them holds a lock or a moment
    with database.read() as conn:
        assert count(conn) == 1


def test_a_look_that_raises_gives_its_connection_up(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.read() as broken:
        raise ZeroDivisionError
    assert broken.closed
    with database.read() as conn:
        assert (conn is broken, count(conn)) == (False, 0)


def test_a_stream_that_is_left_in_the_middle_holds_no_moment(database: Database) -> None:
    def streamed() -> Iterator[int]:
        with database.read() as conn:
            yield from conn.execute(select(things.c.n), execution_options={"yield_per": 5}).scalars()

    for n in range(50):
        insert(database, n)
    rows = streamed()
    assert next(rows) == 0
    rows.close()
    insert(database, 50)
    with database.read() as conn:
        assert count(conn) == 51


def test_what_a_look_wrote_by_mistake_is_undone(database: Database) -> None:
    with database.read() as conn:
        conn.execute(things.insert().values(n=7))
    with database.read() as conn:
        assert count(conn) == 0


def test_a_connection_that_was_lost_is_told_as_the_toolkit_does_and_given_up(database: Database) -> None:
    with database.read() as conn:
        driver = conn.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.close()
    with pytest.raises(ProgrammingError), database.read():
        pass
    with database.read() as conn:
        assert count(conn) == 0
