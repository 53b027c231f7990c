"""The very cases, cards and duties behind a figure: found by what each of them adds to the days of its period.

What a case or card adds is kept beside it, in the transaction that moves the figures, so the list and the figure are the same
count made twice: `Behind.is_exact` says that they agree. Only what may count in the period is read, but all of it, so that the
total is known whichever page is asked for.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import Connection, or_, select
from sqlalchemy.sql import ColumnElement

from alerts.models import cards
from cases.models import case_table
from config.indicators import Indicator
from core.access import SYSTEM, Actor
from core.database import Database, look_up
from core.errors import InvalidInput, NotAuthenticated, NotPermitted
from core.instants import DAY_US, date_of
from evaluation.card_figures import read_card_marks, written_on_cards
from evaluation.comparison import WITHIN, Question
from evaluation.counted import Asked, Behind, Counting, Kind, Line, Part, Thing, Total, kind_of, listed_part, read_cursor
from evaluation.duties import Duties
from evaluation.models import FIGURES, figure_cards
from evaluation.period import Basis
from evaluation.places import Place
from evaluation.queries import IndicatorQueries
from evaluation.scope import Scope
from evaluation.tally import counted_by
from supervision.models import complaints

MARGIN = 2        # days: wall clocks differ from UTC by less
READ_AT_ONCE = 5_000
_OF_CLOSED = frozenset({"conclusion", "end", "answer"})


class Powers(Protocol):
    """Which power an item exercises."""

    def kind_of(self, item: str) -> str: ...


class CountedQueries:
    """Reads; opens its own connection for each question. Whose cases somebody may see is decided here."""

    def __init__(self, database: Database, queries: IndicatorQueries, duties: Duties, powers: Powers) -> None:
        self._database, self._queries, self._duties, self._powers = database, queries, duties, powers

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
        total, start = Total(), read_cursor(after)
        with self._database.read() as conn:
            things = total.over(self._things(conn, asked))
            page = heapq.nsmallest(size + 1, (one for one in things if start is None or one.key > start),
                                   key=lambda one: one.key)
            lines = _described(conn, page[:size])
        following = page[size - 1].cursor if len(page) > size else ""
        figure = self._figure(actor, question, unit, indicator, part)
        return Behind(indicator, counting.kind, figure, total.things, total.amount,
                      not counting.is_sum and not total.is_uneven, tuple(lines), following)

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

    # Reading ------------------------------------------------------------------------------------------------------

    def _things(self, conn: Connection, asked: Asked) -> Iterator[Thing]:
        kinds = set(map(kind_of, asked.counting.days.values()))
        if Kind.CASE in kinds:
            yield from _of_cases(conn, asked)
        if Kind.CARD in kinds:
            yield from _of_cards(conn, asked)
        if Kind.DUTY in kinds and asked.holds(("", "", "", "")):  # a duty knows neither item nor channel
            yield from _of_duties(conn, asked, self._duties)


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


def _of_cases(conn: Connection, asked: Asked) -> Iterator[Thing]:
    c = case_table.c
    statement = select(c.case_id, c.marks).where(*asked.scope.of_unit(case_table), c.marks != "", _may_count(asked))
    for case_id, text in conn.execute(statement.execution_options(yield_per=READ_AT_ONCE)):
        place, cohort, entries = counted_by(text)
        if asked.holds(place):
            thing = asked.counting.thing(Kind.CASE, case_id, *asked.counted(cohort, entries))
            if thing is not None:
                yield thing


def _may_count(asked: Asked) -> ColumnElement[bool]:
    """The cases that may count: by the day of their end or acceptance where that is what counts; by any other day those that
    anything was heard of since. A case may be accepted long after it was received."""
    c, (begin, end) = case_table.c, _instants(asked.scope)
    heard, accepted = c.last_event_at >= begin, c.opened_at.between(begin, end)
    reach = {"acceptance": accepted, "cohort": or_(accepted, c.opened_at.is_(None) & heard),
             **dict.fromkeys(_OF_CLOSED, c.closed_at.between(begin, end))}
    return or_(*(reach.get(day, heard) for day in sorted(asked.counting.days_of_rows())))


def _of_cards(conn: Connection, asked: Asked) -> Iterator[Thing]:
    f, scope = figure_cards.c, replace(asked.scope, orgs=tuple(written_on_cards(asked.scope.orgs or ())))
    kept = select(f.card_id, f.marks).join(cards, cards.c.id == f.card_id).where(*scope.of_unit(cards), f.marks != "")
    for card_id, text in conn.execute(kept.execution_options(yield_per=READ_AT_ONCE)):
        marks = read_card_marks(text)
        if asked.holds(marks.place):
            thing = asked.counting.thing(Kind.CARD, card_id, *asked.counted(marks.cohort, marks.entries()))
            if thing is not None:
                yield thing


def _of_duties(conn: Connection, asked: Asked, duties: Duties) -> Iterator[Thing]:
    for no, day, counts in duties.each(conn, asked.scope):
        thing = asked.counting.thing(Kind.DUTY, no, counts, day)
        if thing is not None:
            yield thing


def _instants(scope: Scope) -> tuple[int, int]:
    """Microseconds UTC that surely reach over the period on every wall clock."""
    return (scope.first - MARGIN) * DAY_US, (scope.last + MARGIN) * DAY_US


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
