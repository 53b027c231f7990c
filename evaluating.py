"""The evaluation wired to the rest: what the record keeps of every case for it, who reacts, what it is built of.

`bootstrap` builds it once, `jobs` and `server` take from it what is theirs.
"""

from __future__ import annotations

from cases.areas import Areas
from config.catalogue import Catalogue
from config.indicators import INDICATORS_FILE
from config.settings import Settings
from config.texts import Texts
from core.instants import date_of
from core.unit_of_work import UnitOfWorkFactory
from evaluation.assembly import Evaluation, Parts, build_evaluation


def evaluation_of(settings: Settings, units: UnitOfWorkFactory, areas: Areas, catalogue: Catalogue, texts: Texts) -> Evaluation:
    """Everything of the evaluation, and its lines in the table of reactions."""
    given, offset_us = settings.evaluation, areas.default.calendar.to_local(units.clock.now_us()) - units.clock.now_us()
    return build_evaluation(Parts(units.database, catalogue, texts, given.departments_see == "all", offset_us,
                                  given.file or INDICATORS_FILE, areas.for_area,
                                  lambda: date_of(areas.default.calendar.today(units.clock.now_us()))))
