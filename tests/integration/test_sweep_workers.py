"""Any number of sweepers: every rung is claimed once, every case has one card, and the counters are right."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import select

from alerts.models import cards as card_table
from cases.events import EventKind, RungPassed
from cases.sweep import SweepResult
from core.database import Database
from tests.unit.cases.record import Record, emptied, event, made_database, shanghai

K = EventKind
CASES = 60


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("workers")) as database:
        yield database


@pytest.fixture
def record(shared: Database) -> Record:
    """Sixty cases, all of which have passed all their rungs since anybody last looked."""
    record = Record(emptied(shared), batch=7).at("10-15 10:00")
    record.take(*[event(K.ACCEPTED, "10-15 10:00", case_no=str(number)) for number in range(CASES)])
    return record.at("11-05 10:00")


def sweep_at_once(records: Sequence[Record]) -> list[SweepResult]:
    begin, results = threading.Barrier(len(records)), list[SweepResult]()

    def sweep(one: Record) -> None:
        begin.wait()
        results.append(one.sweeper.sweep_all())

    threads = [threading.Thread(target=sweep, args=[one]) for one in records]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(records), "a sweeper raised"
    return results


def check_once(record: Record, results: Sequence[SweepResult], told: Counter[tuple[int, str]]) -> None:
    assert sum(result.rungs for result in results) == 3 * CASES == len(record.rungs())
    assert set(told.values()) == {1}
    assert len(told) == 3 * CASES
    with record.database.read() as conn:
        cards = Counter(conn.scalars(select(card_table.c.case_id)))
    assert set(cards.values()) == {1}
    assert len(cards) == CASES
    assert record.recounter.recount().differences == []


def listen(record: Record, told: Counter[tuple[int, str]]) -> Record:
    record.uow.reactions[RungPassed] = [*record.uow.reactions[RungPassed], lambda _uow, batch: told.update(
        (one.clock.case_id, one.rung) for one in batch)]
    return record


def test_two_threads_of_one_process_pass_each_rung_once(record):
    told: Counter[tuple[int, str]] = Counter()
    listen(record, told)
    check_once(record, sweep_at_once([record, record]), told)


def test_two_processes_worth_of_engines_pass_each_rung_once(record):
    told: Counter[tuple[int, str]] = Counter()
    url = record.database.url.render_as_string(hide_password=False)
    others = [Database(url, pool_size=2) for _ in range(3)]
    workers = [listen(Record(database, record.clock, batch=7), told) for database in others]
    check_once(record, sweep_at_once(workers), told)
    for database in others:
        database.dispose()


def test_sweeps_and_deliveries_at_the_same_time_agree_with_the_journal(record):
    ends = [event(K.CONCLUDED, "10-26 10:00", case_no=str(number)) for number in range(0, CASES, 2)]
    deliver = threading.Thread(target=lambda: [record.take(one) for one in ends])
    deliver.start()
    sweep_at_once([record, record])
    deliver.join()
    assert record.recounter.recount().differences == []
    even = [rung for rung in record.rungs() if rung[1] == "red"]
    assert len(even) == CASES // 2, "what ended on the 26th never passed the statutory limit"


def test_a_sweep_by_an_older_now_takes_nothing_back_that_a_younger_one_told(record):
    """Two machines whose clocks disagree by a while: the slower one neither withdraws nor repeats."""
    record.sweeper.sweep_all()
    before, cards = record.rungs(), record.cards()
    record.clock.move_to(shanghai("10-22 10:00"))
    record.sweeper.sweep_all()
    assert (record.rungs(), record.cards()) == (before, cards)
