"""Indicators of the people of one department: what they concluded, the notices they sent, the cards of what they had in hand.
Worked out when asked, from the cases, cards and the journal: nothing is kept of persons, nobody is ranked by them and no score
knows them.

Only figures that belong to a conclusion, a notice or a card are told apart so. Whose a conclusion or notice is says its event,
as its source names the actor; whose a card, who had the case at the instant of its level (person_acts.py). What nobody is named
for stands under "(none)".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from alerts.models import cards
from cases.events import EventKind
from cases.models import case_table
from config.indicators import Indicator, Indicators
from core.access import SYSTEM, Actor, Role, require
from core.database import Database
from core.errors import InvalidInput, NotPermitted
from core.instants import DAY_US
from evaluation.card_figures import read_card_marks, written_on_cards
from evaluation.marks import Marks, read_marks
from evaluation.models import FIGURES, figure_cards
from evaluation.period import Basis, Figure, Period
from evaluation.person_acts import Acts, read_acts

NOBODY = "(none)"
PERSONS_LOOK = "figures_of_persons"  # in the log of looks
DAYS_MOST = 366
MARGIN_US = 2 * DAY_US  # wall clocks differ from UTC by less
PERSONAL_DAYS = frozenset({"conclusion", "notice", "card"})  # what base figures belong to that somebody did or had in hand
_CONCLUDED = FIGURES.index("concluded")
_OF_NOTICES = frozenset({FIGURES.index("corrections"), FIGURES.index("corrected_once")})
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
        """The indicators that can be told apart by person: made of figures of conclusions, notices and cards alone."""
        return [one.code for one in self._indicators.indicators.values() if self._is_of_persons(one)]

    def figures(self, actor: Actor | None, period: Period, org: str, codes: Sequence[str] = (),
                basis: Basis = Basis.EVENT) -> list[Figure]:
        """These indicators (all that can be) of each person, by name, then as asked.

        Raises NotAuthenticated, NotPermitted, NotFound (`indicator_unknown`) and InvalidInput (`org_missing`,
        `period_too_long`, `indicator_not_of_persons`).
        """
        self._check(actor, period, org)
        asked = [self._indicators.find(code) for code in codes or self.codes]
        for one in asked:
            if not self._is_of_persons(one):
                raise InvalidInput("indicator_not_of_persons", indicator=one.code, accepted=", ".join(self.codes))
        area = actor.area if actor is not None else ""
        kinds: set[str] = {self._indicators.figures[name].day for one in asked for name in one.names}
        with self._database.read() as conn:
            counted = self._counted(conn, _Asked(period, org, area, basis), kinds)
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

    def _is_of_persons(self, indicator: Indicator) -> bool:
        return all(self._indicators.figures[name].day in PERSONAL_DAYS for name in indicator.names)

    def _counted(self, conn: Connection, asked: _Asked, kinds: set[str]) -> dict[str, Counts]:
        """The figures of each person. `kinds` of day are those asked for: cards and notices are not looked up in vain."""
        cases = _cases(conn, asked) if kinds & {"conclusion", "notice"} else {}
        of_cards = _cards(conn, asked) if "card" in kinds else []
        acts = read_acts(conn, {*cases, *(card.case_id for card in of_cards)})
        counted: dict[str, Counts] = defaultdict(lambda: defaultdict(int))
        for person, figure, amount in (*_of_cases(cases, acts, asked), *_of_cards(of_cards, acts)):
            counted[person or NOBODY][figure] += amount
        return counted

    def _figure(self, person: str, indicator: Indicator, counts: Mapping[str, int]) -> Figure:
        base = {name: counts.get(name, 0) for name in indicator.names}
        above, below, value = indicator.worked_out(base)
        return Figure(person, person, indicator.code, above, below, value, indicator.is_small(below), base)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The department's period."""

    period: Period
    org: str
    area: str
    basis: Basis

    @property
    def span(self) -> tuple[int, int]:
        """From and until which instant anything of it may be, whatever the wall clock."""
        first, last = self.period.days
        return first * DAY_US - MARGIN_US, (last + 1) * DAY_US + MARGIN_US

    def holds(self, day: int | None, cohort: int | None) -> bool:
        """Whether what happened on a day, to a case of a cohort, is of the period."""
        shown, (first, last) = day if self.basis is Basis.EVENT else cohort, self.period.days
        return shown is not None and first <= shown <= last


class _Card(NamedTuple):
    case_id: int
    at: int
    figures: tuple[int, ...]


def _cases(conn: Connection, asked: _Asked) -> dict[int, Marks]:
    """The department's cases that were concluded or told to correct something; which of it is of the period is asked later."""
    c = case_table.c
    where: list[Any] = [c.org == asked.org, c.marks != "", c.last_event_at >= asked.span[0]]
    where += [c.area == asked.area] if asked.area else []
    read = ((case_id, read_marks(text)) for case_id, text in conn.execute(select(c.case_id, c.marks).where(*where)))
    return {case_id: marks for case_id, marks in read
            if (marks.ending == _CONCLUDED and asked.holds(marks.ended, marks.cohort))
            or any(asked.holds(day, marks.cohort) for day in marks.notices)}


def _of_cases(cases: Mapping[int, Marks], acts: Acts, asked: _Asked) -> Iterator[tuple[str, str, int]]:
    """(person, figure, how much) of conclusions and notices."""
    for case_id, marks in cases.items():
        if marks.ending == _CONCLUDED and asked.holds(marks.ended, marks.cohort):
            person = acts.last(case_id, EventKind.CONCLUDED)
            yield from ((person, FIGURES[figure], amount) for _day, figure, amount in marks.entries()
                        if figure not in _OF_NOTICES)
        persons = acts.on_days(case_id, EventKind.CORRECTION_NOTIFIED, marks.notices)
        for person, day in zip(persons, marks.notices, strict=True):
            if asked.holds(day, marks.cohort):
                yield person, "corrections", 1
                if len(marks.notices) == 1:
                    yield person, "corrected_once", 1


def _cards(conn: Connection, asked: _Asked) -> list[_Card]:
    """The department's cards of the period, as they count."""
    c, kept = cards.c, figure_cards.c
    where: list[Any] = [c.org.in_(written_on_cards([asked.org])), kept.marks != ""]
    where += [c.area == asked.area] if asked.area else []
    where += [c.level_at.between(*asked.span)] if asked.basis is Basis.EVENT else []
    rows = conn.execute(select(c.case_id, c.level_at, kept.marks).join(figure_cards, kept.card_id == c.id).where(*where))
    found = ((case_id, at, read_card_marks(text)) for case_id, at, text in rows)
    return [_Card(case_id, at, marks.figures) for case_id, at, marks in found if asked.holds(marks.day, marks.cohort)]


def _of_cards(found: Sequence[_Card], acts: Acts) -> Iterator[tuple[str, str, int]]:
    """(person, figure, 1) of cards by who had the case when they came to their level."""
    for card in found:
        person = acts.in_hand(card.case_id, card.at)
        yield from ((person, FIGURES[figure], 1) for figure in card.figures)
