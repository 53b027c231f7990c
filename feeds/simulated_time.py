"""Working time of the simulated city: positions (working days, with fractions) to instants and back.

People go on working in a year whose holidays are not published yet; there the city keeps Monday to Friday, while the
supervision rightly refuses to judge it.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

from core.instants import DAY_US
from core.working_calendar import CalendarNotPublished, WorkingCalendar

_DAYS_BEYOND = 3 * 366
_THURSDAY = 3  # 1970-01-01 was a Thursday


class WorkingTime:
    """Position 12.5 is half-way through the office hours of working day 12 (counted from the calendar's first)."""

    def __init__(self, calendar: WorkingCalendar, first_day: int, last_day: int) -> None:
        self._calendar = calendar
        self._days = [day for day in range(first_day, last_day + _DAYS_BEYOND) if self.is_working(day)]
        self._spans = _office_spans(calendar, next(day for day in self._days if _is_known(calendar, day)))
        self.day_us = sum(end - start for start, end in self._spans)

    def is_working(self, day: int) -> bool:
        """Whether people work that epoch day."""
        try:
            return self._calendar.is_working(day)
        except CalendarNotPublished:
            return (day + _THURSDAY) % 7 < 5

    def position(self, day: int) -> int:
        """The working day `day` itself or the next one."""
        return bisect_left(self._days, day)

    def instant(self, position: float) -> int:
        """The UTC instant of a position."""
        whole = int(position)
        worked = int((position - whole) * self.day_us)
        return self._calendar.to_utc(self._days[whole] * DAY_US + self._clock_time(worked))

    def at(self, day: int, in_day_us: int) -> int:
        """The UTC instant of a time on the wall clock of an epoch day."""
        return self._calendar.to_utc(day * DAY_US + in_day_us)

    @property
    def opens(self) -> int:
        """Microseconds after midnight at which offices open."""
        return self._spans[0][0]

    @property
    def closes(self) -> int:
        """Microseconds after midnight at which they close."""
        return self._spans[-1][1]

    def _clock_time(self, worked: int) -> int:
        for start, end in self._spans:
            if worked < end - start:
                return start + worked
            worked -= end - start
        return self.closes


def _is_known(calendar: WorkingCalendar, day: int) -> bool:
    try:
        return calendar.is_working(day)
    except CalendarNotPublished:
        return False


def _office_spans(calendar: WorkingCalendar, day: int) -> list[tuple[int, int]]:
    """The office hours of a working day, found by walking its boundaries."""
    midnight = calendar.to_utc(day * DAY_US)
    edges = [midnight]
    while edges[-1] < midnight + DAY_US:
        edges.append(calendar.next_office_change(edges[-1]))
    return [(start - midnight, end - midnight) for start, end in pairwise(edges)
            if calendar.office_state(start)[0] not in ("before", "lunch", "after")]
