"""The day tables, kept in the transaction of the record: what a batch of cases and cards adds and takes back, row by row.

A figure stands twice: on its own day, and on the day its case was accepted (evaluation.period.Basis). A batch touches a few
figures of each row, so rows are summed up sparse and, on SQLite, written in those sections of the columns they touch.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache, reduce
from itertools import pairwise
from operator import or_
from typing import Any

from sqlalchemy import Connection, Table

from cases.events import CasesMarked
from core.database import Database, bulk_upsert
from core.unit_of_work import UnitOfWork
from core.working_calendar import WorkingCalendar
from evaluation.marks import Entry, read_marks
from evaluation.models import DAY_KEY, FIGURES, FOLLOWS, figure_days, figure_detail_months, figure_details, figure_months
from evaluation.period import Basis, first_of_month
from evaluation.places import DAY_BITS, DAY_MASK, DAY_ZERO, Place, Places, row_number, time_key
from evaluation.rolling import rolled_in

Row = dict[int, int]  # how much by the place of the figure among FIGURES
DayKey = tuple[int, int, str, str]  # basis, day, area, organisation
_WIDTH = len(FIGURES)
# Figures that are written together: what a case that opens, ends or is concluded adds, or a card, each reaches few of them.
_STARTS = [0, *(FIGURES.index(name) for name in ("not_accepted", "special", "received_persons", "acknowledged", "took_0"))]
_SECTIONS = [range(start, end) for start, end in pairwise((*_STARTS, _WIDTH))]
_SECTION_OF = tuple(1 << place for place, section in enumerate(_SECTIONS) for _ in section)
_NOWHERE: Place = ("", "", "", "")
_OF_ACCEPTANCE = time_key(Basis.ACCEPTANCE, 0)


class Sums:
    """Figures by place and, within it, by basis and day (`time_key`). What is added with -1 is taken back."""

    def __init__(self) -> None:
        self.details: dict[Place, dict[int, Row]] = {}

    def add(self, place: Place, cohort: int | None, entries: Iterable[Entry], by: int = 1) -> None:
        """What one case or card adds to the rows of its days and, but for receptions and acceptances, to that of its cohort."""
        rows = self.details.get(place)
        if rows is None:
            rows = self.details[place] = {}
        for day, figure, amount in entries:
            row = rows.setdefault(day + DAY_ZERO, {})
            row[figure] = row.get(figure, 0) + by * amount
            if cohort is not None and FOLLOWS[figure]:
                row = rows.setdefault(_OF_ACCEPTANCE + cohort, {})
                row[figure] = row.get(figure, 0) + by * amount

    def add_marks(self, text: str) -> None:
        """The same for a case as its marks say."""
        self.move_marks("", text)

    def move_marks(self, before: str, after: str, cases: int = 1) -> None:
        """So many cases count for something else: for most of what they did, they go on to count."""
        (was, of_was, old), (now, of_now, new) = counted_by(before), counted_by(after)
        same = _common(old, new, of_was == of_now) if was == now else 0
        if len(old) > same:
            self.add(was, of_was, old[same:], -cases)
        if len(new) > same:
            self.add(now, of_now, new[same:], cases)

    def include(self, other: Sums) -> None:
        """Add what another act of the same transaction adds."""
        for place, rows in other.details.items():
            of_place = self.details.setdefault(place, {})
            for time, row in rows.items():
                _add_row(of_place.setdefault(time, {}), row)

    def days(self) -> dict[DayKey, Row]:
        """The sums by row of the departments' table."""
        days: dict[DayKey, Row] = {}
        for (area, org, _item, _channel), rows in self.details.items():
            for time, row in rows.items():
                _add_row(days.setdefault((time >> DAY_BITS, (time & DAY_MASK) - DAY_ZERO, area, org), {}), row)
        return days

    def rows(self) -> dict[tuple[Any, ...], Row]:
        """The sums by basis, day and place."""
        return {(time >> DAY_BITS, (time & DAY_MASK) - DAY_ZERO, *place): row
                for place, rows in self.details.items() for time, row in rows.items()}

    def months(self, until: int) -> Sums:
        """The sums by place and month, of months before that epoch day."""
        months = Sums()
        for place, rows in self.details.items():
            for time, row in rows.items():
                day = (time & DAY_MASK) - DAY_ZERO
                if day < until:
                    of_place = months.details.setdefault(place, {})
                    _add_row(of_place.setdefault(time_key(time >> DAY_BITS, first_of_month(day)), {}), row)
        return months

    def numbered(self, numbers: Mapping[Place, int]) -> dict[int, Row]:
        """The sums by the number of their row of the detailed table."""
        return {row_number(time, numbers[place]): row for place, rows in self.details.items() for time, row in rows.items()}


