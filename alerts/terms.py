"""When something that people owe falls due: limits in working time with the calendar of an area, by the one algebra of all
limits (`cases.clocks`).

A reply owed must have a date, and a card must never fail for want of one: in years whose holidays are not published plain weeks
are assumed. That is a day or two too early after a holiday; what lapses is therefore asked again by the calendar of that day
(alerts.deadlines), and the end of the published years is an alarm long before (jobs.watch_calendars).
"""

from __future__ import annotations

from collections.abc import Callable

from cases.clocks import due_instant, timing_of_limit
from cases.fold import Moment
from core.instants import MINUTE_US
from core.limits import Limit, parse_limit
from core.working_calendar import CalendarNotPublished, WorkingCalendar

CalendarOf = Callable[[str], WorkingCalendar]
PLAIN_WEEK = WorkingCalendar("plain", "1", "Asia/Shanghai", None, ((540, 720), (780, 1020)))


class Terms:
    """Instants from limits, microseconds UTC. `calendar_of(area)` gives the calendar on the area's wall clock; a plain week
    unless given."""

    def __init__(self, calendar_of: CalendarOf = lambda _area: PLAIN_WEEK) -> None:
        self._calendar_of = calendar_of

    def due(self, area: str, limit: str, from_us: int, extra_days: int = 0) -> int:
        """The instant from which it is late; `extra_days` are working days granted on top. Raises InvalidInput for a limit
        nobody can read."""
        calendar, stated = self._calendar_of(area), parse_limit(limit)
        granted = parse_limit(f"{stated.amount + extra_days}{stated.unit.value}") if extra_days else stated
        try:
            return _due(calendar, granted, from_us)
        except CalendarNotPublished:
            return _due(calendar.assuming_plain_weeks(), granted, from_us)

    def next_office(self, area: str, from_us: int) -> int:
        """The first instant of office time after an instant: when something can be done about it."""
        calendar = self._calendar_of(area)
        try:
            return _next_office(calendar, from_us)
        except CalendarNotPublished:
            return _next_office(calendar.assuming_plain_weeks(), from_us)

    def offset(self, area: str, us: int) -> int:
        """Minutes east of UTC on the area's wall clock."""
        return _offset(self._calendar_of(area), us)


def _due(calendar: WorkingCalendar, limit: Limit, from_us: int) -> int:
    due = due_instant(timing_of_limit(limit, Moment(from_us, _offset(calendar, from_us)), (), calendar))
    assert due is not None, "only a stop keeps a limit from falling due, and there is none"
    return due


def _next_office(calendar: WorkingCalendar, from_us: int) -> int:
    return calendar.to_utc(calendar.advance(calendar.to_local(from_us), 1) - 1)


def _offset(calendar: WorkingCalendar, us: int) -> int:
    return (calendar.to_local(us) - us) // MINUTE_US
