"""What was told stands: neither another process's areas nor an older log may make the record say something else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from cases.areas import Area
from cases.events import EventKind
from cases.models import clocks
from core.database import Database
from tests.unit.cases.record import Record, event, us

K = EventKind


@pytest.fixture
def fresh_database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url)
    database.create_all()
    yield database
    database.dispose()


def test_an_older_event_of_a_known_case_takes_back_no_card(fresh_database):
    record = Record(fresh_database).at("10-31 10:00")
    record.take(event(K.ACCEPTED, "10-15 10:00"))
    cards, rungs = record.cards(), record.rungs()
    assert cards == [(3, True, None)]

    record.recorder.record([event(K.STEP, "10-15 11:00", id="old step")], judged_at=us("10-15 11:00"))

    assert (cards, rungs) == (record.cards(), record.rungs())


def test_an_area_another_process_stores_is_judged_by_its_own_ladder(fresh_database):
    running, other = Record(fresh_database), Record(fresh_database)
    area = event(K.ACCEPTED, "10-15 10:00").area
    with other.uow() as uow:
        other.areas.save(uow, Area(area, area, "mf", "Asia/Shanghai", "yulin"))

    running.at("10-15 10:00").take(event(K.ACCEPTED, "10-15 10:00"))

    clock = running.queries.find_case("1", us("10-15 10:00")).clocks[0]
    assert ("mf@", "yulin@") == (clock.calendar[:3], clock.rule_version[:6])


def test_a_decision_told_later_ends_the_clock_of_a_hearing_that_was_asked_for(fresh_database):
    record = Record(fresh_database).at("10-16 10:00")
    record.take(event(K.ACCEPTED, "10-15 10:00"), event(K.HEARING_REQUESTED, "10-15 11:00"))
    record.at("10-18 10:00").take(event(K.DECIDED, "10-18 10:00", result="granted"))

    with fresh_database.read() as conn:
        running = set(conn.scalars(select(clocks.c.kind).where(clocks.c.condition == "running")))
    assert running == {"promised", "statutory"}
