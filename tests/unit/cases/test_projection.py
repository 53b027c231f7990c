"""From the facts of a case to its clocks and its light, and the reasons for which a clock cannot be judged."""

from __future__ import annotations

from datetime import date

import pytest

from cases.areas import AreaContext
from cases.events import CaseEvent, ClockKind, Due, EventKind
from cases.projection import ClockState, Condition, Light, light_of, project
from cases.states import fold_all
from config.ladders import Preset
from core.limits import Granularity, Limit, Unit
from tests.unit.cases.record import City, Item, city_areas, event, told, us

K = EventKind
ACCEPTED = event(K.ACCEPTED, "10-15 10:00")


def look(now: str, *events: CaseEvent, city: City | None = None,
         context: AreaContext | None = None) -> tuple[dict[tuple[str, int], ClockState], Light]:
    """Every clock by (kind, ordinal), and the light."""
    fold = fold_all(events)
    clocks = project(fold, 1, context or city_areas().default, city or City(), us(now))
    return {(clock.ref.kind.value, clock.ref.ordinal): clock for clock in clocks}, light_of(fold, clocks)


def only(now: str, *events: CaseEvent, city: City | None = None, context: AreaContext | None = None) -> ClockState:
    [clock] = look(now, *events, city=city, context=context)[0].values()
    return clock


def light(now: str, *events: CaseEvent, city: City | None = None) -> Light:
    return look(now, *events, city=city)[1]


def due(when: str, granularity: str = "day") -> Due:
    return Due(us(when), 480, granularity)


def kechuang_without(*watched: str) -> AreaContext:
    preset = city_areas().default.preset
    kept = tuple(rule for rule in preset.rules if rule.watches not in watched)
    return AreaContext(city_areas().default.calendar, preset.model_copy(update={"rules": kept}))


# Lights -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("now", "expected"), [
    ("10-18 23:59", Light.NORMAL), ("10-20 00:00", Light.WARNING), ("10-25 00:00", Light.YELLOW),
    ("10-30 00:00", Light.RED), ("12-31 00:00", Light.RED)])
def test_a_case_by_the_day_goes_through_the_lights(now, expected):
    assert light(now, ACCEPTED) is expected


def test_a_case_shows_its_worst_light():
    clocks, worst = look("10-29 12:00", ACCEPTED, event(K.STEP, "10-16 10:00", step="审核", step_due=due("10-15 00:00")))
    assert (clocks["promised", 0].level, clocks["statutory", 0].level, worst) == (2, 0, Light.YELLOW)


def test_a_closed_case_has_no_light_however_late_it_was():
    clocks, none = look("12-01 00:00", ACCEPTED, event(K.CONCLUDED, "11-20 10:00"))
    assert none is Light.NONE
    assert {clock.condition for clock in clocks.values()} == {Condition.ENDED}
    assert clocks["statutory", 0].passed == ("red",)


def test_a_suspended_case_is_shown_as_such_unless_it_is_already_late():
    stopped = event(K.SPECIAL_STARTED, "10-17 10:00", approved_days=5)
    assert light("10-18 10:00", ACCEPTED, stopped) is Light.SUSPENDED
    assert light("10-26 10:00", ACCEPTED, event(K.SPECIAL_STARTED, "10-25 10:00", approved_days=5)) is Light.YELLOW
    assert light("10-18 10:00", event(K.RECEIVED, "10-15 10:00"),
                 event(K.CORRECTION_NOTIFIED, "10-16 10:00")) is Light.SUSPENDED


def test_a_stopped_clock_says_so_from_the_stop_to_the_resumption():
    events = [ACCEPTED, event(K.SPECIAL_STARTED, "10-17 10:00"), event(K.SPECIAL_ENDED, "10-18 10:00")]
    conditions = [look(now, *events)[0]["promised", 0].condition.value
                  for now in ("10-17 09:59", "10-17 10:00", "10-18 09:59", "10-18 10:00")]
    assert conditions == ["running", "stopped", "stopped", "running"]


# What is watched --------------------------------------------------------------------------------------------------

