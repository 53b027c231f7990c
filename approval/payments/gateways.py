"""Which gateway an installation has: the sandbox, or none, where fees are paid at a window."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Table

from approval.payments.matters import Gateway, Order, Outcome
from approval.payments.sandbox import SandboxGateway
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, InvalidInput, UpstreamError

SANDBOX_PAGE = "/public/pay/sandbox/"


class ClosedGateway:
    """Nobody pays here. Orders of a gateway there was before end unpaid; money it had taken cannot go back by itself."""

    def address(self, order: Order) -> str:
        raise Conflict("payment_not_online")

    def ask(self, order: Order) -> Outcome:
        return Outcome("unpaid")

    def close(self, order: Order) -> None:
        """There is nothing it could be paid at."""

    def read_notice(self, body: bytes) -> tuple[Order, Outcome]:
        raise InvalidInput("payment_notice_invalid")

    def give_back(self, order: Order) -> None:
        raise UpstreamError("payment_not_online")


def gateway_of(name: Literal["sandbox", "none"], secret: str, database: Database, table: Table, clock: Clock) -> Gateway:
    """As `payments.gateway` says. `table` is what the sandbox remembers in."""
    return ClosedGateway() if name == "none" else SandboxGateway(secret, SANDBOX_PAGE, database, table, clock)
