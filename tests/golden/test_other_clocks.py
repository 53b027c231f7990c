"""The clocks beside a case's own limits, by the examples of the domain notes (§3.5, §4): events in, instants out."""

from __future__ import annotations

import pytest

from cases.areas import AreaContext
from cases.events import CaseEvent, Due, EventKind
from cases.projection import ClockState, Condition, project
from cases.states import fold_all
from config.calendars import load_calendars
from config.catalogue import Item
from config.item_details import ItemDetails, Material
from config.ladders import load_presets
from core.limits import Granularity, parse_limit
from tests.unit.cases.record import event, told, us

K = EventKind
CONTEXT = AreaContext(load_calendars()["cn"], load_presets()["kechuang"])
FLOW = ("受理", "承办", "审核", "批准", "办结")


def limit(text: str):
    return parse_limit(text, Granularity.INSTANT)


def item(category: str = "promised", steps: tuple[str, ...] = FLOW, **details: object) -> Item:
    return Item("permit", "许可", "Land", "permit", category, limit("7wd"), limit("10wd"), "法", "1", steps, ("hearing",),
                False, ItemDetails(**details))


class Catalogue:
    def __init__(self, only: Item) -> None:
        self._only = only

    def find_item(self, _code: str) -> Item:
        return self._only


def clocks(only: Item, now: str, *events: CaseEvent) -> dict[tuple[str, int], ClockState]:
    return {(clock.ref.kind.value, clock.ref.ordinal): clock
            for clock in project(fold_all(events), 1, CONTEXT, Catalogue(only), us(now))}


def rungs(clock: ClockState) -> dict[str, str]:
    return {code: told(at) for code, _level, at in clock.passages}


def test_papers_are_answered_within_five_working_days_or_the_law_takes_them_as_accepted():
    opened = event(K.RECEIVED, "10-15 10:00")
    assert rungs(clocks(item(), "10-16 10:00", opened)["acceptance", 0])["yellow"] == "10-22 10:00"
    answered = clocks(item(), "10-30 10:00", opened, event(K.ACCEPTED, "10-22 10:00"))["acceptance", 0]
    late = clocks(item(), "10-30 10:00", opened, event(K.ACCEPTED, "10-22 10:01"))["acceptance", 0]
    assert (answered.passed, late.passed) == ((), ("yellow",))


def test_a_correction_notice_has_five_days_and_starts_the_answer_anew_when_the_papers_come():
    story = [event(K.RECEIVED, "10-15 10:00"), event(K.CORRECTION_NOTIFIED, "10-23 10:00"),
             event(K.CORRECTION_RECEIVED, "10-24 10:00"), event(K.ACCEPTED, "10-25 10:00")]
    found = clocks(item(), "10-30 10:00", *story)
    assert found["correction", 0].passed == ("yellow",)
    assert (told(found["acceptance", 1].started.at), found["acceptance", 1].passed) == ("10-24 10:00", ())
    assert ("acceptance", 0) not in found


def test_a_step_runs_from_the_one_before_it_and_another_handler_does_not_begin_it_anew():
    limited = item(step_limits={"承办": limit("2wd"), "审核": limit("1wd")})
    opened, handled = event(K.ACCEPTED, "10-15 10:00"), event(K.STEP, "10-18 10:00", step="承办")
    running = clocks(limited, "10-16 10:00", opened)["step", 100]
    assert (running.name, running.condition, rungs(running)) == ("承办", Condition.RUNNING, {"yellow": "10-17 10:00"})
    again = clocks(limited, "10-16 12:00", opened, event(K.REASSIGNED, "10-16 11:00", step="承办"))["step", 100]
    assert rungs(again) == rungs(running)
    found = clocks(limited, "10-18 12:00", opened, handled)
    assert (found["step", 100].passed, found["step", 101].name) == (("yellow",), "审核")
    assert rungs(found["step", 101]) == {"yellow": "10-19 10:00"}


def test_what_stops_the_case_stops_its_step():
    limited = item(step_limits={"承办": limit("2wd")})
    found = clocks(limited, "10-30 10:00", event(K.ACCEPTED, "10-15 10:00"),
                   event(K.SPECIAL_STARTED, "10-16 10:00", special_kind="hearing", document_no="1"),
                   event(K.SPECIAL_ENDED, "10-19 10:00", document_no="1"))
    assert rungs(found["step", 100]) == {"yellow": "10-22 10:00"}


