"""What a person may do to a hosted case now: what its state allows, his posts entitle him to, and what there is.

Pure. The pages offer exactly this; the services check all of it again, on what stands when it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from approval.detail import HostedDetail, LicenceState, PaymentKept, PaymentState
from approval.flow import DISPATCH, JOIN
from approval.matters import FROM, Act, account_of
from approval.posts import holds
from cases.fold import CORRECTION
from core.access import Actor, Role

_AT_WINDOW = (Act.PRE_ACCEPT, Act.RECEIVE, Act.ACCEPT, Act.REFUSE, Act.ASK_CORRECTION, Act.CORRECT, Act.RETURN)
_AT_STEP = (Act.CLAIM, Act.HOLD_HEARING, Act.HAND_OVER, Act.START_SPECIAL, Act.END_SPECIAL, Act.ASK_EXTENSION)
_BY_HEADS = (Act.GRANT_EXTENSION, Act.REFUSE_EXTENSION, Act.WAIVE, Act.VOID, Act.END_LICENCE)
_OF_PAYMENTS = (Act.CONFIRM_PAYMENT, Act.REFUSE_PAYMENT, Act.ASK_REVERSAL, Act.REVERSE_PAYMENT, Act.REFUSE_REVERSAL)
_BY_CASHIERS = (Act.PAID, *_OF_PAYMENTS)
_BY_ANY_POST = (Act.CHARGE, Act.SUPPLY, Act.KEEP_FILE, Act.COLLECT, Act.REOPEN, Act.BEGIN_ANEW, Act.LEAVE_OUT,
                Act.ASK_HEARING)
_OF_STEP = frozenset({Act.CLAIM, Act.COMPLETE, Act.DISPATCH, Act.DROP_STEP_PAPER})  # for whoever does the step himself


@dataclass(frozen=True, slots=True)
class Deciding:
    """Posts that stand in no flow: `heads` decide on more days and on ending a case abnormally, `cashiers` take money."""

    heads: tuple[str, ...]
    cashiers: tuple[str, ...]


def permitted(detail: HostedDetail, held: Sequence[tuple[str, str]], actor: Actor, deciding: Deciding) -> frozenset[Act]:
    """`held` are his (unit, post)."""
    if not actor.has(Role.APPROVAL_STAFF):
        return frozenset()
    head = detail.head
    may = {act for act, posts in _wanted(detail, deciding).items() if head.state in FROM[act] and holds(held, head.org, posts)}
    return frozenset(may - _of_other_steps(detail) - _taken(detail, actor) - _without_object(detail, actor))


def behind(detail: HostedDetail) -> tuple[str, ...]:
    """The steps it may be sent back to; behind the join of a project one reopens a part instead."""
    steps = detail.flow.earlier(detail.head.step, detail.particulars["fields"])
    return tuple(step for step in steps if not (detail.flow.is_joint and step in (DISPATCH, JOIN)))


def is_same_person(detail: HostedDetail, actor: Actor) -> bool:
    """Whether he did a step that stands, or signed it with others, so that another has to do the open one (一人多岗)."""
    return bool(detail.head.step) and actor.name in detail.cosigners | {account_of(done.actor) for done in detail.fold.path}


def payments_for(act: Act, detail: HostedDetail, actor: Actor) -> list[PaymentKept]:
    """Those he may do that act to; where it takes a second person, he is another than the first."""
    if act is Act.ASK_REVERSAL:
        return [one for one in detail.payments if one.state == PaymentState.BOOKED]
    if act in (Act.REVERSE_PAYMENT, Act.REFUSE_REVERSAL):
        return [one for one in detail.payments if one.state == PaymentState.REVERSING and one.asked_by != actor.name]
    return [one for one in detail.payments if one.state == PaymentState.ENTERED and one.entered_by != actor.name]


def _wanted(detail: HostedDetail, deciding: Deciding) -> dict[Act, Sequence[str]]:
    """The posts each act asks for, one of them."""
    flow, step = detail.flow, detail.head.step
    entitled = flow.find(step).entitled if step else ()
    open_to = detail.to_sign or entitled
    last = flow.find(flow.inner[-1]).entitled if flow.inner else ()
    return {**dict.fromkeys(_AT_WINDOW, flow.posts_of_acceptance()), **dict.fromkeys(_AT_STEP, entitled),
            **dict.fromkeys(_BY_HEADS, deciding.heads), **dict.fromkeys(_BY_CASHIERS, deciding.cashiers),
            **dict.fromkeys(_BY_ANY_POST, flow.every_post),
            Act.COMPLETE: open_to, Act.DISPATCH: open_to, Act.DROP_STEP_PAPER: entitled,
            Act.SEND_BACK: entitled or last, Act.CONCLUDE: () if step else flow.posts_of_conclusion()}


def _of_other_steps(detail: HostedDetail) -> frozenset[Act]:
    """The dispatch has an act of its own, the join is done by the parts, and nobody has for himself what several sign."""
    at = detail.head.step if detail.flow.is_joint else ""
    if not detail.head.step:
        return frozenset({*_OF_STEP, Act.HAND_OVER})
    if at == DISPATCH:
        return frozenset({Act.COMPLETE})
    if at == JOIN:
        return _OF_STEP
    return frozenset({Act.DISPATCH, *((Act.CLAIM, Act.HAND_OVER) if detail.to_sign else ())})


def _taken(detail: HostedDetail, actor: Actor) -> frozenset[Act]:
    """Who has the step, who has signed it, and who did an earlier one."""
    holder, signed = detail.head.claimed_by, {one["username"] for one in detail.signed}
    if actor.name in signed or is_same_person(detail, actor):
        return _OF_STEP
    if holder in ("", actor.name):
        return frozenset({Act.CLAIM}) if holder else frozenset()
    return _OF_STEP


def _without_object(detail: HostedDetail, actor: Actor) -> set[Act]:
    """Acts for which there is nothing there."""
    extension = detail.extension or {"state": "", "asked_by": ""}
    may_decide = extension["state"] == "asked" and extension["asked_by"] != actor.name
    hears = detail.flow.may_hear and detail.fold.hearing is None
    needs = {
        Act.ASK_EXTENSION: detail.extension is None, Act.GRANT_EXTENSION: may_decide, Act.REFUSE_EXTENSION: may_decide,
        Act.ASK_HEARING: hears and detail.fold.hearing_asked is None,
        Act.HOLD_HEARING: hears,
        Act.CHARGE: detail.fold.refused is None, Act.WAIVE: bool(detail.due_fees), Act.PAID: bool(detail.due_fees),
        **{act: bool(payments_for(act, detail, actor)) for act in _OF_PAYMENTS},
        Act.SUPPLY: bool(detail.deferred),
        Act.DROP_STEP_PAPER: any(one.is_current for one in detail.step_papers),
        Act.END_LICENCE: any(one.state == LicenceState.VALID for one in detail.licences),
        Act.REOPEN: any(part.state in ("done", "refused") for part in detail.parts),
        **dict.fromkeys((Act.BEGIN_ANEW, Act.LEAVE_OUT), any(part.state == "void" for part in detail.parts)),
        Act.SEND_BACK: bool(behind(detail)),
        Act.ASK_CORRECTION: not any(stop.kind == CORRECTION for stop in detail.fold.stops)}
    return {act for act, is_there in needs.items() if not is_there}
