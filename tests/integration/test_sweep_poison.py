"""A case that cannot be looked at stops nobody else: pushed ahead, told, tried again, healed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cases import judging
from cases.events import EventKind, RungPassed
from cases.models import clocks, poisoned
from core.database import Database
from core.instants import SECOND_US
from core.unit_of_work import UnitOfWork
from tests.unit.cases.record import Record, case_id, emptied, event, made_database

K = EventKind


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("poison")) as database:
        yield database


class Poison:
    """Makes the projection of some cases raise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cases: set[int] = set()
        real = judging.project

        def project(fold: Any, number: int, *rest: Any, **named: Any) -> Any:
            if number in self.cases:
                raise RuntimeError(f"poisoned {fold.case_no}")
            return real(fold, number, *rest, **named)

        monkeypatch.setattr(judging, "project", project)


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Poison:
    return Poison(monkeypatch)


@pytest.fixture
def record(shared: Database, poison: Poison) -> Record:
    """Nine cases that pass their warning on the 20th; the fifth cannot be looked at any more."""
    record = Record(emptied(shared), batch=3).at("10-15 10:00")
    record.take(*[event(K.ACCEPTED, "10-15 10:00", case_no=str(number)) for number in range(1, 10)])
    poison.cases.add(case_id("5"))
    return record.at("10-20 10:00")


def poisoned_rows(record: Record) -> list[Any]:
    with record.database.read() as conn:
        return list(conn.execute(select(poisoned)).all())


def next_looks(record: Record, case_no: str) -> set[int | None]:
    with record.database.read() as conn:
        return set(conn.scalars(select(clocks.c.next_at).where(clocks.c.case_id == case_id(case_no))))


def test_one_poisoned_case_does_not_stop_the_sweep_and_is_told(record, caplog):
    result = record.sweeper.sweep_all()
    assert (result.cases, result.rungs, result.failed) == (9, 8, 1)
    assert record.alarm_codes() == {"rule_raised": 1}
    [row] = poisoned_rows(record)
    assert (row.case_id, row.since, row.error) == (case_id("5"), record.clock.now_us(), "RuntimeError('poisoned 5')")
    assert next_looks(record, "5") == {record.clock.now_us() + 300 * SECOND_US}
    assert "cannot be projected" in caplog.text


def test_a_poisoned_case_is_left_alone_until_its_time_and_then_tried_once(record):
    record.sweeper.sweep_all()
    record.clock.advance(timedelta(seconds=299))
    assert record.sweeper.sweep_all().cases == 0
    record.clock.advance(timedelta(seconds=1))
    again = record.sweeper.sweep_all()
    assert (again.cases, again.failed) == (1, 1)
    assert record.alarm_codes() == {"rule_raised": 1}, "still one case, however often it was tried"


def test_a_healed_case_passes_its_rung_at_the_rungs_own_time_and_the_alarm_goes(record, poison):
    record.sweeper.sweep_all()
    poison.cases.clear()
    record.at("10-22 10:00")
    result = record.sweeper.sweep_all()
    assert (result.rungs, result.failed) == (1, 0)
    assert record.rungs() == [("promised", "warning", "10-20 00:00")] * 9
    assert (record.alarm_codes(), poisoned_rows(record)) == ({}, [])
    assert record.recounter.recount().differences == []


def test_a_healed_case_that_turns_out_unjudgeable_keeps_an_alarm_of_its_own(record, poison):
    record.sweeper.sweep_all()
    poison.cases.clear()
    del record.city.items["permit"]
    record.at("10-20 11:00").sweeper.sweep_all()
    assert record.alarm_codes() == {"item_unknown": 1}


def test_a_batch_of_nothing_but_poisoned_cases_does_not_run_in_circles(record, poison):
    poison.cases.update(case_id(str(number)) for number in range(1, 10))
    result = record.sweeper.sweep_all()
    assert (result.cases, result.rungs, result.failed) == (9, 0, 9)
    assert len(poisoned_rows(record)) == 9


def test_what_reacts_to_one_case_stops_no_other(record, poison, caplog):
    """Its projection is sound; the card that should come of it cannot be written."""
    poison.cases.clear()
    raised = record.uow.reactions[RungPassed]

    def breaks(_uow: UnitOfWork, batch: Any) -> None:
        if any(one.case.case_no == "5" for one in batch):
            raise RuntimeError("no card for 5")

    record.uow.reactions[RungPassed] = [*raised, breaks]
    result = record.sweeper.sweep_all()
    assert (result.rungs, result.failed) == (8, 1)
    assert record.alarm_codes() == {"rule_raised": 1}
    assert [row.case_id for row in poisoned_rows(record)] == [case_id("5")]
    assert "cannot be swept" in caplog.text

    record.uow.reactions[RungPassed] = raised
    record.clock.advance(timedelta(seconds=301))
    assert record.sweeper.sweep_all().rungs == 1
    assert record.alarm_codes() == {}
