"""Working time on arrays: the prefix tables of core.working_calendar, look-up by look-up the same as its scalar methods.

Where the scalar raises CalendarNotPublished, these mark the row as bad and go on; the value of a bad row means nothing.
Days are epoch days, local instants microseconds on the wall clock, both int64.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from core.instants import DAY_US, to_us
from core.working_calendar import WorkingCalendar

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
NONE = int(np.iinfo(np.int64).min)  # stands for "there is none"
_FIRST, _LAST = datetime(1890, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def earliest(*columns: Ints) -> Ints:
    """Row by row the earliest of the instants there are; NONE where there is none."""
    # One less and round the corner: NONE, the least of all numbers, becomes the greatest.
    found: Ints = np.minimum.reduce([column - 1 for column in columns]) + 1
    return found


def combinations(*columns: Ints) -> tuple[list[tuple[int, ...]], Ints]:
    """(the combinations of values that occur, which of them each row has)."""
    if not len(columns[0]):
        return [], np.zeros(0, dtype=np.int64)
    lows = [int(column.min()) for column in columns]
    widths = [int(column.max()) - low + 1 for column, low in zip(columns, lows, strict=True)]
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column, low, width in zip(columns, lows, widths, strict=True):
        key = key * width + (column - low)
    different, back = _numbered(key)
    found: list[Ints] = []
    for low, width in zip(reversed(lows), reversed(widths), strict=True):
        different, part = np.divmod(different, width)
        found.append(part + low)
    return list(zip(*(column.tolist() for column in reversed(found)), strict=True)), back


def _numbered(key: Ints) -> tuple[Ints, Ints]:
    """The different values and each row's place among them; by a table where they are close together, as they mostly are."""
    top = int(key.max()) + 1
    if top > max(1_000_000, 8 * len(key)):
        different, back = np.unique(key, return_inverse=True)
        return different, back
    seen = np.zeros(top, dtype=np.bool_)
    seen[key] = True
    different = np.nonzero(seen)[0]
    places = np.zeros(top, dtype=np.int64)
    places[different] = np.arange(len(different))
    return different, places[key]


