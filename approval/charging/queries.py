"""对账: what was charged beside what was paid, and what of the one is without the other.

Reads what the services wrote: fees, payments taken by hand (approval.cashier), orders of the gateway in this database. On an
installation with a public site of its own its orders stand there; a fee it paid is known here by its receipt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, select

from approval.detail import PaymentState
from approval.matters import is_owed
from approval.models import hosted_cases, hosted_fees, hosted_payments, payment_orders
from approval.payments.matters import OrderState
from cases.fold import Fold
from cases.models import case_table
from core.access import Actor
from core.database import Database
from core.errors import InvalidInput

ONLINE = "online"
_fold = msgspec.msgpack.Decoder(Fold).decode
_f, _c, _p, _o = hosted_fees.c, hosted_cases.c, hosted_payments.c, payment_orders.c


class Finding(StrEnum):
    """matched, waived, lapsed (nobody owes it any more: refused, given up) and reversed are settled. unpaid: charged, nothing
    came. unconfirmed: entered by hand, waits for a second person.
    unbooked: the gateway has money of a fee that is not booked yet, or is to go back. no_payment: paid, and no payment of that
    receipt is known. no_charge: money was taken for a fee that is settled otherwise. reversing: somebody says that a payment
    was entered by mistake, and a second person has to decide; reversed: it was taken back."""

    MATCHED = "matched"
    WAIVED = "waived"
    LAPSED = "lapsed"
    UNPAID = "unpaid"
    UNCONFIRMED = "unconfirmed"
    UNBOOKED = "unbooked"
    NO_PAYMENT = "no_payment"
    NO_CHARGE = "no_charge"
    REVERSING = "reversing"
    REVERSED = "reversed"


_COUNTS = frozenset({PaymentState.BOOKED, PaymentState.REVERSING})  # payments that settle their fees
SETTLED = frozenset({Finding.MATCHED, Finding.WAIVED, Finding.LAPSED, Finding.REVERSED})


@dataclass(frozen=True, slots=True)
class Line:
    """A fee with its payment, or a payment without its fee. Instants are microseconds UTC, money fen; `way` is cash, pos,
    bank_slip or online, "" where nothing was paid; `settled_at` of a payment taken back is when that was."""

    finding: Finding
    case_no: str
    org: str
    item: str
    code: str
    amount_fen: int
    charged_at: int
    settled_at: int | None
    way: str
    reference: str
    receipt_no: str
    by: str


class Charges:
    """`sight` is the condition of the cases a person may see (approval.queries)."""

    def __init__(self, database: Database, sight: Callable[[Connection, Actor], ColumnElement[bool]]) -> None:
        self._database, self._sight = database, sight

    def lines(self, actor: Actor, since: int, until: int, *, only_open: bool = False, most: int = 20_000) -> list[Line]:
        """Fees charged in [since, until), oldest first, with their payments. Raises InvalidInput for more than `most`."""
        with self._database.snapshot() as conn:
            fees = conn.execute(select(hosted_fees, _c.case_no, _c.org, _c.item, case_table.c.fold).join(
                hosted_cases, _c.case_id == _f.case_id).outerjoin(  # the record of the case says who owes what is due still
                    case_table, (case_table.c.case_id == _f.case_id) & (_f.state == "due")).where(
                        _f.charged_at >= since, _f.charged_at < until, self._sight(conn, actor))
                .order_by(_f.charged_at, _f.id).limit(most + 1)).all()
            if len(fees) > most:
                raise InvalidInput("charges_too_many", most=most)
            spans = and_(_f.charged_at >= since, _f.charged_at < until)
            hand = conn.execute(select(hosted_payments).where(_p.state != PaymentState.REFUSED, _p.case_id.in_(
                select(_f.case_id).where(spans)))).all()
            orders = conn.execute(select(payment_orders).where(
                _o.state.in_((OrderState.PAID, OrderState.RETURNING, OrderState.BOOKED)),
                _o.fee.in_(select(_f.id).where(spans)))).all()
        found = list(_matched(fees, hand, orders))
        return [line for line in found if line.finding not in SETTLED] if only_open else found


def _matched(fees: Sequence[Any], hand: Sequence[Any], orders: Sequence[Any]) -> Iterable[Line]:
    by_hand: dict[int, list[Any]] = {}
    for row in hand:
        for fee in msgspec.json.decode(row.fees):
            by_hand.setdefault(fee, []).append(row)
    online: dict[int, list[Any]] = {}
    for row in orders:
        online.setdefault(row.fee, []).append(row)
    for fee in fees:
        entered, sent = by_hand.get(fee.id, []), online.get(fee.id, [])
        taken = [row for row in entered if row.state != PaymentState.REVERSED]
        yield from (replace(_by_hand(fee, Finding.REVERSED, row), settled_at=row.reversed_at)
                    for row in entered if row not in taken)
        yield from (_of_due if fee.state == "due" else _of_settled)(fee, taken, sent)


def _of_due(fee: Any, taken: Sequence[Any], sent: Sequence[Any]) -> Iterable[Line]:
    """All that came for it, by whatever way, and waits."""
    if not (taken or sent):
        yield _beside(fee, Finding.UNPAID if is_owed(_fold(fee.fold), fee.code) else Finding.LAPSED, "", "", "")
    yield from (_by_hand(fee, Finding.UNCONFIRMED, row) for row in taken)
    yield from (_beside(fee, Finding.UNBOOKED, ONLINE, row.no, "") for row in sent)


def _of_settled(fee: Any, taken: Sequence[Any], sent: Sequence[Any]) -> Iterable[Line]:
    """The fee with what settled it, and all that came beside that."""
    used = next((row for row in taken if fee.state == "paid" and row.state in _COUNTS
                 and row.receipt_no == fee.receipt_no), None)
    yield _itself(fee, used, sent)
    yield from (_by_hand(fee, Finding.NO_CHARGE, row) for row in taken if row is not used)
    yield from (_beside(fee, Finding.UNBOOKED if row.state != OrderState.BOOKED else Finding.NO_CHARGE, ONLINE, row.no, "")
                for row in sent if not (
                    row.state == OrderState.BOOKED and fee.state == "paid" and row.receipt_no == fee.receipt_no))


def _itself(fee: Any, used: Any, sent: Sequence[Any]) -> Line:
    if fee.state == "waived":
        return _beside(fee, Finding.WAIVED, "", fee.ground, fee.settled_by)
    if used is not None:
        return _by_hand(fee, Finding.MATCHED if used.state == PaymentState.BOOKED else Finding.REVERSING, used)
    order = next((row for row in sent if row.receipt_no == fee.receipt_no), None)
    if fee.settled_by:
        return _beside(fee, Finding.NO_PAYMENT, "", "", fee.settled_by)
    return _beside(fee, Finding.MATCHED, ONLINE, order.no if order is not None else "", "")


def _by_hand(fee: Any, finding: Finding, row: Any) -> Line:
    return replace(_beside(fee, finding, row.kind, row.reference, row.entered_name or row.entered_by),
                   receipt_no=row.receipt_no)


def _beside(fee: Any, finding: Finding, way: str, reference: str, by: str) -> Line:
    return Line(finding, fee.case_no, fee.org, fee.item, fee.code, fee.amount_fen, fee.charged_at, fee.settled_at, way,
                reference, fee.receipt_no, by)
