"""Reads what scores are worked out from: figures by `evaluation.queries`, cards, faults of acts, entries, the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Protocol

from sqlalchemy import Connection, select

from alerts.lifecycle import NEVER_WERE, Disposition
from alerts.models import cards
from cases.acts import kept_faults
from cases.areas import Areas
from cases.changes import NO_ORG
from cases.models import case_table
from config.catalogue import Item, Organisation
from config.scoring import Scheme
from core.access import SYSTEM
from core.database import Database
from core.instants import DAY_US, date_of, day_of
from evaluation.marks import read_marks
from evaluation.models import FIGURES
from evaluation.period import Period, first_of_month
from evaluation.queries import IndicatorQueries
from evaluation.scope import Scope
from evaluation.scoring.facts import LEVELS, CardFact, EntryFact, Facts, FaultyCase, Shortening
from evaluation.scoring.models import score_entries

BASES = ("received", "accepted", "concluded", "early", "on_due_day", "late")
MARGIN = 2  # days: wall clocks differ from UTC by less
_CONCLUDED = FIGURES.index("concluded")
_UNCOUNTED = {one.value for one in (*NEVER_WERE, Disposition.REVOKED)}


class Catalogue(Protocol):
    """Whom there is to score, and what their items promise."""

    @property
    def units(self) -> list[Organisation]: ...

    @property
    def items_by_org(self) -> Mapping[str, tuple[Item, ...]]: ...

    @property
    def default_area(self) -> str: ...

    def area_of(self, code: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Month:
    """The days of one calendar month, as epoch days; the last one included."""

    first: int
    last: int

    @classmethod
    def of(cls, day: date) -> Month:
        first = day_of(day.replace(day=1))
        return cls(first, first_of_month(first + 31) - 1)

    def holds(self, day: int | None) -> bool:
        return day is not None and self.first <= day <= self.last

    @property
    def instants(self) -> tuple[int, int]:
        """Microseconds UTC that surely reach over the month on every wall clock."""
        return (self.first - MARGIN) * DAY_US, (self.last + MARGIN) * DAY_US


class FactsReader:
    """Facts of every department of an area ("" all) in a month; opens its own connections."""

    def __init__(self, database: Database, queries: IndicatorQueries, areas: Areas, catalogue: Catalogue) -> None:
        self._database, self.queries, self._areas, self._catalogue = database, queries, areas, catalogue

    def of_month(self, day: date, code: str, *schemes: Scheme, area: str = "") -> list[Facts]:
        """What any of these schemes needs, of the units there are and of whoever else handled cases (a log's own departments),
        by key. A body that only answers complaints is no department to be scored."""
        month, names = Month.of(day), self._names(schemes)
        period = Period(date_of(month.first), date_of(month.last))
        figures = self.queries.totals(SYSTEM, period, "org", names, area=area)
        with self._database.read() as conn:
            of_cards, faulty = self._cards(conn, month, area), self._faulty(conn, month, area)
            entries = entries_of(conn, code, month.first, month.last)
        known = {unit.code for unit in self._catalogue.units if area in ("", unit.area)}
        known |= {org for org, counts in figures.items() if any(counts[name] for name in BASES)}
        return [Facts(org, figures.get(org, {}), of_cards.get(org, ()), entries.get(org, ()), faulty.get(org, ()),
                      self._shortening(org)) for org in sorted(known - {NO_ORG, ""})]

    def area_of(self, org: str) -> str:
        """The area a department belongs to, that of the installation for one nobody lists."""
        return self._catalogue.area_of(org) or self._catalogue.default_area

    def knows(self, org: str) -> bool:
        """Whether the catalogue lists that department."""
        return self._catalogue.area_of(org) is not None

    def today(self, now_us: int) -> date:
        """The date of an instant on the wall clock of the installation."""
        return date_of(self._areas.default.calendar.today(now_us))

    def _names(self, schemes: Iterable[Scheme]) -> tuple[str, ...]:
        codes = (code for scheme in schemes for code in scheme.indicators)
        of_rules = (name for code in codes for name in self.queries.indicators.find(code).names)
        return tuple(dict.fromkeys((*BASES, *of_rules)))

    def _cards(self, conn: Connection, month: Month, area: str) -> dict[str, list[CardFact]]:
        found: dict[str, list[CardFact]] = defaultdict(list)
        for org, card in self._counted(conn, month, area):
            found[org].append(card)
        return found

    def _counted(self, conn: Connection, month: Month, area: str) -> Iterator[tuple[str, CardFact]]:
        """As evaluation.card_figures counts them, those that were revoked left out."""
        c, (begin, end) = cards.c, month.instants
        where = [c.level_at >= begin, c.level_at < end, c.issued_at.is_not(None), c.disposition.not_in(_UNCOUNTED),
                 *([c.area == area] if area else [])]
        for row in conn.execute(select(c.id, c.area, c.org, c.level, c.origin, c.level_at, c.key).where(*where).order_by(c.id)):
            if month.holds(self._areas.for_area(row.area).to_local(row.level_at) // DAY_US):
                act = row.key.split(":", 2)[1] if row.origin == "act" else ""
                yield row.org or NO_ORG, CardFact(row.id, LEVELS[row.level], row.origin, row.level_at, act)

    @staticmethod
    def _faulty(conn: Connection, month: Month, area: str) -> dict[str, list[FaultyCase]]:
        """Cases concluded in the month that show a fault of acts."""
        c, (begin, end) = case_table.c, month.instants
        where = [c.acts != "", c.closed_at >= begin, c.closed_at < end, *([c.area == area] if area else [])]
        found: dict[str, list[FaultyCase]] = defaultdict(list)
        for row in conn.execute(select(c.area, c.case_no, c.acts, c.marks).where(*where).order_by(c.case_no)):
            marks = read_marks(row.marks) if row.marks else None
            if marks is not None and marks.ending == _CONCLUDED and month.holds(marks.ended):
                codes = frozenset(fault.code for fault in kept_faults(row.acts))
                found[marks.org].append(FaultyCase(row.area, row.case_no, codes))
        return found

    def _shortening(self, org: str) -> Shortening | None:
        return shortening_of(self._catalogue.items_by_org.get(org, ()))


def entries_of(conn: Connection, scheme: str, first: int, last: int) -> dict[str, list[EntryFact]]:
    """What was entered by hand for days of that span and stands, by department."""
    e = score_entries.c
    where = [e.scheme == scheme, e.day.between(first, last), e.taken_at.is_(None)]
    found: dict[str, list[EntryFact]] = defaultdict(list)
    for row in conn.execute(select(e.id, e.org, e.rule, e.points).where(*where).order_by(e.id)):
        found[row.org].append(EntryFact(row.id, row.rule, row.points))
    return found


def shortening_of(items: Iterable[Item]) -> Shortening | None:
    """The least shortened item of those in use that the law gives a limit. None where there is none, or where one of them has
    no promise or its limits are in different units: then nobody can say by how much all are shortened."""
    shares: list[Shortening] = []
    for item in items:
        if item.retired or item.statutory is None or not item.statutory.amount:
            continue
        promised = item.promised
        if promised is None or promised.unit is not item.statutory.unit:
            return None
        shares.append(Shortening(1 - Fraction(promised.amount, item.statutory.amount), item.code))
    return min(shares, key=lambda one: (one.share, one.item)) if shares else None


def counts_of(entries: Iterable[tuple[int, int, int]], month: Month) -> dict[str, int]:
    """What a case adds to the figures of the month, by name."""
    counts: dict[str, int] = defaultdict(int)
    for day, place, amount in entries:
        if month.holds(day):
            counts[FIGURES[place]] += amount
    return counts


def rows_touching(month: Month, scope: Scope) -> Any:
    """The cases of a department that may count for something in the month: those anything was heard of since its begin. The day
    of the acceptance bounds nothing: what was received in the month may be accepted long after."""
    c, (begin, _) = case_table.c, month.instants
    where = [*scope.of_unit(case_table), c.marks != "", c.last_event_at >= begin]
    return select(c.area, c.case_no, c.marks).where(*where).order_by(c.case_no)
