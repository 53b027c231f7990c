"""The evaluation wired to the rest: what the record keeps of every case for it, who reacts, what it is built of.

`bootstrap` builds it once, `jobs` and `server` take from it what is theirs.
"""

from __future__ import annotations

import logging

from alerts.events import CardsWritten
from cases.areas import Areas
from cases.events import CasesMarked
from cases.recount import Recounter
from config.catalogue import Catalogue
from config.district_map import MapLimits, find_map
from config.indicators import INDICATORS_FILE
from config.settings import Settings
from config.texts import Texts
from core.unit_of_work import Reaction, UnitOfWorkFactory
from evaluation.assembly import Evaluation, Parts, build_evaluation

log = logging.getLogger(__name__)


def evaluation_of(settings: Settings, units: UnitOfWorkFactory, areas: Areas, catalogue: Catalogue, texts: Texts,
                  recounter: Recounter) -> Evaluation:
    """Everything of the evaluation, its lines in the table of reactions, and its part of the recount."""
    given = settings.evaluation
    drawn = find_map(given.map_file, set(catalogue.areas), MapLimits(given.map_max_kib << 10, given.map_max_points))
    evaluation = build_evaluation(Parts(units, areas, catalogue, texts, given.departments_see == "all",
                                        given.file or INDICATORS_FILE, drawn))
    for kind, reactions in reactions_of(evaluation).items():  # before what tells people
        units.reactions[kind] = [*reactions, *units.reactions.get(kind, ())]
    recounter.checks.append(evaluation.recounter.check)
    return evaluation


class Filling:
    """After an update to a version that counts more: what the record held before is counted once, by a job that then rests."""

    def __init__(self, recounter: Recounter, evaluation: Evaluation) -> None:
        self._recounter, self._evaluation = recounter, evaluation
        self._is_done = False

    def work(self) -> None:
        if not self._is_done:
            cases, cards = self._recounter.fill(), self._evaluation.recounter.fill()
            self._is_done = True
            if cases or cards:
                log.info("figures: %d cases and %d cards of before were counted", cases, cards)


def reactions_of(evaluation: Evaluation) -> dict[type, list[Reaction]]:
    """What then? Cases and cards that count for something else than before move the figures of their days."""
    tables, of_cards = evaluation.tables, evaluation.card_figures
    return {CasesMarked: [tables.move, of_cards.moved], CardsWritten: [of_cards.written]}
