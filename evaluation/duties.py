"""Bad ratings to put right and what became of them: counted from the duties themselves when asked, as there are few.

A duty counts on the day it arose, by the wall clock of the house; it knows no item and no day of acceptance. How long it took
to put one right is in working days of its area's calendar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Integer, case, cast, func, select

from core.instants import DAY_US
from core.working_calendar import WorkingCalendar
from evaluation.models import DUTY_FIGURES
from evaluation.period import By
from evaluation.scope import IN_DETAIL, Scope
from supervision.models import complaints

RATING = "rating"
_COUNTED, _RECTIFIED, _DAYS = DUTY_FIGURES[:3], DUTY_FIGURES[1], DUTY_FIGURES[3]
CalendarOf = Callable[[str], WorkingCalendar]
Counts = dict[str, int]


class Duties:
    """Reads them. `offset_us`: the wall clock by which duties are dated, microseconds east of UTC."""

    figures = frozenset(DUTY_FIGURES)
    stands = False

    def __init__(self, calendar_of: CalendarOf, offset_us: int) -> None:
        self._calendar_of, self._offset_us = calendar_of, offset_us

    def asks(self, scope: Scope, by: By, names: Collection[str]) -> bool:
        """Whether they are asked for; a duty knows no item and no channel."""
        return by not in IN_DETAIL and not scope.items and not self.figures.isdisjoint(names)

    def totals(self, conn: Connection, scope: Scope, by: By, names: Collection[str]) -> dict[Any, Counts]:
        """Their figures by place ("" for all of them); none where items are told apart."""
        place, found = self._place(conn, by), dict[Any, Counts]()
        if not set(names).isdisjoint(_COUNTED):
            sums = [func.count(), _count_of(complaints.c.answered_at), _count_of(complaints.c.called_back_at)]
            for key, *counts in self._rows(conn, scope, place, sums, is_grouped=True):
                found[key] = dict(zip(_COUNTED, map(int, counts), strict=True))
        if _DAYS in names:
            for key, days in self._times(conn, scope, place):
                counts_of = found.setdefault(key, {})
                counts_of[_DAYS] = counts_of.get(_DAYS, 0) + days
        return found

    def parts(self, conn: Connection, scope: Scope, by: By, step: int) -> dict[tuple[Any, int], Counts]:
        """Those put right by place and stretch of `step` days."""
        found: dict[tuple[Any, int], Counts] = defaultdict(lambda: {_RECTIFIED: 0, _DAYS: 0})
        stretch = (self._day(conn) - scope.first) // step
        for key, days in self._times(conn, scope, self._place(conn, by), stretch):
            counts = found[key]
            counts[_RECTIFIED] += 1
            counts[_DAYS] += days
        return dict(found)

    def each(self, conn: Connection, scope: Scope) -> Iterator[tuple[str, int, Counts]]:
        """Number, day (epoch day) and figures of every single one."""
        c = complaints.c
        columns = [self._day(conn), c.area, c.filed_at, c.answered_at, c.called_back_at]
        for no, day, area, filed_at, answered_at, called_back_at in self._rows(conn, scope, c.no, columns):
            days = 0 if answered_at is None else self.days_used(area, filed_at, answered_at)
            done = (1, int(answered_at is not None), int(called_back_at is not None), days)
            yield no, int(day), dict(zip(DUTY_FIGURES, done, strict=True))

    def days_used(self, area: str, filed_at: int, answered_at: int) -> int:
        """Working days from the day a duty arose to that of its answer; a year that is not published has plain weeks."""
        calendar = self._calendar_of(area).assuming_plain_weeks()
        first, last = (calendar.to_local(at) // DAY_US for at in (filed_at, answered_at))
        return calendar.working_days_between(first, last) if last > first else 0

    def _times(self, conn: Connection, scope: Scope, place: Any, stretch: Any = None) -> Iterator[tuple[Any, int]]:
        c = complaints.c
        columns = [*([stretch] if stretch is not None else []), c.area, c.filed_at, c.answered_at]
        for key, *within, area, filed_at, answered_at in self._rows(conn, scope, place, columns, c.answered_at.is_not(None)):
            yield (key, int(within[0])) if within else key, self.days_used(area, filed_at, answered_at)

    def _rows(self, conn: Connection, scope: Scope, place: Any, columns: Sequence[Any], *further: Any,
              is_grouped: bool = False) -> list[Any]:
        """Rows that begin with the key of their place."""
        c = complaints.c
        lasts = (scope.first * DAY_US - self._offset_us, (scope.last + 1) * DAY_US - self._offset_us - 1)
        where = [c.kind == RATING, c.filed_at.between(*lasts), *further]
        where += [c.org.in_(scope.orgs)] if scope.orgs is not None else []
        where += [c.area.in_(scope.areas)] if scope.areas is not None else []
        if place is None:
            rows = conn.execute(select(*columns).where(*where)).all()
            return [("", *row) for row in rows if not is_grouped or row[0]]
        statement = select(place, *columns).where(*where)
        return list(conn.execute(statement.group_by(place) if is_grouped else statement).all())

    def _place(self, conn: Connection, by: By) -> Any:
        day = self._day(conn)
        return {"org": complaints.c.org, "area": complaints.c.area, "day": day, "month": day}.get(by)

    def _day(self, conn: Connection) -> Any:
        local = complaints.c.filed_at + self._offset_us
        return cast(local / DAY_US, Integer) if conn.dialect.name == "sqlite" else func.div(local, DAY_US)


def _count_of(column: Any) -> Any:
    return func.sum(case((column.is_not(None), 1), else_=0))
