"""Alarms of what cannot be judged: one per cause, with a count, and few on a wall. On SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.database import Database
from tests.unit.alerts.house import House, days_ago, judgeable, unjudgeable


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


def test_a_renewed_alarm_says_what_is_true_now_and_keeps_its_beginning(house: House):
    with house.units() as uow:
        house.alarms.renew_alarm(uow.conn, "roster_gap", "", 100, n=3, day="2018-10-15")
    with house.units() as uow:
        house.alarms.renew_alarm(uow.conn, "roster_gap", "", 200, n=1, day="2018-10-16")

    [alarm] = house.queries.alarms()
    assert (alarm.since, alarm.count, dict(alarm.args)) == (100, 1, {"n": 1, "day": "2018-10-16"})
