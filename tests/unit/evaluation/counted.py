"""The small record of the cases with the evaluation on top of it: what it counts is checked against what can be counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Integer, literal, select

from alerts.events import CardsWritten
from cases.events import CasesMarked
from cases.service import Recorder
from cases.sweep import Sweeper
from config.indicators import Indicators, load_indicators
from core.access import SYSTEM
from core.database import Database
from evaluation.card_figures import CardFigures
from evaluation.counted_queries import CountedQueries
from evaluation.marks import CaseMarker
from evaluation.models import CARDS_BY_SUBJECT, DAY_KEY, FIGURES, PLACE_COLUMNS, figure_days, figure_details, figure_places
from evaluation.period import Basis, Figure, Period
from evaluation.places import PLACE_BITS, PLACE_MASK
from evaluation.queries import IndicatorQueries
from evaluation.recounting import FigureRecounter
from evaluation.rolling import MonthRoller
from evaluation.tally import FigureTables
from tests.comparing import DUTIES
from tests.unit.cases.record import KEYS, Record

ALWAYS = Period(date(2000, 1, 1), date(2099, 12, 31))
OF_CARDS = ("warnings", "yellow", "red", "revoked_yellow", "revoked_red", "replies", "reply_days", "acknowledged",
            "acknowledgement_minutes", *CARDS_BY_SUBJECT)
INDICATORS = load_indicators()


@dataclass
class PlainNames:
    """Everything is called by its code; `kinds` says which power an item exercises."""

    kinds: dict[str, str] = field(default_factory=dict)

    def org_name(self, org: str) -> str:
        return f"<{org}>"

    item_name = area_name = channel_name = kind_name = org_name

    def kind_of(self, item: str) -> str:
        return self.kinds.get(item, "")


class Counted(Record):
    """A record whose figures are kept."""

    def __init__(self, database: Database, *, indicators: Indicators = INDICATORS, sees_others: bool = False) -> None:
        super().__init__(database)
        self.recorder = Recorder(self.uow, KEYS, self.areas, self.city, CaseMarker(self.areas, self.city))
        self.sweeper = Sweeper(self.uow, self.recorder, 100, retry_after_s=300)
        self.recounter = type(self.recounter)(self.uow, self.sweeper, self.recorder)
        tables = FigureTables(self.areas.default.calendar, database)
        self.card_figures = CardFigures(tables, self.areas)
        self.figure_recounter = FigureRecounter(self.uow, self.card_figures)
        self.roller = MonthRoller(self.uow, self.areas.default.calendar)
        self.recounter.checks.append(self.figure_recounter.check)
        self.uow.reactions.update({CasesMarked: [tables.move, self.card_figures.moved],
                                   CardsWritten: [self.card_figures.written]})
        self.names = PlainNames()
        self.indicator_queries = IndicatorQueries(database, indicators, self.names, DUTIES, sees_others=sees_others)
        self.counted_queries = CountedQueries(database, self.indicator_queries, DUTIES, self.names, 1_000)

    def counted(self, *names: str, basis: Basis = Basis.EVENT) -> dict[str, int]:
        """The base figures of all days that are not 0, or those named."""
        totals = self.indicator_queries.totals(SYSTEM, ALWAYS, "none", names or FIGURES, basis=basis).get("", {})
        return {name: totals.get(name, 0) for name in names} if names else {name: n for name, n in totals.items() if n}

    def by_day(self, name: str, basis: Basis = Basis.EVENT) -> dict[str, int]:
        totals = self.indicator_queries.totals(SYSTEM, ALWAYS, "day", (name,), basis=basis)
        return {day[5:]: counts[name] for day, counts in totals.items() if counts[name]}

    def figure(self, code: str, period: Period = ALWAYS, basis: Basis = Basis.EVENT) -> Figure:
        found = self.indicator_queries.figures(SYSTEM, period, "none", [code], basis=basis)
        assert len(found) == 1, found
        return found[0]

    def rows(self) -> list[tuple[object, ...]]:
        """The rows of both tables that say anything of cases: without the instants of corrections and without cards, whose
        story depends on what was known when."""
        figures = [name for name in FIGURES if name not in OF_CARDS]
        days = select(*figure_days.c[DAY_KEY], *figure_days.c[tuple(figures)])
        d, p = figure_details.c, figure_places.c
        details = select(d.id.bitwise_rshift(literal(PLACE_BITS, Integer)), *p[PLACE_COLUMNS], *d[tuple(figures)]).join(
            figure_places, p.place == d.id.bitwise_and(PLACE_MASK))
        with self.database.read() as conn:
            found = [tuple(row) for statement in (days, details) for row in conn.execute(statement)]
        return sorted((row for row in found if any(row[-len(figures):])), key=repr)


def differences(record: Counted) -> list[object]:
    """What a recount finds wrong."""
    return list(record.recounter.recount().differences)
