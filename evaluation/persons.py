"""Indicators of the people of one department, by who concluded its cases. Worked out when asked, from the cases and the
journal: nothing is kept of persons, nobody is ranked by them and no score knows them.

Only figures that belong to a conclusion are told apart so. Whose it is says the event that concluded the case, as its source
names the actor; a case whose source names nobody stands under "(none)".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from cases.events import EventKind
from cases.models import case_table, journal
from config.indicators import Indicator, Indicators
from core.access import SYSTEM, Actor, Role, require
from core.database import Database, look_up
from core.errors import InvalidInput, NotPermitted
from core.instants import DAY_US
from evaluation.marks import Marks, read_marks
from evaluation.models import FIGURES
from evaluation.period import Basis, Figure, Period

NOBODY = "(none)"
PERSONS_LOOK = "figures_of_persons"  # in the log of looks
DAYS_MOST = 366
MARGIN_US = 2 * DAY_US  # wall clocks differ from UTC by less
_CONCLUDED = FIGURES.index("concluded")
Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class PersonRules:
    """Who may see figures of persons: `sees` are the roles; a department user among them sees his own unit's only."""

    sees: frozenset[Role]


class PersonQueries:
    """Reads; opens its own connection for each question."""

    def __init__(self, database: Database, indicators: Indicators, rules: PersonRules) -> None:
        self._database, self._indicators, self._rules = database, indicators, rules

    def may_see(self, actor: Actor | None, org: str) -> bool:
        """Whether somebody may see the figures of this department's people."""
        if actor is None or actor is SYSTEM:
            return actor is SYSTEM
        return actor.has(*self._rules.sees) and actor.only_org in (None, org)

    @property
    def codes(self) -> list[str]:
        """The indicators that can be told apart by person: made of figures of the conclusion alone."""
        return [one.code for one in self._indicators.indicators.values() if self._is_of_conclusions(one)]

    def figures(self, actor: Actor | None, period: Period, org: str, codes: Sequence[str] = (),
                basis: Basis = Basis.EVENT) -> list[Figure]:
        """These indicators (all that can be) of each person, by name, then as asked.

        Raises NotAuthenticated, NotPermitted, NotFound (`indicator_unknown`) and InvalidInput (`org_missing`,
        `period_too_long`, `indicator_not_of_persons`).
        """
        self._check(actor, period, org)
        asked = [self._indicators.find(code) for code in codes or self.codes]
        for one in asked:
            if not self._is_of_conclusions(one):
                raise InvalidInput("indicator_not_of_persons", indicator=one.code, accepted=", ".join(self.codes))
        area = actor.area if actor is not None else ""
        with self._database.read() as conn:
            counted = self._counted(conn, period, org, area, basis)
        return [self._figure(person, one, counted[person]) for person in sorted(counted) for one in asked]

    # Inside -------------------------------------------------------------------------------------------------------

    def _check(self, actor: Actor | None, period: Period, org: str) -> None:
        if not org:
            raise InvalidInput("org_missing")
        if actor is not SYSTEM:
            require(actor, *self._rules.sees)
            if not self.may_see(actor, org):
                raise NotPermitted("not_permitted")
        first, last = period.days
        if last - first >= DAYS_MOST:
            raise InvalidInput("period_too_long", most=DAYS_MOST)

    def _is_of_conclusions(self, indicator: Indicator) -> bool:
        return all(self._indicators.figures[name].day == "conclusion" for name in indicator.names)

    def _counted(self, conn: Connection, period: Period, org: str, area: str, basis: Basis) -> dict[str, Counts]:
        marks = _concluded(conn, period, org, area, basis)
        persons = _who_concluded(conn, list(marks))
        counted: dict[str, Counts] = defaultdict(lambda: defaultdict(int))
        for case_id, one in marks.items():
            counts = counted[persons.get(case_id) or NOBODY]
            for _day, figure, amount in one.entries():
                counts[FIGURES[figure]] += amount
        return counted

    def _figure(self, person: str, indicator: Indicator, counts: Mapping[str, int]) -> Figure:
        base = {name: counts.get(name, 0) for name in indicator.names}
        above, below, value = indicator.worked_out(base)
        return Figure(person, person, indicator.code, above, below, value, indicator.is_small(below), base)


def _concluded(conn: Connection, period: Period, org: str, area: str, basis: Basis) -> dict[int, Marks]:
    """The department's concluded cases of the period, by their conclusion or their acceptance."""
    c, (first, last) = case_table.c, period.days
    begin, end = first * DAY_US - MARGIN_US, (last + 1) * DAY_US + MARGIN_US
    where: list[Any] = [c.org == org, c.closed_at.is_not(None), c.marks != "", c.last_event_at >= begin]
    where += [c.closed_at.between(begin, end)] if basis is Basis.EVENT else [c.closed_at >= begin]
    where += [c.area == area] if area else []
    found: dict[int, Marks] = {}
    for case_id, text in conn.execute(select(c.case_id, c.marks).where(*where)):
        marks = read_marks(text)
        day = marks.ended if basis is Basis.EVENT else marks.cohort
        if marks.ending == _CONCLUDED and day is not None and first <= day <= last:
            found[case_id] = marks
    return found


def _who_concluded(conn: Connection, case_ids: Sequence[int]) -> dict[int, str]:
    """The actor of the last conclusion of each case, of its highest version where it was corrected."""
    columns = ("case_id", "source_event_id", "source_version", "claimed_at", "src_order", "actor")
    newest: dict[tuple[int, str], tuple[int, int, int, str]] = {}
    for case_id, event_id, version, claimed_at, order, actor in look_up(
            conn, columns, journal, "case_id", case_ids, "kind = ?", EventKind.CONCLUDED.value):
        said = (version, claimed_at, order, actor or "")
        newest[case_id, event_id] = max(newest.get((case_id, event_id), said), said)
    last: dict[int, tuple[int, int, str]] = {}
    for (case_id, _event_id), (_version, claimed_at, order, actor) in newest.items():
        last[case_id] = max(last.get(case_id, (claimed_at, order, actor)), (claimed_at, order, actor))
    return {case_id: actor for case_id, (_at, _order, actor) in last.items()}
