"""Paying a fee: what a payment gateway has to do for us, and a sandbox that stands in for one.

A fee is settled by one transaction of `approval.ending.paid`, and only after the gateway has said that it was paid. A gateway
that is silent or says no changes nothing here: the fee stays due.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Protocol

from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.errors import InvalidInput, UpstreamError

ORDER_S = 3600  # an order is good for so many seconds
VERDICTS = ("paid", "declined")


@dataclass(frozen=True, slots=True)
class Order:
    """One try to pay one fee. Money in fen."""

    no: str
    case_no: str
    fee: int
    amount_fen: int

    @classmethod
    def new(cls, case_no: str, fee: int, amount_fen: int) -> Order:
        return cls(f"PAY{secrets.token_hex(8).upper()}", case_no, fee, amount_fen)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the gateway says of an order: paid with the number of the receipt (票据), or not."""

    is_paid: bool
    receipt_no: str = ""


class Gateway(Protocol):
    """A payment gateway. `told` is what the payer's browser brought back; it is worth what its signature is worth."""

    is_sandbox: bool

    def address(self, order: Order) -> str:
        """Where the payer is sent."""

    def outcome(self, order: Order, told: str) -> Outcome:
        """Raises UpstreamError when the gateway does not say, InvalidInput when the answer is not its own."""

    def give_back(self, order: Order) -> None:
        """The money of an order that was paid and cannot be booked, e.g. because the case has ended meanwhile."""


class SandboxGateway:
    """No money moves. The payer chooses what the gateway says on a page marked as a sandbox; the answer is signed as a real one
    is, and good for its own order and amount only."""

    is_sandbox = True

    def __init__(self, secret: str, page: str) -> None:
        self._seal, self._page = URLSafeTimedSerializer(secret, salt="yangguang.sandbox_gateway"), page
        self.given_back: list[str] = []

    def address(self, order: Order) -> str:
        return self._page

    def answer(self, order: Order, verdict: str) -> str:
        """What the sandbox page sends back; "" stands for a gateway that is silent."""
        return str(self._seal.dumps({"order": asdict(order), "verdict": verdict})) if verdict in VERDICTS else ""

    def outcome(self, order: Order, told: str) -> Outcome:
        if not told:
            raise UpstreamError("payment_silent")
        try:
            answer = self._seal.loads(told, max_age=ORDER_S)
        except BadSignature as failure:
            raise InvalidInput("payment_answer_invalid") from failure
        if answer["order"] != asdict(order):
            raise InvalidInput("payment_answer_invalid")
        return Outcome(answer["verdict"] == "paid", f"SANDBOX-{order.no}")

    def give_back(self, order: Order) -> None:
        self.given_back.append(order.no)
