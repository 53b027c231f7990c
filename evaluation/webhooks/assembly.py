"""Webhooks wired to the rest: built once by `bootstrap`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, tzinfo

from alerts.alarms import AlarmService
from config.changelog import ChangeLog
from config.export_settings import WebhookSettings
from core.clock import SystemClock
from core.sealing import Sealer
from core.unit_of_work import UnitOfWorkFactory
from evaluation.queries import IndicatorQueries
from evaluation.webhooks.addresses import Reach, networks_of
from evaluation.webhooks.months import MonthCloser, MonthParts
from evaluation.webhooks.queries import WebhookQueries
from evaluation.webhooks.results import Results
from evaluation.webhooks.sender import SenderParts, SenderRules, WebhookSender
from evaluation.webhooks.service import Parts, Webhooks


@dataclass(frozen=True, slots=True)
class WebhookDesk:
    """What the page and the jobs use; `service.publish` is for whoever publishes a result."""

    service: Webhooks
    queries: WebhookQueries
    sender: WebhookSender
    months: MonthCloser
    results: Results


@dataclass(frozen=True, slots=True)
class WebhookParts:
    """What the rest of the program brings along. `sandbox`: nothing leaves this machine (demonstration);
    `least_ratings`: of fewer none are told."""

    units: UnitOfWorkFactory
    secret: bytes
    changes: ChangeLog
    alarms: AlarmService
    figures: IndicatorQueries
    areas: Callable[[], Iterable[str]]
    today: Callable[[], date]
    base_url: str
    zone: tzinfo
    sandbox: bool
    least_ratings: int


def build_webhooks(given: WebhookSettings, parts: WebhookParts) -> WebhookDesk:
    """Raises ConfigError for networks that are none."""
    machine, reach = SystemClock(), Reach(networks_of(given.networks), given.loopback)
    service = Webhooks(Parts(parts.units, machine, Sealer(parts.secret, b"webhook secret"), parts.changes, parts.alarms, reach,
                             parts.areas, parts.base_url, parts.zone, given.subscriptions_max))
    rules = SenderRules(given.timeout_s, given.batch, given.senders, given.lease_s, given.attempts_max, given.backoff_s,
                        given.backoff_max_s, given.keep_days, parts.sandbox)
    sender = WebhookSender(SenderParts(parts.units, machine, parts.alarms, reach, service.secret_of), rules)
    months = MonthCloser(MonthParts(parts.units, machine, parts.figures, service, parts.today, parts.areas, parts.base_url,
                                    parts.least_ratings), given.month_settled_days)
    return WebhookDesk(service, WebhookQueries(parts.units.database), sender, months, Results(service, parts.base_url))
