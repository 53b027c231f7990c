"""Months of the detailed table added up once they are over, so that a question over years reads them instead of their days.

What comes late for such a month is added to it in the transaction of the record, as to every other table (evaluation/tally.py);
the month that goes on costs its events nothing more.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, func, insert, literal, select

from core.database import bulk_upsert
from core.statements import Statement
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from core.working_calendar import WorkingCalendar
from evaluation.models import FIGURES, figure_detail_months, figure_details, figure_rollups
from evaluation.period import Basis, first_of_month
from evaluation.places import DAY_ZERO, PLACE_MASK, basis_and_day, row_number, row_numbers, time_key
from evaluation.scope import after_month

NEVER = -DAY_ZERO
_ROW = 1
_UNTIL = Statement(select(figure_rollups.c.until).where(figure_rollups.c.id == _ROW))


def rolled_until(conn: Connection) -> int:
    """The first epoch day that is not in a month added up, the first of a month; `NEVER` when none is."""
    found = _UNTIL.value(conn)
    return NEVER if found is None else int(found)


def rolled_in(uow: UnitOfWork) -> int:
    """The same in a writing transaction: every batch asks, and it changes once a month."""
    return uow.keep(figure_rollups, rolled_until)


class MonthRoller:
    """Adds up what is over, a month in a transaction, so that writers wait for one month at most."""

    def __init__(self, units: UnitOfWorkFactory, calendar: WorkingCalendar) -> None:
        self._units, self._calendar = units, calendar

    def work(self) -> int:
        """Every month that is over; returns how many were added up."""
        rolled = 0
        while self._is_due():
            with self._units() as uow:
                month = _next_month(uow.conn)
                if month is None or not self._is_over(month, uow.now_us):
                    break
                _add_up(uow.conn, month)
                uow.kept.pop(figure_rollups, None)
            rolled += 1
        return rolled

    def _is_due(self) -> bool:
        """Asked without the lock of the writers."""
        with self._units.database.read() as conn:
            month = _next_month(conn)
        return month is not None and self._is_over(month, self._units.clock.now_us())

    def _is_over(self, month: int, now_us: int) -> bool:
        return after_month(month) <= self._calendar.today(now_us)


def _next_month(conn: Connection) -> int | None:
    """The first that was not added up; None where nothing was counted."""
    until = rolled_until(conn)
    if until != NEVER:
        return until
    c = figure_details.c
    spans = [row_numbers(int(basis), NEVER, DAY_ZERO - 1) for basis in Basis]
    firsts = [conn.scalar(select(func.min(c.id)).where(c.id.between(*span))) for span in spans]
    days = [basis_and_day(number)[1] for number in firsts if number is not None]
    return first_of_month(min(days)) if days else None


def _add_up(conn: Connection, month: int) -> None:
    after = after_month(month)
    for basis in map(int, Basis):
        c = figure_details.c
        days = select(c.id.bitwise_and(PLACE_MASK).label("place"), *c[FIGURES]).where(
            c.id.between(*row_numbers(basis, month, after - 1))).subquery()
        sums = [func.sum(days.c[name]) for name in FIGURES]
        number = literal(row_number(time_key(basis, month), 0), BigInteger) + days.c.place
        conn.execute(insert(figure_detail_months).from_select(("id", *FIGURES), select(number, *sums).group_by(days.c.place)))
    bulk_upsert(conn, figure_rollups, ("id", "until"), [(_ROW, after)], key=("id",))
