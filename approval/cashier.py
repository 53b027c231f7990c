"""收款: a fee that was paid outside (cash, POS, bank slip) is settled by hand, by who may take money, once.

The record of a payment says of what kind it is, under which reference, how much and when; a scan of the slip goes with it.
Where a second person is asked for, the fee stays due until that person has confirmed it. The fees a payment settles are its
exact sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from approval.desk import Desk, Hosted
from approval.detail import PaymentState
from approval.ending import Fee, fees_of, settle
from approval.intake import give
from approval.materials import Upload
from approval.matters import Act, checked_words, is_owed
from approval.models import hosted_payments, payment_orders
from approval.payments.matters import OrderState, yuan
from approval.receipts import ReceiptKind
from cases.events import EventKind
from core.access import Actor
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, TooLarge
from core.unit_of_work import UnitOfWork

REFERENCE_MAX, RECEIPT_MAX = 64, 64
MOST_FEN = 10**13
_p = hosted_payments.c


class PaymentKind(StrEnum):
    """How the money came."""

    CASH = "cash"            # 现金
    POS = "pos"              # 刷卡、扫码
    BANK_SLIP = "bank_slip"  # 银行回单


@dataclass(frozen=True, slots=True)
class CashierRules:
    """`posts` take money; a payment of `second_from_fen` or more is confirmed by another of them, none where it is None."""

    posts: tuple[str, ...] = ("收费员", "综合窗口")
    second_from_fen: int | None = None

    def needs_second(self, amount_fen: int) -> bool:
        return self.second_from_fen is not None and amount_fen >= self.second_from_fen


@dataclass(frozen=True, slots=True)
class Received:
    """What a cashier says of a payment: which fees of the case (ids) it settles, money in fen. `paid_on` None is today;
    `receipt_no` "" lets the program number the receipt it gives."""

    fees: tuple[int, ...]
    kind: str
    reference: str
    amount_fen: int
    paid_on: date | None = None
    receipt_no: str = ""

    def checked(self, today: date) -> Received:
        """The same without blanks around its words. Raises InvalidInput or TooLarge naming the field."""
        if self.kind not in list(PaymentKind):
            raise InvalidInput("payment_kind_unknown", key="kind", accepted=", ".join(PaymentKind))
        reference, receipt_no = checked_words(self.reference, "reference"), self.receipt_no.strip()
        for key, value, most in (("reference", reference, REFERENCE_MAX), ("receipt_no", receipt_no, RECEIPT_MAX)):
            if len(value) > most:
                raise TooLarge("field_too_long", key=key, most=most)
        paid_on = self.paid_on or today
        if paid_on > today:
            raise InvalidInput("payment_in_future", key="paid_on", day=paid_on.isoformat())
        if not self.fees:
            raise InvalidInput("payment_without_fee", key="fees")
        return Received(tuple(dict.fromkeys(self.fees)), self.kind, reference, self.amount_fen, paid_on, receipt_no)


class Cashier:
    """The acts of whoever takes money. Each is one transaction."""

    def __init__(self, desk: Desk, rules: CashierRules) -> None:
        self._desk, self.rules = desk, rules

    def record(self, case_no: str, rev: int, told: Received, actor: Actor, station: str = "") -> int:
        """登记收款: the fees are settled at once, or when a second person confirms it. Returns the number of the payment.

        Raises InvalidInput where the amount is not what is due, Conflict for a reference that is known.
        """
        with self._desk.acting(Act.PAID, case_no, rev) as (uow, case):
            self._entitled(uow, case, actor)
            told = told.checked(self._desk.today(case.row.area, uow.now_us))
            fees = self._due(uow, case, told)
            number = self._keep(uow, case, told, actor)
            if not self.rules.needs_second(told.amount_fen):
                self._book(uow, case, kept_payment(uow, case, number, PaymentState.ENTERED), fees, actor, station)
            return number

    def confirm(self, case_no: str, rev: int, payment: int, actor: Actor, station: str = "") -> None:
        """复核: another person has seen the money. Raises NotFound where a fee was settled otherwise meanwhile."""
        with self._desk.acting(Act.CONFIRM_PAYMENT, case_no, rev) as (uow, case):
            row = self._others(uow, case, payment, actor)
            self._book(uow, case, row, self._due(uow, case, _told(row), of=payment), actor, station)

    def refuse(self, case_no: str, rev: int, payment: int, reason: str, actor: Actor) -> None:
        """不予复核: it was entered wrongly. The fees stay due, and it may be entered anew."""
        words = checked_words(reason, "reason")
        with self._desk.acting(Act.REFUSE_PAYMENT, case_no, rev) as (uow, case):
            self._others(uow, case, payment, actor)
            self._move(uow, payment, PaymentState.REFUSED, actor, words=words)

    def attach(self, case_no: str, payment: int, upload: Upload, actor: Actor) -> None:
        """The scan of the slip, once. Raises Conflict for a second one, NotFound for a payment of another case."""
        with self._desk.units() as uow:
            case = self._desk.load(uow, case_no)
            self._entitled(uow, case, actor)
            done = uow.conn.execute(update(hosted_payments).where(
                _p.id == payment, _p.case_id == case.row.case_id, _p.sha256.is_(None)).values(
                    sha256=upload.sha256, file_name=upload.file_name, media_type=upload.media_type, size=upload.size))
            if done.rowcount != 1:
                known = uow.conn.scalar(select(_p.id).where(_p.id == payment, _p.case_id == case.row.case_id))
                raise NotFound("payment_unknown", payment=payment) if known is None else Conflict("payment_slip_once")

    # Inside -------------------------------------------------------------------------------------------------------

    def _entitled(self, uow: UnitOfWork, case: Hosted, actor: Actor) -> str:
        return self._desk.post(uow, case, actor, self.rules.posts)

    def _due(self, uow: UnitOfWork, case: Hosted, told: Received, of: int | None = None) -> list[Fee]:
        """The fees it settles: all due, none in another payment that waits or paid online just now, together exactly the
        amount, and under a receipt that stands."""
        taken = {fee for row in uow.conn.execute(select(_p.id, _p.fees).where(
            _p.case_id == case.row.case_id, _p.state == PaymentState.ENTERED)) if row.id != of
            for fee in msgspec.json.decode(row.fees)}
        found = [fee for fee in fees_of(uow.conn, case.row.case_id)
                 if fee.id in told.fees and fee.state == "due" and is_owed(case.fold, fee.code)]
        missing = sorted(set(told.fees) - {fee.id for fee in found})
        if missing:
            raise NotFound("fee_not_due", case_no=case.case_no, fee=missing[0])
        if taken.intersection(told.fees):
            raise Conflict("payment_waits", case_no=case.case_no)
        _check_not_paid_online(uow, case, found)
        _check_receipt_stands(uow, told.receipt_no)
        due = sum(fee.amount_fen for fee in found)
        if due != told.amount_fen:
            raise InvalidInput("payment_amount_differs", key="amount", due=yuan(due), amount=yuan(told.amount_fen))
        return found

    def _keep(self, uow: UnitOfWork, case: Hosted, told: Received, actor: Actor) -> int:
        """Never twice: of one unit and kind, a reference stands for one payment."""
        assert told.paid_on is not None
        try:
            made = uow.conn.execute(insert(hosted_payments).values(
                case_id=case.row.case_id, org=case.org, fees=msgspec.json.encode(told.fees).decode(), kind=told.kind,
                reference=told.reference, amount_fen=told.amount_fen, paid_on=told.paid_on.isoformat(),
                state=PaymentState.ENTERED, receipt_no=told.receipt_no, entered_by=actor.name,
                entered_name=actor.display_name, entered_at=uow.now_us))
        except IntegrityError as taken:
            raise Conflict("payment_reference_taken", reference=told.reference) from taken
        return int(made.inserted_primary_key[0])  # type: ignore[index]

    def _book(self, uow: UnitOfWork, case: Hosted, row: Row[Any], fees: Sequence[Fee], actor: Actor, station: str) -> None:
        word = self._desk.receipts.word
        receipt_no = row.receipt_no or give(self._desk, uow, case, ReceiptKind.PAYMENT, told={
            "name": names_of(self._desk, case, fees), "amount": yuan(row.amount_fen),
            "kind": word(f"receipt.payment_kind.{row.kind}"), "reference": row.reference, "day": row.paid_on})
        for fee in fees:
            settle(uow, case, fee.id, "paid", actor, receipt_no=receipt_no)
            self._desk.tell(uow, case, EventKind.FEE_CHARGED, actor, station=station, fee_code=fee.code,
                            amount_fen=fee.amount_fen, quantity=fee.quantity, receipt_no=receipt_no, attributes={
                                "payment": f"{row.kind} {row.reference} {row.paid_on}", "entered_by": row.entered_by})
        self._move(uow, row.id, PaymentState.BOOKED, actor, receipt_no=receipt_no)

    def _others(self, uow: UnitOfWork, case: Hosted, payment: int, actor: Actor) -> Row[Any]:
        """A payment that waits for this person. Raises NotPermitted for the one who entered it."""
        self._entitled(uow, case, actor)
        row = kept_payment(uow, case, payment, PaymentState.ENTERED)
        if row.entered_by == actor.name:
            raise NotPermitted("other_person_needed", asked_by=row.entered_by)
        return row

    def _move(self, uow: UnitOfWork, payment: int, state: PaymentState, actor: Actor, **values: Any) -> None:
        uow.conn.execute(update(hosted_payments).where(_p.id == payment, _p.state == PaymentState.ENTERED).values(
            state=state, decided_by=actor.name, decided_name=actor.display_name, decided_at=uow.now_us, **values))


def names_of(desk: Desk, case: Hosted, fees: Sequence[Fee]) -> str:
    """What the fees are called, for a paper."""
    listed = desk.own_item(case).details.fees
    return "、".join(listed[fee.code].name if fee.code in listed else fee.code for fee in fees)


def kept_payment(uow: UnitOfWork, case: Hosted, payment: int, state: PaymentState) -> Row[Any]:
    """Raises NotFound for one of another case, or that does not stand so."""
    row = uow.conn.execute(select(hosted_payments).where(
        _p.id == payment, _p.case_id == case.row.case_id, _p.state == state)).first()
    if row is None:
        raise NotFound("payment_unknown", payment=payment)
    return row


def _check_not_paid_online(uow: UnitOfWork, case: Hosted, fees: Sequence[Fee]) -> None:
    """Money the gateway has taken for one of them is booked within minutes: to take it again would be to take it twice. Raises
    Conflict. Orders of a public site of its own are not known here."""
    o = payment_orders.c
    no = uow.conn.scalar(select(o.no).where(  # by the case first: the index begins with it
        o.case_no == case.case_no, o.fee.in_([fee.id for fee in fees]), o.state == OrderState.PAID).limit(1))
    if no is not None:
        raise Conflict("payment_came_online", no=no)


def _check_receipt_stands(uow: UnitOfWork, receipt_no: str) -> None:
    """The public check calls void what a payment bore that was taken back. Raises Conflict for such a number."""
    if receipt_no and uow.conn.scalar(select(_p.id).where(
            _p.receipt_no == receipt_no, _p.state == PaymentState.REVERSED).limit(1)) is not None:
        raise Conflict("payment_receipt_void", receipt_no=receipt_no)


def _told(row: Row[Any]) -> Received:
    return Received(tuple(msgspec.json.decode(row.fees)), row.kind, row.reference, row.amount_fen, receipt_no=row.receipt_no)


def fen_of(text: str) -> int:
    """An amount as people write it: 1200, 1,200.50. Raises InvalidInput."""
    try:
        fen = Decimal(text.strip().replace(",", "").replace("，", "")) * 100
    except ArithmeticError as failure:
        raise InvalidInput("payment_amount_unreadable", key="amount", amount=text[:20]) from failure
    if not fen.is_finite() or fen != fen.to_integral_value() or not 0 < fen < MOST_FEN:
        raise InvalidInput("payment_amount_unreadable", key="amount", amount=text[:20])
    return int(fen)
