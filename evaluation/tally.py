"""The day tables, kept in the transaction of the record: what a batch of cases and cards adds and takes back, row by row.

A figure stands twice: on its own day, and on the day its case was accepted (evaluation.period.Basis).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cases.events import CasesMarked
from core.database import bulk_upsert
from core.unit_of_work import UnitOfWork
from core.working_calendar import WorkingCalendar
from evaluation.marks import Entry, read_marks
from evaluation.models import DAY_KEY, DETAIL_KEY, FIGURES, figure_days, figure_details
from evaluation.period import Basis

Place = tuple[str, str, str, str]  # area, organisation, item, channel
Key = tuple[Any, ...]
_EVENT, _ACCEPTANCE = int(Basis.EVENT), int(Basis.ACCEPTANCE)
_WIDTH = len(FIGURES)


class Sums:
    """Figures by row of the detailed table. `add` with -1 takes back."""

    def __init__(self) -> None:
        self.details: dict[Key, list[int]] = {}

    def add(self, place: Place, cohort: int | None, entries: Iterable[Entry], by: int = 1) -> None:
        """What one case or card adds to the rows of its days, and to that of its cohort."""
        of_cohort = self._row(_ACCEPTANCE, cohort, place) if cohort is not None else None
        last_day, row = None, None
        for day, figure, amount in entries:
            if row is None or day != last_day:
                last_day, row = day, self._row(_EVENT, day, place)
            row[figure] += by * amount
            if of_cohort is not None:
                of_cohort[figure] += by * amount

    def add_marks(self, text: str, by: int = 1) -> None:
        """The same for a case as its marks say."""
        if text:
            marks = read_marks(text)
            self.add(marks.place, marks.cohort, marks.entries(), by)

    def days(self) -> dict[Key, list[int]]:
        """The sums by row of the departments' table."""
        days: dict[Key, list[int]] = {}
        for (basis, day, area, org, _item, _channel), counts in self.details.items():
            known = days.get((basis, day, area, org))
            days[basis, day, area, org] = counts[:] if known is None else list(map(int.__add__, known, counts))
        return days

    def _row(self, basis: int, day: int, place: Place) -> list[int]:
        key = (basis, day, *place)
        row = self.details.get(key)
        if row is None:
            row = self.details[key] = [0] * _WIDTH
        return row


class FigureTables:
    """Writes what was summed up. `calendar` says which day it is, for what comes late."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._calendar = calendar

    def move(self, uow: UnitOfWork, batch: Sequence[CasesMarked]) -> None:
        """Reaction: cases that count for something else than before."""
        sums = Sums()
        for event in batch:
            for _case_id, before, after in event.moves:
                sums.add_marks(before, -1)
                sums.add_marks(after)
        self.write(uow, sums)

    def write(self, uow: UnitOfWork, sums: Sums) -> None:
        """Add to both tables. A day that was over a day ago is corrected, which its row says from then on."""
        details = [(*key, *counts) for key, counts in sums.details.items() if any(counts)]
        bulk_upsert(uow.conn, figure_details, (*DETAIL_KEY, *FIGURES), details, key=DETAIL_KEY, add=FIGURES)
        yesterday = self._calendar.today(uow.now_us) - 1
        days = [(*key, *counts, uow.now_us if key[0] == _EVENT and key[1] < yesterday else None)
                for key, counts in sums.days().items() if any(counts)]
        bulk_upsert(uow.conn, figure_days, (*DAY_KEY, *FIGURES, "corrected_at"), days, key=DAY_KEY, add=FIGURES)