def test_limits_come_from_the_item_and_from_the_feed_where_it_states_them():
    clocks, _ = look("10-15 11:00", event(K.ACCEPTED, "10-15 10:00", promised_limit="3wd"))
    assert {kind: clock.limit_text for (kind, _), clock in clocks.items()} == {"promised": "3wd", "statutory": "10wd"}


def test_an_approved_extension_lengthens_both_limits_but_not_hours():
    extended = event(K.EXTENDED, "10-16 10:00", approved_days=10)
    clocks, _ = look("10-16 11:00", ACCEPTED, extended)
    assert [clock.limit_text for clock in clocks.values()] == ["17wd", "20wd"]
    hours = City({"quick": Item(Limit(8, Unit.WORKING_HOUR, Granularity.INSTANT), None)})
    quick = [event(K.ACCEPTED, "10-15 10:00", item="quick"), event(K.EXTENDED, "10-15 11:00", item="quick", approved_days=1)]
    assert only("10-15 12:00", *quick, city=hours).limit_text == "8wh"


def test_an_own_due_date_needs_no_item_and_may_lie_before_the_opening():
    late_at_birth = event(K.ACCEPTED, "10-15 10:00", item="", own_due=due("10-10 00:00"))
    clock = only("10-15 10:00", late_at_birth)
    assert (clock.ref.kind, clock.limit_text, told(clock.due_at)) == (ClockKind.OWN, "due", "10-11 00:00")
    assert clock.passed == ("red",)
    assert [told(at) for _code, _level, at in clock.passages] == ["10-11 00:00"]
    assert light("10-15 10:00", late_at_birth) is Light.RED


def test_an_own_due_date_that_repeats_another_is_not_watched_twice():
    both = event(K.ACCEPTED, "10-15 10:00", item="", own_due=due("10-24 00:00"), promised_due=due("10-24 00:00"))
    assert only("10-15 10:00", both).ref.kind is ClockKind.PROMISED


def test_a_due_date_of_the_feed_wins_over_the_limit_of_the_item():
    clocks, _ = look("10-15 11:00", event(K.ACCEPTED, "10-15 10:00", statutory_due=due("12-24 00:00")))
    assert told(clocks["statutory", 0].due_at) == "12-25 00:00"
    assert told(clocks["promised", 0].due_at) == "10-25 00:00"


def test_an_online_filing_is_watched_until_it_is_answered():
    submitted = event(K.SUBMITTED, "10-15 10:00")
    assert look("10-17 10:00", submitted)[0]["pre_acceptance", 0].passed == ("warning",)
    answered, _ = look("10-30 10:00", submitted, event(K.ACCEPTED, "10-16 10:00"))
    assert (answered["pre_acceptance", 0].condition, answered["pre_acceptance", 0].passed) == (Condition.ENDED, ())


def test_a_step_with_a_due_date_is_judged_when_it_is_done():
    clocks, _ = look("10-17 10:00", ACCEPTED,
                     event(K.STEP, "10-16 10:00", step="审核", step_due=due("10-16 09:59", "instant")),
                     event(K.STEP, "10-16 11:00", step="批准", step_due=due("10-16 11:00", "instant")))
    assert [(clocks["step", n].name, clocks["step", n].passed) for n in (0, 1)] == [("审核", ("yellow",)), ("批准", ())]


def test_a_special_procedure_nobody_ended_stays_watched_after_the_conclusion_but_not_after_a_withdrawal():
    special = event(K.SPECIAL_STARTED, "10-16 10:00", approved_days=2)
    concluded, _ = look("10-30 10:00", ACCEPTED, special, event(K.CONCLUDED, "10-17 10:00"))
    withdrawn, _ = look("10-30 10:00", ACCEPTED, special, event(K.WITHDRAWN, "10-17 12:00"))
    assert (concluded["special", 0].condition, concluded["special", 0].passed[-1]) == (Condition.RUNNING, "red")
    assert (withdrawn["special", 0].condition, withdrawn["special", 0].passed) == (Condition.ENDED, ("warning",))


def test_a_case_that_was_never_accepted_has_no_limit_of_its_own():
    clocks, light = look("10-15 11:00", event(K.RECEIVED, "10-15 10:00"))
    assert {kind for kind, _ordinal in clocks} == {"acceptance"}
    assert light is Light.NORMAL


