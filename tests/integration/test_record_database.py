"""The bulk writes and the transaction, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    delete,
    select,
)
from sqlalchemy.exc import IntegrityError

from core.database import FEW, Database, bulk_delete, bulk_insert, bulk_inserting, bulk_update, bulk_upsert, look_up
from core.errors import ConfigError, InvalidInput
from tests.unit.cases.record import fresh_postgres

things = Table("things", MetaData(), Column("place", String(32), primary_key=True),
               Column("day", Integer, primary_key=True, autoincrement=False), Column("n", BigInteger, nullable=False),
               Column("note", Text), Column("raw", LargeBinary))
# A table with a column of every kind there is in the program.
kinds = Table("kinds", things.metadata, Column("n", BigInteger, primary_key=True, autoincrement=False), Column("day", Integer),
              Column("level", SmallInteger), Column("is_on", Boolean), Column("share", Float), Column("note", Text),
              Column("raw", LargeBinary))
KINDS = ("n", "day", "level", "is_on", "share", "note", "raw")
ALL = ("place", "day", "n", "note", "raw")
KEY = ("place", "day")
AWKWARD = "tab\t newline\n backslash\\ quote' comma, \\N 阳光 😀 null?"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("bulk")
    with (nullcontext(f"sqlite:///{folder / 'bulk.db'}") if request.param == "sqlite"
          else fresh_postgres(request.getfixturevalue("postgres_url"))) as url:
        database = Database(url)
        things.metadata.create_all(database.engine)
        yield database
        database.dispose()


@pytest.fixture
def database(shared: Database) -> Database:
    with shared.transaction() as conn:
        conn.execute(delete(things))
        conn.execute(delete(kinds))
    return shared


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.read() as conn:
        found = conn.execute(select(things).order_by(things.c.place, things.c.day)).all()
    return [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in found]


def insert(database: Database, *wanted: tuple[object, ...]) -> None:
    with database.transaction() as conn:
        bulk_insert(conn, things, ALL, wanted)


def test_what_is_inserted_in_bulk_is_read_back_to_the_byte(database):
    wanted = [("a", 1, 2**62, AWKWARD, bytes(range(256))), ("b", -1, -(2**62), "", b""), ("c", 0, 0, None, None)]
    insert(database, *wanted)
    assert rows(database) == wanted


def test_what_is_inserted_while_something_else_goes_on_is_read_back_to_the_byte(database):
    wanted = [("a", 1, 2**62, AWKWARD, bytes(range(256))), ("b", -1, -(2**62), "", b""), ("c", 0, 0, None, None)]
    with database.transaction() as conn, bulk_inserting(conn, things, ALL, wanted):
        pass
    assert rows(database) == wanted


def of_every_kind(count: int = FEW + 1) -> list[tuple[object, ...]]:
    """So many rows that PostgreSQL takes them at once."""
    return [(2**62 + number, number - 2**31 + 1, 2**15 - 1 - number, number % 2 == 0, number / 7, AWKWARD, bytes([number]))
            if number else (0, None, None, None, None, None, None) for number in range(count)]


def rows_of_every_kind(database: Database) -> list[tuple[object, ...]]:
    with database.read() as conn:
        return [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
                for row in conn.execute(select(kinds).order_by(kinds.c.n))]


def _insert(conn, rows):
    bulk_insert(conn, kinds, KINDS, rows)


def _insert_meanwhile(conn, rows):
    with bulk_inserting(conn, kinds, KINDS, rows):
        pass


def _upsert(conn, rows):
    bulk_upsert(conn, kinds, KINDS, rows, key=("n",))


def _update(conn, rows):
    bulk_insert(conn, kinds, ("n",), [row[:1] for row in rows])
    bulk_update(conn, kinds, (*KINDS[1:], "n"), [(*row[1:], row[0]) for row in rows], key=("n",))


WRITES = pytest.mark.parametrize("write", [_insert, _insert_meanwhile, _upsert, _update])


@WRITES
def test_many_rows_of_every_kind_are_read_back_as_they_were_written(database, write):
    with database.transaction() as conn:
        write(conn, of_every_kind())
    assert rows_of_every_kind(database) == of_every_kind()


@WRITES
@pytest.mark.parametrize(("place", "number"), [(0, 2**63), (1, 2**31), (1, -(2**31) - 1), (2, 2**15)])
def test_a_number_its_column_has_no_room_for_is_refused_not_cut(database, write, place, number):
    wanted = of_every_kind()
    wanted[-1] = tuple(number if at == place else value for at, value in enumerate(wanted[-1]))
    has_room = database.dialect == "sqlite" and number < 2**63  # whatever the column
    with nullcontext() if has_room else pytest.raises(InvalidInput, match="number_out_of_range"):
        with database.transaction() as conn:
            write(conn, wanted)
    assert rows_of_every_kind(database) == (wanted if has_room else [])


def test_many_figures_are_added_to_what_stands_there(database):
    with database.transaction() as conn:
        _insert(conn, [(number, 2**31 - 2, None, None, None, None, None) for number in range(FEW + 1)])
    for number, result in ((1, 2**31 - 1), (-5, 2**31 - 6)):
        with database.transaction() as conn:
            bulk_upsert(conn, kinds, ("n", "day"), [(n, number) for n in range(FEW + 1)], key=("n",), add=("day",))
        assert {row[1] for row in rows_of_every_kind(database)} == {result}


def test_an_update_of_many_is_planned_for_just_these(database):
    if database.dialect == "sqlite":
        return  # plans nothing ahead
    with database.transaction() as conn:
        many = [(number, 1, None, None, None, None, None) for number in range(FEW + 1)]
        _insert(conn, many)
        for turn in range(10):  # the driver has a statement prepared when it meets it for the sixth time
            bulk_update(conn, kinds, ("day", "n"), [(turn, row[0]) for row in many], key=("n",))
        kept = conn.exec_driver_sql("SELECT statement FROM pg_prepared_statements").scalars().all()
        assert [one for one in kept if one.startswith("UPDATE")] == []
    assert {row[1] for row in rows_of_every_kind(database)} == {9}


def test_no_rows_are_no_statement(database):
    with database.transaction() as conn:
        bulk_insert(conn, things, ALL, [])
        bulk_upsert(conn, things, ALL, [], key=KEY)
        bulk_update(conn, things, ("n", *KEY), [], key=KEY)
        bulk_delete(conn, things, KEY, [])
    assert rows(database) == []


def test_a_key_inserted_twice_is_refused_and_nothing_of_the_batch_stays(database):
    insert(database, ("a", 1, 1, None, None))
    with pytest.raises(IntegrityError):
        insert(database, ("b", 1, 1, None, None), ("a", 1, 2, None, None))
    assert rows(database) == [("a", 1, 1, None, None)]


def test_an_upsert_replaces_what_stands_there_and_inserts_the_rest(database):
    insert(database, ("a", 1, 1, "old", b"1"), ("a", 2, 2, "kept", b"2"))
    with database.transaction() as conn:
        bulk_upsert(conn, things, ALL, [("a", 1, 5, "new", None), ("b", 1, 7, AWKWARD, b"\x00")], key=KEY)
    assert rows(database) == [("a", 1, 5, "new", None), ("a", 2, 2, "kept", b"2"), ("b", 1, 7, AWKWARD, b"\x00")]


def test_columns_to_add_are_added_and_the_others_replaced(database):
    insert(database, ("a", 1, 40, "old", None))
    for _ in range(2):
        with database.transaction() as conn:
            bulk_upsert(conn, things, ("place", "day", "n", "note"), [("a", 1, -3, "new"), ("b", 1, 4, "b")], key=KEY,
                        add=("n",))
    assert rows(database) == [("a", 1, 34, "new", None), ("b", 1, 8, "b", None)]


def test_one_transaction_may_upsert_the_same_table_twice(database):
    with database.transaction() as conn:
        for n in (1, 2):
            bulk_upsert(conn, things, ("place", "day", "n"), [("a", 1, n), (f"b{n}", 1, n)], key=KEY, add=("n",))
    assert [(row[0], row[2]) for row in rows(database)] == [("a", 3), ("b1", 1), ("b2", 2)]


def test_an_update_in_bulk_changes_the_rows_named_and_no_other(database):
    insert(database, ("a", 1, 1, "x", None), ("a", 2, 2, "x", None), ("b", 1, 3, "x", None))
    with database.transaction() as conn:
        bulk_update(conn, things, ("n", "note", *KEY), [(10, AWKWARD, "a", 1), (30, None, "b", 1), (99, "?", "z", 9)],
                    key=KEY)
    assert rows(database) == [("a", 1, 10, AWKWARD, None), ("a", 2, 2, "x", None), ("b", 1, 30, None, None)]


def test_a_delete_in_bulk_removes_the_rows_named_and_no_other(database):
    insert(database, ("a", 1, 1, None, None), ("a", 2, 2, None, None), ("b", 1, 3, None, None))
    with database.transaction() as conn:
        bulk_delete(conn, things, KEY, [("a", 1), ("b", 1), ("z", 9)])
    assert [row[:2] for row in rows(database)] == [("a", 2)]


@pytest.mark.parametrize("count", [FEW, FEW + 1])
def test_a_delete_of_many_removes_the_pairs_named_and_not_others_made_of_their_parts(database, count):
    places = [f"{number} {AWKWARD[:28]}" for number in range(count)]
    insert(database, *[(place, day, 0, None, None) for place in places for day in (1, 2**31 - 1)])
    with database.transaction() as conn:
        gone = [(place, (1, 2**31 - 1)[number % 2]) for number, place in enumerate(places)]
        bulk_delete(conn, things, KEY, [*gone, gone[0], ("nobody", 1)])
    kept = {(place, (2**31 - 1, 1)[number % 2]) for number, place in enumerate(places)}
    assert {row[:2] for row in rows(database)} == kept


def test_looking_up_more_keys_than_one_statement_holds_finds_them_all(database):
    insert(database, *[(f"p{n}", n, n, None, None) for n in range(12_000)])
    with database.read() as conn:
        found = look_up(conn, ("place",), things, "day", list(range(5, 20_000)))
        few = look_up(conn, ("place",), things, "day", [1, 2, 3], "n >= ?", 2)
        none = look_up(conn, ("place",), things, "day", [])
    assert len({row[0] for row in found}) == len(found) == 11_995
    assert sorted(row[0] for row in few) == ["p2", "p3"]
    assert list(none) == []


def test_many_keys_are_looked_up_with_a_plan_for_just_them(shared):
    """A plan that is kept was made while the table was small: in one that grew it compares every row with every key."""
    if shared.dialect == "sqlite":
        return
    with shared.read() as conn:
        for keys in ([1], list(range(100))):
            for _ in range(10):  # the driver has a statement prepared when it meets it for the sixth time
                look_up(conn, ("note",), things, "day", keys)
            kept = conn.exec_driver_sql("SELECT statement FROM pg_prepared_statements").scalars().all()
            assert len([one for one in kept if one.startswith("SELECT note")]) == (1 if len(keys) == 1 else 0)
            conn.exec_driver_sql("DEALLOCATE ALL")


def test_an_exception_in_a_transaction_leaves_nothing(database):
    def spoil() -> None:
        with database.transaction() as conn:
            bulk_insert(conn, things, ALL, [("a", 1, 1, None, None)])
            bulk_upsert(conn, things, ALL, [("b", 1, 1, None, None)], key=KEY)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        spoil()
    assert rows(database) == []
    insert(database, ("c", 1, 1, None, None))
    assert [row[0] for row in rows(database)] == ["c"]


def test_a_reader_does_not_see_what_is_not_committed_and_is_not_held_up(database):
    with database.transaction() as conn:
        bulk_insert(conn, things, ALL, [("a", 1, 1, None, None)])
        assert rows(database) == []
    assert len(rows(database)) == 1


def test_a_database_we_do_not_know_is_refused_with_those_we_do():
    with pytest.raises(ConfigError) as refused:
        Database("mysql://somewhere/name")
    assert refused.value.code == "database_unsupported"
    assert "postgresql" in refused.value.details["remedy"]


def test_the_folder_of_a_sqlite_file_is_made(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'x.db'}")
    things.create(database.engine)
    insert(database, ("a", 1, 1, None, None))
    database.dispose()
    assert (tmp_path / "new" / "folder" / "x.db").exists()


def test_what_is_staged_twice_in_a_transaction_or_on_one_connection_is_written_once(database):
    for n in (1, 2):
        with database.transaction() as conn:
            bulk_upsert(conn, things, ALL, [("a", 1, n, "first", None)], key=KEY)
            bulk_upsert(conn, things, ("place", "day", "n"), [("b", 1, 10)], key=KEY, add=("n",))
            with conn.begin_nested():
                bulk_upsert(conn, things, ("place", "day", "n"), [("b", 1, 100)], key=KEY, add=("n",))
            bulk_update(conn, things, ("note", *KEY), [("last", "a", 1)], key=KEY)
    assert rows(database) == [("a", 1, 2, "last", None), ("b", 1, 220, None, None)]
