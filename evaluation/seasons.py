"""With what a period may be compared: as many working days of the period before, and of the same one a year ago. Pure.

A month with a long holiday has fewer working days than the next, and a month that is not over has had only some of its own. So
both sides of a comparison have the same number of working days, counted from their first day.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.instants import date_of, day_of
from core.working_calendar import CalendarNotPublished, WorkingCalendar


class Span(StrEnum):
    """The periods a person may choose."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"
    FREE = "free"


FIRST_YEAR, LAST_YEAR = 1990, 2100
_PERIODS: tuple[tuple[re.Pattern[str], Span, Callable[[int], int]], ...] = (
    (re.compile(r"(\d{4})-(\d\d)"), Span.MONTH, lambda month: month),
    (re.compile(r"(\d{4})-Q([1-4])"), Span.QUARTER, lambda quarter: 3 * quarter - 2),
    (re.compile(r"(\d{4})-H([12])"), Span.HALF, lambda half: 6 * half - 5),
    (re.compile(r"(\d{4})"), Span.YEAR, lambda _: 1))
MONTHS = {Span.MONTH: 1, Span.QUARTER: 3, Span.HALF: 6, Span.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Comparable:
    """A stretch as long in working days as the one asked about; `is_short` where it has fewer in all."""

    name: str  # before, last_year
    stretch: Stretch
    working_days: int
    is_short: bool


def stretch_of(span: Span, day: date) -> Stretch:
    """The month, quarter, half-year or year that holds the day."""
    length = MONTHS[span]
    first = date(day.year, (day.month - 1) // length * length + 1, 1)
    return Stretch(first, _plus_months(first, length) - timedelta(days=1))


def period_text(span: Span, stretch: Stretch) -> str:
    """As an address names it: 2026-03, 2026-Q1, 2026-H1, 2026, 2026-03-01..2026-03-15."""
    first = stretch.first
    return {Span.MONTH: f"{first:%Y-%m}", Span.QUARTER: f"{first.year}-Q{(first.month + 2) // 3}",
            Span.HALF: f"{first.year}-H{(first.month + 5) // 6}", Span.YEAR: f"{first.year}"}.get(
                span, f"{first.isoformat()}..{stretch.last.isoformat()}")


def period_of(text: str) -> tuple[Span, Stretch] | None:
    """What an address names; None for anything else."""
    for pattern, span, month_of in _PERIODS:
        found = pattern.fullmatch(text)
        if found is not None and FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
            month = month_of(int(found[2])) if pattern.groups > 1 else 1
            return (span, stretch_of(span, date(int(found[1]), month, 1))) if 1 <= month <= 12 else None
    return _free(text)


def _free(text: str) -> tuple[Span, Stretch] | None:
    try:
        first, last = (date.fromisoformat(day) for day in text.split(".."))
    except ValueError:
        return None
    is_known = FIRST_YEAR <= first.year and last.year <= LAST_YEAR and first <= last
    return (Span.FREE, Stretch(first, last)) if is_known else None


def neighbour(span: Span, stretch: Stretch, steps: int) -> Stretch:
    """The stretch so many steps later (earlier if negative)."""
    if span is Span.FREE:
        move = timedelta(days=stretch.days * steps)
        return Stretch(stretch.first + move, stretch.last + move)
    return stretch_of(span, _plus_months(stretch.first, MONTHS[span] * steps))


def so_far(stretch: Stretch, today: date) -> Stretch:
    """What of it has been, today included; its first day where none has."""
    return Stretch(stretch.first, max(stretch.first, min(stretch.last, today)))


def working_days(calendar: WorkingCalendar, stretch: Stretch) -> int:
    """Raises CalendarNotPublished for a year whose holidays are not known."""
    first = day_of(stretch.first)  # counted by itself: the day before may lie in a year that is not known
    return calendar.is_working(first) + calendar.working_days_between(first, day_of(stretch.last))


def comparables(calendar: WorkingCalendar, span: Span, stretch: Stretch, today: date) -> list[Comparable]:
    """The period before and the one a year ago, each cut to as many working days as have been of this one. A year whose
    holidays are not known is left out."""
    wanted = working_days(calendar, so_far(stretch, today))
    whole = {"before": neighbour(span, stretch, -1), "last_year": _year_ago(stretch)}
    if span is Span.YEAR:
        del whole["before"]  # they are one
    found = []
    for name, other in whole.items():
        try:
            found.append(_cut(calendar, name, other, wanted))
        except CalendarNotPublished:
            continue
    return found


def _cut(calendar: WorkingCalendar, name: str, other: Stretch, wanted: int) -> Comparable:
    has = working_days(calendar, other)
    if has <= wanted:
        return Comparable(name, other, has, has < wanted)
    first = day_of(other.first)
    last = calendar.add_working_days(first, max(0, wanted - calendar.is_working(first)))
    return Comparable(name, Stretch(other.first, date_of(last)), wanted, is_short=False)


def _year_ago(stretch: Stretch) -> Stretch:
    """Month by month: the whole of a month a year ago, whatever its length."""
    first, after = _plus_months(stretch.first, -12), stretch.last + timedelta(days=1)
    return Stretch(first, _plus_months(after, -12) - timedelta(days=1))


def _plus_months(day: date, months: int) -> date:
    at = day.year * 12 + day.month - 1 + months
    first = date(at // 12, at % 12 + 1, 1)
    following = date((at + 1) // 12, (at + 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))
