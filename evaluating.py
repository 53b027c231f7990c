"""The evaluation wired to the rest: what the record keeps of every case for it, who reacts, what it is built of.

`bootstrap` builds it once, `jobs` and `server` take from it what is theirs.
"""

from __future__ import annotations

import logging

from alerts.events import CardsWritten
from alerts.notices.service import Notifier
from cases.areas import Areas
from cases.events import CasesMarked
from cases.recount import Recounter
from config.catalogue import Catalogue
from config.changelog import ChangeLog
from config.district_map import MapLimits, find_map
from config.events import VersionConfirmed
from config.indicators import INDICATORS_FILE, load_indicators
from config.schemes import SCORING_DIR, Schemes, load_schemes
from config.settings import Settings
from config.texts import Texts
from config.two_persons import TwoPersons
from core.access import Role
from core.unit_of_work import Reaction, UnitOfWorkFactory
from evaluation.assembly import Evaluation, Parts, build_evaluation
from evaluation.naming import CatalogueNames
from evaluation.scoring.assembly import Parts as ScoringParts
from evaluation.scoring.assembly import Scoring, build_scoring

__all__ = ["Evaluation", "Filling", "Scoring", "evaluation_of", "reactions_of", "schemes_of", "scoring_of"]

log = logging.getLogger(__name__)


def evaluation_of(settings: Settings, units: UnitOfWorkFactory, areas: Areas, catalogue: Catalogue, texts: Texts,
                  recounter: Recounter) -> Evaluation:
    """Everything of the evaluation, its lines in the table of reactions, and its part of the recount."""
    given = settings.evaluation
    drawn = find_map(given.map_file, set(catalogue.areas), MapLimits(given.map_max_kib << 10, given.map_max_points))
    evaluation = build_evaluation(Parts(units, areas, catalogue, texts, given.departments_see == "all",
                                        given.file or INDICATORS_FILE, drawn, frozenset(map(Role, given.persons_see)),
                                        given.counted_checked_max))
    for kind, reactions in reactions_of(evaluation).items():  # before what tells people
        units.reactions[kind] = [*reactions, *units.reactions.get(kind, ())]
    recounter.checks.append(evaluation.recounter.check)
    return evaluation


def schemes_of(settings: Settings) -> Schemes:
    """The scoring schemes of the installation, held to its indicators."""
    given = settings.evaluation
    return load_schemes(load_indicators(given.file or INDICATORS_FILE).indicators, given.scoring_dir or SCORING_DIR)


def scoring_of(settings: Settings, units: UnitOfWorkFactory, evaluation: Evaluation, areas: Areas, catalogue: Catalogue,
               schemes: Schemes, changes: ChangeLog, needs_two: TwoPersons, notifier: Notifier, chinese: Texts) -> Scoring:
    """Everything of the scoring, on the figures of the evaluation."""
    given = settings.evaluation
    names = CatalogueNames(catalogue, chinese)
    return build_scoring(ScoringParts(
        units, evaluation.queries, evaluation.items, areas, catalogue, schemes, changes, needs_two, notifier, names.org_name,
        chinese, given.departments_see == "all", given.score_evidence_max))


class Filling:
    """What the record held before is counted once, after an update to a version that counts more and whenever rules or
    calendars came into force; months that are over are added up. Else it rests."""

    def __init__(self, recounter: Recounter, evaluation: Evaluation, areas: Areas) -> None:
        self._recounter, self._evaluation, self._areas = recounter, evaluation, areas
        self._counted_by: str | None = None  # the state of the versions

    def work(self) -> None:
        with self._evaluation.recounter.database.read() as conn:
            self._areas.refresh(conn)
        present = self._areas.versions.revision
        if self._counted_by != present:
            cases, cards = self._recounter.fill(), self._evaluation.recounter.fill()
            self._counted_by = present
            if cases or cards:
                log.info("figures: %d cases and %d cards of before were counted", cases, cards)
        if months := self._evaluation.roller.work():
            log.info("figures: %d months were added up", months)


def reactions_of(evaluation: Evaluation) -> dict[type, list[Reaction]]:
    """What then? Cases and cards that count for something else than before move the figures of their days."""
    tables, of_cards = evaluation.tables, evaluation.card_figures
    return {CasesMarked: [tables.move, of_cards.moved], CardsWritten: [of_cards.written],
            VersionConfirmed: [of_cards.count_times_again]}
