"""A time limit as the law or an item states it: an amount, its unit and how exactly it is judged."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from enum import StrEnum
from functools import lru_cache

import msgspec

from core.errors import InvalidInput
from core.instants import date_of, day_of


class Unit(StrEnum):
    """Unit of a limit: 工作日, 自然日 or 工作小时 (domain: codes G and Z of the exchange)."""

    WORKING_DAY = "wd"
    CALENDAR_DAY = "cd"
    WORKING_HOUR = "wh"


class Granularity(StrEnum):
    """`day`: closed on the due day is on time. `instant`: one second late is late."""

    DAY = "day"
    INSTANT = "instant"


class Limit(msgspec.Struct, frozen=True, cache_hash=True):
    """A budget of time. Amount 0 means "at once"; "no limit" is None, never 0 (行政许可法 Art. 82: unit is stored).

    A limit of `months` is one of calendar days whose number the day it begins on decides (`from_day`); until then `amount` is
    that of the longest such span, so that nothing takes it for shorter than it is. `said` is how it was stated, where the
    amount that counts is another one.
    """

    amount: int
    unit: Unit = Unit.WORKING_DAY
    granularity: Granularity = Granularity.DAY
    months: int = 0
    said: str = ""

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise InvalidInput("limit_negative", amount=self.amount)
        if self.unit is Unit.WORKING_HOUR and self.granularity is Granularity.DAY:
            raise InvalidInput("limit_hours_need_instant", amount=self.amount)

    def from_day(self, day: int) -> Limit:
        """The limit as it runs from that epoch day on: three months from the 30 November end on the last of February."""
        if not self.months:
            return self
        begun = date_of(day)
        years, month = divmod(begun.month - 1 + self.months, 12)
        year = begun.year + years
        last = date(year, month + 1, min(begun.day, monthrange(year, month + 1)[1]))
        return Limit(day_of(last) - day, self.unit, self.granularity, said=str(self))

    def longer(self, days: int) -> Limit:
        """The same limit, as it was stated, with more days to count."""
        return Limit(self.amount + days, self.unit, self.granularity, said=str(self)) if days else self

    def __str__(self) -> str:
        if self.said or self.months:
            return self.said or f"{self.months}mo"
        return f"{self.amount}{self.unit.value}"


_STATED = re.compile(r"^(\d{1,4})(wd|cd|wh|mo)$")


@lru_cache(maxsize=1024)  # rules and feeds state the same few limits at every event
def parse_limit(text: str, granularity: Granularity | None = None) -> Limit:
    """Read `20wd`, `56cd`, `8wh` or `3mo`. Raises InvalidInput naming the text and the accepted forms."""
    match = _STATED.match(text.strip())
    if match is None:
        raise InvalidInput("limit_unreadable", text=text, accepted="20wd, 56cd, 8wh or 3mo")
    if match[2] == "mo":
        months = int(match[1])
        return Limit(31 * months, Unit.CALENDAR_DAY, granularity or Granularity.DAY, months)
    unit = Unit(match[2])
    default = Granularity.INSTANT if unit is Unit.WORKING_HOUR else Granularity.DAY
    return Limit(int(match[1]), unit, granularity or default)
