"""Payments from the first click to the booked fee or the money given back, whoever is silent or crashes in between.

What is known of an order is in the ledger before anything is done about it: paid before it is booked, to go back before the
gateway is told so. Whoever comes next, the payer's browser, the gateway's notice or the job, goes on from there; each step may
be taken twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from approval.payments.gateways import ClosedGateway
from approval.payments.ledger import KeptOrder, OrderLedger, Overdue
from approval.payments.matters import NOT_PAID, Gateway, Order, OrderState, Outcome, PaymentRules
from core.clock import Clock
from core.errors import Conflict, InvalidInput, SupervisionError, UpstreamError
from core.instants import HOUR_US, MINUTE_US

log = logging.getLogger(__name__)
PASSING = ("case_changed", "portal_not_carried_yet")  # a refusal of this moment, and none the next time
SILENT = "payment_silent"


class Payments:
    """`book` settles the fee and says whether that is done (False: the inside has yet to take it). It raises what the inside
    refuses with; called twice for one order it must change nothing the second time."""

    def __init__(self, ledger: OrderLedger, gateway: Gateway, book: Callable[[Order, str], bool], clock: Clock,
                 rules: PaymentRules) -> None:
        self.ledger, self.gateway, self._book_with, self._clock, self._rules = ledger, gateway, book, clock, rules

    @property
    def are_taken(self) -> bool:
        """Whether anybody can pay here."""
        return not isinstance(self.gateway, ClosedGateway)

    # The payer ----------------------------------------------------------------------------------------------------

    def begin(self, case_no: str, fee: int, amount_fen: int) -> Order:
        """The order to send the payer to the gateway with. A second tab gets the one that is open; one that is too old is
        asked after first. Raises Conflict where fees are paid at a window, and while a payment of that fee is being booked or
        nobody knows of it."""
        if not self.are_taken:
            raise Conflict("payment_not_online")
        wanted = Order.new(case_no, fee, amount_fen)
        standing = self.ledger.open(wanted)
        if standing.state is OrderState.OPEN and self._is_stale(standing, amount_fen):
            standing = self.look(standing.order.no)
            if standing.state in (OrderState.DECLINED, OrderState.EXPIRED):
                return self.ledger.open(wanted).order
            if standing.state is OrderState.OPEN:
                raise Conflict("payment_being_checked", no=standing.order.no)
        if standing.state is not OrderState.OPEN:
            raise Conflict("payment_being_booked", no=standing.order.no)
        return standing.order

    def look(self, no: str) -> KeptOrder:
        """Go on with an order as far as that goes now. Raises NotFound."""
        for state, step in ((OrderState.OPEN, self._ask), (OrderState.PAID, self._book), (OrderState.RETURNING, self._return)):
            seen = self.ledger.find(no)
            if seen.state is state:
                step(seen)
        return self.ledger.find(no)

    def recheck(self, no: str) -> KeptOrder:
        """Ask about an order whatever was thought of it: its payment stands on a statement. Raises NotFound, UpstreamError."""
        seen = self.ledger.find(no)
        if seen.state in NOT_PAID:
            self._heard(seen, self.gateway.ask(seen.order))
        return self.look(no)

    # The gateway --------------------------------------------------------------------------------------------------

    def noticed(self, body: bytes) -> KeptOrder:
        """The gateway's server speaks. What it says is kept before it is answered; told again it changes nothing. An order we
        lost is taken up from the notice: its money is booked, or goes back. Raises InvalidInput."""
        order, outcome = self.gateway.read_notice(body)
        known = self.ledger.note(order)
        if known.order != order:
            raise InvalidInput("payment_answer_invalid", no=order.no)
        self._heard(known, outcome)
        return self.look(order.no)

    # The job ------------------------------------------------------------------------------------------------------

    def reconcile(self) -> int:
        """Look at every order whose turn it is; one that fails holds up no other. Returns how many were looked at."""
        due = self.ledger.due()
        for seen in due:
            try:
                self.look(seen.order.no)
            except Exception:
                log.exception("payment order %s could not be looked at", seen.order.no)
                self.ledger.look_later(seen)
        return len(due)

    def overdue(self) -> Overdue:
        return self.ledger.overdue()

    # Steps --------------------------------------------------------------------------------------------------------

    def _ask(self, seen: KeptOrder) -> None:
        try:
            self._heard(seen, self.gateway.ask(seen.order))
        except UpstreamError as silence:
            log.warning("payment order %s: the gateway does not say: %s", seen.order.no, silence)
            self._silent(seen)

    def _heard(self, seen: KeptOrder, outcome: Outcome) -> None:
        """That it was paid counts whatever was thought before; that it was not, only while it is open."""
        no = seen.order.no
        if outcome.says == "paid":
            self.ledger.paid(no, outcome.receipt_no)
        elif outcome.says == "declined":
            self.ledger.declined(no)
        elif seen.state is OrderState.OPEN:
            self._unpaid(seen)

    def _unpaid(self, seen: KeptOrder) -> None:
        """Nobody paid it in time: closed at the gateway first, so that nobody can any more."""
        if self._age_us(seen) < self._rules.order_minutes * MINUTE_US:
            return self.ledger.look_later(seen)
        try:
            self.gateway.close(seen.order)
        except Conflict:  # it was paid this moment
            return self.ledger.look_later(seen)
        self.ledger.expired(seen.order.no)
        return None

    def _silent(self, seen: KeptOrder) -> None:
        """Somebody has been told for long enough. Should the gateway say later that it was paid, the money is not lost."""
        since = seen.silent_since if seen.silent_since is not None else self._clock.now_us()
        if self._clock.now_us() - since < self._rules.give_up_hours * HOUR_US:
            return self.ledger.look_later(seen, is_silent=True)
        log.error("payment order %s of case %s is given up: the gateway never answered", seen.order.no, seen.order.case_no)
        self.ledger.expired(seen.order.no, SILENT)
        return None

    def _book(self, seen: KeptOrder) -> None:
        """What the inside refuses for good goes back; what merely failed is tried again."""
        try:
            is_booked = self._book_with(seen.order, seen.receipt_no)
        except SupervisionError as refusal:
            if _passes(refusal):
                return self.ledger.look_later(seen)
            log.warning("payment order %s cannot be booked and goes back: %s", seen.order.no, refusal)
            self.ledger.owed_back(seen.order.no, refusal.code)
            return None
        if not is_booked:
            return self.ledger.look_later(seen)
        self.ledger.booked(seen.order.no)
        return None

    def _return(self, seen: KeptOrder) -> None:
        try:
            self.gateway.give_back(seen.order)
        except SupervisionError as failure:
            log.error("payment order %s could not be given back yet: %s", seen.order.no, failure)
            return self.ledger.look_later(seen)
        self.ledger.given_back(seen.order.no)
        return None

    def _is_stale(self, standing: KeptOrder, amount_fen: int) -> bool:
        """Too old to be paid with, or for another amount."""
        return self._age_us(standing) >= self._rules.order_minutes * MINUTE_US or standing.order.amount_fen != amount_fen

    def _age_us(self, seen: KeptOrder) -> int:
        return self._clock.now_us() - seen.opened_at


def _passes(refusal: SupervisionError) -> bool:
    """Whether the same may succeed later: our machine, another system, or two at once."""
    return refusal.status >= 500 or refusal.code in PASSING
