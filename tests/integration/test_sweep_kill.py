"""PostgreSQL killed with -9 in the middle of a sweep: after its return the sweep goes on, and every rung has passed once."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from alerts.models import cards as card_table
from cases.events import EventKind, RungPassed
from core.database import bulk_inserting
from tests.unit.cases.record import Record, event, opened

K = EventKind
CASES = 40


def test_a_sweep_whose_database_is_killed_finishes_after_its_return_with_each_rung_once(postgres_service, fresh_postgres_url,
                                                                                        restored):
    server = restored(postgres_service)
    with opened(fresh_postgres_url) as database:
        record = Record(database, batch=5).at("10-15 10:00")
        record.take(*[event(K.ACCEPTED, "10-15 10:00", case_no=str(number)) for number in range(CASES)])
        record.at("11-05 10:00")
        in_the_middle, killed = threading.Event(), threading.Event()
        calls: list[int] = []

        def pause(_uow: object, batch: list[RungPassed]) -> None:
            """Inside the transaction of the third batch: everything is written, nothing committed."""
            calls.append(len(batch))
            if len(calls) == 3:
                in_the_middle.set()
                assert killed.wait(60)

        record.uow.reactions[RungPassed] = [pause, *record.uow.reactions[RungPassed]]
        failures: list[BaseException] = []
        sweep = threading.Thread(target=lambda: failures.extend(_failure_of(record)))
        sweep.start()
        assert in_the_middle.wait(60)
        server.kill9()
        killed.set()
        sweep.join(60)
        assert [isinstance(failure, DBAPIError) for failure in failures] == [True]

        server.start()
        assert 0 < len(record.rungs()) < 3 * CASES, "two batches were committed, the third was not"
        record.sweeper.sweep_all()
        check(record)


def _failure_of(record: Record) -> list[BaseException]:
    with pytest.raises(DBAPIError) as failed:
        record.sweeper.sweep_all()
    return [failed.value]


def check(record: Record) -> None:
    assert Counter(record.rungs()) == {("promised", "warning", "10-20 00:00"): CASES,
                                       ("promised", "yellow", "10-25 00:00"): CASES,
                                       ("statutory", "red", "10-30 00:00"): CASES}
    with record.database.read() as conn:
        assert set(Counter(conn.scalars(select(card_table.c.case_id))).values()) == {1}
    assert record.cards() == [(3, True, None)] * CASES
    assert record.recounter.recount().differences == []


def test_a_batch_whose_database_is_killed_while_it_is_copied_is_an_error_of_the_database(postgres_service,
                                                                                        fresh_postgres_url, restored,
                                                                                        monkeypatch):
    """COPY goes past SQLAlchemy; its errors must look like all others, or the feeds would blame the events."""
    server = restored(postgres_service)
    with opened(fresh_postgres_url) as database:
        record = Record(database).at("10-16 10:00")
        record.take(event(K.ACCEPTED, "10-15 10:00", case_no="before"))
        monkeypatch.setattr("cases.journal.bulk_inserting", _killing(server))
        with pytest.raises(DBAPIError):
            record.recorder.record([event(K.ACCEPTED, "10-15 10:00", case_no="during")])
        monkeypatch.undo()
        server.start()
        record.take(event(K.ACCEPTED, "10-15 10:00", case_no="during"))
        assert record.recounter.recount().cases == 2


def _killing(server):
    def inserting(*args):
        server.kill9()
        return bulk_inserting(*args)

    return inserting
