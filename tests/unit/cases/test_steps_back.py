"""Steps back, reopening and waiting for another case: what is withdrawn, what is kept, and what the clocks make of it.

2018-10-15 is a Monday; limits count by the instant.
"""

from __future__ import annotations

from itertools import permutations

import msgspec

from cases.events import CaseEvent, EventKind
from cases.fold import State
from cases.projection import ClockState, Condition
from cases.states import fold_all
from tests.golden.test_other_clocks import clocks, item, limit, rungs
from tests.unit.cases.record import event, told
from tests.unit.cases.test_acts import found, life

K = EventKind
LIMITS = {"承办": limit("3wd"), "审核": limit("1wd")}


def did(step: str, when: str) -> CaseEvent:
    return event(K.STEP, when, step=step)


def back(to: str, when: str, from_step: str = "") -> CaseEvent:
    made = event(K.ROLLED_BACK, when, step=to)
    return msgspec.structs.replace(made, data=msgspec.structs.replace(made.data, from_step=from_step or None))


ACCEPTED = event(K.ACCEPTED, "10-15 10:00")
THERE_AND_BACK = [ACCEPTED, did("承办", "10-16 10:00"), did("审核", "10-17 10:00"), back("承办", "10-18 10:00", "批准")]


def steps(now: str, *story: CaseEvent) -> dict[str, ClockState]:
    return {clock.name: clock for (kind, _), clock in clocks(item(step_limits=LIMITS), now, *story).items() if kind == "step"}


def test_a_step_done_again_goes_on_with_the_time_it_has_left():
    handled = steps("10-19 10:00", *THERE_AND_BACK)["承办"]
    assert handled.condition is Condition.RUNNING
    assert told(handled.due_at) == "10-22 10:00"  # one day used, two days elsewhere, two working days left from 10-18 10:00


def test_a_step_withdrawn_keeps_its_lateness_until_it_comes_again_and_then_too():
    late = [ACCEPTED, did("承办", "10-16 10:00"), did("审核", "10-18 10:00"), back("承办", "10-19 10:00", "批准")]
    withdrawn = steps("10-19 11:00", *late)["审核"]
    assert (withdrawn.condition, "yellow" in withdrawn.passed) == (Condition.ENDED, True)
    again = steps("10-24 11:00", *late, did("承办", "10-24 10:00"))["审核"]
    assert (again.condition, rungs(again)["yellow"]) == (Condition.RUNNING, rungs(withdrawn)["yellow"])


def test_the_step_that_was_open_when_it_was_sent_back_goes_on_where_it_was():
    story = [ACCEPTED, did("承办", "10-16 10:00"), back("承办", "10-16 16:00", "审核"), did("承办", "10-18 10:00")]
    assert told(steps("10-18 11:00", *story)["审核"].due_at) == "10-18 15:00"  # three of its seven office hours left


def test_the_limits_of_the_case_itself_run_on():
    plain = clocks(item(), "10-19 10:00", ACCEPTED)
    rolled = clocks(item(), "10-19 10:00", *THERE_AND_BACK)
    assert {ref: clock.due_at for ref, clock in rolled.items()} == {ref: clock.due_at for ref, clock in plain.items()}


def test_a_decision_falls_with_the_steps_it_rests_on():
    fold = fold_all([*THERE_AND_BACK[:3], did("批准", "10-18 09:00"), event(K.DECIDED, "10-18 09:30", result="refused"),
                     back("审核", "10-18 10:00")])
    assert (fold.state, fold.decided, fold.refused) == (State.ACCEPTED, None, None)
    assert [done.step for done in fold.path] == ["承办"]


def test_a_step_back_is_no_fault_and_the_steps_done_again_are_in_order():
    story = [one for one in life() if one.kind is not K.CONCLUDED]
    rolled = [*story, back("审核", "10-19 10:00"),
              *[msgspec.structs.replace(one, claimed_at=one.claimed_at + 3 * 86_400_000_000, source_event_id=f"again-{place}")
                for place, one in enumerate(story) if one.step in ("审核", "批准") or one.kind is K.DECIDED],
              event(K.CONCLUDED, "10-22 10:00")]
    assert found(rolled) == set()


def test_concluding_with_steps_still_withdrawn_is_a_step_left_out():
    story = [*life()[:-2], back("审核", "10-19 10:00"), event(K.DECIDED, "10-20 10:00"), event(K.CONCLUDED, "10-20 11:00")]
    assert {("step_skipped", "审核"), ("step_skipped", "批准")} <= found(story)


def test_a_case_reopened_runs_on_without_the_time_it_was_over():
    story = [*THERE_AND_BACK[:3], event(K.CONCLUDED, "10-17 12:00"), event(K.REOPENED, "10-19 12:00", step="审核")]
    fold = fold_all(story)
    assert (fold.state, fold.closed, [done.step for done in fold.path]) == (State.ACCEPTED, None, ["承办"])
    promised = clocks(item(), "10-19 13:00", *story)["promised", 0]
    assert (promised.condition, told(promised.due_at)) == (Condition.RUNNING, "10-26 10:00")  # 10-24 and two working days


def test_a_case_that_waits_for_another_stands_still_and_shows_no_special_procedure():
    story = [ACCEPTED, event(K.HELD, "10-16 10:00")]
    waiting = clocks(item(), "10-17 10:00", *story)
    assert set(waiting) == {("promised", 0), ("statutory", 0)}
    assert waiting["promised", 0].condition is Condition.STOPPED
    running = clocks(item(), "10-18 11:00", *story, event(K.SPECIAL_ENDED, "10-17 10:00"), event(K.RELEASED, "10-18 10:00"))
    assert told(running["promised", 0].due_at) == "10-26 10:00"


def test_any_order_of_delivery_gives_the_same_record():
    story = [*THERE_AND_BACK, did("承办", "10-19 10:00"), event(K.CONCLUDED, "10-22 10:00"),
             event(K.REOPENED, "10-23 10:00", step="承办")]
    expected = fold_all(story)
    assert all(fold_all(order) == expected for order in list(permutations(story))[::97])


def test_a_migration_keeps_which_steps_lie_behind_the_decision():
    """处罚: two steps before the decision become one; going back to the service still leaves the decision alone."""
    story = [ACCEPTED, did("调查", "10-16 10:00"), did("审核", "10-17 10:00"), did("决定", "10-17 11:00"),
             event(K.DECIDED, "10-17 11:01", result="granted"), did("送达", "10-18 10:00")]
    moved = event(K.MIGRATED, "10-18 11:00", step="执行")
    moved = msgspec.structs.replace(moved, data=msgspec.structs.replace(moved.data, from_step="执行", renamed={
        "调查": "调查审核", "审核": "调查审核"}))
    served, decision = (fold_all([*story, moved, back(to, "10-18 12:00", "执行")]) for to in ("送达", "决定"))
    assert [done.step for done in fold_all([*story, moved]).path] == ["调查审核", "决定", "送达"]
    assert (served.decided is not None, decision.decided) == (True, None)
    assert [done.step for done in served.path] == ["调查审核", "决定"]
