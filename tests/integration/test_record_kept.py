"""What a transaction keeps for those after it holds as long as nobody else has written, and not a moment longer."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, update
from sqlalchemy import event as sql_event
from sqlalchemy.exc import OperationalError

from cases.anchoring import verify_database
from cases.events import EventKind
from cases.journal import Appender, case_id_of_event, chain_of
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.errors import NotPermitted
from core.models import marks
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from tests.hosting import HANDLER, ORG, Hall
from tests.unit.cases.record import KEYS, Record, emptied, event, made_database

WRITERS, EACH = 6, 40


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("kept")) as database:
        yield database


@pytest.fixture
def database(shared: Database) -> Database:
    """With one number in it, 0, for which the tests keep what was read of it."""
    with emptied(shared).transaction() as conn:
        conn.execute(insert(marks).values(name="number", value="0"))
    return shared


@pytest.fixture
def units(database: Database, frozen_clock: FrozenClock) -> UnitOfWorkFactory:
    return UnitOfWorkFactory(database, frozen_clock, InProcessDoorbell())


def stored(conn: Connection) -> int:
    return int(conn.execute(select(marks.c.value).where(marks.c.name == "number")).scalar_one())


def count_on(uow: UnitOfWork) -> int:
    """The next number, by what is kept: wrong if that is not what stands there."""
    number = uow.keep("number", stored) + 1
    assert number == stored(uow.conn) + 1
    uow.conn.execute(update(marks).where(marks.c.name == "number").values(value=str(number)))
    uow.kept["number"] = number
    return number


def count(units: UnitOfWorkFactory) -> int:
    with units() as uow:
        return count_on(uow)


def spoil(units: UnitOfWorkFactory, *, together: bool) -> None:
    with units(together=together) as uow:
        count_on(uow)
        raise ZeroDivisionError


def test_what_one_transaction_read_the_next_ones_need_not_read(units):
    reads: list[int] = []

    def read(conn: Connection) -> int:
        reads.append(stored(conn))
        return reads[-1]

    for _ in range(3):
        with units() as uow:
            uow.keep("number", read)
    assert reads == [0]


def test_what_another_process_writes_is_read_anew(units, database, frozen_clock):
    other = UnitOfWorkFactory(database, frozen_clock, InProcessDoorbell())
    for each in (units, units, other, units, other, other):
        with each() as uow:
            count_on(uow)
    with units() as uow:
        assert count_on(uow) == 7


@pytest.mark.parametrize("together", [False, True])
def test_what_was_undone_is_not_kept(units, together):
    with units(together=together) as uow:
        count_on(uow)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            spoil(units, together=together)
    with units(together=together) as uow:
        assert "number" not in uow.kept
        assert count_on(uow) == 2


def test_what_a_failed_commit_held_is_not_kept(units, database):
    def full(_conn: Connection) -> None:
        raise OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))

    with units() as uow:
        count_on(uow)
    sql_event.listen(database.engine, "commit", full)
    try:
        with pytest.raises(OperationalError):
            count(units)
    finally:
        sql_event.remove(database.engine, "commit", full)
    with units() as uow:
        assert "number" not in uow.kept
        assert count_on(uow) == 2


def test_a_ledger_put_back_from_a_copy_is_not_taken_for_the_last_one(units, database):
    """Its stamp is one of ours, but not the last."""
    with units() as uow:
        count_on(uow)
        earlier = uow.head.stamp
    with units() as uow:
        count_on(uow)
        assert uow.head.stamp != earlier
    with database.transaction() as conn:
        conn.exec_driver_sql("UPDATE ledger SET stamp = 'of a copy'")
        conn.execute(update(marks).where(marks.c.name == "number").values(value="1"))
    with units() as uow:
        assert count_on(uow) == 2


def test_many_writers_of_several_processes_never_go_by_what_is_gone(database, frozen_clock):
    """Some in one process, some in others; some alone, some sharing a commit; some refused, before or after they wrote."""
    databases = [database, database, Database(database.url.render_as_string(hide_password=False))]
    processes = [UnitOfWorkFactory(one, frozen_clock, InProcessDoorbell()) for one in databases]
    failures: list[BaseException] = []
    done: list[int] = []
    begin = threading.Barrier(WRITERS)

    def write(writer: int) -> None:
        chance, units = random.Random(writer), processes[writer % len(processes)]
        begin.wait()
        for _ in range(EACH):
            try:
                with units(together=chance.random() < 0.7) as uow:
                    number = count_on(uow)
                    if chance.random() < 0.2:
                        raise ZeroDivisionError
                done.append(number)
            except ZeroDivisionError:
                continue
            except BaseException as failure:  # noqa: BLE001 - whatever it is, the test wants to see it
                failures.append(failure)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    databases[-1].dispose()
    assert failures == []
    assert sorted(done) == list(range(1, len(done) + 1))


def test_rows_sealed_and_never_written_leave_no_gap_in_their_chain(database, tmp_path):
    """The transaction goes on without them, and is committed."""
    record = Record(database)
    record.take(event(EventKind.RECEIVED, "10-15 09:00"))
    lost, later = event(EventKind.ACCEPTED, "10-15 10:00"), event(EventKind.ACCEPTED, "10-15 11:00")
    with record.uow() as uow:
        Appender(uow, KEYS, {chain_of(lost)}).append(lost, b"lost", case_id_of_event(lost))
        uow.head.journal_seq -= 1
        record.recorder.record_in(uow, [later])
    record.take(event(EventKind.STEP, "10-15 12:00"))
    assert verify_database(database, KEYS, tmp_path) == (3, [])


def test_an_edit_of_what_is_kept_is_seen_by_the_next_act(tmp_path: Path) -> None:
    """Posts are kept; who lost one may not act on, whichever process took it."""
    hall, other = Hall(tmp_path), Hall(tmp_path)
    case_no = hall.accepted()
    hall.do(case_no, HANDLER)
    first, second = hall.accepted(), hall.accepted()
    other.approval.posts.give(HANDLER.name, ORG, [])
    with pytest.raises(NotPermitted):
        hall.do(first, HANDLER)
    hall.approval.posts.give(HANDLER.name, ORG, ["承办人"])
    hall.do(first, HANDLER)
    hall.approval.posts.give(HANDLER.name, ORG, [])
    with pytest.raises(NotPermitted):
        hall.do(second, HANDLER)
    assert hall.detail(second).head.step == "承办"
