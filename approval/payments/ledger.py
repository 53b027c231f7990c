"""The ledger of payment orders: written before the payer leaves for the gateway, so that no order lives in a browser only.

Every move names the states it may come from and is one statement: of two who move an order, one does and the other is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from approval.payments.matters import NOT_PAID, UNSETTLED, Order, OrderState, PaymentRules
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.instants import DAY_US, MINUTE_US, SECOND_US

DOUBLINGS_MAX = 20
RECEIPT_NO_MAX = 64  # what a fee keeps of it (approval.models.hosted_fees)


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """An order as it stands. Instants are microseconds UTC of the machine."""

    order: Order
    state: OrderState
    receipt_no: str
    problem: str
    opened_at: int
    looks: int
    silent_since: int | None


@dataclass(frozen=True, slots=True)
class Overdue:
    """Orders that are somebody's business: the gateway is silent, money is not booked, money has not gone back. `oldest` is
    the number of the one that has waited longest, for so many minutes."""

    silent: int = 0
    unbooked: int = 0
    unreturned: int = 0
    minutes: int = 0
    oldest: str = ""

    @property
    def total(self) -> int:
        return self.silent + self.unbooked + self.unreturned


class OrderLedger:
    """`table` is that of the database the public pages stand on; `clock` is the machine's own."""

    def __init__(self, database: Database, table: Table, clock: Clock, rules: PaymentRules) -> None:
        self._database, self._table, self._clock, self._rules = database, table, clock, rules

    # Writing ------------------------------------------------------------------------------------------------------

    def open(self, order: Order) -> KeptOrder:
        """The order that stands for that fee: one that is open or being booked already, or else this one."""
        try:
            return self._open(order)
        except IntegrityError:  # another tab was quicker
            return self._open(order)

    def note(self, order: Order) -> KeptOrder:
        """An order the gateway knows and we do not, e.g. after this database was put back to a copy."""
        with self._database.transaction() as conn:
            if (known := self._row(conn, order.no)) is None:
                conn.execute(insert(self._table).values(**self._new(order, OrderState.EXPIRED, look_at=None)))
            return _kept(known if known is not None else self._row(conn, order.no))

    def paid(self, no: str, receipt_no: str) -> bool:
        """Whatever was thought of it before: the gateway has the money. Whether that is news."""
        return self._move(no, NOT_PAID, OrderState.PAID, receipt_no=receipt_no[:RECEIPT_NO_MAX], look_at=self._clock.now_us(),
                          looks=0, silent_since=None, problem="")

    def declined(self, no: str) -> bool:
        return self._move(no, (OrderState.OPEN,), OrderState.DECLINED, look_at=None, silent_since=None)

    def expired(self, no: str, problem: str = "") -> bool:
        return self._move(no, (OrderState.OPEN,), OrderState.EXPIRED, look_at=None, silent_since=None, problem=problem)

    def booked(self, no: str, conn: Connection | None = None) -> bool:
        return self._move(no, (OrderState.PAID,), OrderState.BOOKED, conn, look_at=None)

    def owed_back(self, no: str, problem: str, conn: Connection | None = None) -> bool:
        return self._move(no, (OrderState.PAID,), OrderState.RETURNING, conn, look_at=self._clock.now_us(), looks=0,
                          problem=problem[:64])

    def given_back(self, no: str) -> bool:
        return self._move(no, (OrderState.RETURNING,), OrderState.GIVEN_BACK, look_at=None)

    def look_later(self, seen: KeptOrder, *, is_silent: bool = False) -> None:
        """Twice as late as the last time; a gateway that says something is silent no longer."""
        now, c = self._clock.now_us(), self._table.c
        wait_s = min(self._rules.first_look_s * 2 ** min(seen.looks, DOUBLINGS_MAX), self._rules.longest_wait_s)
        since = (seen.silent_since or now) if is_silent else None
        with self._database.transaction() as conn:
            conn.execute(update(self._table).where(c.no == seen.order.no, c.state == seen.state).values(
                looks=seen.looks + 1, look_at=now + int(wait_s * SECOND_US), silent_since=since))

    # Reading ------------------------------------------------------------------------------------------------------

    def find(self, no: str) -> KeptOrder:
        """Raises NotFound."""
        with self._database.read() as conn:
            row = self._row(conn, no)
        if row is None:
            raise NotFound("payment_order_unknown", no=no[:40])
        return _kept(row)

    def due(self) -> list[KeptOrder]:
        """Those whose turn it is, longest waiting first."""
        c = self._table.c
        with self._database.read() as conn:
            rows = conn.execute(select(self._table).where(c.look_at <= self._clock.now_us()).order_by(c.look_at)
                                .limit(self._rules.batch)).all()
        return [_kept(row) for row in rows]

    def of_case(self, case_no: str) -> dict[int, KeptOrder]:
        """The latest order of each fee, as far as its payer wants to know: unsettled, or changed lately."""
        c = self._table.c
        since = self._clock.now_us() - self._rules.shown_days * DAY_US
        with self._database.read() as conn:
            rows = conn.execute(select(self._table).where(
                c.case_no == case_no, c.state.in_(UNSETTLED) | (c.changed_at > since)).order_by(c.opened_at, c.no)).all()
        return {row.fee: _kept(row) for row in rows}

    def opened(self, since: int, until: int, states: Sequence[OrderState]) -> list[KeptOrder]:
        """Orders of these states that were opened in [since, until)."""
        c = self._table.c
        with self._database.read() as conn:
            rows = conn.execute(select(self._table).where(
                c.opened_at >= since, c.opened_at < until, c.state.in_(states)).order_by(c.opened_at, c.no)).all()
        return [_kept(row) for row in rows]

    def overdue(self) -> Overdue:
        """What has stood too long, however the gateway or the inside fails."""
        c, now = self._table.c, self._clock.now_us()
        since = func.coalesce(c.silent_since, c.changed_at)
        waits = (c.state == OrderState.OPEN) & c.silent_since.is_not(None) | c.state.in_(UNSETTLED[1:])
        with self._database.read() as conn:
            rows = conn.execute(select(c.no, c.state, since.label("since")).where(
                waits, since <= now - self._rules.alarm_minutes * MINUTE_US).order_by(since, c.no)).all()
        return _overdue(rows, now)

    # Inside -------------------------------------------------------------------------------------------------------

    def _open(self, order: Order) -> KeptOrder:
        c = self._table.c
        with self._database.transaction() as conn:
            standing = conn.execute(select(self._table).where(
                c.case_no == order.case_no, c.fee == order.fee, c.state.in_((OrderState.OPEN, OrderState.PAID)))
                .order_by(c.opened_at.desc()).with_for_update()).first()
            if standing is None:
                look_at = self._clock.now_us() + int(self._rules.first_look_s * SECOND_US)
                conn.execute(insert(self._table).values(**self._new(order, OrderState.OPEN, look_at)))
            return _kept(standing if standing is not None else self._row(conn, order.no))

    def _new(self, order: Order, state: OrderState, look_at: int | None) -> dict[str, Any]:
        now = self._clock.now_us()
        return {"no": order.no, "case_no": order.case_no, "fee": order.fee, "amount_fen": order.amount_fen, "state": state,
                "opened_at": now, "changed_at": now, "looks": 0, "look_at": look_at}

    def _row(self, conn: Connection, no: str) -> Row[Any] | None:
        return conn.execute(select(self._table).where(self._table.c.no == no)).first()

    def _move(self, no: str, before: Sequence[OrderState], after: OrderState, conn: Connection | None = None,
              **values: Any) -> bool:
        """Whether it was in one of those states."""
        c = self._table.c
        statement = update(self._table).where(c.no == no, c.state.in_(before)).values(
            state=after, changed_at=self._clock.now_us(), **values)
        if conn is not None:
            return bool(conn.execute(statement).rowcount)
        with self._database.transaction() as own:
            return bool(own.execute(statement).rowcount)


def _kept(row: Any) -> KeptOrder:
    return KeptOrder(Order(row.no, row.case_no, row.fee, row.amount_fen), OrderState(row.state), row.receipt_no, row.problem,
                     row.opened_at, row.looks, row.silent_since)


def _overdue(rows: Sequence[Any], now: int) -> Overdue:
    if not rows:
        return Overdue()
    silent, unbooked, unreturned = (sum(row.state == state for row in rows) for state in UNSETTLED)
    return Overdue(silent, unbooked, unreturned, max(0, (now - rows[0].since) // MINUTE_US), rows[0].no)
