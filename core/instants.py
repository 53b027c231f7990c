"""Instants as integers: microseconds UTC since 1970-01-01, and days as integers since the same day.

The hot paths (journal, clocks, sweep) handle hundreds of millions of instants; integers sort, subtract and
store without conversion and without a time-zone surprise. The edge (HTTP, pages, reports) uses `datetime`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_ONE_US = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Microseconds UTC of an aware datetime; a naive one raises ValueError (its zone would be a guess)."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no instant: give it a time zone first")
    return (moment - _EPOCH) // _ONE_US


def from_us(us: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=us)


def written_local(us: int, offset_min: int) -> datetime:
    """The instant as its source wrote it: an aware datetime in the source's own fixed offset."""
    return from_us(us).astimezone(timezone(timedelta(minutes=offset_min)))


def written_due(moment: datetime) -> str:
    """A due instant as people write it, `2026-03-16 24:00`: late from midnight on was due until 24:00 of the day before.

    The one way of writing it: notices (`alerts.notices.texts`) and pages (`dashboard.times.due_stamp`) say the same.
    """
    if moment.time() == time.min:
        return f"{moment - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{moment:%Y-%m-%d %H:%M}"


def written_day(us: int, offset_min: int) -> str:
    """2026年3月23日: the last day on which something due then is in time, as official papers write it."""
    local = written_local(us - 1, offset_min)
    return f"{local.year}年{local.month}月{local.day}日"


def local_day(us: int, offset_min: int) -> int:
    """The epoch day of the date as written (own offset), never of the UTC date."""
    return (us + offset_min * MINUTE_US) // DAY_US


def day_of(day: date) -> int:
    """Epoch day of a date."""
    return day.toordinal() - _EPOCH_ORDINAL


def date_of(day: int) -> date:
    """Date of an epoch day."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


def offset_minutes(moment: datetime) -> int:
    """Minutes east of UTC of an aware datetime."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a naive datetime has no offset")
    return round(offset.total_seconds() / 60)
