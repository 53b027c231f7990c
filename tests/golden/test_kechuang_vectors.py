"""The worked examples of the 科创 engine, to the minute, under its preset (their source: domain notes §4, time arithmetic).

All begin on Monday 2018-10-15 at 10:00 in Shanghai; there is no holiday in the weeks they touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cases.areas import Area, AreaContext, Areas
from cases.clocks import due_instant, passages, suspensions, timing_of_limit
from cases.events import CaseEvent, EventData, EventKind
from cases.fold import Moment, Stop
from cases.projection import ClockState, Condition, Light, light_of, project
from cases.states import fold_all
from config.calendars import load_calendars
from config.ladders import Rule, load_presets
from core.instants import SECOND_US, from_us, to_us
from core.limits import Granularity, Limit, Unit

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = "10-15 10:00"


def at(text: str) -> int:
    """Microseconds UTC of `10-15 10:00` of 2018 on Shanghai's clocks."""
    return to_us(datetime.strptime(f"2018-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI))


def told(us: int) -> str:
    return from_us(us).astimezone(SHANGHAI).strftime("%m-%d %H:%M")


@pytest.fixture(scope="module")
def xinyu() -> AreaContext:
    return Areas(load_calendars(), load_presets(), Area("360500", "新余", "cn", "Asia/Shanghai", "kechuang")).default


def rule(context: AreaContext, watches: str) -> Rule:
    found = context.preset.rule_for(watches)
    assert found is not None
    return found


def rungs_of(context: AreaContext, watches: str, days: int, stops: tuple[Stop, ...] = ()) -> dict[str, str]:
    """When each rung of the ladder passes for a limit of so many working days from the start."""
    started = Moment(at(START))
    limit = Limit(days, Unit.WORKING_DAY, Granularity.INSTANT)
    timing = timing_of_limit(limit, started, suspensions(stops, started, None, context.calendar), context.calendar)
    return {rung.code: told(rung.at) for rung in passages(timing, rule(context, watches).rungs) if rung.at is not None}


# The ladder itself ----------------------------------------------------------------------------------------------

def test_an_office_case_is_warned_on_the_19th_late_on_the_24th_and_past_the_law_on_the_29th(xinyu):
    assert rungs_of(xinyu, "promised", 7) == {"warning": "10-19 10:00", "yellow": "10-24 10:00"}
    assert rungs_of(xinyu, "statutory", 10) == {"red": "10-29 10:00"}


@pytest.mark.parametrize(("start", "end"), [("10-16 10:00", "10-19 10:00"), ("10-15 15:30", "10-18 15:30"),
                                            ("10-18 11:00", "10-23 11:00")])
def test_a_special_procedure_of_three_days_moves_all_three_by_three_days(xinyu, start, end):
    stop = (Stop("special", Moment(at(start)), Moment(at(end))),)
    assert rungs_of(xinyu, "promised", 7, stop) == {"warning": "10-24 10:00", "yellow": "10-29 10:00"}
    assert rungs_of(xinyu, "statutory", 10, stop) == {"red": "11-01 10:00"}


def test_a_special_procedure_of_seven_days_is_warned_then_late_then_far_too_late(xinyu):
    assert rungs_of(xinyu, "special", 7) == {"warning": "10-19 10:00", "yellow": "10-24 10:00", "red": "10-25 10:00"}


def test_an_online_submission_is_to_be_answered_in_two_days(xinyu):
    assert rungs_of(xinyu, "pre_acceptance", 2) == {"warning": "10-17 10:00", "yellow": "10-22 10:00",
                                                    "red": "10-24 10:00"}


@pytest.mark.parametrize("watches", ["consultation", "complaint"])
def test_a_consultation_or_complaint_is_due_on_the_22nd(xinyu, watches):
    assert rungs_of(xinyu, watches, 5) == {"warning": "10-17 10:00", "yellow": "10-22 10:00", "red": "10-23 10:00"}


def test_a_licence_is_delivered_in_three_days_or_yellow_and_never_red(xinyu):
    assert rungs_of(xinyu, "licence", 3) == {"yellow": "10-18 10:00"}


@pytest.mark.parametrize(("watches", "due"), [("pre_acceptance", "10-17 10:00"), ("consultation", "10-22 10:00"),
                                              ("complaint", "10-22 10:00"), ("licence", "10-18 10:00")])
def test_the_limits_nobody_states_are_the_presets_own_and_judged_to_the_instant(xinyu, watches, due):
    limit = rule(xinyu, watches).default_limit
    assert limit is not None
    found = due_instant(timing_of_limit(limit, Moment(at(START)), (), xinyu.calendar))
    assert found is not None
    assert told(found) == due


# The same through the record: events in, clocks and light out ----------------------------------------------------

@dataclass(frozen=True)
class Item:
    promised: Limit | None
    statutory: Limit | None


class Catalogue:
    """One item, promised in 7 working days and allowed 10, judged to the instant as its catalogue states."""

    def find_item(self, code: str) -> Item | None:
        promised, statutory = (Limit(days, Unit.WORKING_DAY, Granularity.INSTANT) for days in (7, 10))
        return Item(promised, statutory) if code == "licence" else None


def event(kind: EventKind, when: int, **data: object) -> CaseEvent:
    return CaseEvent(source="hall", source_event_id=f"{kind}{when}", kind=kind, case_no="1", area="360500", org="Land",
                     item="licence", claimed_at=when, data=EventData(**data))


def clocks_at(context: AreaContext, now: int, *events: CaseEvent) -> tuple[dict[str, ClockState], Light]:
    fold = fold_all(events)
    clocks = project(fold, 1, context, Catalogue(), now)
    return {clock.ref.kind.value: clock for clock in clocks}, light_of(fold, clocks)


ACCEPTED = event(EventKind.ACCEPTED, at(START))


@pytest.mark.parametrize(("now", "before", "from_then_on"), [
    ("10-19 10:00", Light.NORMAL, Light.WARNING), ("10-24 10:00", Light.WARNING, Light.YELLOW),
    ("10-29 10:00", Light.YELLOW, Light.RED)])
def test_the_light_of_an_office_case_changes_at_ten_o_clock(xinyu, now, before, from_then_on):
    assert clocks_at(xinyu, at(now) - SECOND_US, ACCEPTED)[1] is before
    assert clocks_at(xinyu, at(now), ACCEPTED)[1] is from_then_on


def test_limits_stated_by_the_feed_are_judged_as_the_preset_judges(xinyu):
    stated = event(EventKind.ACCEPTED, at(START), promised_limit="7wd", statutory_limit="10wd")
    clocks, _ = clocks_at(xinyu, at(START), stated)
    assert {code: told(instant) for kind in ("promised", "statutory") for code, _, instant in clocks[kind].passages} == {
        "warning": "10-19 10:00", "yellow": "10-24 10:00", "red": "10-29 10:00"}


def test_an_online_submission_that_nobody_answers_runs_up_the_same_ladder(xinyu):
    submitted = event(EventKind.SUBMITTED, at(START))
    lights = [clocks_at(xinyu, at(now) - back, submitted)[1]
              for now in ("10-17 10:00", "10-22 10:00", "10-24 10:00") for back in (SECOND_US, 0)]
    assert lights == [Light.NORMAL, Light.WARNING, Light.WARNING, Light.YELLOW, Light.YELLOW, Light.RED]


def test_a_case_concluded_on_the_second_is_in_time_and_a_second_later_it_is_late(xinyu):
    due, next_year = at("10-24 10:00"), at("12-03 10:00")
    in_time, _ = clocks_at(xinyu, next_year, ACCEPTED, event(EventKind.CONCLUDED, due))
    late, _ = clocks_at(xinyu, next_year, ACCEPTED, event(EventKind.CONCLUDED, due + SECOND_US))
    assert in_time["promised"].passed == ("warning",)
    assert late["promised"].passed == ("warning", "yellow")


def test_a_special_procedure_moves_the_case_and_has_a_clock_of_its_own(xinyu):
    start, end = at("10-16 10:00"), at("10-19 10:00")
    clocks, light = clocks_at(xinyu, at("10-24 10:00") - SECOND_US, ACCEPTED,
                              event(EventKind.SPECIAL_STARTED, start, approved_days=7, document_no="9"),
                              event(EventKind.SPECIAL_ENDED, end, document_no="9"))
    assert {code: told(instant) for code, _, instant in clocks["promised"].passages} == {
        "warning": "10-24 10:00", "yellow": "10-29 10:00"}
    assert {code: told(instant) for code, _, instant in clocks["statutory"].passages} == {"red": "11-01 10:00"}
    assert clocks["special"].condition is Condition.ENDED
    assert light is Light.NORMAL


def test_an_open_special_procedure_stops_the_clock_for_its_approved_days_and_no_longer(xinyu):
    opened_special = event(EventKind.SPECIAL_STARTED, at("10-16 10:00"), approved_days=3)
    clocks, _ = clocks_at(xinyu, at("10-16 10:00") + timedelta(hours=1) // timedelta(microseconds=1), ACCEPTED,
                          opened_special)
    assert clocks["promised"].condition is Condition.STOPPED
    assert {code: told(instant) for code, _, instant in clocks["promised"].passages} == {
        "warning": "10-24 10:00", "yellow": "10-29 10:00"}


def test_the_special_procedure_of_the_example_runs_up_its_ladder_in_the_record(xinyu):
    opened_special = event(EventKind.SPECIAL_STARTED, at(START), approved_days=7)
    clocks, _ = clocks_at(xinyu, at("10-25 10:00"), event(EventKind.ACCEPTED, at("10-15 09:00")), opened_special)
    assert {code: told(instant) for code, _, instant in clocks["special"].passages} == {
        "warning": "10-19 10:00", "yellow": "10-24 10:00", "red": "10-25 10:00"}
    assert clocks["special"].passed == ("warning", "yellow", "red")
