"""Instants are integers of UTC; the date of an instant is the one its source wrote."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from core.instants import (
    DAY_US,
    HOUR_US,
    date_of,
    day_of,
    from_us,
    local_day,
    offset_minutes,
    to_us,
    written_due,
    written_local,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_an_instant_is_microseconds_of_utc_since_1970():
    assert to_us(datetime(1970, 1, 1, 8, 0, 0, 1, tzinfo=SHANGHAI)) == 1
    assert to_us(datetime(1969, 12, 31, 23, tzinfo=UTC)) == -HOUR_US


def test_an_instant_and_its_datetime_are_inverse_to_the_microsecond_far_from_today():
    for moment in (datetime(1753, 1, 1, 0, 0, 0, 7, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)):
        assert from_us(to_us(moment)) == moment


def test_a_naive_time_has_no_instant_and_no_offset():
    naive = datetime(2018, 10, 15, 10)  # noqa: DTZ001 - that is the point
    with pytest.raises(ValueError, match="time zone"):
        to_us(naive)
    with pytest.raises(ValueError, match="offset"):
        offset_minutes(naive)


@pytest.mark.parametrize(("offset_min", "day"), [(480, "2018-10-16"), (0, "2018-10-15"), (-60, "2018-10-15")])
def test_the_day_of_an_instant_is_the_date_as_written(offset_min, day):
    at = to_us(datetime(2018, 10, 15, 16, 30, tzinfo=UTC))
    assert date_of(local_day(at, offset_min)).isoformat() == day


def test_an_instant_is_told_in_the_offset_of_its_source():
    at = to_us(datetime(2018, 10, 15, 10, tzinfo=timezone(timedelta(hours=-3, minutes=-30))))
    assert written_local(at, -210).isoformat() == "2018-10-15T10:00:00-03:30"


def test_offsets_are_minutes_east_and_follow_summer_time():
    amsterdam = ZoneInfo("Europe/Amsterdam")
    assert offset_minutes(datetime(2018, 10, 15, tzinfo=amsterdam)) == 120
    assert offset_minutes(datetime(2018, 12, 15, tzinfo=amsterdam)) == 60
    assert offset_minutes(datetime(2018, 10, 15, tzinfo=SHANGHAI)) == 480


def test_epoch_days_and_dates_are_inverse():
    assert day_of(date(1970, 1, 1)) == 0
    assert date_of(day_of(date(2000, 2, 29))) == date(2000, 2, 29)
    assert day_of(date(1969, 12, 31)) == -1 == local_day(-1, 0) == (-DAY_US) // DAY_US


@pytest.mark.parametrize(("at", "written"), [
    (datetime(2026, 3, 17, tzinfo=SHANGHAI), "2026-03-16 24:00"), (datetime(2026, 1, 1, tzinfo=SHANGHAI), "2025-12-31 24:00"),
    (datetime(2026, 3, 17, 0, 1, tzinfo=SHANGHAI), "2026-03-17 00:01"),
    (datetime(2026, 3, 17, 0, 0, 1, tzinfo=SHANGHAI), "2026-03-17 00:00"),
    (datetime(2026, 3, 16, 16, tzinfo=UTC).astimezone(SHANGHAI), "2026-03-16 24:00"),
    (datetime(2026, 3, 16, 16, tzinfo=UTC), "2026-03-16 16:00")])
def test_what_is_due_at_midnight_is_due_until_the_end_of_the_day_before(at: datetime, written: str):
    assert written_due(at) == written
