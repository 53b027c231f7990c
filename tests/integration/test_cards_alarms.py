"""Alarms of what cannot be judged: one per cause, with a count, and few on a wall. On SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.database import Database
from tests.unit.alerts.house import House, judgeable, unjudgeable


@pytest.fixture
def house(fresh_database_url: str) -> Iterator[House]:
    database = Database(fresh_database_url)
    database.create_all()
    yield House(database)
    database.dispose()


def test_cases_that_cannot_be_judged_are_one_alarm_per_reason_with_a_count(house: House):
    house.record(*(unjudgeable(n) for n in range(1, 1201)), unjudgeable(2000, "calendar_not_published", "2027"))

    assert {(alarm.code, alarm.subject): alarm.count for alarm in house.queries.alarms()} == {
        ("limit_missing", "I001"): 1200, ("calendar_not_published", "2027"): 1}


def test_a_wall_is_told_a_few_alarms_of_a_code_one_by_one_and_many_as_one(house: House):
    house.record(*(unjudgeable(n, "item_unknown", f"X{n:03}") for n in range(1, 301)),
                 *(unjudgeable(n, "item_unknown", "X001") for n in range(301, 311)),
                 *(unjudgeable(1000 + n, "calendar_not_published", f"{2027 + n}") for n in range(5)))

    gathered = house.queries.gathered_alarms()
    assert [(alarm.code, alarm.subject, alarm.count, alarm.others) for alarm in gathered] == [
        *(("calendar_not_published", f"{2027 + n}", 1, 0) for n in range(5)), ("item_unknown", "X001", 310, 299)]
    assert gathered[-1].args == {"detail": "X001"}


def test_a_repeated_report_counts_once_and_a_changed_reason_moves_over(house: House):
    house.record(unjudgeable(1), unjudgeable(2))
    house.record(unjudgeable(1), unjudgeable(2, "rule_raised", "kechuang.promised"))

    assert {alarm.code: alarm.count for alarm in house.queries.alarms()} == {"limit_missing": 1, "rule_raised": 1}


def test_the_last_cured_case_clears_the_alarm_and_a_new_one_starts_afresh(house: House):
    house.record(unjudgeable(1), unjudgeable(2))
    house.record(judgeable(1), judgeable(1))
    assert [alarm.count for alarm in house.queries.alarms()] == [1]

    house.record(judgeable(2))
    assert house.queries.alarms() == []

    house.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    house.record(unjudgeable(1))
    [alarm] = house.queries.alarms()
    assert (alarm.count, alarm.since) == (1, days_ago(0) + 3_600_000_000)


# Reading ----------------------------------------------------------------------------------------------------------

def test_counts_and_fingerprint_cover_the_active_cards(house: House):
    house.record(passed("warning", case_id=1), passed("yellow", case_id=2, at=days_ago(9)), passed("red", case_id=3))
    house.sign(house.card(3))
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
