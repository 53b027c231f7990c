"""The very cases, cards and duties behind a figure: found by what each of them adds to the days of its period.

What a case or card adds is kept beside it, in the transaction that moves the figures, so the list and the figure are the same
count made twice: `Behind.is_exact` says that they agree. A list of more than so many rows is read as far as its page goes, the
latest days first; it is not added up.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from sqlalchemy import Connection

from alerts.models import cards
from cases.models import case_table
from config.indicators import Indicator
from core.access import SYSTEM, Actor
from core.database import Database, look_up
from core.errors import InvalidInput, NotAuthenticated, NotPermitted
from core.instants import date_of
from evaluation.card_figures import read_card_marks
from evaluation.comparison import WITHIN, Question
from evaluation.counted import (
    Asked,
    Behind,
    Counting,
    Cursor,
    Kind,
    Line,
    Part,
    Thing,
    Total,
    kind_of,
    listed_part,
    read_cursor,
)
from evaluation.counted_rows import Rows
from evaluation.duties import Duties
from evaluation.marks import Entry
from evaluation.models import FIGURES
from evaluation.period import Basis
from evaluation.places import Place
from evaluation.queries import IndicatorQueries
from evaluation.scope import Scope
from evaluation.tally import counted_by
from supervision.models import complaints

FURTHER = 4  # times as many rows are read when those of the latest days did not fill a page


class Powers(Protocol):
    """Which power an item exercises."""

    def kind_of(self, item: str) -> str: ...


class CountedQueries:
    """Reads; opens its own connection for each question. Whose cases somebody may see is decided here. Lists of up to
    `checked_most` rows are added up and compared with their figure."""

    def __init__(self, database: Database, queries: IndicatorQueries, duties: Duties, powers: Powers,
                 checked_most: int) -> None:
        self._database, self._queries, self._duties, self._powers = database, queries, duties, powers
        self._checked_most = checked_most

    def behind(self, actor: Actor | None, question: Question, part: Part, size: int, *, unit: str = "",
               after: str = "") -> Behind:
        """A page of the list behind one number of the department (and item) of the question. `unit` is the channel or power of
        it where the question tells those apart.

        Raises NotAuthenticated, NotPermitted, NotFound (`indicator_unknown`) and InvalidInput (`org_missing`,
        `nothing_listed`).
        """
        indicator = self._queries.indicators.find(question.indicator)
        counting = self._counting(indicator, part, question.basis)
        asked = Asked(_scope(actor, question), counting, self._holds(question, unit))
        start = read_cursor(after)
        with self._database.read() as conn:
            reading = _Reading(conn, asked, self._duties)
            total = Total() if reading.rows <= self._checked_most else None
            page = reading.whole(total, start, size + 1) if total else reading.page(start, size + 1)
            lines = _described(conn, page[:size])
        following = page[size - 1].cursor if len(page) > size else ""
        figure = self._figure(actor, question, unit, indicator, part)
        each_is_one = not counting.is_sum and not (total.is_uneven if total else any(one.amount != 1 for one in page))
        things = total.things if total else min(round(figure), reading.rows) if each_is_one else reading.rows
        return Behind(indicator, counting.kind, figure, things, total.amount if total else None, each_is_one, tuple(lines),
                      following)

    def _counting(self, indicator: Indicator, part: Part, basis: Basis) -> Counting:
        expression = indicator.numerator if part is Part.ABOVE else indicator.denominator
        if expression is None or listed_part(indicator, part) is not part:
            raise InvalidInput("nothing_listed", indicator=indicator.code, part=part.value)
        figures = self._queries.indicators.figures
        is_sum = any(figures[name].is_time for name in indicator.names)
        names = indicator.names if is_sum else expression.names
        days = {name: figures[name].day for name in names}
        kept = frozenset(FIGURES.index(name) for name in names if name in FIGURES)
        return Counting(expression, days, basis, is_sum, kept)

    def _holds(self, question: Question, unit: str) -> Callable[[Place], bool]:
        """Whether a place is of the item, and of the channel or power, that is asked for."""
        item, by = question.item, question.by if unit and question.by in WITHIN else ""

        def holds(place: Place) -> bool:
            of_item, channel = place[2], place[3]
            if item and of_item != item:
                return False
            return channel == unit if by == "channel" else self._powers.kind_of(of_item) == unit if by else True
        return holds

    def _figure(self, actor: Actor | None, question: Question, unit: str, indicator: Indicator, part: Part) -> float:
        by = question.by if unit and question.by in WITHIN else "none"
        found = self._queries.figures(actor, question.period, by, [indicator.code], orgs=[question.org], area=question.area,
                                      items=[question.item] if question.item else [], basis=question.basis)
        own = next((one for one in found if one.key == (unit if by != "none" else "")), None)
        return 0.0 if own is None else (own.numerator if part is Part.ABOVE else own.denominator) or 0.0


class _Reading:
    """The rows of one question, told by how many there are on which days."""

    def __init__(self, conn: Connection, asked: Asked, duties: Duties) -> None:
        self._asked = asked
        kinds = set(map(kind_of, asked.counting.days.values()))
        self._sources = {kind: Rows(conn, asked, kind) for kind in (Kind.CASE, Kind.CARD) if kind in kinds}
        has_duties = Kind.DUTY in kinds and asked.holds(("", "", "", ""))  # a duty knows neither item nor channel
        self._duties = list(_of_duties(conn, asked, duties)) if has_duties else []
        self._by_day = sum((rows.by_day() for rows in self._sources.values()), Counter(one.day for one in self._duties))

    @property
    def rows(self) -> int:
        return self._by_day.total()

    def whole(self, total: Total, start: Cursor | None, most: int) -> list[Thing]:
        """The first after `start`, while all are added up."""
        scope = self._asked.scope
        return _first(total.over(self._things(scope.first, scope.last)), start, most)

    def page(self, start: Cursor | None, most: int) -> list[Thing]:
        """The same, read from the latest days back as far as they reach."""
        scope, wanted = self._asked.scope, most
        is_dated = all(rows.is_dated for rows in self._sources.values())
        until = min(max(-start[0], scope.first), scope.last) if start is not None and is_dated else scope.last
        while True:
            since = _reaching(self._by_day, until, wanted, scope.first)
            found = _first((one for one in self._things(since, until) if one.day >= since), start, most)
            if len(found) == most or since == scope.first:
                return found
            wanted *= FURTHER

    def _things(self, since: int, until: int) -> Iterator[Thing]:
        for kind, rows in self._sources.items():
            yield from _counted(kind, rows.read(since, until), self._asked)
        yield from self._duties


def _first(things: Iterable[Thing], start: Cursor | None, most: int) -> list[Thing]:
    return heapq.nsmallest(most, (one for one in things if start is None or one.key > start), key=lambda one: one.key)


def _reaching(by_day: Mapping[int, int], until: int, wanted: int, first: int) -> int:
    """The latest day since which there are so many rows; the first of the period where there are not."""
    found = 0
    for day in sorted((day for day in by_day if day <= until), reverse=True):
        found += by_day[day]
        if found >= wanted:
            return day
    return first


def _scope(actor: Actor | None, question: Question) -> Scope:
    """A department user's own unit only, whatever the settings say of others' figures: cases are no figures."""
    if actor is None:
        raise NotAuthenticated("sign_in_required")
    if not question.org:
        raise InvalidInput("org_missing")
    if actor is not SYSTEM and actor.only_org not in (None, question.org):
        raise NotPermitted("not_permitted")
    first, last = question.period.days
    asked, own = question.area, actor.area
    areas = tuple({one for one in (asked, own) if one}) or None
    return Scope(first, last, question.basis, (question.org,), () if asked and own and asked != own else areas,
                 (question.item,) if question.item else ())


def _counted(kind: Kind, rows: Iterable[tuple[int, str]], asked: Asked) -> Iterator[Thing]:
    for key, text in rows:
        place, cohort, entries = counted_by(text) if kind is Kind.CASE else _of_card(text)
        if asked.holds(place):
            thing = asked.counting.thing(kind, key, *asked.counted(cohort, entries))
            if thing is not None:
                yield thing


def _of_card(text: str) -> tuple[Place, int | None, Iterable[Entry]]:
    marks = read_card_marks(text)
    return marks.place, marks.cohort, marks.entries()


def _of_duties(conn: Connection, asked: Asked, duties: Duties) -> Iterator[Thing]:
    for no, day, counts in duties.each(conn, asked.scope):
        thing = asked.counting.thing(Kind.DUTY, no, counts, day)
        if thing is not None:
            yield thing


# Describing -------------------------------------------------------------------------------------------------------------

_CASE = ("case_id", "area", "case_no", "item", "opened_at", "closed_at", "state", "light")
_CARD = ("id", "area", "case_no", "item", "issued_at", "closed_at", "disposition", "level")
_DUTY = ("no", "area", "about_case", "filed_at", "answered_at", "state")


def _described(conn: Connection, things: Iterable[Thing]) -> list[Line]:
    page = list(things)
    known: dict[tuple[Kind, Any], tuple[Any, ...]] = {}
    for kind, columns, table in ((Kind.CASE, _CASE, case_table), (Kind.CARD, _CARD, cards), (Kind.DUTY, _DUTY, complaints)):
        ids = [one.id for one in page if one.kind is kind]
        known |= {(kind, row[0]): row for row in look_up(conn, columns, table, columns[0], ids)} if ids else {}
    return [_line(one, known[one.kind, one.id]) for one in page]


def _line(thing: Thing, row: tuple[Any, ...]) -> Line:
    kind, day = thing.kind, date_of(thing.day)
    if kind is Kind.DUTY:
        no, area, case_no, filed_at, answered_at, state = row
        return Line(kind, no, area, case_no, "", day, thing.amount, filed_at, answered_at, state, "")
    key, area, case_no, item, opened_at, closed_at, state, light = row
    number = str(key) if kind is Kind.CARD else case_no
    return Line(kind, number, area, case_no, item, day, thing.amount, opened_at, closed_at, state, str(light))
