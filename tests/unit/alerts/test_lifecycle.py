"""The card's state machine as tables."""

from __future__ import annotations

import pytest

from alerts.lifecycle import (
    ENDED,
    Closing,
    Disposition,
    Signing,
    State,
    Suppression,
    asks_again,
    card_key,
    closing_reason,
    display_state,
)
from cases.events import ClockKind, ClockRef


@pytest.mark.parametrize(("condition", "signing", "state"), [
    (True, Signing.NONE, State.UNACK),
    (True, Signing.HALF, State.UNACK),
    (True, Signing.FULL, State.ACKED),
    (False, Signing.NONE, State.RTN_UNACK),
    (False, Signing.HALF, State.RTN_UNACK),
    (False, Signing.FULL, State.NORMAL),
])
def test_an_issued_card_shows_whether_it_holds_and_who_has_signed(condition: bool, signing: Signing, state: State):
    for disposition in (Disposition.TO_SIGN, Disposition.SIGNED, Disposition.UNDER_ORDER, Disposition.REPLIED):
        assert display_state(condition=condition, signing=signing, disposition=disposition) is state


@pytest.mark.parametrize("condition", [True, False])
@pytest.mark.parametrize("signing", Signing)
@pytest.mark.parametrize("suppression", Suppression)
def test_what_has_ended_is_closed_and_what_nobody_confirmed_is_no_alarm(condition: bool, signing: Signing,
                                                                        suppression: Suppression):
    axes = {"condition": condition, "signing": signing, "suppression": suppression}
    assert {display_state(disposition=ended, **axes) for ended in ENDED} == {State.CLOSED}
    assert display_state(disposition=Disposition.TO_CONFIRM, **axes) is State.NORMAL


@pytest.mark.parametrize(("suppression", "state"), [
    (Suppression.SHELVED, State.SHELVED), (Suppression.BY_DESIGN, State.SUPPRESSED),
    (Suppression.OUT_OF_SERVICE, State.OUT_OF_SERVICE)])
def test_what_keeps_it_quiet_is_shown_before_all_else(suppression: Suppression, state: State):
    shown = {display_state(condition=condition, signing=signing, suppression=suppression)
             for condition in (True, False) for signing in Signing}
    assert shown == {state}


def test_a_card_on_which_something_is_owed_does_not_close_with_its_condition():
    assert closing_reason(level=2, condition=False, acked=True, is_history=False, is_pending=True) is None
    assert closing_reason(level=1, condition=False, acked=False, is_history=False, is_pending=True) is None


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
