"""The monthly bulletins wired to the rest: which departments there are, who issues, what repeats.

`bootstrap` builds them once, `jobs` takes from here what is theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cases.areas import Areas
from config.catalogue import Catalogue
from config.schemes import Schemes
from config.settings import Settings
from config.texts import Texts
from core.errors import Unavailable
from core.scheduling import Job
from core.unit_of_work import UnitOfWorkFactory
from evaluation.assembly import Evaluation
from evaluation.bulletins.assembly import Bulletins, Parts, build_bulletins
from evaluation.bulletins.schedule import DueRules
from evaluation.bulletins.scores import ScoresReader
from evaluation.scoring.book import SchemeBook
from supervision.assembly import FollowUpDesk

if TYPE_CHECKING:
    from bootstrap import Services

__all__ = ["Bulletins", "bulletin_jobs", "bulletins_of"]
log = logging.getLogger(__name__)


def bulletins_of(settings: Settings, units: UnitOfWorkFactory, areas: Areas, evaluation: Evaluation, follow_up: FollowUpDesk,
                 chinese: Texts, catalogue: Catalogue, schemes: Schemes) -> Bulletins:
    """Raises ConfigError for an indicator that cannot rank."""
    given = settings.bulletins
    return build_bulletins(Parts(
        units, areas, evaluation, follow_up.papers, follow_up.register, follow_up.rules.papers, chinese,
        lambda area: _listed(catalogue, area), lambda: {code: one.name for code, one in catalogue.areas.items()},
        ScoresReader(units.database, SchemeBook(units.database, schemes), given.scheme, evaluation.queries.org_name).of_month),
        given.rank_by, given.least_ratings, DueRules(given.day, given.hour, given.scheduled))


def _listed(catalogue: Catalogue, area: str) -> Mapping[str, str]:
    """The departments that still are and have items: one with nothing in the month is told of, too."""
    items = catalogue.items_by_org
    return {unit.code: unit.name for unit in catalogue.units if items.get(unit.code) and area in ("", unit.area)}


def bulletin_jobs(services: Services) -> list[Job]:
    """One by its slot: drafts that are due, and what was issued compared with the figures of now."""
    return [Job("bulletins", services.settings.bulletins.interval_s, lambda: work(services), slot=True)]


def work(services: Services) -> None:
    """The drafts that are due, then the comparison. Raises Unavailable for the areas whose draft failed, when all else is done:
    the job is then told as one that failed."""
    drafted = services.bulletins.schedule.draft_due()
    for number in drafted.made:
        log.info("bulletin %d was drafted", number)
    corrected = services.bulletins.service.compare(services.settings.bulletins.compared_months)
    if corrected:
        log.info("figures of %d issued bulletins were corrected", corrected)
    if drafted.failed:
        raise Unavailable("bulletins_not_drafted", areas=", ".join(area or "*" for area in drafted.failed))
