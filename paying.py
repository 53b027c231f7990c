"""Payments on the services of this process: the ledger, the gateway, the job that asks, and its alarm."""

from __future__ import annotations

from approval.models import payment_orders, sandbox_payments
from approval.payments.gateways import gateway_of
from approval.payments.ledger import OrderLedger
from approval.payments.matters import rules_of
from approval.payments.service import Payments
from bootstrap import Services
from core.clock import SystemClock
from core.health import Check
from core.secret_files import secret_of
from exchanging import inside_of
from portal.direct import DirectDesk

ALARM = "payments_unsettled"


def payments_of(services: Services) -> Payments:
    """The same from whichever process: all that is known is in the database."""
    settings, clock, desk = services.settings, SystemClock(), DirectDesk(inside_of(services))
    secret = secret_of(settings.security.secret_key, settings.security.secret_key_path).decode()
    gateway = gateway_of(settings.payments.gateway, secret, services.database, sandbox_payments, clock)
    rules = rules_of(settings.payments)
    ledger = OrderLedger(services.database, payment_orders, clock, rules)
    return Payments(ledger, gateway, lambda order, receipt_no: desk.pay(order.case_no, order, receipt_no), clock, rules)


def reconcile(services: Services, payments: Payments) -> None:
    """Go on with what is not settled; what stays unsettled too long is somebody's business."""
    payments.reconcile()
    overdue = payments.overdue()
    with services.uow() as uow:
        if overdue.total:
            services.alarms.renew_alarm(uow.conn, ALARM, "", uow.now_us, n=overdue.total, silent=overdue.silent,
                                        unbooked=overdue.unbooked, unreturned=overdue.unreturned, minutes=overdue.minutes,
                                        no=overdue.oldest)
        else:
            services.alarms.clear_alarm(uow.conn, ALARM, "", uow.now_us)


def payment_checks(payments: Payments) -> list[Check]:
    """For /readyz, which only tells it: that one order is not settled takes no server away from everybody else."""
    overdue = payments.overdue()
    return [Check("payments", not overdue.total,
                  f"gateway silent {overdue.silent}, not booked {overdue.unbooked}, not given back {overdue.unreturned} "
                  f"(oldest {overdue.oldest or 'none'}, {overdue.minutes} min)", vital=False)]
