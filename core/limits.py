"""A time limit as the law or an item states it: an amount, its unit and how exactly it is judged."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

import msgspec

from core.errors import InvalidInput


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
    """A budget of time. Amount 0 means "at once"; "no limit" is None, never 0 (行政许可法 Art. 82: unit is stored)."""

    amount: int
    unit: Unit = Unit.WORKING_DAY
    granularity: Granularity = Granularity.DAY

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise InvalidInput("limit_negative", amount=self.amount)
        if self.unit is Unit.WORKING_HOUR and self.granularity is Granularity.DAY:
            raise InvalidInput("limit_hours_need_instant", amount=self.amount)

    def __str__(self) -> str:
        return f"{self.amount}{self.unit.value}"


_STATED = re.compile(r"^(\d{1,4})(wd|cd|wh)$")


@lru_cache(maxsize=1024)  # rules and feeds state the same few limits at every event
def parse_limit(text: str, granularity: Granularity | None = None) -> Limit:
    """Read `20wd`, `56cd` or `8wh`. Raises InvalidInput naming the text and the accepted forms."""
    match = _STATED.match(text.strip())
    if match is None:
        raise InvalidInput("limit_unreadable", text=text, accepted="20wd, 56cd or 8wh")
    unit = Unit(match[2])
    default = Granularity.INSTANT if unit is Unit.WORKING_HOUR else Granularity.DAY
    return Limit(int(match[1]), unit, granularity or default)
