"""An act on a hosted case by its name: what it takes, and who carries it out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Literal

import msgspec

from approval.assembly import Approval
from approval.cashier import Received, fen_of
from approval.flow import Part
from core.access import Actor
from core.errors import InvalidInput

PERFORMED = ("pre_accept", "receive", "accept", "refuse", "ask_correction", "correct", "supply", "ask_hearing", "hold_hearing",
             "claim", "hand_over", "complete",
             "drop_step_paper", "dispatch", "send_back", "start_special", "end_special", "ask_extension", "grant_extension",
             "refuse_extension", "charge", "paid", "confirm_payment",
             "refuse_payment", "ask_reversal", "reverse_payment", "refuse_reversal", "waive", "conclude", "end_licence",
             "collect", "return", "void", "reopen", "begin_anew", "leave_out")
Acts = dict[str, Callable[[], object]]


class ActOn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /api/v1/approval/cases/<case_no>/<act> takes; which members an act reads, docs/approval.md says."""

    rev: int
    station: str = ""
    words: str = ""
    reason: str = ""
    result: Literal["granted", "refused"] = "granted"
    papers: list[str] = []
    amend: list[str] = []  # of ask_correction: fields of the form
    rest_withheld: bool = False
    deferred: list[str] = []
    until: str = ""
    to_step: str = ""
    to: str = ""
    kind: str = ""
    days: int = 0
    code: str = ""
    quantity: int = 1
    fee: int = 0
    fees: list[int] = []  # of paid: settled by one payment
    receipt_no: str = ""
    reference: str = ""
    amount: str = ""  # yuan
    paid_on: str = ""
    payment: int = 0
    certificate_no: str = ""  # of conclude: one made elsewhere; of end_licence: which
    node: str = ""
    fields: dict[str, str] = {}
    parts: list[Part] = []


def perform(approval: Approval, case_no: str, act: str, told: ActOn, actor: Actor,
            find_person: Callable[[str], Actor | None]) -> None:
    """One act by its name. Raises InvalidInput for a name that is none."""
    acts = {**_of_intake(approval, case_no, told, actor), **_of_handling(approval, case_no, told, actor, find_person),
            **_of_ending(approval, case_no, told, actor)}
    if act not in acts:
        raise InvalidInput("act_unknown", act=act[:32], accepted=", ".join(PERFORMED))
    acts[act]()


def _of_intake(approval: Approval, no: str, told: ActOn, actor: Actor) -> Acts:
    intake, rev, station = approval.intake, told.rev, told.station
    return {
        "pre_accept": lambda: intake.pre_accept(no, rev, actor, station),
        "receive": lambda: intake.receive(no, rev, told.papers, actor, station),
        "accept": lambda: intake.accept(no, rev, actor, station, told.deferred, _day(told.until)),
        "refuse": lambda: intake.refuse(no, rev, told.reason, actor, station),
        "ask_correction": lambda: intake.ask_correction(no, rev, told.papers, told.reason, actor, station, told.amend),
        "correct": lambda: intake.correct(no, told.papers, actor, station, rev, rest_withheld=told.rest_withheld,
                                         fields=told.fields, words=told.words),
        "supply": lambda: intake.supply(no, told.papers, actor, station, rev),
    }


def _of_handling(approval: Approval, no: str, told: ActOn, actor: Actor, find_person: Callable[[str], Actor | None]) -> Acts:
    handling, projects, rev, station = approval.handling, approval.projects, told.rev, told.station

    def hand_over() -> None:
        to = find_person(told.to) if told.to else Actor("", frozenset())
        if to is None:
            raise InvalidInput("account_not_found", username=told.to[:64])
        handling.hand_over(no, rev, to, told.reason, actor, station)

    return {
        "claim": lambda: handling.claim(no, rev, actor),
        "hand_over": hand_over,
        "complete": lambda: handling.complete(no, rev, told.words, actor, station, told.result, told.reason, told.fields),
        "drop_step_paper": lambda: approval.step_records.drop(no, rev, told.code, actor),
        "send_back": lambda: handling.send_back(no, rev, told.to_step, told.reason, actor, station),
        "start_special": lambda: handling.start_special(no, rev, told.kind, told.days, told.reason, actor, station),
        "end_special": lambda: handling.end_special(no, rev, told.words, actor, station),
        "ask_extension": lambda: handling.ask_extension(no, rev, told.days, told.reason, actor, station),
        "grant_extension": lambda: handling.decide_extension(no, rev, True, told.words, actor, station),
        "refuse_extension": lambda: handling.decide_extension(no, rev, False, told.words, actor, station),
        "ask_hearing": lambda: approval.hearings.ask(no, told.reason, actor, station, rev),
        "hold_hearing": lambda: approval.hearings.hold(no, rev, told.words, actor, station),
        "dispatch": lambda: projects.dispatch(no, rev, told.parts, told.words, actor, station),
        "reopen": lambda: projects.reopen(no, rev, told.node, told.reason, actor, station),
        "begin_anew": lambda: projects.begin_anew(no, rev, told.node, told.reason, actor, station),
        "leave_out": lambda: projects.leave_out(no, rev, told.node, told.reason, actor, station),
    }


def _of_ending(approval: Approval, no: str, told: ActOn, actor: Actor) -> Acts:
    ending, cashier, reversals, rev, station = approval.ending, approval.cashier, approval.reversals, told.rev, told.station
    return {
        "charge": lambda: ending.charge(no, rev, told.code, told.quantity, actor, station),
        "paid": lambda: cashier.record(no, rev, _received(told), actor, station),
        "confirm_payment": lambda: cashier.confirm(no, rev, told.payment, actor, station),
        "refuse_payment": lambda: cashier.refuse(no, rev, told.payment, told.reason, actor),
        "ask_reversal": lambda: reversals.ask(no, rev, told.payment, told.reason, actor),
        "reverse_payment": lambda: reversals.confirm(no, rev, told.payment, actor, station),
        "refuse_reversal": lambda: reversals.refuse(no, rev, told.payment, told.reason, actor),
        "waive": lambda: ending.waive(no, rev, told.fee, told.reason, actor, station),
        "conclude": lambda: ending.conclude(no, rev, told.words, actor, station, told.certificate_no, _day(told.until)),
        "end_licence": lambda: approval.licences.end(no, rev, told.certificate_no, told.kind, told.reason, actor, station),
        "collect": lambda: ending.collect(no, rev, told.words, actor, station),
        "return": lambda: ending.return_(no, rev, told.reason, actor, station),
        "void": lambda: ending.void(no, rev, told.reason, actor, station),
    }


def _received(told: ActOn) -> Received:
    return Received(tuple(told.fees), told.kind, told.reference, fen_of(told.amount), _day(told.paid_on, "paid_on"),
                    told.receipt_no)


def _day(text: str, key: str = "until") -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as failure:
        raise InvalidInput("day_unreadable", key=key, value=text[:40]) from failure
