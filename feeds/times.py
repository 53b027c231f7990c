"""Time stamps as sources write them → instant and offset.

An offset that is written is kept. Without one, the zone of the mapping decides, at that local time (summer time
included). A time without either is refused: its instant would be a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.instants import SECOND_US, from_us, offset_minutes, to_us
from feeds.reasons import Refusal

ISO = "iso"
EPOCH_S, EPOCH_MS = "epoch_s", "epoch_ms"
FIRST_YEAR, LAST_YEAR = 1900, 2199
# The same years anywhere on earth, for instants whose wall clock is not asked.
FIRST_US, END_US = (to_us(datetime(*day, tzinfo=UTC)) for day in ((FIRST_YEAR - 1, 12, 31), (LAST_YEAR + 1, 1, 2)))
MOST_OFFSET_MIN = 24 * 60 - 1
MOST_DAYS = 9999
"""Longest number of days an event may grant."""
_REMEMBERED = 65_536

_UNMATCHED = "does not match format"  # what strptime says of a format that is one
_SLASHED = re.compile(r"^(\d{4})/(\d{1,2})/(\d{1,2})(?:[T ]+(\d{1,2})(?=:))?")

TimeReader = Callable[[str], tuple[int, int]]


def time_reader(zone: ZoneInfo | None, formats: tuple[str, ...] = (ISO,)) -> TimeReader:
    """A function text → (microseconds UTC, minutes east). It raises Refusal for what it cannot read.

    `formats` are `iso` (a date may also have slashes, year first), `epoch_s`, `epoch_ms` or strptime patterns, tried in order.
    Answers are remembered (bounded): logs repeat their days.
    """

    @lru_cache(maxsize=_REMEMBERED)
    def read(text: str) -> tuple[int, int]:
        moment = _moment(text, formats)
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise Refusal("time_out_of_range", value=text)
        if moment.tzinfo is None:
            if zone is None:
                raise Refusal("time_zone_missing", value=text)
            moment = moment.replace(tzinfo=zone)
        elif zone is not None and formats[0].startswith("epoch"):
            moment = moment.astimezone(zone)
        return to_us(moment), offset_minutes(moment)

    return read


def problem_with(form: str) -> str:
    """Why no time could ever be read by this format; nothing where one could."""
    if form in (ISO, EPOCH_S, EPOCH_MS):
        return ""
    if "%" not in form:
        return f"no such format: {form!r}"
    try:
        datetime.strptime("", form)  # noqa: DTZ007 - nothing is read
    except ValueError as failure:
        return "" if _UNMATCHED in str(failure) else str(failure)
    return ""


def _with_hyphens(date: re.Match[str]) -> str:
    """A date with slashes and the year first, as spreadsheets write it: 2026/3/9 8:05."""
    year, month, day, hour = date.groups()
    return f"{year}-{month:0>2}-{day:0>2}" + (f"T{hour:0>2}" if hour else "")


def _moment(text: str, formats: tuple[str, ...]) -> datetime:
    for form in formats:
        try:
            return _read_as(text, form)
        except (ValueError, OverflowError):
            continue
    raise Refusal("time_unreadable", value=text, problem=f"expected {' or '.join(formats)}")


def _read_as(text: str, form: str) -> datetime:
    if form == ISO:
        return datetime.fromisoformat(_SLASHED.sub(_with_hyphens, text, count=1))
    if form == EPOCH_S:
        return from_us(int(text) * SECOND_US)
    if form == EPOCH_MS:
        return from_us(int(text) * 1000)
    return datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the mapping's zone
