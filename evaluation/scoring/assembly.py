"""The scoring wired to the rest: built once by `bootstrap`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.notices.service import Notifier
from cases.areas import Areas
from config.changelog import ChangeLog
from config.schemes import Schemes
from config.texts import Texts
from core.unit_of_work import UnitOfWorkFactory
from evaluation.item_figures import ItemFigures
from evaluation.queries import IndicatorQueries
from evaluation.scoring.appeals import AppealService
from evaluation.scoring.book import SchemeBook
from evaluation.scoring.desk import Desk
from evaluation.scoring.entries import EntryService
from evaluation.scoring.evidence import EvidenceReader
from evaluation.scoring.gathering import Catalogue, FactsReader
from evaluation.scoring.queries import ScoreQueries
from evaluation.scoring.service import ScoreService
from evaluation.scoring.telling import ScoreTeller


@dataclass(frozen=True, slots=True)
class Scoring:
    """What pages, the interface and the command line share."""

    book: SchemeBook
    queries: ScoreQueries
    service: ScoreService
    appeals: AppealService
    entries: EntryService


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rest of the program brings along; `chinese` are the texts notices are written with."""

    units: UnitOfWorkFactory
    indicators: IndicatorQueries
    items: ItemFigures
    areas: Areas
    catalogue: Catalogue
    schemes: Schemes
    changes: ChangeLog
    needs_two: Callable[[Connection], bool]
    notifier: Notifier
    org_name: Callable[[str], str]
    chinese: Texts
    sees_others: bool
    evidence_max: int


def build_scoring(parts: Parts) -> Scoring:
    """All services on the parts given."""
    database = parts.units.database
    book = SchemeBook(database, parts.schemes)
    reader = FactsReader(database, parts.indicators, parts.areas, parts.catalogue)
    evidence = EvidenceReader(database, parts.indicators.indicators, parts.areas, parts.items, parts.evidence_max)
    desk = Desk(parts.units, book, reader, evidence, parts.areas, parts.changes, parts.needs_two,
                ScoreTeller(parts.notifier, parts.org_name, parts.chinese))
    return Scoring(book, ScoreQueries(database, sees_others=parts.sees_others), ScoreService(desk), AppealService(desk),
                   EntryService(parts.units, book, reader, parts.changes))
