"""Where a bulletin stands, what may be done with it in each state, and by whom. Two persons issue it, as every paper of theirs:
a leader signs what he neither made nor submitted."""

from __future__ import annotations

from enum import StrEnum

from core.access import Actor, Role
from core.errors import Conflict


class BulletinState(StrEnum):
    """Where it stands."""

    DRAFT = "draft"          # 拟稿
    SUBMITTED = "submitted"  # 待签发
    ISSUED = "issued"        # 已签发
    WITHDRAWN = "withdrawn"  # 已撤回
    DISCARDED = "discarded"  # 已作废, a draft


class BulletinAction(StrEnum):
    """What is done; every one is a row of its log."""

    PRODUCE = "produce"
    SUBMIT = "submit"
    REJECT = "reject"
    ISSUE = "issue"
    DISCARD = "discard"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"


_S, _A = BulletinState, BulletinAction
DRAFTERS = frozenset({Role.INSPECTOR, Role.LEADER})
OFFICERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR})
READERS = OFFICERS | {Role.DEPARTMENT_USER}  # a department reads what was issued: it is written to it
WRITERS = (_A.PRODUCE, _A.SUBMIT)            # whoever did one has a hand in it
OPEN = (_S.DRAFT, _S.SUBMITTED, _S.ISSUED)   # these hold the month of their area
ALLOWED: dict[BulletinAction, tuple[frozenset[BulletinState], frozenset[Role]]] = {
    _A.PRODUCE: (frozenset({_S.DRAFT}), DRAFTERS),  # anew, with the figures of now
    _A.SUBMIT: (frozenset({_S.DRAFT}), DRAFTERS),
    _A.REJECT: (frozenset({_S.SUBMITTED}), frozenset({Role.LEADER})),
    _A.ISSUE: (frozenset({_S.SUBMITTED}), frozenset({Role.LEADER})),
    _A.DISCARD: (frozenset({_S.DRAFT, _S.SUBMITTED}), DRAFTERS),
    _A.PUBLISH: (frozenset({_S.ISSUED}), DRAFTERS),
    _A.WITHDRAW: (frozenset({_S.ISSUED}), frozenset({Role.LEADER})),
}
ISSUED = (_S.ISSUED, _S.WITHDRAWN)


def check_state(action: BulletinAction, state: BulletinState, number: int) -> None:
    """Raises Conflict when that cannot be done in this state."""
    if state not in ALLOWED[action][0]:
        raise Conflict("bulletin_not_in_state", id=number, action=action.value, state=state.value)


def may_see(actor: Actor, area: str, state: BulletinState) -> bool:
    """Drafts are for officers of the area; what was issued, for every reader of the area and that of everything for all."""
    if state in ISSUED:
        return actor.has(*READERS) and (not area or actor.area in ("", area))
    return actor.has(*OFFICERS) and actor.area in ("", area)


def may_do(actor: Actor, action: BulletinAction, area: str, state: BulletinState) -> bool:
    """Whether a button is offered; who had a hand in it is asked when he presses it."""
    states, roles = ALLOWED[action]
    return state in states and actor.has(*roles) and actor.area in ("", area)
