"""What is written behind the caller: in order, all of it or nothing, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial

import pytest
from sqlalchemy import BigInteger, Column, MetaData, String, Table, select
from sqlalchemy.exc import IntegrityError

from core.behind import writing_behind
from core.database import Database, bulk_insert, bulk_upsert
from core.errors import InvalidInput
from tests.unit.cases.record import fresh_postgres

things = Table("things_behind", MetaData(), Column("n", BigInteger, primary_key=True, autoincrement=False),
               Column("note", String(20), nullable=False))
ALL = ("n", "note")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path) -> Iterator[Database]:
    with (nullcontext(f"sqlite:///{tmp_path / 'behind.db'}") if request.param == "sqlite"
          else fresh_postgres(request.getfixturevalue("postgres_url"))) as url:
        database = Database(url)
        things.create(database.engine)
        yield database
        database.dispose()


def rows(database: Database) -> list[tuple[int, str]]:
    with database.read() as conn:
        return [tuple(row) for row in conn.execute(select(things).order_by(things.c.n))]


def numbered(first: int, note: str, count: int = 50) -> list[tuple[int, str]]:
    return [(first + number, note) for number in range(count)]


def test_all_of_it_is_written_in_order_before_the_block_ends(database):
    with database.transaction() as conn:
        with writing_behind(conn) as later:
            later(lambda: bulk_insert(conn, things, ALL, numbered(0, "first")))
            later(lambda: bulk_upsert(conn, things, ALL, numbered(0, "second"), key=("n",)))
            later(lambda: bulk_upsert(conn, things, ALL, numbered(0, "third", 20), key=("n",)))
        assert [note for _, note in conn.execute(select(things).order_by(things.c.n))] == ["third"] * 20 + ["second"] * 30
    assert len(rows(database)) == 50


def test_on_postgresql_the_caller_goes_on_meanwhile(database):
    went_on, waited = threading.Event(), []
    with database.transaction() as conn:
        with writing_behind(conn) as later:
            later(lambda: waited.append(went_on.wait(10.0 if database.dialect == "postgresql" else 0.0)))
            went_on.set()
    assert waited == [database.dialect == "postgresql"]


def write(database: Database, *works, then=lambda: None) -> None:
    with database.transaction() as conn, writing_behind(conn) as later:
        for work in works:
            later(partial(work, conn))
        then()


def inserting(rows):
    return lambda conn: bulk_insert(conn, things, ALL, rows)


def test_the_first_failure_is_raised_and_nothing_after_it_is_tried(database):
    tried = []
    with pytest.raises(IntegrityError):
        write(database, inserting(numbered(0, "first")), inserting(numbered(49, "again")), tried.append)
    assert tried == []
    assert rows(database) == []


def test_a_number_without_room_is_refused_as_ever(database):
    with pytest.raises(InvalidInput, match="number_out_of_range"):
        write(database, inserting([*numbered(0, "first"), (2**63, "too large")]))
    assert rows(database) == []


def test_a_block_that_fails_is_told_by_its_own_failure_once_the_connection_is_free(database):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(database, inserting(numbered(0, "first", 5000)), then=fail)
    assert rows(database) == []
    write(database, inserting(numbered(0, "later", 1)))
    assert rows(database) == [(0, "later")]