class CalendarTable:
    """The tables of one calendar as arrays. `bad` arguments are written to."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self.calendar = calendar
        self.first, self.last = calendar.known_days
        self._counts = np.array(calendar.counts, dtype=np.int64)
        self._days = np.array(calendar.working_days, dtype=np.int64)
        self.day_us = calendar.day_us
        self._zone = None if calendar.fixed_offset_us is not None else zone_table(calendar.timezone)

    # Days -------------------------------------------------------------------------------------------------------------

    def count_to(self, day: Ints, bad: Bools) -> Ints:
        """Working days up to and including the day."""
        bad |= (day < self.first) | (day > self.last)
        counted: Ints = self._counts[np.clip(day - self.first + 1, 0, len(self._counts) - 1)]
        return counted

    def between(self, after: Ints, upto: Ints, bad: Bools) -> Ints:
        """Working days in (after, upto]."""
        return self.count_to(upto, bad) - self.count_to(after, bad)

    def add(self, day: Ints, amount: Ints, bad: Bools) -> Ints:
        """The amount-th working day strictly after the day; the day itself for 0, whether its year is known or not."""
        moves = amount != 0
        missing = np.zeros(len(day), dtype=np.bool_)
        found = self._nth(self.count_to(day, missing) + amount - 1, missing)
        bad |= missing & moves
        return np.where(moves, found, day)

    # Working time -----------------------------------------------------------------------------------------------------

    def measure(self, begin: Ints, end: Ints, bad: Bools) -> Ints:
        """Working microseconds between two local instants."""
        return self._worked(end, bad) - self._worked(begin, bad)

    def advance(self, local: Ints, amount: Ints, bad: Bools) -> Ints:
        """The earliest local instant by which so much working time has passed."""
        moves = amount > 0
        missing = np.zeros(len(local), dtype=np.bool_)
        whole, part = np.divmod(self._worked(local, missing) + amount - 1, self.day_us)
        found = self._nth(whole, missing) * DAY_US + self._clock_time(part + 1)
        bad |= missing & moves
        return np.where(moves, found, local)

    # Zone -------------------------------------------------------------------------------------------------------------

    def to_local(self, us: Ints) -> Ints:
        if self._zone is None:
            return us + np.int64(self.calendar.fixed_offset_us or 0)
        return us + self._zone.offset_at(us)

    def to_utc(self, local: Ints) -> Ints:
        """The first instant where the clock went back, the later where it leapt."""
        if self._zone is None:
            return local - np.int64(self.calendar.fixed_offset_us or 0)
        return local - self._zone.offset_of_local(local)

    # Inside -----------------------------------------------------------------------------------------------------------

    def _nth(self, index: Ints, bad: Bools) -> Ints:
        bad |= (index < 0) | (index >= len(self._days))
        found: Ints = self._days[np.clip(index, 0, len(self._days) - 1)]
        return found

    def _worked(self, local: Ints, bad: Bools) -> Ints:
        day, in_day = np.divmod(local, DAY_US)
        whole = self.count_to(day, bad)
        before = self._counts[np.clip(day - self.first, 0, len(self._counts) - 1)]
        inside = np.zeros(len(local), dtype=np.int64)
        for start, end in self.calendar.office_spans:
            inside += np.clip(in_day - start, 0, end - start)
        worked: Ints = before * self.day_us + np.where(whole == before, 0, inside)
        return worked

    def _clock_time(self, worked: Ints) -> Ints:
        found, left = np.zeros(len(worked), dtype=np.int64), worked.copy()
        open_ = np.ones(len(worked), dtype=np.bool_)
        for start, end in self.calendar.office_spans:
            here = open_ & (left <= end - start)
            found[here] = start + left[here]
            open_ &= ~here
            left = np.where(open_, left - (end - start), left)
        return found


class ZoneTable:
    """The offsets of a zone between its changes, in microseconds."""

    def __init__(self, timezone: str) -> None:
        zone = ZoneInfo(timezone)
        changes = _changes(zone)
        self._at = np.array([to_us(at) for at, _ in changes[1:]], dtype=np.int64)
        self._offsets = np.array([offset for _, offset in changes], dtype=np.int64)
        # A local time that occurs twice or never is read with the offset before the change (as Python does, fold=0).
        self._local = self._at + np.maximum(self._offsets[:-1], self._offsets[1:])

    def offset_at(self, us: Ints) -> Ints:
        return self._offsets[np.searchsorted(self._at, us, side="right")]

    def offset_of_local(self, local: Ints) -> Ints:
        return self._offsets[np.searchsorted(self._local, local, side="right")]


@lru_cache(maxsize=64)
def zone_table(timezone: str) -> ZoneTable:
    return ZoneTable(timezone)


@lru_cache(maxsize=64)
def calendar_table(calendar: WorkingCalendar) -> CalendarTable:
    """The tables of a calendar, made once: calendars are immutable and live as long as the process."""
    return CalendarTable(calendar)


def _changes(zone: ZoneInfo) -> list[tuple[datetime, int]]:
    """(instant, offset from then on in microseconds); no zone changes twice within ten days."""
    step, found = timedelta(days=10), [(_FIRST, _offset(_FIRST, zone))]
    at = _FIRST
    while at < _LAST:
        following = at + step
        if _offset(following, zone) != found[-1][1]:
            found.append(_first_with(at, following, zone))
        at = following
    return found


def _first_with(before: datetime, after: datetime, zone: ZoneInfo) -> tuple[datetime, int]:
    """The second at which the offset of `after` begins."""
    wanted = _offset(after, zone)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=1) // 2)
        before, after = (before, middle) if _offset(middle, zone) == wanted else (middle, after)
    return after, wanted


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    """Whole minutes, as core.instants has them."""
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return round(offset.total_seconds() / 60) * 60_000_000
