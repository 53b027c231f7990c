"""Steps in their order, and plans whose parts wait for each other: pure data, no database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval.codes import grouped, read_code
from approval.flow import Flow, Part, Step, check_plan, dependents, longest_way, ready
from approval.matters import FROM, Act
from approval.numbering import _with_check, is_case_number
from cases.states import CLOSED, OPEN
from core.errors import InvalidInput

FLOW = Flow("1", tuple(Step(name) for name in ("受理", "承办", "审核", "批准", "办结")))


@st.composite
def plans(draw: st.DrawFn) -> list[Part]:
    """Every part may wait for those before it, so there is no circle."""
    count = draw(st.integers(1, 9))
    return [Part(f"n{place}", "item", "org", after=tuple(
        f"n{earlier}" for earlier in range(place) if draw(st.booleans()))) for place in range(count)]


def test_a_flow_knows_what_follows_and_what_lies_behind():
    assert [FLOW.following(step, {}) for step in ("", "承办", "审核", "批准")] == ["承办", "审核", "批准", ""]
    assert [FLOW.earlier(step, {}) for step in ("承办", "批准", "")] == [(), ("承办", "审核"), ("承办", "审核", "批准")]
    with pytest.raises(InvalidInput):
        FLOW.find("盖章")


@pytest.mark.parametrize(("parts", "code"), [
    ([], "plan_empty"), ([Part("a", "i", "o"), Part("a", "i", "o")], "plan_node_twice"),
    ([Part("a", "i", "o", after=("b",))], "plan_node_unknown"), ([Part("a", "i", "o", after=("a",))], "plan_circle"),
    ([Part("a", "i", "o", after=("c",)), Part("b", "i", "o"), Part("c", "i", "o", after=("a", "b"))], "plan_circle")])
def test_a_plan_that_can_never_end_is_refused(parts: list[Part], code: str):
    with pytest.raises(InvalidInput) as failure:
        check_plan(parts)
    assert failure.value.code == code


@given(plans(), st.randoms(use_true_random=False))
def test_every_plan_ends_whatever_the_order_in_which_its_parts_are_done(parts, rng):
    check_plan(parts)
    begun: set[str] = set()
    done: set[str] = set()
    while len(done) < len(parts):
        begun.update(ready(parts, begun, done))
        in_hand = sorted(begun - done)
        assert in_hand, "nothing can be done, and the plan is not through"
        done.add(rng.choice(in_hand))
    assert ready(parts, begun, done) == []


@given(plans())
def test_dependents_are_what_a_part_blocks(parts):
    for part in parts:
        blocked = dependents(parts, part.node)
        done = {one.node for one in parts if one.node != part.node and one.node not in blocked}
        assert all(node == part.node or part.node in _closure(parts, node) for node in blocked)
        assert all(part.node not in _closure(parts, node) for node in done)


def _closure(parts, node):
    before = set(next(part.after for part in parts if part.node == node))
    return before | {one for earlier in before for one in _closure(parts, earlier)}


def test_the_longest_way_is_the_critical_path():
    parts = [Part("a", "i", "o"), Part("b", "i", "o"), Part("c", "i", "o", after=("a", "b")), Part("d", "i", "o", after=("a",))]
    assert longest_way(parts, {"a": 2, "b": 5, "c": 3, "d": 7}) == ["a", "d"]
    assert longest_way(parts, {"a": 2, "b": 5, "c": 5, "d": 7}) == ["b", "c"]


def test_every_act_says_from_where_and_none_but_those_after_the_end_moves_an_ended_case():
    assert set(FROM) == set(Act)
    after_the_end = {act for act, states in FROM.items() if states & CLOSED}
    of_money = {Act.WAIVE, Act.PAID, Act.CONFIRM_PAYMENT, Act.REFUSE_PAYMENT, Act.ASK_REVERSAL, Act.REVERSE_PAYMENT,
                Act.REFUSE_REVERSAL}
    assert after_the_end == {Act.COLLECT, Act.RATE, Act.END_LICENCE, *of_money}  # money moves no case
    assert all(states <= OPEN | CLOSED for states in FROM.values())


@given(st.text("0123456789abcdefg-", min_size=3, max_size=30), st.integers(0, 29))
def test_a_wrong_figure_in_a_number_is_noticed(head, place):
    number = _with_check(f"3605{head}")
    assert is_case_number(number)
    place %= len(number)
    if number[place].isdigit():
        wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1:]
        assert not is_case_number(wrong)


def test_a_code_is_read_as_it_is_written():
    assert read_code(grouped("ABCD2345EFGH6789").lower()) == "ABCD2345EFGH6789"
