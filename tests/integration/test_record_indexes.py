"""The small indexes of the cases: they find what they are for, and an event that moves nothing writes into no index."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Connection, Select, select, text

from cases import recount, sweep
from cases.changes import TOUCHED_COLUMNS
from cases.events import EventKind
from cases.models import case_table
from core.database import Database
from evaluation import queries
from tests.integration.test_migrations import alembic_for, fill
from tests.unit.cases.record import Record, case_id, event, us

K = EventKind
WAITING, UNMARKED = "ix_cases_waiting", "ix_cases_unmarked"


@pytest.fixture
def fresh_database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url)
    database.create_all()
    yield database
    database.dispose()


def waiting(database: Database) -> list[int]:
    with database.read() as conn:
        return list(conn.scalars(select(case_table.c.case_id).where(case_table.c.is_waiting)))


def test_a_case_waits_as_long_as_its_papers_are_in_hand_and_nobody_answered(fresh_database):
    record, found = Record(fresh_database).at("10-15 18:00"), []
    for kind, when in ((K.SUBMITTED, "10-15 09:00"), (K.RECEIVED, "10-15 10:00"), (K.CORRECTION_NOTIFIED, "10-15 11:00"),
                       (K.CORRECTION_RECEIVED, "10-15 12:00"), (K.STEP, "10-15 13:00"), (K.ACCEPTED, "10-15 14:00"),
                       (K.STEP, "10-15 15:00"), (K.CONCLUDED, "10-15 16:00")):
        record.take(event(kind, when, step="审核" if kind is K.STEP else None))
        found.append((kind, waiting(fresh_database) == [case_id()]))

    assert [kind for kind, waits in found if waits] == [K.RECEIVED, K.CORRECTION_RECEIVED, K.STEP]
    assert not found[-1][1]


def test_an_older_event_makes_a_case_that_waited_wait_no_more(fresh_database):
    record = Record(fresh_database).at("10-15 18:00")
    record.take(event(K.RECEIVED, "10-15 10:00"), event(K.STEP, "10-15 17:00", step="审核"))
    before = waiting(fresh_database)
    record.take(event(K.ACCEPTED, "10-15 12:00"))
    assert (before, waiting(fresh_database)) == ([case_id()], [])


def test_a_case_is_unmarked_until_something_is_kept_of_it(fresh_database):
    record, kept = Record(fresh_database).at("10-15 18:00"), ""
    record.recorder._marker = lambda *_: kept
    record.take(event(K.ACCEPTED, "10-15 10:00"))
    with fresh_database.read() as conn:
        before = recount._unmarked(conn, -1)
    kept = "kept"
    assert (before, record.recounter.fill()) == ([case_id()], 1)
    with fresh_database.read() as conn:
        assert recount._unmarked(conn, -1) == []


def plan(conn: Connection, statement: Select[int]) -> str:
    if conn.dialect.name == "postgresql":
        conn.execute(text("SET LOCAL enable_seqscan = off"))  # a table of three rows is read as it stands
    written = statement.compile(conn, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    return " ".join(str(row[-1]) for row in conn.exec_driver_sql(f"{explain} {written}"))


def test_what_is_looked_for_is_found_by_its_index(fresh_database, monkeypatch):
    plans: list[str] = []
    monkeypatch.setattr(Connection, "scalars", lambda conn, statement: plans.append(plan(conn, statement)) or [])
    with fresh_database.read() as conn:
        sweep._asleep(conn, us("10-15 10:00"), -1, 10)
        recount._unmarked(conn, -1)
        conn.scalars(queries._UNCOUNTED)
    assert [[name for name in (WAITING, UNMARKED) if name in one] for one in plans] == [[WAITING], [UNMARKED], [UNMARKED]]


def test_no_index_stands_on_what_every_event_changes():
    changing = {"last_event_at", "fold", "acts", "marks", "tally", "state"}
    for index in case_table.indexes:
        used = {column.name for column in index.columns}
        for options in index.dialect_options.values():
            used |= set(str(options.get("where", "")).split())
        assert not used & changing, index.name
    assert changing & set(TOUCHED_COLUMNS)


def test_an_event_that_moves_nothing_writes_into_no_index(fresh_postgres_url):
    database = Database(fresh_postgres_url)
    database.create_all()
    record, counted = Record(database).at("10-15 18:00"), []

    def count(conn: Connection, _outcomes: object) -> None:
        counted.append(tuple(conn.execute(text(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'cases'")).one()))

    record.take(event(K.RECEIVED, "10-15 09:00"), event(K.ACCEPTED, "10-15 10:00"))
    record.recorder.record([event(K.STEP, "10-15 11:00", step="审核")], also=count)
    record.recorder.record([event(K.RATED, "10-15 12:00", score=5)], also=count)
    database.dispose()
    assert all(updates == hot > 0 for updates, hot in counted), counted  # of the connection: earlier ones may be told again


@pytest.mark.usefixtures("plain_ground")
def test_cases_of_before_0054_are_found_as_before(fresh_database_url):
    config = alembic_for(fresh_database_url)
    command.upgrade(config, "0053")
    database = Database(fresh_database_url)
    with database.engine.begin() as conn:
        for number, state, marks in ((1, "received", "[]"), (2, "accepted", ""), (3, "received", ""), (4, "concluded", "[]")):
            fill(conn, "cases", case_id=number, case_no=str(number), state=state, marks=marks)
    command.upgrade(config, "0054")
    with database.engine.connect() as conn:
        held = [tuple(row) for row in conn.execute(select(case_table.c.case_id, case_table.c.is_waiting,
                                                          case_table.c.is_unmarked).order_by(case_table.c.case_id))]
    command.downgrade(config, "0053")
    command.upgrade(config, "head")
    database.dispose()
    assert held == [(1, True, False), (2, False, True), (3, True, True), (4, False, False)]
