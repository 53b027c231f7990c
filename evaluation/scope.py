"""What a question to the day tables is narrowed to, as conditions on their rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Integer, Table, literal
from sqlalchemy.sql import ColumnElement

from evaluation.models import figure_days, figure_details, figure_months, figure_places
from evaluation.period import Basis, first_of_month
from evaluation.places import DAY_MASK, DAY_ZERO, PLACE_BITS, PLACE_MASK, row_numbers

MONTH_MOST = 31
# The detailed rows with their places, and the day a row's number holds.
DETAILED = figure_details.join(figure_places, figure_places.c.place == figure_details.c.id.bitwise_and(PLACE_MASK))
DAY_OF_DETAIL = figure_details.c.id.bitwise_rshift(literal(PLACE_BITS, Integer)).bitwise_and(DAY_MASK) - DAY_ZERO


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question is narrowed to; `orgs` and `areas` None: all. `items` (): all."""

    first: int
    last: int
    basis: Basis
    orgs: tuple[str, ...] | None
    areas: tuple[str, ...] | None
    items: tuple[str, ...]

    def of_days(self, table: Table = figure_days) -> list[ColumnElement[bool]]:
        """The rows of the departments' days, or months, it is about."""
        c = table.c
        return [c.basis == int(self.basis), c.day.between(self.first, self.last), *self._of_unit(table)]

    def by_months(self) -> list[tuple[Table, Scope]]:
        """The same period as whole months and the days before and after them."""
        month = first_of_month(self.first)
        begins = first_of_month(month + MONTH_MOST) if month < self.first else self.first
        ends = first_of_month(self.last + 1)  # the day after the last whole month
        if begins >= ends:
            return [(figure_days, self)]
        parts = [(figure_days, self.first, begins - 1), (figure_months, begins, ends - 1), (figure_days, ends, self.last)]
        return [(table, replace(self, first=first, last=last)) for table, first, last in parts if first <= last]

    def of_details(self) -> list[ColumnElement[bool]]:
        """The rows of the detailed table, joined with their places."""
        of_items = [figure_places.c.item.in_(self.items)] if self.items else []
        return [figure_details.c.id.between(*row_numbers(int(self.basis), self.first, self.last)),
                *self._of_unit(figure_places), *of_items]

    def _of_unit(self, table: Table) -> list[ColumnElement[bool]]:
        return [*([table.c.org.in_(self.orgs)] if self.orgs is not None else []),
                *([table.c.area.in_(self.areas)] if self.areas is not None else [])]
