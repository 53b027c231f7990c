"""Cards through a real unit of work, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from alerts.models import cards as card_table
from cases.events import ClockKind
from core.access import Actor
from core.database import Database
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotPermitted, TooLarge
from core.models import outbox
from tests.unit.alerts.house import (
    ALICE,
    BOB,
    CHARLIE,
    LEA,
    WALL,
    House,
    days_ago,
    ended,
    passed,
    withdrawn,
)


@pytest.fixture
def house(fresh_database_url: str) -> Iterator[House]:
    database = Database(fresh_database_url)
    database.create_all()
    yield House(database)
    database.dispose()


def messages(house: House) -> int:
    with house.database.read() as conn:
        return conn.execute(select(func.count()).select_from(outbox)).scalar_one()


def rows(house: House) -> int:
    with house.database.read() as conn:
        return conn.execute(select(func.count()).select_from(card_table)).scalar_one()


# Raising ----------------------------------------------------------------------------------------------------------

def test_a_passed_rung_raises_a_card_that_says_why(house: House):
    house.record(passed("yellow", at=days_ago(2)))

    card = house.only_card()
    assert (card.level, card.state, card.condition, card.rev) == ("yellow", "unack", True, 1)
    assert (card.org_name, card.case_no, card.limit_text) == ("name of D01", "2018-0001", "7wd")
    assert card.opened_at == card.level_at == "2018-10-13T10:00:00+08:00"
    assert card.demanded_action == "act on yellow"


def test_the_ladder_of_one_case_is_one_card_that_worsens(house: House):
    house.record(passed("warning", at=days_ago(5)))
    house.record(passed("yellow", at=days_ago(3)))
    house.record(passed("red", kind=ClockKind.STATUTORY, at=days_ago(1)))

    card = house.only_card()
    assert (card.level, card.rev, card.clock_kind) == ("red", 3, "statutory")
    assert (card.opened_at, card.level_at) == ("2018-10-10T10:00:00+08:00", "2018-10-14T10:00:00+08:00")


def test_several_rungs_in_one_batch_are_one_change(house: House):
    house.record(passed("warning", at=days_ago(5)), passed("yellow", at=days_ago(3)))

    assert (house.only_card().level, house.only_card().rev, messages(house)) == ("yellow", 1, 1)


def test_other_clocks_of_the_case_have_cards_of_their_own(house: House):
    house.record(passed("yellow"), passed("yellow", kind=ClockKind.STEP, ordinal=0),
                 passed("yellow", kind=ClockKind.STEP, ordinal=1))

    assert sorted(card.clock_kind for card in house.active()) == ["promised", "step", "step"]


def test_a_batch_delivered_twice_changes_nothing(house: House):
    batch = [passed("warning", case_id=n) for n in range(1, 30)] + [passed("red", case_id=n, kind=ClockKind.STATUTORY)
                                                                    for n in range(1, 10)]
    house.record(*batch)
    before = house.queries.snapshot()

    house.record(*batch)

    assert house.queries.snapshot() == before
    assert messages(house) == 29


def test_the_level_only_rises_whatever_the_order(house: House):
    house.record(passed("red", kind=ClockKind.STATUTORY, at=days_ago(1)))
    house.record(passed("warning", at=days_ago(5)))

    card = house.only_card()
    assert (card.level, card.level_at) == ("red", "2018-10-14T10:00:00+08:00")
    assert card.opened_at == "2018-10-10T10:00:00+08:00"


# History ----------------------------------------------------------------------------------------------------------

def test_a_passage_long_over_when_learnt_is_recorded_closed_and_told_to_nobody(house: House):
    house.record(passed("red", at=days_ago(400), ended_at=days_ago(380)))

    assert house.active() == []
    assert messages(house) == 0
    assert house.card(1).closed_reason == "loaded_as_history"


def test_history_delivered_twice_is_recorded_once(house: House):
    batch = [passed("red", case_id=n, at=days_ago(400), ended_at=days_ago(380)) for n in range(1, 20)]
    house.record(*batch)
    house.record(*batch)

    assert rows(house) == 19


def test_a_passage_lately_over_waits_for_a_person(house: House):
    house.record(passed("yellow", at=days_ago(4), ended_at=days_ago(2)))

    card = house.only_card()
    assert (card.state, card.condition, card.cleared_at) == ("rtn_unack", False, "2018-10-13T10:00:00+08:00")


def test_a_warning_lately_over_needs_nobody(house: House):
    house.record(passed("warning", at=days_ago(4), ended_at=days_ago(2)))

    assert (house.active(), messages(house), house.card(1).closed_reason) == ([], 0, "condition_ended")


def test_a_log_whose_closing_events_follow_in_a_later_batch_leaves_nothing_on_the_wall(house: House):
    house.record(passed("red", at=days_ago(400)))
    house.record(ended(at=days_ago(380)))

    assert house.active() == []
    assert house.card(1).closed_reason == "loaded_as_history"


# Clearing ---------------------------------------------------------------------------------------------------------

def test_an_unacknowledged_card_stays_after_its_condition_ended(house: House):
    house.record(passed("yellow"))
    house.record(ended())

    assert house.only_card().state == "rtn_unack"

    house.sign(house.only_card())
    assert house.active() == []
    assert house.card(1).closed_reason == "acknowledged"


def test_an_acknowledged_card_closes_with_its_condition(house: House):
    house.record(passed("yellow"))
    house.sign(house.only_card())
    house.record(ended())

    assert (house.active(), house.card(1).closed_reason) == ([], "condition_ended")


def test_a_warning_closes_by_itself(house: House):
    house.record(passed("warning"))
    house.record(ended())

    assert (house.active(), house.card(1).closed_reason) == ([], "condition_ended")


def test_the_condition_lasts_while_any_clock_of_the_occurrence_runs(house: House):
    house.record(passed("yellow"), passed("red", kind=ClockKind.STATUTORY))
    house.record(ended(kind=ClockKind.PROMISED))
    assert house.only_card().condition

    house.record(ended(kind=ClockKind.STATUTORY))
    assert not house.only_card().condition


def test_the_end_told_twice_changes_nothing(house: House):
    house.record(passed("yellow"))
    house.record(ended())
    house.record(ended())

    assert house.only_card().rev == 2


def test_a_condition_that_returns_asks_again(house: House):
    house.record(passed("yellow", at=days_ago(3)))
    house.record(ended())
    house.record(passed("red", kind=ClockKind.STATUTORY))

    card = house.only_card()
    assert (card.state, card.level, card.condition) == ("unack", "red", True)


def test_a_new_passage_after_closing_is_a_new_card(house: House):
    house.record(passed("yellow"))
    house.sign(house.only_card())
    house.record(ended())
    house.clock.advance(timedelta(minutes=11))
    house.record(passed("red", kind=ClockKind.STATUTORY))

    assert house.only_card().id == 2


# Withdrawing ------------------------------------------------------------------------------------------------------

def test_a_withdrawn_passage_lowers_the_level(house: House):
    house.record(passed("yellow"), passed("red", kind=ClockKind.STATUTORY))
    house.record(withdrawn("red", kind=ClockKind.STATUTORY))

    assert (house.only_card().level, house.only_card().clock_kind) == ("yellow", "promised")


def test_the_last_withdrawn_passage_closes_the_card_and_keeps_its_evidence(house: House):
    house.record(passed("yellow"))
    house.record(withdrawn("yellow", reason="suspension recorded"))

    found = house.queries.find(1)
    assert found is not None
    assert house.active() == []
    assert found.card.closed_reason == "withdrawn: suspension recorded"
    assert found.evidence[0]["withdrawn"] == "suspension recorded"


def test_a_passage_that_stands_again_after_withdrawal_raises_a_new_card(house: House):
    event = passed("yellow")
    house.record(event)
    house.record(withdrawn("yellow"))
    house.record(event)

    assert (house.only_card().id, house.only_card().state) == (2, "unack")


def test_withdrawing_what_was_never_raised_does_nothing(house: House):
    house.record(withdrawn("yellow", case_id=99), ended(case_id=99))

    assert (rows(house), messages(house)) == (0, 0)


# Acknowledging ----------------------------------------------------------------------------------------------------

def test_an_officer_signs_with_a_comment(house: House):
    house.record(passed("yellow"))

    result = house.sign(house.only_card(), comment="  已电话催办 ")

    card = house.only_card()
    assert result.ok
    assert (card.state, card.rev) == ("acked", 2)
    assert card.acked is not None
    assert (card.acked.by, card.acked.comment) == ("艾丽", "已电话催办")


def test_worsening_takes_the_acknowledgement_back_and_history_keeps_it(house: House):
    house.record(passed("yellow"))
    house.sign(house.only_card())
    house.record(passed("red", kind=ClockKind.STATUTORY))

    card = house.only_card()
    assert (card.state, card.acked, card.rev) == ("unack", None, 3)
    found = house.queries.find(card.id)
    assert found is not None
    assert [change.card["state"] for change in found.history] == ["unack", "acked", "unack"]
    assert found.history[1].card["acked"]["by"] == "艾丽"


def test_a_repeated_command_gets_its_first_answer(house: House):
    house.record(passed("yellow"))
    seen = house.only_card()
    first = house.sign(seen, command_id="c-7")
    house.record(passed("red", kind=ClockKind.STATUTORY))

    assert house.sign(seen, command_id="c-7") == first
    assert house.only_card().state == "unack"


def test_somebody_elses_command_id_is_refused(house: House):
    house.record(passed("yellow"))
    house.sign(house.only_card(), command_id="c-7")

    with pytest.raises(Conflict, match="command_id_used"):
        house.sign(house.only_card(), command_id="c-7", by=BOB)


def test_the_second_of_two_officers_is_told_that_it_is_done(house: House):
    house.record(passed("yellow"))
    seen = house.only_card()
    house.sign(seen, command_id="c-1", by=ALICE)

    [second] = house.sign(seen, command_id="c-2", by=BOB).results

    assert second.ok
    assert second.already
    assert "by=艾丽" in (second.message or "")
    assert house.only_card().rev == 2


def test_a_card_that_worsened_must_be_looked_at_again(house: House):
    house.record(passed("yellow"))
    seen = house.only_card()
    house.record(passed("red", kind=ClockKind.STATUTORY))

    result = house.sign(seen)

    [told] = result.results
    assert not result.ok
    assert (told.error, told.rev, told.state) == ("card_changed", 2, "unack")
    assert house.only_card().state == "unack"


def test_one_command_signs_for_several_cards_and_answers_for_each(house: House):
    house.record(passed("yellow", case_id=1), passed("yellow", case_id=2), passed("yellow", case_id=3))
    one, two, three = house.active()
    house.record(passed("red", case_id=2, kind=ClockKind.STATUTORY))

    result = house.sign(one, two, three)

    assert [told.ok for told in result.results] == [True, False, True]
    assert [house.card(card.id).state for card in (one, two, three)] == ["acked", "unack", "acked"]


def test_a_card_that_does_not_exist_is_told_in_its_result(house: House):
    house.record(passed("yellow"))
    ghost = house.only_card().__class__(**{**{name: getattr(house.only_card(), name)
                                              for name in house.only_card().__struct_fields__}, "id": 404})

    [told] = house.sign(ghost).results
    assert (told.ok, told.error) == (False, "card_not_found")


@pytest.mark.parametrize(("actor", "refusal"), [(None, NotAuthenticated), (CHARLIE, NotPermitted),
                                                (WALL, NotPermitted)])
def test_only_those_with_the_role_may_sign(house: House, actor: Actor | None, refusal: type[Exception]):
    house.record(passed("yellow"))

    with pytest.raises(refusal):
        house.sign(house.only_card(), by=actor)
    assert house.only_card().state == "unack"


def test_a_command_out_of_bounds_is_refused_whole(house: House):
    house.record(passed("yellow"))
    card = house.only_card()
    with pytest.raises(TooLarge, match="comment_too_long"):
        house.sign(card, comment="长" * 501)
    with pytest.raises(InvalidInput, match="cards_invalid"):
        house.sign(card, card)
    with pytest.raises(InvalidInput, match="cards_invalid"):
        house.sign()
    with pytest.raises(InvalidInput, match="command_id_invalid"):
        house.sign(card, command_id="")
    assert house.only_card().state == "unack"


def test_old_command_ids_are_forgotten(house: House):
    house.record(passed("yellow"))
    house.sign(house.only_card())

    assert house.cards.forget_commands(days_ago(-1)) == 1


# Reading ----------------------------------------------------------------------------------------------------------

def test_counts_and_fingerprint_cover_the_active_cards(house: House):
    house.record(passed("warning", case_id=1), passed("yellow", case_id=2, at=days_ago(9)), passed("red", case_id=3))
    house.sign(house.card(3))
    house.sign(house.card(3), by=LEA, command_id="c-2")
    vitals = house.queries.vitals()

    assert (vitals.counts.warning, vitals.counts.yellow, vitals.counts.red, vitals.counts.unack) == (1, 1, 1, 2)
    assert vitals.counts.oldest_unack_at == "2018-10-06T10:00:00+08:00"
    expected = sum((card.id * 2654435761 + card.rev * 40503) % 2**32 for card in house.active()) % 2**32
    assert vitals.digest == expected == house.queries.active_hash()


def test_the_oldest_unacknowledged_come_first(house: House):
    for number, age in ((1, 3), (2, 9), (3, 5)):
        house.record(passed("yellow", case_id=number, at=days_ago(age)))
    house.sign(house.card(2))

    assert [card.case_no for card in house.active()] == ["2018-0003", "2018-0001", "2018-0002"]


def test_a_snapshot_is_bounded_and_says_so(fresh_database_url: str):
    database = Database(fresh_database_url)
    database.create_all()
    house = House(database, snapshot_max=20)
    house.record(*(passed("warning", case_id=n) for n in range(1, 41)),
                 *(passed("red", case_id=n) for n in range(41, 44)))

    snapshot = house.queries.snapshot()

    levels = [card.level for card in snapshot.cards]
    assert (len(levels), levels.count("red"), snapshot.is_partial) == (20, 3, True)
    assert (snapshot.counts.warning, house.queries.vitals().digest) == (40, None)
    database.dispose()


def test_an_empty_house_has_an_empty_snapshot(house: House):
    snapshot = house.queries.snapshot()

    assert (snapshot.epoch, snapshot.as_of_seq, snapshot.cards) == ("", 0, [])
    assert house.queries.find(1) is None
