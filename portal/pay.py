"""Paying a fee: to the gateway with an order that is kept, and back; and what the gateway's server tells by itself."""

from __future__ import annotations

import segno
from flask import Response, redirect, request

from approval.payments.gateways import BACK, NOTIFY
from approval.payments.ledger import KeptOrder
from approval.payments.matters import Order, OrderState, yuan
from approval.payments.open_platform import OpenPlatformGateway
from approval.payments.sandbox import SandboxGateway
from core.errors import Conflict, NotFound, SupervisionError, UpstreamError
from portal.case import CasePages, to_be_paid, to_case
from portal.cookies import ORDER, ROOT
from portal.desk import Waiting
from portal.parts import Portal, page, sentence

GONE = "paid_and_gone"  # paid, and the browser never comes back
NOTICE_PATH = NOTIFY
# What the payer reads who comes back from the gateway; nothing for what was paid.
REFUSALS: dict[OrderState, SupervisionError] = {
    OrderState.DECLINED: UpstreamError("payment_declined"), OrderState.EXPIRED: Conflict("payment_order_over"),
    OrderState.RETURNING: Conflict("payment_not_bookable"), OrderState.GIVEN_BACK: Conflict("payment_not_bookable")}


class PayPages:
    """Everything under /public/pay/, and the way there."""

    def __init__(self, portal: Portal, case: CasePages) -> None:
        self._portal, self._case = portal, case

    def pay(self) -> Response:
        """To the gateway, with an order for exactly what is due; it is kept before the payer leaves."""
        payments = self._portal.payments
        try:
            fee = self._case.due_fee(request.form.get("fee", ""))
            order = payments.begin(self._case.no(), fee.id, fee.amount_fen)
        except SupervisionError as refusal:
            return self._case.refused(refusal)
        response = redirect(payments.gateway.address(order), 303)
        self._portal.cookies.keep_order(response, order.no)  # type: ignore[arg-type]
        return response  # type: ignore[return-value]

    def sandbox(self) -> Response:
        """The page that stands in for a gateway: the payer says what it says."""
        _, order = self._own()
        try:
            self._check_still_due(order)
        except SupervisionError as refusal:
            return self._case.refused(refusal)
        return page(self._portal, "sandbox", amount=yuan(order.amount_fen), order=order.no, may_switch=False)

    def go(self) -> Response:
        """The way to a real platform: a link or a code. A page of ours, since a form may lead nowhere else (CSP). There is none
        for an order that is settled or given up, though its page was kept: `back` says what became of it."""
        no, gateway = self._portal.cookies.order(), self._portal.payments.gateway
        if no is None or not isinstance(gateway, OpenPlatformGateway):
            raise NotFound("portal_no_order")
        kept = self._portal.payments.ledger.find(no)
        if kept.state is not OrderState.OPEN:
            return redirect(BACK, 303)  # type: ignore[return-value]
        order = kept.order
        try:
            self._check_still_due(order)
            offer = gateway.offer(order)
        except SupervisionError as refusal:
            return self._case.refused(refusal)
        picture = segno.make(offer.code, error="m").svg_data_uri(scale=5, border=2, dark="#10243E") if offer.code else ""
        return page(self._portal, "pay", amount=yuan(order.amount_fen), order=order.no, link=offer.link, picture=picture,
                    may_switch=False)

    def decide(self) -> Response:
        """The sandbox takes the payer's word, and sends him back, or leaves him there as one who closes his browser."""
        (gateway, order), verdict = self._own(), request.form.get("verdict", "")
        gateway.decide(order, "paid" if verdict == GONE else verdict)
        if verdict == GONE:
            return page(self._portal, "sandbox_gone", order=order.no, may_switch=False)
        return redirect(BACK, 303)  # type: ignore[return-value]

    def back(self) -> Response:
        """Back from the gateway. What the browser says counts for nothing: the gateway itself is asked. An order that is not
        settled yet is gone on with by the job."""
        no = self._portal.cookies.order()
        if no is None:
            raise NotFound("portal_no_order")
        seen = self._portal.payments.look(no)
        if self._portal.cookies.case() != seen.order.case_no:
            return to_case()  # the session ended while he paid: number and password again
        refusal = _refusal_of(seen)
        response = to_case("#fees") if refusal is None else self._case.refused(refusal)
        if seen.state is not OrderState.OPEN:
            self._portal.cookies.forget(response, ORDER, ROOT)
        return response

    def notify(self) -> Response:
        """The gateway's server. Its signature, over the body as it was sent, stands for session and form token, so whatever is
        before this view reads nothing of it and limits its size. What it tells is kept before it is answered, and one that was
        refused or not answered can be sent again."""
        body = request.get_data(cache=False)
        try:
            self._portal.payments.noticed(body)
        except SupervisionError as refusal:
            return _plain(sentence(refusal, self._portal.words()), refusal.status)
        return Response("success", 200, {"Cache-Control": "no-store"}, mimetype="text/plain")  # to the letter

    def _check_still_due(self, order: Order) -> None:
        """Since the order was made a clerk may have entered a payment of its fee, or settled it. Raises Conflict, NotFound."""
        seen = self._portal.desk.find(order.case_no)
        if not isinstance(seen, Waiting):
            to_be_paid(seen, str(order.fee))

    def _own(self) -> tuple[SandboxGateway, Order]:
        """The sandbox, and the order this browser is paying there. Raises NotFound for any other gateway."""
        no, gateway = self._portal.cookies.order(), self._portal.payments.gateway
        if no is None or not isinstance(gateway, SandboxGateway):
            raise NotFound("portal_no_order")
        return gateway, self._portal.payments.ledger.find(no).order


def _refusal_of(seen: KeptOrder) -> SupervisionError | None:
    if seen.state is not OrderState.OPEN:
        return REFUSALS.get(seen.state)
    return Conflict("payment_not_yet") if seen.silent_since is None else UpstreamError("payment_silent")


def _plain(words: str, status: int = 200) -> Response:
    return Response(f"{words}\n", status, {"Cache-Control": "no-store"}, mimetype="text/plain")
