"""A deadline day by day: on its last day as many days are used as the limit has, whatever hour it began or was stopped at."""

from __future__ import annotations

import pytest

from cases.clocks import due_instant, suspensions, timing_of_limit
from cases.events import ClockKind, ClockRef
from cases.explain import ClockExplanation, explain_evidence
from cases.fold import Moment, Stop
from core.limits import Granularity, parse_limit
from tests.unit.cases.record import calendars, us

CN = calendars()["cn"]  # 08:30-12:00 and 14:00-17:30; 15 October 2012 was a Monday


def explained(limit: str, started: str, *stops: tuple[str, str], now: str = "10-15 09:00") -> ClockExplanation:
    """A clock that ends at an instant, as the evidence of a card keeps it."""
    opened, stated = Moment(us(started)), parse_limit(limit, Granularity.INSTANT)
    spans = suspensions([Stop("special", Moment(us(begin)), Moment(us(end))) for begin, end in stops], opened, None, CN)
    facts = {"limit": limit, "amount": stated.amount, "unit": stated.unit.value, "granularity": "instant",
             "started": (opened.at, opened.utc_offset), "stops": [list(span) for span in spans]}
    return explain_evidence(ClockRef(0, ClockKind.PROMISED), facts, CN, level=0, passed=(),
                            due_at=due_instant(timing_of_limit(stated, opened, spans, CN)), ended_at=None, now_us=us(now))


def last(clock: ClockExplanation) -> tuple[str, int]:
    """The day that is marked as the last one, and the days used by its end."""
    return next((line.date[5:], line.n) for line in clock.days if line.is_due)


@pytest.mark.parametrize(("limit", "started", "first", "due"), [
    ("5wd", "10-15 08:00", "10-15", "10-19"),  # before the office opens: the opening day is used whole, and told so
    ("5wd", "10-15 09:00", "10-16", "10-22"), ("5wd", "10-15 18:00", "10-16", "10-22"),
    ("5wd", "10-13 10:00", "10-15", "10-19"),
    ("5cd", "10-15 00:00", "10-15", "10-19"), ("5cd", "10-15 10:00", "10-16", "10-20")])
def test_the_days_shown_add_up_to_the_limit(limit: str, started: str, first: str, due: str):
    clock = explained(limit, started)
    assert next(line.date[5:] for line in clock.days if line.counted) == first
    assert last(clock) == (due, 5)


@pytest.mark.parametrize(("started", "stop", "suspended", "due"), [
    ("10-15 10:00", ("10-16 10:00", "10-18 10:00"), ["10-17", "10-18"], "10-24"),
    ("10-15 10:00", ("10-16 10:00", "10-16 15:00"), [], "10-22"),
    ("10-15 17:00", ("10-16 08:30", "10-16 10:00"), ["10-16"], "10-23")])
def test_parts_of_days_that_were_stopped_move_the_day_that_counts(started, stop, suspended, due):
    clock = explained("5wd", started, stop)
    assert [line.date[5:] for line in clock.days if line.kind == "suspended"] == suspended
    assert last(clock) == (due, 5)


def test_what_is_done_in_the_same_visit_ends_the_same_day():
    clock = explained("0wd", "10-15 08:00")
    assert (last(clock), clock.used) == (("10-15", 0), 0)


def test_days_say_nothing_of_a_limit_in_hours_or_of_a_date_its_source_stated():
    assert explained("5wd", "10-15 09:00", now="10-17 09:00").days_used == 2
    assert explained("8wh", "10-15 09:00", now="10-17 09:00").days_used is None
