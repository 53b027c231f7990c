"""A fault counts when it holds, and is over when it is gone for a while."""

from __future__ import annotations

from config.onsite import SignalKind
from core.instants import SECOND_US
from video.holding import Hold, HoldRules, Turn


def turns(there: str, after: float = 3, clear: float = 2, resumed: bool = False,
          kind: SignalKind = SignalKind.BLACK) -> list[Turn]:
    """One look a second; `x` shows the fault."""
    hold = Hold(kind, HoldRules({kind: after}, clear))
    if resumed:
        hold.resume()
    found = [hold.see(mark == "x", second * SECOND_US) for second, mark in enumerate(there)]
    return [turn for turn in found if turn is not None]


def test_it_begins_with_its_first_look_and_ends_with_the_first_without():
    assert [Turn(SignalKind.BLACK, 1 * SECOND_US, True), Turn(SignalKind.BLACK, 6 * SECOND_US, False)] == turns("_xxxxx___")


def test_a_moment_is_nothing_and_a_moment_without_does_not_end_it():
    assert [] == turns("_xx___xx____")
    assert 1 == len(turns("xxxxx_xxxx"))


def test_after_a_restart_it_is_not_told_again_but_ends():
    assert [] == turns("xxxxx", resumed=True)
    assert [False] == [turn.began for turn in turns("____", resumed=True)]


def test_one_sign_of_life_disproves_a_frozen_picture():
    assert 1 == len(turns("xx_xx_xx"))
    assert [] == turns("xx_xx_xx", kind=SignalKind.FROZEN)
    assert [True] == [turn.began for turn in turns("_xxxx", kind=SignalKind.FROZEN)]
