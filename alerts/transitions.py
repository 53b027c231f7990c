"""What is allowed when, and to whom, as data: for every command and every engine event the states in which it is refused.

`refusal(verb, axes)` gives the code of the first reason that applies (its sentence is `error.<code>`), None when it is
allowed. tests/unit/alerts/test_transitions.py walks every combination of axes with every verb.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from alerts.card_commands import CommandType
from alerts.cards import Card
from alerts.lifecycle import ENDED, STANDING_ORIGINS, Appeal, Disposition, Signing, Suppression
from core.access import Actor, Role


class Event(StrEnum):
    """What happens to a card without a person: facts that change, and deadlines that pass."""

    FIRE = "fire"                  # a passage or occasion is added, whether or not it worsens the card
    EASE = "ease"                  # a passage of several is withdrawn
    END = "end"
    WITHDRAW = "withdraw"          # the last passage is withdrawn
    STALE = "stale"                # its source falls silent, or is back
    ACK_LAPSED = "ack_lapsed"      # nothing was done for too long after the signature
    SHELF_LAPSED = "shelf_lapsed"
    SERVICE_LAPSED = "service_lapsed"  # the time for which it was out of service is over
    LAW_LAPSED = "law_lapsed"          # the same of a stop by law
    REPLY_LAPSED = "reply_lapsed"
    ORDER_LAPSED = "order_lapsed"
    REVIEW_LAPSED = "review_lapsed"  # nobody reviewed the reply in time
    APPEAL_LAPSED = "appeal_lapsed"  # nobody decided it in time


Verb = CommandType | Event


class Axes(NamedTuple):
    """The axes of a card that decide what may be done to it."""

    disposition: Disposition
    signing: Signing
    condition: bool
    suppression: Suppression
    appeal: Appeal
    reply_owed: bool
    is_proposed: bool       # somebody proposed to revoke it
    is_standing: bool       # its condition is a standing fact (a clock), not an act once done


def axes_of(card: Card) -> Axes:
    return Axes(card.disposition, card.signing, card.condition, card.suppression, card.appeal,
                card.reply_due_at is not None, card.revoke_by is not None, card.origin in STANDING_ORIGINS)


_UNDECIDED = (Appeal.FILED, Appeal.PASSED_UP)
# Reason of a refusal → when it applies.
REASONS: Mapping[str, Callable[[Axes], bool]] = {
    "card_closed": lambda axes: axes.disposition in ENDED,
    "not_confirmed": lambda axes: axes.disposition is Disposition.TO_CONFIRM,
    "already_confirmed": lambda axes: axes.disposition is not Disposition.TO_CONFIRM,
    "already_acknowledged": lambda axes: axes.signing is Signing.FULL,
    "not_acknowledged": lambda axes: axes.signing is not Signing.FULL,
    "nothing_signed": lambda axes: axes.signing is Signing.NONE,
    "quiet_already": lambda axes: axes.suppression is not Suppression.NONE,
    "not_shelved": lambda axes: axes.suppression is not Suppression.SHELVED,
    "not_stopped_by_law": lambda axes: axes.suppression is not Suppression.BY_DESIGN,
    "not_out_of_service": lambda axes: axes.suppression is not Suppression.OUT_OF_SERVICE,
    "under_order": lambda axes: axes.disposition is Disposition.UNDER_ORDER,
    "not_under_order": lambda axes: axes.disposition is not Disposition.UNDER_ORDER,
    "reply_waits": lambda axes: axes.disposition is Disposition.REPLIED,
    "no_reply": lambda axes: axes.disposition is not Disposition.REPLIED,
    "no_reply_owed": lambda axes: not axes.reply_owed,
    "appeal_pending": lambda axes: axes.appeal in (*_UNDECIDED, Appeal.UPHELD),
    "appeal_rejected": lambda axes: axes.appeal is Appeal.REJECTED,
    "no_appeal": lambda axes: axes.appeal not in _UNDECIDED,
    "revocation_pending": lambda axes: axes.is_proposed,
    "no_revocation": lambda axes: not axes.is_proposed,
    # A leader may override this one, with a basis (`OVERRIDABLE`).
    "condition_stands": lambda axes: axes.condition and axes.is_standing,
}
OVERRIDABLE = "condition_stands"

_OPEN = ("card_closed", "not_confirmed")
# Verb → the reasons for which it is refused, in the order they are told.
RULES: Mapping[Verb, tuple[str, ...]] = {
    CommandType.ACKNOWLEDGE: (*_OPEN, "already_acknowledged"),
    CommandType.UNACKNOWLEDGE: (*_OPEN, "nothing_signed"),
    CommandType.CONFIRM: ("card_closed", "already_confirmed"),
    CommandType.DISMISS: ("card_closed", "already_confirmed"),
    CommandType.SHELVE: (*_OPEN, "quiet_already"),
    CommandType.UNSHELVE: (*_OPEN, "not_shelved"),
    CommandType.TAKE_OUT_OF_SERVICE: (*_OPEN, "quiet_already"),
    CommandType.RETURN_TO_SERVICE: (*_OPEN, "not_out_of_service"),
    CommandType.STOP_BY_LAW: (*_OPEN, "quiet_already"),
    CommandType.RESUME_BY_LAW: (*_OPEN, "not_stopped_by_law"),
    CommandType.REQUEST_REPLY: (*_OPEN, "reply_waits", "under_order"),
    CommandType.DISPATCH: (*_OPEN, "not_acknowledged", "reply_waits", "under_order"),
    CommandType.REPLY: (*_OPEN, "reply_waits"),
    CommandType.ACCEPT_REPLY: (*_OPEN, "no_reply", "appeal_pending", "condition_stands"),
    CommandType.REJECT_REPLY: (*_OPEN, "no_reply"),
    CommandType.APPEAL: (*_OPEN, "appeal_pending", "appeal_rejected"),
    CommandType.DECIDE_APPEAL: (*_OPEN, "no_appeal"),
    CommandType.PROPOSE_REVOKE: (*_OPEN, "revocation_pending"),
    CommandType.CONFIRM_REVOKE: (*_OPEN, "no_revocation"),
    CommandType.REJECT_REVOKE: (*_OPEN, "no_revocation"),
    CommandType.WRITE_OFF: (*_OPEN, "not_acknowledged", "reply_waits", "under_order", "appeal_pending",
                            "condition_stands"),
    CommandType.ESCALATE: _OPEN,
    CommandType.COMMENT: (),       # also on a closed card: what became of it may be worth a line
    Event.FIRE: ("card_closed",),  # then it opens a new card, or reopens this one within the re-arm window
    Event.EASE: ("card_closed",),
    Event.END: ("card_closed",),
    Event.WITHDRAW: ("card_closed",),
    Event.STALE: ("card_closed",),
    Event.ACK_LAPSED: (*_OPEN, "not_acknowledged"),
    Event.SHELF_LAPSED: (*_OPEN, "not_shelved"),
    Event.SERVICE_LAPSED: (*_OPEN, "not_out_of_service"),
    Event.LAW_LAPSED: (*_OPEN, "not_stopped_by_law"),
    Event.REPLY_LAPSED: (*_OPEN, "no_reply_owed", "under_order"),
    Event.ORDER_LAPSED: (*_OPEN, "no_reply_owed", "not_under_order"),
    Event.REVIEW_LAPSED: (*_OPEN, "no_reply"),
    Event.APPEAL_LAPSED: (*_OPEN, "no_appeal"),
}


def refusal(verb: Verb, axes: Axes) -> str | None:
    """The code of why it is refused; None when it is allowed."""
    return next((reason for reason in RULES[verb] if REASONS[reason](axes)), None)


OFFICERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.ADMINISTRATOR})
_DIRECTORS = OFFICERS | {Role.LEADER}
JUDGES = frozenset({Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER})
_REVIEWERS = frozenset({Role.INSPECTOR, Role.LEADER})
DEPARTMENT = frozenset({Role.DEPARTMENT_USER})
ROLES: Mapping[CommandType, frozenset[Role]] = {
    CommandType.ACKNOWLEDGE: OFFICERS,
    CommandType.UNACKNOWLEDGE: OFFICERS,
    CommandType.CONFIRM: JUDGES,
    CommandType.DISMISS: JUDGES,
    CommandType.SHELVE: _DIRECTORS,
    CommandType.UNSHELVE: _DIRECTORS,
    CommandType.TAKE_OUT_OF_SERVICE: _DIRECTORS,
    CommandType.RETURN_TO_SERVICE: _DIRECTORS,
    CommandType.STOP_BY_LAW: _DIRECTORS,
    CommandType.RESUME_BY_LAW: _DIRECTORS,
    CommandType.REQUEST_REPLY: _DIRECTORS,
    CommandType.DISPATCH: _DIRECTORS,
    CommandType.REPLY: DEPARTMENT,
    CommandType.ACCEPT_REPLY: _REVIEWERS,
    CommandType.REJECT_REPLY: _REVIEWERS,
    CommandType.APPEAL: DEPARTMENT,
    CommandType.DECIDE_APPEAL: _REVIEWERS,
    CommandType.PROPOSE_REVOKE: _DIRECTORS,
    CommandType.CONFIRM_REVOKE: JUDGES,
    CommandType.REJECT_REVOKE: JUDGES,
    CommandType.WRITE_OFF: JUDGES,
    CommandType.ESCALATE: _DIRECTORS,
    CommandType.COMMENT: _DIRECTORS | DEPARTMENT,
    CommandType.ISSUE: _DIRECTORS,
}
# Members of a command that must not be empty.
NEEDED: Mapping[CommandType, tuple[str, ...]] = {
    CommandType.UNACKNOWLEDGE: ("reason",),
    CommandType.DISMISS: ("reason",),
    CommandType.SHELVE: ("reason",),
    CommandType.TAKE_OUT_OF_SERVICE: ("reason", "until"),
    CommandType.STOP_BY_LAW: ("reason", "until"),
    CommandType.DISPATCH: ("order_no", "reply_limit"),
    CommandType.REPLY: ("text",),
    CommandType.REJECT_REPLY: ("reason",),
    CommandType.APPEAL: ("text",),
    CommandType.DECIDE_APPEAL: ("decision", "reason"),
    CommandType.PROPOSE_REVOKE: ("reason",),
    CommandType.REJECT_REVOKE: ("reason",),
    CommandType.WRITE_OFF: ("reason",),
    CommandType.ESCALATE: ("reason",),
    CommandType.COMMENT: ("comment",),
    CommandType.ISSUE: ("level", "org", "title"),
}


def may_override(actor: Actor, reason: str) -> bool:
    """A leader may write off a card whose condition still stands, when he gives the basis."""
    return actor.has(Role.LEADER) and bool(reason.strip())
