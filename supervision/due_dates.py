"""When an order or a complaint falls due in its area, and on which date that is."""

from __future__ import annotations

from datetime import date

from alerts.terms import Terms
from core.instants import date_of


class DueDates(Terms):
    """`calendar_of(area)` gives the area's calendar on its own wall clock. All instants are microseconds UTC."""

    def day(self, area: str, us: int) -> date:
        """The date of an instant on the area's wall clock."""
        return date_of(self._calendar_of(area).today(us))