class FigureTables:
    """Writes what was summed up. `calendar` says which day it is, for what comes late."""

    def __init__(self, calendar: WorkingCalendar, database: Database) -> None:
        self._calendar, self.places = calendar, Places(database)

    def move(self, uow: UnitOfWork, batch: Sequence[CasesMarked]) -> None:
        """Reaction: cases that count for something else than before."""
        sums = self.sums(uow)
        for (before, after), cases in Counter([move[1:] for event in batch for move in event.moves]).items():
            sums.move_marks(before, after, cases)

    def sums(self, uow: UnitOfWork) -> Sums:
        """What this act adds: cases and cards touch the same rows, which are written once, before the commit."""
        return uow.gathered(self, Sums, self._write)

    def _write(self, uow: UnitOfWork, sums: Sums) -> None:
        """Add to every table. A day that was over a day ago is corrected, which its row says from then on."""
        numbers = self.places.numbers(uow.conn, sums.details)
        for table, part in ((figure_details, sums), (figure_detail_months, sums.months(rolled_in(uow)))):
            _upsert(uow.conn, table, ("id",), [((number,), row, ()) for number, row in part.numbered(numbers).items()])
        days, yesterday = sums.days(), self._calendar.today(uow.now_us) - 1
        _upsert(uow.conn, figure_days, DAY_KEY, [
            (key, row, (uow.now_us if key[0] == Basis.EVENT and key[1] < yesterday else None,))
            for key, row in days.items()], ("corrected_at",))
        _upsert(uow.conn, figure_months, DAY_KEY, [(key, row, ()) for key, row in months_of(days).items()])


@lru_cache(maxsize=16_384)  # the cases of an item's day share it
def counted_by(text: str) -> tuple[Place, int | None, tuple[Entry, ...]]:
    """(place, cohort, entries) of a case by its marks."""
    if not text:
        return _NOWHERE, None, ()
    marks = read_marks(text)
    return marks.place, marks.cohort, tuple(marks.entries())


def months_of(days: Mapping[DayKey, Row]) -> dict[DayKey, Row]:
    """Sums by day added up to those of the departments' months."""
    months: dict[DayKey, Row] = {}
    for (basis, day, area, org), row in days.items():
        _add_row(months.setdefault((basis, first_of_month(day), area, org), {}), row)
    return months


def _add_row(known: Row, row: Row) -> None:
    for figure, amount in row.items():
        known[figure] = known.get(figure, 0) + amount


def _common(old: Sequence[Entry], new: Sequence[Entry], has_same_cohort: bool) -> int:
    """How many entries at the beginning are the same; after those of the opening only if the cohort is, too."""
    same = 0
    for one, other in zip(old, new, strict=False):
        if one != other or (not has_same_cohort and FOLLOWS[one[1]]):
            break
        same += 1
    return same


def wide(row: Row) -> list[int]:
    """All figures of a row in the order of the columns."""
    return [row.get(figure, 0) for figure in range(_WIDTH)]


def _upsert(conn: Connection, table: Table, key: tuple[str, ...], rows: Iterable[tuple[tuple[Any, ...], Row, tuple[Any, ...]]],
            beside: tuple[str, ...] = ()) -> None:
    """Add to the rows of a table, given as (key, figures, values of `beside`, which are replaced). SQLite takes the sections
    each row touches, PostgreSQL in one statement those that any of them does."""
    written: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    moved = [(_touched(row), place, row, values) for place, row, values in rows if any(row.values())]
    together = 0 if conn.dialect.name == "sqlite" else reduce(or_, [touched for touched, *_ in moved], 0)
    for touched, place, row, values in moved:
        figures, get = _figures_of(together or touched), row.get
        written[together or touched].append((*place, *[get(figure, 0) for figure in figures], *values))
    for touched, lines in written.items():
        names = tuple(FIGURES[figure] for figure in _figures_of(touched))
        bulk_upsert(conn, table, (*key, *names, *beside), lines, key=key, add=names)


def _touched(row: Row) -> int:
    """The sections in which a row has a figure, as bits."""
    touched = 0
    for figure in row:
        touched |= _SECTION_OF[figure]
    return touched


@cache
def _figures_of(touched: int) -> tuple[int, ...]:
    """The places of the figures of these sections."""
    return tuple(figure for place, section in enumerate(_SECTIONS) if touched >> place & 1 for figure in section)
