"""The record as it stood on a past day counts a limit to what the law counts it to, as the live clocks do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from cases.events import EventKind
from cases.history import History, Question
from config.powers import Power
from core.database import Database
from core.instants import day_of
from core.limits import parse_limit
from tests.golden.test_other_clocks import item
from tests.unit.cases.record import City, Record, calendars, emptied, event, made_database

K = EventKind
DAYS = [day_of(date(2018, 10, day)) for day in (24, 25, 26, 31)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("past")) as database:
        yield database


def history(database: Database, *, promised: str = "7wd", **power: object) -> History:
    """Promised seven working days from Monday 15 October 2018: due on the 24th. Decided on the 18th, closed on the 30th."""
    only = replace(item(), promised=parse_limit(promised), power=Power(**power))  # type: ignore[arg-type]
    record = Record(emptied(database), city=City({"permit": only})).at("10-30 11:00")  # type: ignore[dict-item]
    record.take(event(K.ACCEPTED, "10-15 10:00"), event(K.DECIDED, "10-18 10:00", result="granted"),
                event(K.CONCLUDED, "10-30 10:00", result="granted"))
    return History(database, record.city)


@pytest.mark.parametrize(("ends", "overdue", "measure"), [("decided", [0, 0, 0, 0], "closed_early"),
                                                          ("concluded", [0, 1, 1, 0], "closed_late")])
def test_a_case_decided_in_time_is_not_overdue_while_its_papers_are_served(
        shared: Database, ends: str, overdue: list[int], measure: str) -> None:
    past, question = history(shared, ends=ends), Question("promised", calendars()["cn"])
    assert past.heatmap(question, DAYS).rows == {"Land": overdue}
    figures = past.stats(question, DAYS[-1]).figures["all"]
    assert (figures["closed"], figures["open"], figures[measure]) == (1, 0, 1)


@pytest.mark.parametrize(("rolls", "due"), [(False, date(2018, 10, 27)), (True, date(2018, 10, 29))])
def test_a_limit_that_would_end_on_a_day_of_rest_ends_as_its_power_says(shared: Database, rolls: bool, due: date) -> None:
    """Twelve days from Monday 15 October 2018 end on a Saturday."""
    past = history(shared, promised="12cd", rolls=rolls)
    assert [case.due for case in past.cases(Question("promised", calendars()["cn"]))] == [day_of(due)]


@pytest.mark.parametrize("asked", ["promised", "1mo"])
def test_a_month_is_as_long_as_it_is(shared: Database, asked: str) -> None:
    past = history(shared, promised="1mo")
    assert [case.due for case in past.cases(Question(asked, calendars()["cn"]))] == [day_of(date(2018, 11, 15))]
