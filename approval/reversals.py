"""冲正: a payment that was entered by hand by mistake is taken back, by two who take money.

One asks and says why, another decides. Once it is taken back its fees are due again, the receipt given for it is void, the
applicant is told so in writing, and its reference is free for the case it belongs to. What was entered stays to be read, and
the journal tells of each fee. Money that came through the gateway is not touched here: it goes back there.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, update

from approval.cashier import CashierRules, kept_payment, names_of
from approval.desk import Desk, Hosted
from approval.detail import PaymentState, ReversalRequest, earlier_requests
from approval.ending import Fee, fees_of
from approval.intake import give
from approval.matters import Act, checked_words
from approval.models import hosted_fees, hosted_payments
from approval.payments.matters import yuan
from approval.receipts import ReceiptKind
from cases.events import EventKind
from core.access import Actor
from core.errors import NotPermitted
from core.unit_of_work import UnitOfWork


class Reversals:
    """The acts around taking a payment back. Each is one transaction."""

    def __init__(self, desk: Desk, rules: CashierRules) -> None:
        self._desk, self._rules = desk, rules

    def ask(self, case_no: str, rev: int, payment: int, reason: str, actor: Actor) -> None:
        """申请冲正: nothing changes before another person has agreed."""
        words = checked_words(reason, "reason")
        with self._desk.acting(Act.ASK_REVERSAL, case_no, rev) as (uow, case):
            self._entitled(uow, case, actor)
            row = kept_payment(uow, case, payment, PaymentState.BOOKED)
            _move(uow, payment, PaymentState.BOOKED, PaymentState.REVERSING, reversal_reason=words, reversal_answer="",
                  asked_by=actor.name, asked_name=actor.display_name, asked_at=uow.now_us, reversed_by="", reversed_name="",
                  reversed_at=None, earlier_requests=_with_last_request(row))

    def confirm(self, case_no: str, rev: int, payment: int, actor: Actor, station: str = "") -> None:
        """冲正. Raises NotPermitted for the one who asked."""
        with self._desk.acting(Act.REVERSE_PAYMENT, case_no, rev) as (uow, case):
            row = self._others(uow, case, payment, actor)
            fees = [fee for fee in fees_of(uow.conn, case.row.case_id)
                    if fee.id in msgspec.json.decode(row.fees) and fee.receipt_no == row.receipt_no]
            paper = self._void(uow, case, row, fees)
            for fee in fees:
                _make_due(uow, fee)
                self._desk.tell(uow, case, EventKind.FEE_REVERSED, actor, station=station, fee_code=fee.code,
                                amount_fen=fee.amount_fen, quantity=fee.quantity, receipt_no=row.receipt_no,
                                reason=row.reversal_reason, document_no=paper, attributes={
                                    "payment": f"{row.kind} {row.reference} {row.paid_on}", "asked_by": row.asked_by})
            _move(uow, payment, PaymentState.REVERSING, PaymentState.REVERSED, **_decided(uow, actor))

    def refuse(self, case_no: str, rev: int, payment: int, reason: str, actor: Actor) -> None:
        """不予冲正: it was entered rightly, and stays."""
        words = checked_words(reason, "reason")
        with self._desk.acting(Act.REFUSE_REVERSAL, case_no, rev) as (uow, case):
            self._others(uow, case, payment, actor)
            _move(uow, payment, PaymentState.REVERSING, PaymentState.BOOKED, **_decided(uow, actor), reversal_answer=words)

    # Inside -------------------------------------------------------------------------------------------------------

    def _entitled(self, uow: UnitOfWork, case: Hosted, actor: Actor) -> None:
        self._desk.post(uow, case, actor, self._rules.posts)

    def _others(self, uow: UnitOfWork, case: Hosted, payment: int, actor: Actor) -> Row[Any]:
        self._entitled(uow, case, actor)
        row = kept_payment(uow, case, payment, PaymentState.REVERSING)
        if row.asked_by == actor.name:
            raise NotPermitted("other_person_needed", asked_by=row.asked_by)
        return row

    def _void(self, uow: UnitOfWork, case: Hosted, row: Row[Any], fees: list[Fee]) -> str:
        """The paper that makes the receipt void; a fiscal one (财政票据) is made void where it was printed, too."""
        kind = self._desk.receipts.word(f"receipt.payment_kind.{row.kind}")
        return give(self._desk, uow, case, ReceiptKind.PAYMENT_VOID, told={
            "name": names_of(self._desk, case, fees), "amount": yuan(row.amount_fen), "kind": kind, "day": row.paid_on,
            "reference": row.reference, "receipt": row.receipt_no, "reason": row.reversal_reason})


def _make_due(uow: UnitOfWork, fee: Fee) -> None:
    uow.conn.execute(update(hosted_fees).where(hosted_fees.c.id == fee.id).values(
        state="due", receipt_no="", settled_by="", settled_at=None))


def _with_last_request(row: Row[Any]) -> str:
    """A request that was not agreed to stays to be read beside the new one, with the answer it got."""
    last = [ReversalRequest(**{name: getattr(row, name) for name in ReversalRequest.__struct_fields__})] if row.asked_by else []
    return msgspec.json.encode([*earlier_requests(row), *last]).decode()


def _decided(uow: UnitOfWork, actor: Actor) -> dict[str, Any]:
    return {"reversed_by": actor.name, "reversed_name": actor.display_name, "reversed_at": uow.now_us}


def _move(uow: UnitOfWork, payment: int, before: PaymentState, after: PaymentState, **values: Any) -> None:
    p = hosted_payments.c
    uow.conn.execute(update(hosted_payments).where(p.id == payment, p.state == before).values(state=after, **values))
