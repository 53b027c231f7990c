"""Payments on the services of this process: the ledger, the gateway, the job that asks, and its alarm."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from approval.models import payment_orders, sandbox_payments
from approval.payments.gateways import gateway_of
from approval.payments.ledger import OrderLedger
from approval.payments.matching import DailyStatements, Told
from approval.payments.matters import rules_of
from approval.payments.service import Payments
from approval.payments.statement import Difference, Gap
from bootstrap import Services
from core.clock import SystemClock
from core.errors import UpstreamError
from core.health import Check
from core.secret_files import secret_of
from exchanging import inside_of
from portal.direct import DirectDesk

ALARM, STATEMENT, STATEMENT_SILENT = "payments_unsettled", "payment_statement", "payment_statement_silent"


def payments_of(services: Services) -> Payments:
    """The same from whichever process: all that is known is in the database."""
    settings, clock, desk = services.settings, SystemClock(), DirectDesk(inside_of(services))
    secret = secret_of(settings.security.secret_key, settings.security.secret_key_path).decode()
    gateway = gateway_of(settings, secret, services.database, sandbox_payments, clock)
    rules = rules_of(settings.payments)
    ledger = OrderLedger(services.database, payment_orders, clock, rules)
    return Payments(ledger, gateway, lambda order, receipt_no: desk.pay(order.case_no, order, receipt_no), clock, rules)


def reconcile(services: Services, payments: Payments) -> None:
    """Go on with what is not settled; what stays unsettled too long is somebody's business."""
    payments.reconcile()
    overdue = payments.overdue()
    _alarm(services, ALARM, overdue.total, silent=overdue.silent, unbooked=overdue.unbooked, unreturned=overdue.unreturned,
           minutes=overdue.minutes, no=overdue.oldest)


class StatementAlarms:
    """Who is told of the statements of the platform: two alarms, over all days that are compared. One of before the start of
    this process stands until it has heard of all of them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._differing: dict[date, list[Difference]] = {}
        self._silent: dict[date, UpstreamError] = {}
        self._heard: set[date] = set()

    def tell(self, day: date, told: list[Difference] | UpstreamError) -> None:
        differed, was_silent = self._differing.pop(day, None), self._silent.pop(day, None)
        if isinstance(told, UpstreamError):
            self._silent[day] = told
        elif told:
            self._differing[day] = told
        self._heard.add(day)
        self._forget(day - timedelta(days=self._services.settings.gateway.statement_days))
        knows_all = len(self._heard) >= self._services.settings.gateway.statement_days
        found = [one for differing in self._differing.values() for one in differing]
        counts = Counter(one.gap for one in found)
        if found or differed or knows_all:
            _alarm(self._services, STATEMENT, len(found), no=found[0].no if found else "",
                   **{gap.value: counts[gap] for gap in Gap})
        last = max(self._silent, default=day)
        if self._silent or was_silent or knows_all:
            _alarm(self._services, STATEMENT_SILENT, len(self._silent), day=last.isoformat(),
                   reason=str(self._silent.get(last, ""))[:200])

    def _forget(self, before: date) -> None:
        self._heard = {day for day in self._heard if day >= before}
        for known in (self._differing, self._silent):
            for day in [one for one in known if one < before]:
                del known[day]


def statements_of(services: Services, payments: Payments, tell: Told | None = None) -> DailyStatements:
    """The comparison with the statements of the platform, as a job or of one day."""
    given = services.settings.gateway
    return DailyStatements(payments, SystemClock(), ZoneInfo(services.settings.areas.default_timezone), given.statement_hour,
                           given.statement_days, tell or StatementAlarms(services).tell)


def _alarm(services: Services, code: str, n: int, **told: Any) -> None:
    with services.uow() as uow:
        if n:
            services.alarms.renew_alarm(uow.conn, code, "", uow.now_us, n=n, **told)
        else:
            services.alarms.clear_alarm(uow.conn, code, "", uow.now_us)


def payment_checks(payments: Payments) -> list[Check]:
    """For /readyz, which only tells it: that one order is not settled takes no server away from everybody else."""
    overdue = payments.overdue()
    return [Check("payments", not overdue.total,
                  f"gateway silent {overdue.silent}, not booked {overdue.unbooked}, not given back {overdue.unreturned} "
                  f"(oldest {overdue.oldest or 'none'}, {overdue.minutes} min)", vital=False)]