# When to look again -----------------------------------------------------------------------------------------------

def test_the_next_look_is_due_at_the_next_rung_and_never_after_the_end():
    assert told(only_promised("10-15 10:00").next_at) == "10-20 00:00"
    assert told(only_promised("10-20 00:00").next_at) == "10-25 00:00"
    assert only_promised("10-25 00:00").next_at is None
    assert only_promised("10-15 10:00", event(K.CONCLUDED, "10-15 09:00")).next_at is None


def only_promised(now: str, *more: CaseEvent) -> ClockState:
    return look(now, ACCEPTED, *more)[0]["promised", 0]


def test_a_conclusion_told_ahead_of_our_clock_may_still_come_too_late():
    instant = City({"permit": Item(Limit(7, granularity=Granularity.INSTANT), None)})
    ahead = event(K.CONCLUDED, "10-24 10:05")
    before = only("10-24 09:58", ACCEPTED, ahead, city=instant)
    assert (before.condition, before.passed, told(before.next_at)) == (Condition.ENDED, ("warning",), "10-24 10:00")
    after = only("10-24 10:05", ACCEPTED, ahead, city=instant)
    assert (after.passed, after.next_at) == (("warning", "yellow"), None)


def test_a_look_is_a_pure_function_of_facts_and_instant():
    assert look("10-26 10:00", ACCEPTED) == look("10-26 10:00", ACCEPTED)


# What cannot be judged --------------------------------------------------------------------------------------------

def unjudgeable(now: str, *events: CaseEvent, city: City | None = None, context: AreaContext | None = None) -> tuple[str, str]:
    clocks, shown = look(now, *events, city=city, context=context)
    [clock] = [clock for clock in clocks.values() if clock.condition is Condition.UNJUDGEABLE]
    assert shown is Light.UNJUDGEABLE, "never on time, never silent"
    assert (clock.level, clock.passed, clock.due_at, clock.next_at) == (0, (), None, None)
    return clock.reason, clock.detail


def test_an_item_nobody_knows_cannot_be_judged():
    assert unjudgeable("10-15 11:00", event(K.ACCEPTED, "10-15 10:00", item="mystery")) == ("item_unknown", "mystery")


def test_an_item_without_limits_cannot_be_judged():
    assert unjudgeable("10-15 11:00", event(K.ACCEPTED, "10-15 10:00", item="unlimited")) == ("limit_missing", "unlimited")


def test_a_feed_that_names_neither_item_nor_limit_is_named_itself():
    assert unjudgeable("10-15 11:00", event(K.ACCEPTED, "10-15 10:00", item="")) == ("limit_missing", "hall")


def test_a_special_procedure_without_approved_length_cannot_be_judged_while_the_case_itself_can():
    endless = event(K.SPECIAL_STARTED, "10-16 10:00", special_kind="hearing")
    assert unjudgeable("10-17 10:00", ACCEPTED, endless) == ("limit_missing", "hearing")
    assert look("10-17 10:00", ACCEPTED, endless)[0]["promised", 0].condition is Condition.STOPPED


def test_a_ladder_without_the_rule_cannot_judge():
    context = kechuang_without("promised", "statutory", "own")
    assert unjudgeable("10-15 11:00", ACCEPTED, context=context) == ("rule_missing", "kechuang")


def test_a_ladder_that_was_not_yet_in_force_cannot_judge():
    old = event(K.ACCEPTED, "1999-10-15 10:00", promised_due=due("1999-10-20 00:00"))
    assert unjudgeable("10-15 11:00", old) == ("rule_missing", "kechuang")


def test_a_calendar_year_not_published_cannot_be_judged_and_is_never_taken_for_one_without_holidays():
    late_in_the_year = event(K.ACCEPTED, "2026-12-20 10:00", item="long")
    reason, detail = unjudgeable("2026-12-20 11:00", late_in_the_year)
    assert reason == "calendar_not_published"
    assert "cn" in detail
    assert "2027" in detail