def test_what_is_reviewed_is_forwarded_within_three_days():
    forwarded = item("forwarded", ("受理", "初审", "审核", "上报", "办结"))
    reviewed = [event(K.ACCEPTED, "10-15 10:00"), event(K.STEP, "10-16 10:00", step="审核")]
    assert rungs(clocks(forwarded, "10-17 10:00", *reviewed)["forwarding", 0]) == {"yellow": "10-19 10:00"}
    passed_on = clocks(forwarded, "10-30 10:00", *reviewed, event(K.FORWARDED, "10-19 10:00"))["forwarding", 0]
    assert passed_on.passed == ()


def test_an_electronic_licence_is_issued_in_three_days_and_never_red():
    done = [event(K.ACCEPTED, "10-12 10:00"), event(K.CONCLUDED, "10-15 10:00")]
    clock = clocks(item(licence="electronic"), "10-30 10:00", *done)["licence", 0]
    assert rungs(clock) == {"yellow": "10-18 10:00"}
    issued = clocks(item(licence="electronic"), "10-30 10:00", *done, event(K.LICENCE_ISSUED, "10-18 10:00"))["licence", 0]
    assert issued.passed == ()


def test_a_licence_on_paper_is_delivered_within_ten_days_of_the_decision_unless_there_is_none():
    done = [event(K.ACCEPTED, "10-12 10:00"), event(K.DECIDED, "10-15 10:00", result="granted")]
    assert rungs(clocks(item(licence="paper"), "10-16 10:00", *done)["delivery", 0]) == {"yellow": "10-29 10:00"}
    refused = [done[0], event(K.DECIDED, "10-15 10:00", result="refused", reason="不符")]
    assert ("delivery", 0) not in clocks(item(licence="paper"), "10-30 10:00", *refused)


def test_a_special_procedure_never_outlasts_the_ceiling_of_its_item():
    found = clocks(item(ceilings={"hearing": 5}), "10-16 10:00", event(K.ACCEPTED, "10-12 10:00"),
                   event(K.SPECIAL_STARTED, "10-15 10:00", special_kind="hearing", document_no="1", approved_days=20))
    assert rungs(found["special", 0])["yellow"] == "10-22 10:00"


@pytest.mark.parametrize(("kind", "clock"), [(K.CONSULTED, "consultation"), (K.COMPLAINED, "complaint")])
def test_a_question_or_complaint_runs_up_the_ladder_of_the_example(kind, clock):
    found = clocks(item(), "10-16 10:00", event(kind, "10-15 10:00"))[clock, 0]
    assert rungs(found) == {"warning": "10-17 10:00", "yellow": "10-22 10:00", "red": "10-23 10:00"}


def test_a_complaint_is_taken_up_in_five_days_and_approved_days_lengthen_it_once():
    asked = event(K.COMPLAINED, "10-15 10:00")
    found = clocks(item(), "10-16 10:00", asked, event(K.COMPLAINT_EXTENDED, "10-16 09:00", approved_days=5))
    assert rungs(found["complaint", 0])["yellow"] == "10-29 10:00"
    assert rungs(found["complaint_intake", 0]) == {"yellow": "10-22 10:00"}
    late = clocks(item(), "10-30 10:00", asked, event(K.COMPLAINT_EXTENDED, "10-23 09:00", approved_days=5))
    assert rungs(late["complaint", 0])["yellow"] == "10-22 10:00"


def extended(asked: str) -> dict[tuple[str, int], ClockState]:
    return clocks(item(), "10-30 10:00", event(K.ACCEPTED, "10-15 10:00"), event(K.EXTENSION_REQUESTED, asked),
                  event(K.EXTENDED, "10-29 09:00", approved_days=5))


@pytest.mark.parametrize(("asked", "yellow", "red"), [
    ("10-22 10:00", "10-31 10:00", "11-05 10:00"),   # five working days before the limit of the law: both are lengthened
    ("10-22 10:01", "10-31 10:00", "10-29 10:00"),   # too late for the law's, in time for the promise
    ("10-24 10:01", "10-24 10:00", "10-29 10:00")])  # after the promise ended: neither
