"""Cases and cards that may count in a period, found by the days that are kept of them: SQL sorts out the rest, so that a page
of a long list reads what is on it and not everything before.

What a row adds is kept as a list whose places are known (`Marks`, `CardMarks`). Its days bound from above the last day on which
it counts (`latest`): of a case that ended in the period without being late, a list of late cases is asked in vain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from typing import Any

from sqlalchemy import Connection, Integer, and_, case, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import ColumnElement, FromClause

from alerts.models import cards
from cases.models import case_table
from core.instants import DAY_US
from evaluation.card_figures import CardMarks, written_on_cards
from evaluation.counted import Asked, Kind
from evaluation.marks import Marks
from evaluation.models import figure_cards
from evaluation.places import DAY_ZERO
from evaluation.scope import Scope

MARGIN = 2        # days: wall clocks differ from UTC by less
READ_AT_ONCE = 5_000
_OF_CLOSED = frozenset({"conclusion", "end", "answer"})
_NEVER = literal(-DAY_ZERO)
Path = tuple[str | int, ...]

# Where the days of a kind stand: the first and, of those of which there may be several, the last.
_CASE_DAYS: dict[str, tuple[Path, ...]] = {
    "reception": (("received",),), "acceptance": (("accepted",),), "end": (("ended",),), "conclusion": (("ended",),),
    "special": (("special",),), "notice": (("notices", 0), ("notices", -1)), "rating": (("rating", 0),),
    "lodging": (("matter", 0),), "answer": (("matter", 2),)}
_CASE_COHORT: tuple[Path, ...] = (("accepted",), ("received",), ("matter", 0), ("ended",))
_CARD_DAYS: dict[str, tuple[Path, ...]] = {
    "card": (("day",),), "reply": (("reply", 0),), "signature": (("signature", 0),), "cohort": (("cohort",),)}


class Rows:
    """Those of cases, or of cards."""

    def __init__(self, conn: Connection, asked: Asked, kind: Kind) -> None:
        self._conn, self._asked, self._kind = conn, asked, kind
        self._days = sorted(asked.counting.days_of(kind))

    @property
    def is_dated(self) -> bool:
        """Whether `latest` is the very day, and no bound of it."""
        return len(self._days) == 1 and self._days[0] != "notice"

    def by_day(self) -> Counter[int]:
        """How many may count, by their latest day."""
        latest = self._latest().label("latest")
        statement = select(latest, func.count()).select_from(self._table).where(*self._where(self._asked.scope.first))
        return Counter({int(day): int(n) for day, n in self._conn.execute(statement.group_by("latest"))})

    def read(self, since: int, until: int) -> Iterator[tuple[int, str]]:
        """(id, what it adds) of those with a latest day among these."""
        statement = select(self._key, self._marks).select_from(self._table).where(*self._where(since), self._latest() <= until)
        for row in self._conn.execute(statement.execution_options(yield_per=READ_AT_ONCE)):
            yield row[0], row[1]

    # Where they stand ---------------------------------------------------------------------------------------------

    @property
    def _table(self) -> FromClause:
        is_case = self._kind is Kind.CASE
        return case_table if is_case else figure_cards.join(cards, cards.c.id == figure_cards.c.card_id)

    @property
    def _key(self) -> Any:
        return case_table.c.case_id if self._kind is Kind.CASE else figure_cards.c.card_id

    @property
    def _marks(self) -> Any:
        return (case_table if self._kind is Kind.CASE else figure_cards).c.marks

    def _where(self, since: int) -> list[ColumnElement[bool]]:
        scope = self._asked.scope
        if self._kind is Kind.CASE:
            of_unit = [*scope.of_unit(case_table), self._may_count(since)]
        else:
            of_unit = replace(scope, orgs=tuple(written_on_cards(scope.orgs or ()))).of_unit(cards)
        return [*of_unit, self._marks != "", self._latest() >= since]

    def _may_count(self, since: int) -> ColumnElement[bool]:
        """By the day of their end or acceptance where that is what counts; by any other day those that anything was heard of
        since. A case may be accepted long after it was received. Told by columns of their own, before the text is read."""
        c, (begin, end) = case_table.c, _instants(replace(self._asked.scope, first=since))
        heard, accepted = c.last_event_at >= begin, c.opened_at.between(begin, end)
        reach = {"acceptance": accepted, "cohort": or_(accepted, c.opened_at.is_(None) & heard),
                 **dict.fromkeys(_OF_CLOSED, c.closed_at.between(begin, end))}
        return or_(*(reach.get(day, heard) for day in self._days))

    # Days ---------------------------------------------------------------------------------------------------------

    def _latest(self) -> ColumnElement[int]:
        """The last day of the period on which a row may count; before all days where it cannot."""
        found = [self._latest_of(day) for day in self._days]
        later = func.max if self._conn.dialect.name == "sqlite" else func.greatest
        return reduce(lambda one, other: later(one, other), found)

    def _latest_of(self, day: str) -> ColumnElement[int]:
        (first, last), begins, ends = self._first_and_last(day), self._asked.scope.first, self._asked.scope.last
        return case((and_(last >= begins, first <= ends), case((last > ends, ends), else_=last)), else_=_NEVER)

    def _first_and_last(self, day: str) -> tuple[ColumnElement[int], ColumnElement[int]]:
        if self._kind is Kind.CASE and day == "cohort":
            cohort = func.coalesce(*map(self._day, _CASE_COHORT))
            return cohort, cohort
        paths = (_CASE_DAYS if self._kind is Kind.CASE else _CARD_DAYS)[day]
        return self._day(paths[0]), self._day(paths[-1])

    def _day(self, path: Path) -> ColumnElement[int]:
        fields = (Marks if self._kind is Kind.CASE else CardMarks).__struct_fields__
        steps = [fields.index(step) if isinstance(step, str) else step for step in path]
        kept = func.nullif(self._marks, "")  # nothing is kept of what waits to be counted, whatever is looked at first
        if self._conn.dialect.name == "sqlite":
            told = "".join(f"[{step}]" if step >= 0 else f"[#{step}]" for step in steps)
            return func.json_extract(kept, f"${told}")
        return cast(func.jsonb_extract_path_text(cast(kept, JSONB), *map(str, steps)), Integer)


def _instants(scope: Scope) -> tuple[int, int]:
    """Microseconds UTC that surely reach over the period on every wall clock."""
    return (scope.first - MARGIN) * DAY_US, (scope.last + MARGIN) * DAY_US
