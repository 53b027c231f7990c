"""The card's state machine as tables."""

from __future__ import annotations

import pytest

from alerts.lifecycle import Closing, State, asks_again, card_key, closing_reason, display_state
from cases.events import ClockKind, ClockRef


@pytest.mark.parametrize(("condition", "acked", "closed", "state"), [
    (True, False, False, State.UNACK),
    (True, True, False, State.ACKED),
    (False, False, False, State.RTN_UNACK),
    (False, True, False, State.CLOSED),
    (True, False, True, State.CLOSED),
    (True, True, True, State.CLOSED),
    (False, False, True, State.CLOSED),
    (False, True, True, State.CLOSED),
])
def test_it_derives_the_shown_state_from_three_axes(condition: bool, acked: bool, closed: bool, state: State):
    assert display_state(condition=condition, acked=acked, closed=closed) is state


@pytest.mark.parametrize(("level", "condition", "acked", "is_history", "reason"), [
    (1, True, False, False, None),
    (1, True, True, False, None),
    (1, False, False, False, Closing.CONDITION_ENDED),
    (1, False, True, False, Closing.CONDITION_ENDED),
    (2, False, False, False, None),
    (2, False, True, False, Closing.CONDITION_ENDED),
    (2, True, True, False, None),
    (3, False, False, False, None),
    (3, False, True, False, Closing.CONDITION_ENDED),
    (3, True, False, True, None),
    (3, False, False, True, Closing.LOADED_AS_HISTORY),
    (1, False, False, True, Closing.LOADED_AS_HISTORY),
])
def test_it_closes_only_what_nobody_needs_to_see(level: int, condition: bool, acked: bool, is_history: bool,
                                                 reason: Closing | None):
    assert closing_reason(level=level, condition=condition, acked=acked, is_history=is_history) == reason


@pytest.mark.parametrize(("level_before", "level", "condition_before", "condition", "asks"), [
    (0, 1, False, True, True),
    (2, 3, True, True, True),
    (2, 2, True, True, False),
    (3, 2, True, True, False),
    (2, 2, False, True, True),
    (2, 2, True, False, False),
    (2, 3, True, False, True),
])
def test_it_asks_again_when_worse_or_back(level_before: int, level: int, condition_before: bool, condition: bool,
                                          asks: bool):
    assert asks_again(level_before=level_before, level=level, condition_before=condition_before,
                      condition=condition) is asks


@pytest.mark.parametrize(("kind", "ordinal", "key"), [
    (ClockKind.PROMISED, 0, "limit:7"),
    (ClockKind.STATUTORY, 0, "limit:7"),
    (ClockKind.OWN, 0, "limit:7"),
    (ClockKind.STEP, 2, "step:7:2"),
    (ClockKind.SPECIAL, 1, "special:7:1"),
    (ClockKind.PRE_ACCEPTANCE, 0, "pre_acceptance:7:0"),
    (ClockKind.DELIVERY, 0, "delivery:7:0"),
])
def test_the_limits_of_a_case_are_one_occurrence_and_every_other_clock_its_own(kind: ClockKind, ordinal: int, key: str):
    assert card_key(ClockRef(7, kind, ordinal)) == key
