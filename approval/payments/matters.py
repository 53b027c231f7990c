"""What a payment is: an order, what a gateway says of it, and what a gateway has to do for us.

A fee is settled by one transaction of `approval.ending.paid`, and only after the gateway has said that it was paid. A gateway
that is silent or says no changes nothing there: the fee stays due.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from config.hosting_settings import PaymentSettings


@dataclass(frozen=True, slots=True)
class Order:
    """One try to pay one fee. Money in fen. `case_no` is what the public pages know the case by."""

    no: str
    case_no: str
    fee: int
    amount_fen: int

    @classmethod
    def new(cls, case_no: str, fee: int, amount_fen: int) -> Order:
        return cls(f"PAY{secrets.token_hex(8).upper()}", case_no, fee, amount_fen)


class OrderState(StrEnum):
    """open: the payer was sent to the gateway. paid: it says so, and the fee is not booked yet. returning: the money cannot be
    booked and is to go back. declined and expired are final unless the gateway says later that it was paid."""

    OPEN = "open"
    PAID = "paid"
    RETURNING = "returning"
    DECLINED = "declined"
    EXPIRED = "expired"
    BOOKED = "booked"
    GIVEN_BACK = "given_back"


UNSETTLED = (OrderState.OPEN, OrderState.PAID, OrderState.RETURNING)
NOT_PAID = (OrderState.OPEN, OrderState.DECLINED, OrderState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the gateway says of an order: paid with the number of the receipt (票据), declined, or unpaid so far."""

    says: Literal["paid", "declined", "unpaid"]
    receipt_no: str = ""


class Gateway(Protocol):
    """A payment gateway. Everything is asked by the number of the order; asked twice, the second time changes nothing."""

    def address(self, order: Order) -> str:
        """Where the payer is sent. An order that is paid already takes no second payment there."""

    def ask(self, order: Order) -> Outcome:
        """Raises UpstreamError when the gateway does not say."""

    def close(self, order: Order) -> None:
        """No payment is taken for it any more. Raises Conflict when one was taken already, UpstreamError."""

    def read_notice(self, body: bytes) -> tuple[Order, Outcome]:
        """What the gateway's own server tells us. Raises InvalidInput when it is not signed by the gateway."""

    def give_back(self, order: Order) -> None:
        """The money of an order that was paid and cannot be booked, once however often it is asked. Raises UpstreamError."""


def yuan(fen: int) -> str:
    """As it is written on papers and sent to platforms."""
    return f"{fen // 100}.{fen % 100:02}"


@dataclass(frozen=True, slots=True)
class PaymentRules:
    """`first_look_s` after an order was opened the gateway is asked for the first time, then twice as late each time up to
    `longest_wait_s`; at most `batch` orders at once. An order nobody paid is good for `order_minutes`. One whose gateway is
    silent, or whose money is neither booked nor back, for `alarm_minutes` is an alarm; a silence of `give_up_hours` ends it."""

    first_look_s: float = 60.0
    longest_wait_s: float = 900.0
    batch: int = 100
    order_minutes: int = 60
    alarm_minutes: int = 30
    give_up_hours: int = 72
    shown_days: int = 14


def rules_of(given: PaymentSettings) -> PaymentRules:
    """As the settings say."""
    return PaymentRules(given.first_look_s, given.longest_wait_s, given.batch, given.order_minutes, given.alarm_minutes,
                        given.give_up_hours, given.shown_days)
