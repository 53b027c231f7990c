"""From the decision to the end, and what follows it: fees, conclusion, collection, rating; withdrawal, return, voiding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from approval.desk import Desk, Hosted
from approval.events import ApplicantConcerned, Occasion
from approval.handling import HandlingRules
from approval.intake import APPLICANT, deferred_of, give
from approval.licences import Licences
from approval.matters import Act, checked_words, is_owed
from approval.models import hosted_cases, hosted_fees
from approval.receipts import ReceiptKind
from cases.events import EventKind
from cases.journal import events_so_far
from core.access import Actor
from core.errors import Conflict, InvalidInput, NotFound
from core.statements import Statement
from core.unit_of_work import UnitOfWork

_FEES = Statement(select(*hosted_fees.c["id", "code", "quantity", "amount_fen", "state", "receipt_no", "ground"]).where(
    hosted_fees.c.case_id == bindparam("of_case")).order_by(hosted_fees.c.id))


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee as it stands. Money in fen."""

    id: int
    code: str
    quantity: int
    amount_fen: int
    state: str
    receipt_no: str
    ground: str


class Ending:
    """The acts around 办结. Each is one transaction."""

    def __init__(self, desk: Desk, rules: HandlingRules, licences: Licences) -> None:
        self._desk, self._rules, self._licences = desk, rules, licences
        self.after_end: list[Callable[[UnitOfWork, Hosted], None]] = []  # told of every case that ends, in its transaction

    # Fees ---------------------------------------------------------------------------------------------------------

    def charge(self, case_no: str, rev: int, code: str, quantity: int, actor: Actor, station: str = "") -> int:
        """缴费通知: the published standard times the quantity, never another amount. Returns the fee's id."""
        with self._desk.acting(Act.CHARGE, case_no, rev) as (uow, case):
            self._desk.any_post(uow, case, actor)
            if case.fold.refused is not None:
                raise Conflict("fee_of_refused", case_no=case_no)
            standard = self._desk.own_item(case).details.fees.get(code)
            if standard is None:
                raise InvalidInput("fee_without_basis", key="code", fee=code[:40])
            if not 0 < quantity <= 100_000:
                raise InvalidInput("fee_quantity_invalid", key="quantity", quantity=quantity)
            amount = standard.standard_fen * quantity
            made = uow.conn.execute(insert(hosted_fees).values(
                case_id=case.row.case_id, code=code, quantity=quantity, amount_fen=amount, state="due", charged_at=uow.now_us))
            give(self._desk, uow, case, ReceiptKind.FEE, told={
                "name": standard.name, "amount": f"{amount / 100:.2f}", "quantity": quantity, "unit": standard.unit,
                "basis": standard.basis})
            return int(made.inserted_primary_key[0])  # type: ignore[index]

    def paid(self, case_no: str, fee_id: int, receipt_no: str, station: str = "") -> None:
        """The fee was paid through the gateway, with the number of its receipt (票据); what was paid otherwise:
        `approval.cashier`. Told once more with the same number it changes nothing: the money must not be given back."""
        number = checked_words(receipt_no, "receipt_no")
        try:
            self._pay(case_no, fee_id, number, station)
        except (NotFound, Conflict):
            if not self._is_paid(case_no, fee_id, number):
                raise

    def _pay(self, case_no: str, fee_id: int, number: str, station: str) -> None:
        with self._desk.acting(Act.PAID, case_no, None) as (uow, case):
            fee = settle(uow, case, fee_id, "paid", None, receipt_no=number)
            self._desk.tell(uow, case, EventKind.FEE_CHARGED, APPLICANT, station=station, fee_code=fee.code,
                            amount_fen=fee.amount_fen, quantity=fee.quantity, receipt_no=number)

    def _is_paid(self, case_no: str, fee_id: int, receipt_no: str) -> bool:
        """Whether this very payment is booked."""
        f, c = hosted_fees.c, hosted_cases.c
        with self._desk.units.database.read() as conn:
            return conn.scalar(select(f.id).join(hosted_cases, c.case_id == f.case_id).where(
                c.case_no == case_no, f.id == fee_id, f.state == "paid", f.receipt_no == receipt_no)) is not None

    def waive(self, case_no: str, rev: int, fee_id: int, ground: str, actor: Actor, station: str = "") -> None:
        """减免: with its ground, by whoever may decide on it."""
        told = checked_words(ground, "ground")
        with self._desk.acting(Act.WAIVE, case_no, rev) as (uow, case):
            post = self._desk.post(uow, case, actor, self._rules.extension_posts)
            fee = settle(uow, case, fee_id, "waived", actor, ground=told)
            self._desk.tell(uow, case, EventKind.FEE_CHARGED, actor, station=station, post=post, fee_code=fee.code,
                            amount_fen=0, quantity=fee.quantity, waiver=told)

    # The end ------------------------------------------------------------------------------------------------------

    def conclude(self, case_no: str, rev: int, words: str, actor: Actor, station: str = "", certificate_no: str = "",
                 until: date | None = None) -> None:
        """办结: every step done and decided, every fee settled, every paper here; what was granted is given out with it.

        Raises Conflict naming what is still open. `certificate_no` and `until`: approval.licences.Licences.issue.
        """
        with self._desk.acting(Act.CONCLUDE, case_no, rev) as (uow, case):
            post = self._desk.post(uow, case, actor, case.flow.posts_of_conclusion())
            self._check_ready(uow, case)
            self.conclude_in(uow, case, words, actor, post, station, certificate_no, until)

    def conclude_in(self, uow: UnitOfWork, case: Hosted, words: str, actor: Actor, post: str = "", station: str = "",
                    certificate_no: str = "", until: date | None = None) -> None:
        """The same within a transaction of the caller's, who has checked the person and that nothing is open."""
        refused = case.fold.refused is not None
        certificate_no = self._licences.issue(uow, case, actor, until, certificate_no)
        self._desk.tell(uow, case, EventKind.CONCLUDED, actor, station=station, post=post, opinion=words.strip(),
                        result="refused" if refused else "granted", certificate_no=certificate_no)
        self._desk.end_tasks(uow, case, "done")
        case.step = ""
        result = self._desk.receipts.result(self._desk.own_item(case).kind, "refused" if refused else "granted")
        give(self._desk, uow, case, ReceiptKind.CONCLUDED, told={"result": result})
        if certificate_no and self._desk.own_item(case).details.licence == "electronic":
            self._desk.tell(uow, case, EventKind.LICENCE_ISSUED, actor, station=station, certificate_no=certificate_no)
        self._told(uow, case)

    def collect(self, case_no: str, rev: int, collector: str, actor: Actor, station: str = "") -> None:
        """领取: who took the result away."""
        told = checked_words(collector, "collector")
        with self._desk.acting(Act.COLLECT, case_no, rev) as (uow, case):
            self._desk.any_post(uow, case, actor)
            self._desk.tell(uow, case, EventKind.COLLECTED, actor, station=station, attributes={"collector": told})

    def rate(self, case_no: str, score: int, words: str = "") -> None:
        """好差评: by the applicant, once. Raises Conflict for a second one."""
        if not 1 <= score <= 5:
            raise InvalidInput("score_invalid", key="score", score=score)
        told = checked_words(words, "words", required=False)
        with self._desk.acting(Act.RATE, case_no, None) as (uow, case):
            told_so_far = events_so_far(uow, [case.row.case_id])[case.row.case_id]
            if any(event.kind is EventKind.RATED for event in told_so_far):
                raise Conflict("rated_once", case_no=case_no)
            self._desk.tell(uow, case, EventKind.RATED, APPLICANT, score=score, opinion=told, channel="web")

    def withdraw(self, case_no: str, reason: str = "") -> None:
        """撤回: the applicant takes it back."""
        told = checked_words(reason, "reason", required=False)
        with self._desk.acting(Act.WITHDRAW, case_no, None) as (uow, case):
            self._give_up(uow, case, EventKind.WITHDRAWN, APPLICANT, told)

    def return_(self, case_no: str, rev: int, reason: str, actor: Actor, station: str = "") -> None:
        """退件: what was asked for did not come."""
        told = checked_words(reason, "reason")
        with self._desk.acting(Act.RETURN, case_no, rev) as (uow, case):
            self._desk.post(uow, case, actor, case.flow.posts_of_acceptance())
            self._give_up(uow, case, EventKind.RETURNED, actor, told, station)

    def void(self, case_no: str, rev: int, reason: str, actor: Actor, station: str = "") -> None:
        """作废: with its reason, by whoever may decide on it."""
        told = checked_words(reason, "reason")
        with self._desk.acting(Act.VOID, case_no, rev) as (uow, case):
            self._desk.post(uow, case, actor, self._rules.extension_posts)
            self._give_up(uow, case, EventKind.VOIDED, actor, told, station)

    # Inside -------------------------------------------------------------------------------------------------------

    def _give_up(self, uow: UnitOfWork, case: Hosted, kind: EventKind, actor: Actor, reason: str, station: str = "") -> None:
        self._desk.tell(uow, case, kind, actor, station=station, reason=reason)
        if kind is not EventKind.WITHDRAWN:  # that was the applicant himself
            uow.publish([ApplicantConcerned(case, Occasion.ENDED, f"{case.case_no}/{case.events}", {"reason": reason})])
        self._desk.end_tasks(uow, case, "withdrawn")
        case.step = ""
        self._told(uow, case)

    def _told(self, uow: UnitOfWork, case: Hosted) -> None:
        for follow in self.after_end:
            follow(uow, case)

    def _check_ready(self, uow: UnitOfWork, case: Hosted) -> None:
        if case.step or (case.flow.inner and case.fold.decided is None):
            raise Conflict("steps_open", case_no=case.case_no, step=case.step)
        to_follow = deferred_of(uow, case)
        if to_follow:
            raise Conflict("papers_to_follow", case_no=case.case_no, papers="、".join(to_follow))
        if case.fold.refused is None:
            self._check_fees(uow, case)

    def _check_fees(self, uow: UnitOfWork, case: Hosted) -> None:
        fees = fees_of(uow.conn, case.row.case_id)
        owed = [fee for fee in fees if fee.state == "due"]
        if owed:
            raise Conflict("fees_owed", case_no=case.case_no, amount=f"{sum(fee.amount_fen for fee in owed) / 100:.2f}")
        if self._desk.own_item(case).details.fees and not fees:
            raise Conflict("fees_missing", case_no=case.case_no)


def settle(uow: UnitOfWork, case: Hosted, fee_id: int, state: str, actor: Actor | None, **values: Any) -> Fee:
    """A due fee becomes paid or waived. Raises NotFound when it is not due (any more), of two, one settles it, or when nobody
    owes it."""
    f = hosted_fees.c
    done = uow.conn.execute(update(hosted_fees).where(
        f.id == fee_id, f.case_id == case.row.case_id, f.state == "due").values(
            state=state, settled_at=uow.now_us, settled_by=actor.name if actor is not None else "", **values))
    settled = next((fee for fee in fees_of(uow.conn, case.row.case_id) if fee.id == fee_id), None)
    if done.rowcount != 1 or settled is None or not is_owed(case.fold, settled.code):
        raise NotFound("fee_not_due", case_no=case.case_no, fee=fee_id)
    return settled


def fees_of(conn: Any, case_id: int) -> list[Fee]:
    """The fees of a case, oldest first."""
    return [Fee(*row) for row in _FEES.rows(conn, of_case=case_id)]
