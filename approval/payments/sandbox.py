"""A gateway that stands in for one: no money moves, the payer says on a page of its own what it says.

It remembers its verdicts in a table of its own, as a real gateway does in its own house, so that it can be asked after a crash
of ours, from any process.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Connection, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from approval.payments.matters import Order, Outcome
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, InvalidInput, UpstreamError

VERDICTS = ("paid", "declined", "silent")
CLOSED, PAID = "closed", "paid"


class SandboxGateway:
    """Gateway for demonstrations and tests. `page` is where it asks the payer."""

    def __init__(self, secret: str, page: str, database: Database, table: Table, clock: Clock) -> None:
        self._seal, self._page = URLSafeSerializer(secret, salt="yangguang.sandbox_gateway"), page
        self._database, self._table, self._clock = database, table, clock

    # What a gateway does ------------------------------------------------------------------------------------------

    def address(self, order: Order) -> str:
        return self._page

    def ask(self, order: Order) -> Outcome:
        verdict = self._verdict(order)
        if verdict == "silent":
            raise UpstreamError("payment_silent")
        return self._outcome(order, verdict)

    def close(self, order: Order) -> None:
        if self.decide(order, CLOSED) == PAID:
            raise Conflict("payment_already_paid", no=order.no)

    def read_notice(self, body: bytes) -> tuple[Order, Outcome]:
        try:
            told = self._seal.loads(body)
            order, verdict = msgspec.convert(told["order"], Order), str(told["verdict"])
        except (BadSignature, KeyError, TypeError, ValueError) as failure:
            raise InvalidInput("payment_notice_invalid") from failure
        return order, self._outcome(order, verdict)

    def give_back(self, order: Order) -> None:
        t = self._table.c
        with self._database.transaction() as conn:
            conn.execute(update(self._table).where(t.no == order.no, t.given_back_at.is_(None)).values(
                given_back_at=self._clock.now_us()))

    # What its page and the tests do ---------------------------------------------------------------------------------

    def decide(self, order: Order, verdict: str) -> str:
        """What the payer chose; returns what holds: what is paid stays paid, and what is closed is not paid any more."""
        if verdict not in (*VERDICTS, CLOSED):
            raise InvalidInput("payment_verdict_unknown", key="verdict", verdict=verdict[:40])
        try:
            return self._decide(order, verdict)
        except IntegrityError:  # a second click was quicker
            return self._decide(order, verdict)

    def notice(self, order: Order, verdict: str) -> bytes:
        """The body its server would send for that verdict, signed."""
        return str(self._seal.dumps({"order": asdict(order), "verdict": verdict})).encode()

    def given_back(self) -> list[str]:
        """The numbers of the orders whose money went back."""
        t = self._table.c
        with self._database.read() as conn:
            return [str(no) for no in conn.scalars(select(t.no).where(t.given_back_at.is_not(None)).order_by(t.given_back_at))]

    # Inside -------------------------------------------------------------------------------------------------------

    def _decide(self, order: Order, verdict: str) -> str:
        t, content = self._table.c, msgspec.json.encode(order).decode()
        with self._database.transaction() as conn:
            if self._found(conn, order) is None:
                conn.execute(insert(self._table).values(no=order.no, content=content, verdict=verdict))
            else:
                conn.execute(update(self._table).where(t.no == order.no, t.verdict.not_in((PAID, CLOSED)))
                             .values(verdict=verdict))
            return str(self._found(conn, order))

    def _outcome(self, order: Order, verdict: str) -> Outcome:
        if verdict == PAID:
            return Outcome("paid", f"SANDBOX-{order.no}")
        return Outcome("declined" if verdict == "declined" else "unpaid")

    def _verdict(self, order: Order) -> str:
        with self._database.read() as conn:
            return self._found(conn, order) or ""

    def _found(self, conn: Connection, order: Order) -> Any:
        return conn.scalar(select(self._table.c.verdict).where(self._table.c.no == order.no))
