"""One order or proposal in memory: its kinds, states, what may be done in each, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.access import Role
from core.errors import Conflict


class OrderKind(StrEnum):
    """What it is. An order is issued at once by an officer; the others are drafts until a second person approves."""

    ORDER = "order"                  # 督办单
    PROPOSAL = "proposal"            # 监察建议书
    RECTIFICATION = "rectification"  # 整改建议书
    CRITICISM = "criticism"          # 书面批评


class OrderState(StrEnum):
    """Where it stands."""

    DRAFT = "draft"          # 拟稿
    SUBMITTED = "submitted"  # 待签发
    ISSUED = "issued"        # 已发出，待回复
    REPLIED = "replied"      # 已回复，待核
    DONE = "done"            # 已办结
    WITHDRAWN = "withdrawn"  # 已撤回


class OrderAction(StrEnum):
    """What is done to it; every one is a row of its log."""

    DRAFTED = "drafted"
    EDIT = "edit"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    ISSUED = "issued"
    WITHDRAW = "withdraw"
    OVERDUE = "overdue"
    REMINDED = "reminded"
    CRITICISED = "criticised"
    REPLY = "reply"
    ACCEPT_REPLY = "accept_reply"
    REJECT_REPLY = "reject_reply"
    NOTE = "note"
    PUT_OFF = "put_off"      # its cards have more time by today's calendar
    SETTLED = "settled"      # no card is unanswered any more, though not every one was answered


WRITERS = frozenset({OrderAction.DRAFTED, OrderAction.EDIT, OrderAction.SUBMIT})  # whoever did one has a hand in the text
OFFICERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER})
DRAFTERS = frozenset({Role.INSPECTOR, Role.LEADER})
READERS = OFFICERS | {Role.DEPARTMENT_USER, Role.ADMINISTRATOR}
_S, _A = OrderState, OrderAction

ALLOWED: dict[OrderAction, tuple[frozenset[OrderState], frozenset[Role]]] = {
    _A.EDIT: (frozenset({_S.DRAFT}), DRAFTERS),
    _A.SUBMIT: (frozenset({_S.DRAFT}), DRAFTERS),
    _A.APPROVE: (frozenset({_S.SUBMITTED}), frozenset({Role.LEADER})),
    _A.REJECT: (frozenset({_S.SUBMITTED}), frozenset({Role.LEADER})),
    _A.WITHDRAW: (frozenset({_S.DRAFT, _S.SUBMITTED}), DRAFTERS),
    _A.REPLY: (frozenset({_S.ISSUED}), frozenset({Role.DEPARTMENT_USER})),
    # As on cards (alerts.transitions.ROLES): whoever dispatches does not judge the answer.
    _A.ACCEPT_REPLY: (frozenset({_S.REPLIED}), DRAFTERS),
    _A.REJECT_REPLY: (frozenset({_S.REPLIED}), DRAFTERS),
    _A.NOTE: (frozenset({_S.DRAFT, _S.SUBMITTED, _S.ISSUED, _S.REPLIED}), OFFICERS),
}


def check_state(action: OrderAction, state: OrderState, order_id: int) -> None:
    """Raises Conflict when that cannot be done in this state."""
    if state not in ALLOWED[action][0]:
        raise Conflict("order_not_in_state", id=order_id, action=action.value, state=state.value)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a paper is to say. `origin` names what it follows from: `card:17`, `finding:<…>`, `complaint:<no>`, `order:<no>`."""

    kind: str
    area: str
    org: str
    title: str
    problem: str
    demand: str
    basis: str = ""
    reply_limit: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class OrderedCard:
    """A card an order is about, as it was when the order was issued. `due_at` is microseconds UTC."""

    card_id: int
    case_no: str
    item: str
    level: int
    due_at: int | None


@dataclass(frozen=True, slots=True)
class CardsLeft:
    """What is open of an order over cards: the first instant at which an answer is due (microseconds UTC; None when none is
    owed) as its unit was told and by the calendar as it is today, and whether an answer waits for somebody who judges it."""

    owed_at: int | None
    owed_today: int | None
    has_replied: bool
