"""Rungs in the record: claimed once, stamped with their own instant, withdrawn and moved by later facts; their cards follow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from alerts.models import cards as card_table
from cases.events import Due, EventKind, RungPassed
from cases.models import clock_rungs, clocks
from core.database import Database
from tests.unit.cases.record import Record, emptied, event, made_database, told, us

K = EventKind
ACCEPTED = event(K.ACCEPTED, "10-15 10:00", id="accepted")
ALL_RUNGS = [("promised", "warning", "10-20 00:00"), ("promised", "yellow", "10-25 00:00"),
             ("statutory", "red", "10-30 00:00")]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("rungs")) as database:
        yield database


@pytest.fixture
def record(shared: Database) -> Record:
    return Record(emptied(shared))


def passed(record: Record) -> list[str]:
    """The rungs of the case in the order in which they are told while the events of the test are recorded."""
    heard: list[str] = []
    record.uow.reactions[RungPassed] = [*record.uow.reactions[RungPassed],
                                        lambda _uow, batch: heard.extend(event.rung for event in batch)]
    return heard


def test_each_rung_is_claimed_when_its_time_has_come_and_stamped_with_that_time(record):
    heard = passed(record)
    record.at("10-15 10:00").take(ACCEPTED)
    assert record.sweeper.sweep_all().rungs == 0
    for now, so_far in (("10-19 23:59", 0), ("10-22 09:00", 1), ("10-25 00:00", 2), ("11-20 10:00", 3)):
        record.at(now).sweeper.sweep_all()
        assert record.rungs() == ALL_RUNGS[:so_far]
    assert heard == ["warning", "yellow", "red"]
    with record.database.read() as conn:
        detected = list(conn.scalars(select(clock_rungs.c.detected_at).order_by(clock_rungs.c.at)))
    assert [told(at) for at in detected] == ["10-22 09:00", "10-25 00:00", "11-20 10:00"]


def test_a_sweep_with_nothing_due_looks_at_nothing(record):
    record.at("10-15 10:00").take(ACCEPTED)
    record.at("10-22 10:00").sweeper.sweep_all()
    again = record.sweeper.sweep_all()
    assert (again.cases, again.rungs) == (0, 0)
    assert len(record.rungs()) == 1


def test_the_card_of_a_case_worsens_with_its_rungs_and_is_one_card(record):
    record.at("10-15 10:00").take(ACCEPTED)
    levels = []
    for now in ("10-20 00:00", "10-25 00:00", "10-30 00:00"):
        record.at(now).sweeper.sweep_all()
        levels.append(record.cards())
    assert levels == [[(1, True, None)], [(2, True, None)], [(3, True, None)]]
    with record.database.read() as conn:
        card = conn.execute(select(card_table)).one()
    assert (told(card.opened_at), told(card.level_at), told(card.due_at)) == ("10-20 00:00", "10-30 00:00", "10-30 00:00")


def test_a_case_that_is_reported_late_is_late_from_its_own_instant(record):
    record.at("11-05 10:00").take(ACCEPTED)
    assert record.rungs() == ALL_RUNGS
    assert record.cards() == [(3, True, None)]


def test_a_case_that_ended_in_time_passes_nothing_and_has_no_card(record):
    record.at("11-05 10:00").take(ACCEPTED, event(K.CONCLUDED, "10-19 17:00"))
    assert (record.rungs(), record.cards()) == ([], [])


def test_what_was_passed_before_the_end_stays_passed_after_it(record):
    record.at("10-26 10:00").take(ACCEPTED)
    record.at("11-05 10:00").take(event(K.CONCLUDED, "10-26 09:00"))
    assert record.rungs() == ALL_RUNGS[:2]
    assert record.cards() == [(2, False, None)], "the condition is over; a person still has to sign"


# Facts that come late ---------------------------------------------------------------------------------------------

def test_a_suspension_that_is_told_late_withdraws_the_rung_and_the_passage_of_the_card(record):
    record.at("10-25 10:00").take(ACCEPTED)
    assert record.rungs() == ALL_RUNGS[:2]
    record.at("10-25 11:00").take(event(K.SPECIAL_STARTED, "10-17 10:00", approved_days=9),
                                  event(K.SPECIAL_ENDED, "10-19 10:00"))
    assert record.rungs() == [("promised", "warning", "10-24 00:00")]
    assert record.cards() == [(1, True, None)]
    record.at("10-27 00:00").sweeper.sweep_all()
    assert record.rungs() == [("promised", "warning", "10-24 00:00"), ("promised", "yellow", "10-27 00:00")]
    assert record.cards() == [(2, True, None)], "the card it was, not another one"


def test_a_suspension_that_unjustifies_everything_closes_the_card_as_withdrawn(record):
    record.at("10-25 10:00").take(ACCEPTED)
    record.take(event(K.SPECIAL_STARTED, "10-16 10:00", approved_days=30))
    assert record.rungs() == []
    assert record.cards() == [(2, False, "withdrawn: facts_changed")]
    assert record.light() == "suspended"


def test_an_acceptance_replaced_by_a_later_one_takes_its_rungs_back(record):
    record.at("10-25 10:00").take(ACCEPTED)
    record.take(event(K.ACCEPTED, "10-24 10:00", id="accepted", version=2))
    assert (record.rungs(), record.light()) == ([], "normal")
    assert record.cards()[0][1:] == (False, "withdrawn: facts_changed")


def test_a_clock_that_later_facts_do_away_with_takes_its_rungs_with_it(record):
    late_step = event(K.STEP, "10-17 10:00", id="s", step="审核", step_due=Due(us("10-16 09:00"), 480, "instant"))
    record.at("10-18 10:00").take(ACCEPTED, late_step)
    assert record.rungs() == [("step", "yellow", "10-16 09:00")]
    record.take(event(K.STEP, "10-17 10:00", id="s", version=2, step="审核"))
    assert record.rungs() == []
    assert record.cards()[0][2] == "withdrawn: clock_gone"
    with record.database.read() as conn:
        assert set(conn.scalars(select(clocks.c.kind))) == {"promised", "statutory"}


def test_facts_that_move_a_passage_move_its_instant_in_the_record_and_on_the_card(record):
    record.at("11-05 10:00").take(ACCEPTED)
    record.take(event(K.ACCEPTED, "10-12 10:00", id="accepted", version=2))
    assert record.rungs() == [("promised", "warning", "10-19 00:00"), ("promised", "yellow", "10-24 00:00"),
                              ("statutory", "red", "10-27 00:00")]
    with record.database.read() as conn:
        card = conn.execute(select(card_table)).one()
    assert (told(card.level_at), told(card.opened_at)) == ("10-27 00:00", "10-19 00:00")


def test_a_conclusion_that_is_taken_back_puts_the_card_back_to_work(record):
    record.at("10-26 10:00").take(ACCEPTED)
    record.take(event(K.CONCLUDED, "10-26 09:00", id="end"))
    assert record.cards() == [(2, False, None)]
    record.take(event(K.STEP, "10-26 09:00", id="end", version=2))
    assert record.cards() == [(2, True, None)]
    assert record.light() == "yellow"
    record.at("10-30 00:00").sweeper.sweep_all()
    assert record.cards() == [(3, True, None)]


def test_a_conclusion_that_is_told_with_an_earlier_hour_withdraws_what_came_after_it(record):
    record.at("10-26 10:00").take(ACCEPTED, event(K.CONCLUDED, "10-26 09:00", id="end"))
    assert record.rungs() == ALL_RUNGS[:2]
    record.take(event(K.CONCLUDED, "10-24 17:00", id="end", version=2))
    assert record.rungs() == ALL_RUNGS[:1]


def test_a_longer_limit_granted_in_time_withdraws_nothing_and_moves_what_is_to_come(record):
    record.at("10-20 10:00").take(ACCEPTED)
    record.at("10-22 10:00").take(event(K.EXTENDED, "10-22 10:00", approved_days=5))
    assert record.rungs() == [], "the warning was for a limit that no longer holds"
    record.at("10-27 00:00").sweeper.sweep_all()
    assert record.rungs() == [("promised", "warning", "10-27 00:00")]


def test_loading_history_judges_a_batch_as_of_its_own_time(record):
    record.at("2020-01-01 10:00")
    record.recorder.record([ACCEPTED], judged_at=us("10-16 10:00"))
    assert record.rungs() == []
    record.recorder.record([event(K.CONCLUDED, "10-19 10:00")], judged_at=us("10-19 10:00"))
    record.sweeper.sweep_all()
    assert (record.rungs(), record.cards()) == ([], [])


def test_history_is_never_judged_in_the_future(record):
    record.at("10-16 10:00").recorder.record([ACCEPTED], judged_at=us("2020-01-01 10:00"))
    assert record.rungs() == []


def test_plain_steps_leave_a_due_rung_to_be_noticed_all_the_same(record):
    record.at("10-15 10:00").take(ACCEPTED)
    record.at("10-20 10:00").take(event(K.STEP, "10-20 10:00"))
    assert record.rungs() == ALL_RUNGS[:1], "whoever looks at the case first tells it, sweep or event"
    assert record.sweeper.sweep_all().rungs == 0
