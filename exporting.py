"""Exports, the deep history and the forecast wired to the rest: what they read, whose rights count, what repeats.

`bootstrap` builds them once, `jobs` takes from here what is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cases.areas import Areas
from cases.chain import ChainKeys
from cases.queries import CaseQueries
from config.settings import Settings
from config.texts import Texts
from core.accounts import Accounts
from core.clock import SystemClock
from core.read_log import ReadLog
from core.scheduling import Job
from core.unit_of_work import UnitOfWorkFactory
from evaluation.exports.assembly import Exports, build_exports
from evaluation.exports.exporter import Sources
from evaluation.history.assembly import DeepHistory, build_history

if TYPE_CHECKING:
    from bootstrap import Services

TRAINING_LOOK_S = 20.0
__all__ = ["DeepHistory", "Exports", "build_history", "evaluation_jobs", "exports_of"]


def exports_of(settings: Settings, units: UnitOfWorkFactory, queries: CaseQueries, languages: Mapping[str, Texts],
               keys: ChainKeys, accounts: Accounts, areas: Areas) -> Exports:
    """How long files are kept is real time; pseudonyms have a key of their own."""
    sources = Sources(queries.org_name, queries.item_name, languages, keys.key("export"), areas.stored,
                      SystemClock().now_us)
    return build_exports(settings.exports, units, sources, ReadLog(units, units.database), accounts.actor_of)


def evaluation_jobs(services: Services) -> list[Job]:
    """Exports are claimed in the database, so that every worker may look; the history has one writer by its lock."""
    exports, history = services.settings.exports, services.settings.history
    jobs = [Job("exports", exports.interval_s, services.exports.desk.work)]
    if history.enabled:
        jobs.append(Job("history", history.interval_s, services.deep_history.writer.work, slot=True))
    return [*jobs, *_forecast_jobs(services)]


def _forecast_jobs(services: Services) -> list[Job]:
    """Training asks now and then whether its day has come; both have one writer at a time by their slots."""
    settings, forecasting = services.settings.forecast, services.forecasts.service
    if not settings.enabled:
        return []
    return [Job("forecast", settings.interval_s, forecasting.refresh, slot=True),
            Job("forecast_train", TRAINING_LOOK_S, forecasting.train_if_due, slot=True)]
