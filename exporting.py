"""Exports, the deep history, the forecast and webhooks wired to the rest: what they read, whose rights count, what repeats.

`bootstrap` builds them once, `jobs` takes from here what is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from alerts.alarms import AlarmService
from cases.areas import Areas
from cases.chain import ChainKeys
from cases.queries import CaseQueries
from config.catalogue import Catalogue
from config.changelog import ChangeLog
from config.settings import Settings
from config.texts import Texts
from core.accounts import Accounts
from core.clock import SystemClock
from core.instants import date_of
from core.read_log import ReadLog
from core.scheduling import Job
from core.secret_files import secret_of
from core.unit_of_work import UnitOfWorkFactory
from evaluation.assembly import Evaluation
from evaluation.exports.assembly import Exports, build_exports
from evaluation.exports.exporter import Sources
from evaluation.history.assembly import DeepHistory, build_history
from evaluation.webhooks.assembly import WebhookDesk, WebhookParts, build_webhooks

if TYPE_CHECKING:
    from bootstrap import Services

TRAINING_LOOK_S, MONTHS_INTERVAL_S = 20.0, 3_600.0
__all__ = ["DeepHistory", "Exports", "WebhookDesk", "build_history", "evaluation_jobs", "exports_of", "webhooks_of"]


def exports_of(settings: Settings, units: UnitOfWorkFactory, queries: CaseQueries, languages: Mapping[str, Texts],
               keys: ChainKeys, accounts: Accounts, areas: Areas) -> Exports:
    """How long files are kept is real time; pseudonyms have a key of their own."""
    sources = Sources(queries.org_name, queries.item_name, languages, keys.key("export"), areas.stored,
                      SystemClock().now_us)
    return build_exports(settings.exports, units, sources, ReadLog(units, units.database), accounts.actor_of)


def webhooks_of(settings: Settings, units: UnitOfWorkFactory, changes: ChangeLog, alarms: AlarmService, evaluation: Evaluation,
                areas: Areas, catalogue: Catalogue) -> WebhookDesk:
    """Nothing leaves a demonstration or a sandbox; secrets are sealed under the key of the sessions, as those of cameras."""
    security = settings.security
    desk = build_webhooks(settings.webhooks, WebhookParts(
        units, secret_of(security.secret_key, security.secret_key_path), changes, alarms, evaluation.queries,
        lambda: catalogue.areas, lambda: date_of(areas.default.calendar.today(units.clock.now_us())), settings.notices.base_url,
        ZoneInfo(settings.areas.default_timezone), settings.notices.sandbox or settings.demo.enabled,
        settings.bulletins.least_ratings))
    units.reactions.update(desk.results.reactions())
    return desk


def evaluation_jobs(services: Services) -> list[Job]:
    """Exports and deliveries are claimed in the database, so that every worker may look; the history has one writer by its
    lock."""
    exports, history, webhooks = services.settings.exports, services.settings.history, services.webhooks
    jobs = [Job("exports", exports.interval_s, services.exports.desk.work),
            Job("webhooks", services.settings.webhooks.interval_s, webhooks.sender.work),
            Job("closed_months", MONTHS_INTERVAL_S, webhooks.months.work, slot=True)]
    if history.enabled:
        jobs.append(Job("history", history.interval_s, services.deep_history.writer.work, slot=True))
    return [*jobs, *_forecast_jobs(services)]


def _forecast_jobs(services: Services) -> list[Job]:
    """Training asks now and then whether its day has come; both have one writer at a time by their slots."""
    settings, forecasting = services.settings.forecast, services.forecasts.service
    if not settings.enabled:
        return []
    return [Job("forecast", settings.interval_s, forecasting.refresh, slot=True),
            Job("forecast_train", TRAINING_LOOK_S, forecasting.train_if_due, slot=True, leave=forecasting.leave)]
