"""The life of a card as pure tables: its state, when it closes, when it asks for attention again.

Condition (facts), acknowledgement (a person) and closure are separate axes; the shown state is derived from them by
`display_state` alone. Names follow ISA-18.2 (RTN: returned to normal).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from cases.events import ClockKind, ClockRef

# Promised, statutory and own limit of one case are one occurrence that worsens; every other clock is its own.
CASE_LIMITS = frozenset({ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.OWN})


class Level(IntEnum):
    """How bad: 预警, 黄牌, 红牌."""

    WARNING = 1
    YELLOW = 2
    RED = 3

    @property
    def wire(self) -> str:
        return self.name.lower()


class State(StrEnum):
    """What a screen shows of a card."""

    UNACK = "unack"
    ACKED = "acked"
    RTN_UNACK = "rtn_unack"  # the condition is over, nobody has acknowledged it yet
    CLOSED = "closed"


class Closing(StrEnum):
    """Why a card closed. A withdrawn one adds the reason after a colon."""

    CONDITION_ENDED = "condition_ended"
    ACKNOWLEDGED = "acknowledged"
    LOADED_AS_HISTORY = "loaded_as_history"
    WITHDRAWN = "withdrawn"


def card_key(clock: ClockRef) -> str:
    """The occurrence a passage of this clock belongs to."""
    if clock.kind in CASE_LIMITS:
        return f"limit:{clock.case_id}"
    return f"{clock.kind.value}:{clock.case_id}:{clock.ordinal}"


def display_state(*, condition: bool, acked: bool, closed: bool) -> State:
    """The shown state of a card. Total: every combination has one answer."""
    if closed:
        return State.CLOSED
    if condition:
        return State.ACKED if acked else State.UNACK
    return State.CLOSED if acked else State.RTN_UNACK


def closing_reason(*, level: int, condition: bool, acked: bool, is_history: bool) -> Closing | None:
    """Why a card whose passages still stand closes now; None while it stays.

    A warning nobody needs any more goes by itself; a yellow or red card waits for a person, unless it was raised from a
    log loaded long after the fact.
    """
    if condition:
        return None
    if is_history:
        return Closing.LOADED_AS_HISTORY
    if acked or level == Level.WARNING:
        return Closing.CONDITION_ENDED
    return None


def asks_again(*, level_before: int, level: int, condition_before: bool, condition: bool) -> bool:
    """Whether an acknowledgement given before no longer covers what the card says now."""
    return level > level_before or (condition and not condition_before)
