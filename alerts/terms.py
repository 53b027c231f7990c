"""When something that people owe falls due: limits in working time with the calendar of the card's area, by the one algebra
of all limits (`cases.clocks`)."""

from __future__ import annotations

from collections.abc import Callable

from cases.clocks import due_instant, timing_of_limit
from cases.fold import Moment
from core.instants import MINUTE_US
from core.limits import parse_limit
from core.working_calendar import WorkingCalendar

CalendarOf = Callable[[str], WorkingCalendar]
PLAIN_WEEK = WorkingCalendar("plain", "1", "Asia/Shanghai", None, ((540, 720), (780, 1020)))


class Terms:
    """Instants from limits. `calendar_of(area)` gives the calendar on the area's wall clock; a plain week unless given."""

    def __init__(self, calendar_of: CalendarOf = lambda _area: PLAIN_WEEK) -> None:
        self._calendar_of = calendar_of

    def due(self, area: str, limit: str, from_us: int) -> int:
        """The instant from which it is late, microseconds UTC. Raises InvalidInput (limit) or CalendarNotPublished."""
        calendar = self._calendar_of(area)
        offset = (calendar.to_local(from_us) - from_us) // MINUTE_US
        due = due_instant(timing_of_limit(parse_limit(limit), Moment(from_us, offset), (), calendar))
        assert due is not None, "only a stop keeps a limit from falling due, and there is none"
        return due
