"""What cannot be judged stands on the wall as an alarm: never silence, never a crash; and it goes when the cause goes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cases.events import CaseUnjudgeable, EventKind
from core.database import Database
from core.limits import parse_limit
from tests.unit.cases.record import Item, Record, emptied, event, made_database

K = EventKind


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("alarms")) as database:
        yield database


@pytest.fixture
def record(shared: Database) -> Record:
    return Record(emptied(shared)).at("10-16 10:00")


def accepted(case_no: str, item: str, when: str = "10-15 10:00", version: int = 1, **data: object):
    return event(K.ACCEPTED, when, case_no=case_no, id=f"{case_no}/a", version=version, item=item, **data)


@pytest.mark.parametrize(("item", "when", "data", "code"), [
    ("mystery", "10-15 10:00", {}, "item_unknown"), ("unlimited", "10-15 10:00", {}, "limit_missing"),
    ("", "10-15 10:00", {}, "limit_missing"), ("permit", "10-15 10:00", {"promised_limit": "soon"}, "limit_unreadable"),
    ("permit", "1999-10-15 10:00", {}, "rule_missing"), ("long", "2026-12-20 10:00", {}, "calendar_not_published")])
def test_every_reason_raises_its_alarm_and_the_light_that_says_so(record, item, when, data, code):
    told: list[CaseUnjudgeable] = []
    record.uow.reactions[CaseUnjudgeable] = [*record.uow.reactions[CaseUnjudgeable],
                                             lambda _uow, batch: told.extend(batch)]
    record.at("2026-12-20 11:00").take(accepted("1", item, when, **data))
    assert record.alarm_codes() == {code: 1}
    assert record.light() == "unjudgeable"
    assert [one.reason for one in told] == [code]
    assert record.queries.figures(record.clock.now_us()).unjudgeable == 1
    assert record.cards() == []


def test_many_cases_of_one_cause_are_one_alarm_with_their_number(record):
    record.take(*[accepted(str(n), "mystery") for n in range(30)], *[accepted(f"u{n}", "unlimited") for n in range(7)])
    assert record.alarm_codes() == {"item_unknown": 30, "limit_missing": 7}
    record.recorder.record([accepted(str(n), "mystery") for n in range(30)])
    assert record.alarm_codes()["item_unknown"] == 30, "a repeated delivery counts once"


def test_the_alarm_shrinks_with_each_cured_case_and_goes_with_the_last(record):
    record.take(accepted("1", "mystery"), accepted("2", "mystery"))
    record.take(accepted("1", "permit", version=2))
    assert record.alarm_codes() == {"item_unknown": 1}
    record.take(event(K.CONCLUDED, "10-16 09:00", case_no="2", item=""))
    assert record.alarm_codes() == {"item_unknown": 1}, "that it is over does not tell whether it was late"
    record.take(accepted("2", "permit", version=2))
    assert record.alarm_codes() == {}
    assert record.light("1") == "normal"


def test_a_case_that_exchanges_one_reason_for_another_moves_to_the_other_alarm(record):
    record.take(accepted("1", "mystery"))
    record.take(accepted("1", "unlimited", version=2))
    assert record.alarm_codes() == {"limit_missing": 1}


def test_an_item_that_enters_the_catalogue_is_judged_at_the_next_event(record):
    record.take(accepted("1", "mystery"))
    record.city.items["mystery"] = Item(parse_limit("7wd"), None)
    record.take(event(K.STEP, "10-16 09:00", item="mystery"))
    assert (record.alarm_codes(), record.light()) == ({}, "normal")


def test_an_online_filing_keeps_its_warning_when_the_accepted_item_is_unknown(record):
    record.at("10-18 10:00").take(event(K.SUBMITTED, "10-15 10:00"))
    assert record.rungs() == [("pre_acceptance", "warning", "10-17 10:00")]
    record.take(accepted("1", "mystery", "10-18 09:00"))
    assert record.rungs() == [("pre_acceptance", "warning", "10-17 10:00")]
    assert record.alarm_codes() == {"item_unknown": 1}
    assert record.cards() == [(1, False, "condition_ended")]


def test_a_limit_that_is_there_after_a_restart_is_judged_by_the_first_sweep_and_the_alarm_goes(record):
    record.take(*[accepted(str(n), "mystery") for n in range(5)], accepted("u", "unlimited"))
    record.at("10-26 10:00").sweeper.sweep_all()
    assert record.alarm_codes() == {"item_unknown": 5, "limit_missing": 1}
    record.city.items["mystery"] = Item(parse_limit("7wd"), None)

    restarted = Record(record.database, record.clock, city=record.city, batch=2)
    assert restarted.sweeper.sweep_all().rungs == 10
    assert restarted.alarm_codes() == {"limit_missing": 1}
    assert restarted.light("3") == "yellow"
    assert restarted.recounter.recount().differences == []
    assert restarted.sweeper.sweep_all().cases == 0, "once is enough"
