"""Quiet hours: when nothing below red leaves the site. Whatever cannot be judged is not quiet (fail open)."""

from __future__ import annotations

from dataclasses import dataclass

from core.instants import DAY_US, MINUTE_US
from core.working_calendar import WorkingCalendar


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one minute of the day until another, on the wall clock of the area; over midnight when `until` is earlier."""

    from_min: int
    until_min: int

    def over_at(self, at_us: int, calendar: WorkingCalendar) -> int | None:
        """When the quiet hours that hold at this instant are over (microseconds UTC); None when none hold."""
        local = calendar.to_local(at_us)
        day, minute = local // DAY_US * DAY_US, local % DAY_US // MINUTE_US
        if not self._holds(minute):
            return None
        is_tomorrow = self.from_min > self.until_min and minute >= self.from_min
        return calendar.to_utc(day + (DAY_US if is_tomorrow else 0) + self.until_min * MINUTE_US)

    def _holds(self, minute: int) -> bool:
        if self.from_min <= self.until_min:
            return self.from_min <= minute < self.until_min
        return minute >= self.from_min or minute < self.until_min


def quiet_hours(quiet_from: str | None, quiet_until: str | None) -> QuietHours | None:
    """The quiet hours of the settings; None when one of the two is not given."""
    if quiet_from is None or quiet_until is None:
        return None
    return QuietHours(_minute(quiet_from), _minute(quiet_until))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
