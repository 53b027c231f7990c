"""What a question to the day tables is narrowed to, and the rows it is answered from: whole months where they are kept, days
before and after them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import CTE, BigInteger, Integer, Table, literal, select, true
from sqlalchemy.sql import ColumnElement, FromClause

from evaluation.models import figure_days, figure_detail_months, figure_details, figure_months, figure_places
from evaluation.period import Basis, By, first_of_month
from evaluation.places import DAY_MASK, DAY_ZERO, PLACE_BITS, PLACE_MASK, row_numbers, time_key

MONTH_MOST = 31
IN_DETAIL = frozenset({"item", "channel", "power_kind"})
# Which power an item exercises is asked of the catalogue afterwards.
_PLACES = {"org": "org", "area": "area", "item": "item", "power_kind": "item", "channel": "channel"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question is narrowed to; `orgs` and `areas` None: all. `items` (): all."""

    first: int
    last: int
    basis: Basis
    orgs: tuple[str, ...] | None
    areas: tuple[str, ...] | None
    items: tuple[str, ...]

    def is_detailed(self, by: By) -> bool:
        """Whether only rows that know item and channel can say it."""
        return by in IN_DETAIL or bool(self.items)

    def of_days(self, table: Table = figure_days) -> list[ColumnElement[bool]]:
        """The rows of the departments' days, or months, it is about."""
        c = table.c
        return [c.basis == int(self.basis), c.day.between(self.first, self.last), *self.of_unit(table)]

    def of_details(self, table: Table) -> list[ColumnElement[bool]]:
        """The rows of the detailed days, or months, joined with their places."""
        span = row_numbers(int(self.basis), self.first, self.last)
        of_items = [figure_places.c.item.in_(self.items)] if self.items else []
        return [table.c.id.between(*span), *self.of_unit(figure_places), *of_items]

    def of_unit(self, table: Table) -> list[ColumnElement[bool]]:
        """The rows of a table that are of these departments and areas."""
        return [*([table.c.org.in_(self.orgs)] if self.orgs is not None else []),
                *([table.c.area.in_(self.areas)] if self.areas is not None else [])]

    def days(self, by: By) -> Source:
        """Day by day."""
        return Source(figure_details if self.is_detailed(by) else figure_days, self)

    def by_months(self, by: By, rolled_until: int) -> list[Source]:
        """The same period as whole months and the days before and after them. Detailed months are kept until `rolled_until`."""
        is_detailed = self.is_detailed(by)
        days, months = (figure_details, figure_detail_months) if is_detailed else (figure_days, figure_months)
        month = first_of_month(self.first)
        begins = month if month == self.first else after_month(month)
        ends = first_of_month(self.last + 1)  # the day after the last whole month
        ends = min(ends, rolled_until) if is_detailed else ends
        if begins >= ends:
            return [Source(days, self)]
        parts = [(days, self.first, begins - 1), (months, begins, ends - 1), (days, ends, self.last)]
        return [Source(table, replace(self, first=first, last=last)) for table, first, last in parts if first <= last]

    def each_time(self) -> CTE:
        """Every day of the period, as the numbers of rows hold it (`time_key`)."""
        first, last = time_key(int(self.basis), self.first), time_key(int(self.basis), self.last)
        times = select(literal(first, BigInteger).label("time")).cte("times", recursive=True)
        return times.union_all(select(times.c.time + 1).where(times.c.time < last))

    def split_by_months(self) -> list[Scope]:
        """One for each month it has days of."""
        found, first = [], self.first
        while first <= self.last:
            after = after_month(first_of_month(first))
            found.append(replace(self, first=first, last=min(after - 1, self.last)))
            first = after
        return found


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of a table within a scope."""

    table: Table
    scope: Scope

    @property
    def is_months(self) -> bool:
        return self.table in (figure_months, figure_detail_months)

    @property
    def _is_detailed(self) -> bool:
        return self.table in (figure_details, figure_detail_months)

    @property
    def rows(self) -> FromClause:
        """The table, with its places where it has numbers for them. Days of single items are looked up one by one: they are few
        among the rows of a period."""
        if not self._is_detailed:
            return self.table
        if self.scope.items and not self.is_months:
            days = self.scope.each_time()
            number = days.c.time.bitwise_lshift(literal(PLACE_BITS, Integer)).bitwise_or(figure_places.c.place)
            return figure_places.join(days, true()).join(self.table, self.table.c.id == number)
        return self.table.join(figure_places, figure_places.c.place == self.table.c.id.bitwise_and(PLACE_MASK))

    @property
    def day(self) -> ColumnElement[int]:
        """The day of a row; of a month the first."""
        if not self._is_detailed:
            return self.table.c.day
        return self.table.c.id.bitwise_rshift(literal(PLACE_BITS, Integer)).bitwise_and(DAY_MASK) - DAY_ZERO

    @property
    def where(self) -> list[ColumnElement[bool]]:
        return self.scope.of_details(self.table) if self._is_detailed else self.scope.of_days(self.table)

    def place(self, by: By) -> Any:
        """What rows are told apart by; None for nothing."""
        if by in ("day", "month"):
            return self.day
        column = _PLACES.get(by)
        return None if column is None else (figure_places if self._is_detailed else self.table).c[column]


def after_month(first: int) -> int:
    """The first day of the month after the one that begins on that day."""
    return first_of_month(first + MONTH_MOST)
