"""When something falls due in an area: limits in working time with its calendar, by the one algebra of all limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from cases.clocks import due_instant, timing_of_limit
from cases.fold import Moment
from core.instants import MINUTE_US, date_of
from core.limits import parse_limit
from core.working_calendar import WorkingCalendar


class DueDates:
    """`calendar_of(area)` gives the area's calendar on its own wall clock. All instants are microseconds UTC."""

    def __init__(self, calendar_of: Callable[[str], WorkingCalendar]) -> None:
        self._calendar_of = calendar_of

    def due(self, area: str, limit: str, from_us: int, extra_days: int = 0) -> int:
        """The instant from which it is late; `extra_days` are working days granted on top of a limit in working days.

        Raises InvalidInput (a limit nobody can read) or CalendarNotPublished.
        """
        calendar = self._calendar_of(area)
        stated = parse_limit(limit)
        granted = parse_limit(f"{stated.amount + extra_days}{stated.unit.value}") if extra_days else stated
        due = due_instant(timing_of_limit(granted, Moment(from_us, self.offset(area, from_us)), (), calendar))
        assert due is not None, "only a stop keeps a limit from falling due, and there is none"
        return due

    def next_office(self, area: str, from_us: int) -> int:
        """The first instant of office time after an instant: when something can be done about it."""
        calendar = self._calendar_of(area)
        return calendar.to_utc(calendar.advance(calendar.to_local(from_us), 1) - 1)

    def day(self, area: str, us: int) -> date:
        """The date of an instant on the area's wall clock."""
        return date_of(self._calendar_of(area).today(us))

    def offset(self, area: str, us: int) -> int:
        """Minutes east of UTC on the area's wall clock."""
        return (self._calendar_of(area).to_local(us) - us) // MINUTE_US
