"""Chains stay whole and configuration new although both are kept from one transaction to the next, whatever happens between."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

import cases.areas
from cases.anchoring import verify_database
from cases.events import EventKind
from cases.journal import Heads
from cases.models import journal
from config.versions import REVISION, Versions
from core.database import Database, bulk_upsert
from core.doorbell import InProcessDoorbell
from core.models import marks
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from tests.unit.cases.record import AREA, KEYS, Record, emptied, event, made_database

WRITERS, EACH = 5, 24


class Interrupted(BaseException):
    """As a signal would."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("chains")) as database:
        yield database


@pytest.fixture
def database(shared: Database) -> Database:
    return emptied(shared)


def undo(uow: UnitOfWork, other: Database, chance: random.Random) -> None:
    """What may befall a transaction in mid-course; most often nothing."""
    fate = chance.random()
    if fate < 0.1:
        raise ZeroDivisionError
    if fate < 0.2:
        raise Interrupted
    if fate < 0.35 and uow.conn.dialect.name == "postgresql":
        number = uow.conn.scalar(text("SELECT pg_backend_pid()"))
        with other.engine.connect() as conn:
            conn.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
        time.sleep(chance.random() * 0.02)
    elif fate < 0.25:
        uow.conn.connection.dbapi_connection.execute("ROLLBACK")  # type: ignore[union-attr, attr-defined]


def test_several_processes_threads_refusals_and_lost_connections_leave_every_chain_whole(database, tmp_path):
    """Two factories share a database, one of them two threads; a third has an engine of its own."""
    databases = [database, database, Database(database.url.render_as_string(hide_password=False))]
    records = [Record(one) for one in databases]
    records[1].uow, records[1].recorder = records[0].uow, records[0].recorder
    kept: list[int] = []
    begin = threading.Barrier(WRITERS)

    def write(writer: int) -> None:
        chance, record = random.Random(writer), records[writer % len(records)]
        begin.wait()
        for n in range(EACH):
            events = [event(EventKind.RECEIVED, "10-15 09:00", case_no=f"{writer}-{n}-{part}", org=f"O{chance.randrange(3)}")
                      for part in range(chance.choice([1, 2, 20]))]
            try:
                with record.uow(together=chance.random() < 0.7) as uow:
                    record.recorder.record_in(uow, events, numbered=chance.random() < 0.5)
                    undo(uow, databases[2], chance)
            except (ZeroDivisionError, Interrupted, SQLAlchemyError):
                continue
            kept.append(len(events))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    databases[2].dispose()
    assert verify_database(database, KEYS, tmp_path) == (sum(kept), [])
    assert kept


def test_what_is_written_at_the_end_may_fail_and_leaves_nothing_kept(database, tmp_path):
    record = Record(database)
    record.take(event(EventKind.RECEIVED, "10-15 09:00"))

    def fail(_uow: UnitOfWork, _sum: object) -> None:
        raise ZeroDivisionError

    def spoil() -> None:
        with record.uow() as uow:
            record.recorder.record_in(uow, [event(EventKind.ACCEPTED, "10-15 10:00", case_no="2")])
            uow.gathered(fail, Heads, fail)

    with pytest.raises(ZeroDivisionError):
        spoil()
    record.take(event(EventKind.ACCEPTED, "10-15 11:00"))
    assert verify_database(database, KEYS, tmp_path) == (2, [])


def test_an_event_numbered_twice_is_refused_by_the_journal_and_harms_nobody_else(database, tmp_path):
    record, once = Record(database), event(EventKind.RECEIVED, "10-15 09:00")
    record.take(once)

    def again() -> None:
        with record.uow(together=True) as uow:
            record.recorder.record_in(uow, [once], numbered=True)

    with pytest.raises(IntegrityError):
        again()
    record.take(event(EventKind.ACCEPTED, "10-15 10:00"))
    with database.read() as conn:
        assert [row.chain_pos for row in conn.execute(select(journal.c.chain_pos).order_by(journal.c.seq))] == [1, 2]
    assert verify_database(database, KEYS, tmp_path) == (2, [])


def test_a_process_of_the_version_before_cannot_write_without_a_stamp(database):
    """It would take the head of the ledger forward behind the back of those that keep what they read."""
    Record(database).take(event(EventKind.RECEIVED, "10-15 09:00"))
    with pytest.raises(SQLAlchemyError, match="journal_seq"), database.transaction() as conn:
        conn.execute(text("UPDATE ledger SET journal_seq = 7, outbox_seq = 7 WHERE id = 1"))


# Configuration ----------------------------------------------------------------------------------------------------

def confirm(units: UnitOfWorkFactory, revision: str) -> None:
    """Another process confirms a version."""
    with units() as uow:
        bulk_upsert(uow.conn, marks, ("name", "value"), [(REVISION, revision)], key=("name",))


def revision_judged_by(record: Record) -> str:
    with record.uow() as uow:
        record.areas.refresh_in(uow)
        return record.areas.versions.revision


def test_what_another_process_confirms_holds_for_the_next_act(database):
    record = Record(database)
    other = UnitOfWorkFactory(database, record.clock, InProcessDoorbell())
    seen = []
    for revision in ("r1", "r2"):
        confirm(other, revision)
        seen += [revision_judged_by(record), revision_judged_by(record)]
    assert seen == ["r1", "r1", "r2", "r2"]


def test_a_look_that_ends_late_is_not_taken_for_what_the_writer_read(database, monkeypatch):
    """A reader has read the version before, and would take it just when a writer has read the one in force."""
    record = Record(database)
    other = UnitOfWorkFactory(database, record.clock, InProcessDoorbell())
    confirm(other, "r1")
    has_read, go_on = threading.Event(), threading.Event()
    read_versions, refresh = cases.areas.read_versions, record.areas.refresh

    def read_and_wait(conn: Connection, revision: str) -> Versions:
        versions = read_versions(conn, revision)
        if threading.current_thread() is reader:
            has_read.set()
            go_on.wait(30)
        return versions

    def look() -> None:
        with database.read() as conn:
            refresh(conn)

    def refresh_and_let_the_reader_go_on(conn: Connection) -> None:
        refresh(conn)
        go_on.set()
        reader.join(0.5)

    monkeypatch.setattr(cases.areas, "read_versions", read_and_wait)
    reader = threading.Thread(target=look)
    reader.start()
    has_read.wait(30)
    confirm(other, "r2")
    monkeypatch.setattr(record.areas, "refresh", refresh_and_let_the_reader_go_on)
    threading.Timer(0.5, go_on.set).start()  # the writer may have to wait for the reader instead
    revision_judged_by(record)
    reader.join(30)
    assert [revision_judged_by(record) for _ in range(3)] == ["r2"] * 3


def test_the_reader_and_the_writer_never_mix_what_they_take(database, monkeypatch):
    """Each state that was taken is whole: the plans belong to the versions."""
    record = Record(database)
    other = UnitOfWorkFactory(database, record.clock, InProcessDoorbell())
    monkeypatch.setattr(cases.areas, "read_versions", lambda _conn, revision: Versions(revision))
    stop, wrong = threading.Event(), list[str]()

    def look() -> None:
        while not stop.is_set():
            with database.read() as conn:
                record.areas.refresh(conn)

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for n in range(30):
        confirm(other, f"r{n}")
        last = revision_judged_by(record)
        with record.areas._lock:
            if record.areas.of(AREA) is not record.areas._context(AREA, cases.areas.NEWEST):
                wrong.append(last)
    stop.set()
    for reader in readers:
        reader.join(30)
    assert wrong == []
    assert revision_judged_by(record) == "r29"