def test_an_extension_lengthens_what_it_was_asked_for_in_time(asked, yellow, red):
    found = extended(asked)
    assert (rungs(found["promised", 0])["yellow"], rungs(found["statutory", 0])["red"]) == (yellow, red)


def test_a_second_extension_lengthens_nothing():
    found = clocks(item(), "10-30 10:00", event(K.ACCEPTED, "10-15 10:00"), event(K.EXTENDED, "10-16 09:00", approved_days=2),
                   event(K.EXTENDED, "10-17 09:00", approved_days=9))
    assert rungs(found["statutory", 0]) == {"red": "10-31 10:00"}


PAPERS = {"map": Material(code="map", name="台址使用证明", deferrable=True), "form": Material(code="form", name="申请表")}


def promised_later(until: str | None, now: str, *more: CaseEvent, **details: object) -> dict[tuple[str, int], ClockState]:
    due = None if until is None else Due(us(until))
    return clocks(item(materials=PAPERS, **details), now,
                  event(K.ACCEPTED, "10-15 10:00", materials=("form",), deferred=("map",), deferred_due=due), *more)


def test_papers_promised_by_a_day_are_in_time_until_that_day_is_over():
    waiting = promised_later("10-26 00:00", "10-20 10:00")["deferred", 0]
    assert (waiting.name, waiting.condition) == ("台址使用证明", Condition.RUNNING)
    assert rungs(waiting) == {"warning": "10-24 00:00", "yellow": "10-27 00:00"}
    on_the_day = promised_later("10-26 00:00", "10-30 10:00", event(K.SUPPLEMENTED, "10-26 17:00", materials=("map",)))
    too_late = promised_later("10-26 00:00", "10-30 10:00", event(K.SUPPLEMENTED, "10-27 09:00", materials=("map",)))
    assert [found["deferred", 0].passed for found in (on_the_day, too_late)] == [("warning",), ("warning", "yellow")]


def test_papers_promised_by_no_day_follow_within_the_promise_of_the_item():
    assert rungs(promised_later(None, "10-16 10:00")["deferred", 0])["yellow"] == "10-24 10:00"


def test_a_promise_ends_with_the_last_paper_a_refusal_or_a_withdrawal_but_not_with_a_conclusion():
    def state(*more: CaseEvent) -> Condition:
        return promised_later("10-26 00:00", "10-30 10:00", *more)["deferred", 0].condition

    assert state(event(K.SUPPLEMENTED, "10-20 10:00", materials=("form",))) is Condition.RUNNING
    assert state(event(K.SUPPLEMENTED, "10-20 10:00")) is Condition.ENDED
    assert state(event(K.WITHDRAWN, "10-20 10:00")) is Condition.ENDED
    assert state(event(K.DECIDED, "10-20 10:00", result="refused", reason="不符")) is Condition.ENDED
    assert state(event(K.CONCLUDED, "10-20 10:00")) is Condition.RUNNING


def test_a_hearing_asked_for_is_held_within_twenty_working_days_and_stops_do_not_stretch_that():
    opened, asked = event(K.ACCEPTED, "10-12 10:00"), event(K.HEARING_REQUESTED, "10-15 10:00")
    stop = event(K.SPECIAL_STARTED, "10-16 10:00", special_kind="hearing", document_no="1", approved_days=20)
    running = clocks(item(), "10-20 10:00", opened, asked, stop)["hearing", 0]
    assert rungs(running) == {"warning": "11-07 10:00", "yellow": "11-12 10:00", "red": "11-19 10:00"}
    held = clocks(item(), "11-30 10:00", opened, asked, event(K.HEARING_HELD, "11-12 10:00"))["hearing", 0]
    late = clocks(item(), "11-30 10:00", opened, asked, stop, event(K.SPECIAL_ENDED, "11-12 10:01", document_no="1"))
    assert (held.passed, late["hearing", 0].passed) == (("warning",), ("warning", "yellow"))


def test_a_hearing_the_law_demands_is_due_from_the_acceptance_and_may_have_a_limit_of_its_own():
    found = clocks(item(hearing=True, hearing_limit=limit("10wd")), "10-16 10:00", event(K.ACCEPTED, "10-15 10:00"))
    assert rungs(found["hearing", 0])["yellow"] == "10-29 10:00"
    assert ("hearing", 0) not in clocks(item(), "10-16 10:00", event(K.ACCEPTED, "10-15 10:00"))
