"""Builds everything of the evaluation once; `bootstrap` gives what it needs and keeps what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cases.areas import Areas
from config.catalogue import Catalogue
from config.district_map import DistrictMap
from config.indicators import Indicators, load_indicators
from config.texts import Texts
from core.access import Role
from core.errors import ConfigError
from core.instants import date_of
from core.unit_of_work import UnitOfWorkFactory
from evaluation.card_figures import CardFigures
from evaluation.comparison import Comparison
from evaluation.counted_queries import CountedQueries
from evaluation.duties import Duties
from evaluation.item_figures import ItemFigures
from evaluation.models import ASKED_FIGURES, FIGURES
from evaluation.naming import CatalogueNames
from evaluation.over_time import OverTime
from evaluation.persons import PersonQueries, PersonRules
from evaluation.queries import IndicatorQueries
from evaluation.recounting import FigureRecounter
from evaluation.rolling import MonthRoller
from evaluation.tally import FigureTables
from evaluation.volumes import Volumes


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rest of the program brings along."""

    units: UnitOfWorkFactory
    areas: Areas
    catalogue: Catalogue
    texts: Texts
    sees_others: bool
    file: Path
    map: DistrictMap | None
    persons_see: frozenset[Role]
    counted_checked_max: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The services of the evaluation."""

    indicators: Indicators
    queries: IndicatorQueries
    persons: PersonQueries
    counted: CountedQueries
    items: ItemFigures
    tables: FigureTables
    card_figures: CardFigures
    recounter: FigureRecounter
    roller: MonthRoller
    comparison: Comparison
    over_time: OverTime
    map: DistrictMap | None


def build_evaluation(parts: Parts) -> Evaluation:
    """All services on the parts given."""
    indicators = load_indicators(parts.file)
    check_figures(indicators.figures)
    names = CatalogueNames(parts.catalogue, parts.texts)
    calendar = parts.areas.default.calendar
    tables = FigureTables(calendar, parts.units.database)
    card_figures = CardFigures(tables, parts.areas)
    duties = Duties(parts.areas.for_area, calendar.to_local(0))

    def today() -> int:
        return calendar.today(parts.units.clock.now_us())

    items = ItemFigures(parts.catalogue, lambda: parts.areas.versions, today)
    queries = IndicatorQueries(parts.units.database, indicators, names, duties, beside=(items, Volumes()),
                               sees_others=parts.sees_others)
    comparison = Comparison(queries, names_others=parts.sees_others)
    over_time = OverTime(queries, parts.areas.for_area, lambda: date_of(today()))
    persons = PersonQueries(parts.units.database, indicators, PersonRules(parts.persons_see))
    counted = CountedQueries(parts.units.database, queries, duties, names, parts.counted_checked_max)
    recounter = FigureRecounter(parts.units, card_figures)
    roller = MonthRoller(parts.units, calendar)
    return Evaluation(indicators, queries, persons, counted, items, tables, card_figures, recounter, roller, comparison,
                      over_time, parts.map)


def check_figures(described: Mapping[str, object]) -> None:
    """The file describes just what is counted. Raises ConfigError."""
    counted = {*FIGURES, *ASKED_FIGURES}
    if counted != set(described):
        raise ConfigError("figures_not_counted", names=", ".join(sorted(counted ^ set(described))),
                          remedy="describe in config/indicators.yaml what evaluation/models.py counts, and nothing else")