def test_calendar_days_need_no_notice_of_the_state_council():
    stated = event(K.ACCEPTED, "2026-12-20 10:00", item="", promised_limit="20cd")
    assert light("2026-12-20 11:00", stated) is Light.NORMAL


def test_a_limit_nobody_can_read_cannot_be_judged_and_breaks_nothing_else():
    submitted = event(K.SUBMITTED, "10-10 10:00")
    nonsense = event(K.ACCEPTED, "10-15 10:00", promised_limit="soon")
    clocks, shown = look("10-15 11:00", submitted, nonsense)
    assert clocks["promised", 0].reason == "limit_unreadable"
    assert "soon" in clocks["promised", 0].detail
    assert clocks["pre_acceptance", 0].passed == ("warning",)
    assert shown is Light.UNJUDGEABLE


class Broken:
    """Rungs of a rule that raises when it is read."""

    def __iter__(self) -> None:
        raise ZeroDivisionError("a rule divided by nothing")


def test_a_rule_that_raises_cannot_judge_and_is_named():
    preset = city_areas().default.preset
    rules = tuple(rule if rule.watches != "promised" else rule.model_copy(update={"rungs": Broken()})
                  for rule in preset.rules)
    context = AreaContext(city_areas().default.calendar, Preset.model_construct(
        id="kechuang", version="x", effective_from=date(2000, 1, 1), effective_until=None, rules=rules))
    clocks, shown = look("10-15 11:00", ACCEPTED, context=context)
    assert shown is Light.UNJUDGEABLE
    assert (clocks["promised", 0].reason, clocks["statutory", 0].condition) == ("rule_raised", Condition.RUNNING)
    assert clocks["promised", 0].detail == "kechuang.promised: ZeroDivisionError('a rule divided by nothing')"


def test_a_light_that_can_be_judged_outshines_one_that_cannot():
    step = event(K.STEP, "10-16 10:00", step="审核", item="mystery", step_due=due("10-15 09:00", "instant"))
    clocks, _ = look("10-17 10:00", event(K.ACCEPTED, "10-15 10:00", item="mystery"), step)
    assert clocks["promised", 0].condition is Condition.UNJUDGEABLE
    assert clocks["step", 0].passed == ("yellow",), "a done step keeps what it passed, whatever the case's own limits"


def test_a_closed_case_that_could_not_be_judged_stays_unjudged_and_shows_no_light():
    """Whether it was late is still not known; the alarm stays until the item is there."""
    mystery = [event(K.ACCEPTED, "10-15 10:00", item="mystery"), event(K.CONCLUDED, "10-16 10:00", item="mystery")]
    clock = only("10-17 10:00", *mystery)
    assert (clock.condition, clock.reason) == (Condition.UNJUDGEABLE, "item_unknown")
    assert light("10-17 10:00", *mystery) is Light.NONE


# Evidence ---------------------------------------------------------------------------------------------------------

def test_the_evidence_of_a_clock_lets_a_stranger_recompute_it():
    events = [ACCEPTED, event(K.SPECIAL_STARTED, "10-17 10:00", approved_days=2), event(K.SPECIAL_ENDED, "10-18 10:00")]
    evidence = look("10-26 10:00", *events)[0]["promised", 0].evidence()
    assert evidence["limit"] == "7wd"
    assert (evidence["amount"], evidence["unit"], evidence["granularity"]) == (7, "wd", "day")
    assert evidence["rule"] == "kechuang.promised"
    assert str(evidence["rule_version"]).startswith("kechuang@")
    assert str(evidence["calendar"]).startswith("cn@")
    assert [(code, level, told(at)) for code, level, at in evidence["passages"]] == [
        ("warning", 1, "10-23 00:00"), ("yellow", 2, "10-26 00:00")]
    assert len(evidence["stops"]) == 1


def test_a_decision_without_a_reported_acceptance_cannot_be_judged():
    """Its limits run from an acceptance nobody reported; normal would be a guess."""
    decided = event(K.DECIDED, "10-16 10:00")
    clock = only("10-17 10:00", decided)
    assert (clock.condition, clock.reason, light("10-17 10:00", decided)) == (
        Condition.UNJUDGEABLE, "acceptance_missing", Light.UNJUDGEABLE)
