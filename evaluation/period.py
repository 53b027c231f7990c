"""What a question about indicators names: a period, a basis of dates, and what the figures are told apart by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import lru_cache
from typing import Literal, get_args

from core.errors import InvalidInput
from core.instants import date_of, day_of

By = Literal["none", "org", "area", "item", "channel", "power_kind", "day", "month"]
BYS: tuple[By, ...] = get_args(By)
FIRST_YEAR, LAST_YEAR = 1970, 2199


@lru_cache(maxsize=65_536)
def first_of_month(day: int) -> int:
    """The epoch day on which the month of an epoch day begins."""
    return day_of(date_of(day).replace(day=1))


class Basis(IntEnum):
    """Which day a figure belongs to. The two differ for everything that happens after the acceptance; label which."""

    EVENT = 0       # each on its own day: reception, acceptance, conclusion, card …
    ACCEPTANCE = 1  # all that follows on the day of the acceptance (of the reception while there is none)

    @property
    def word(self) -> str:
        return self.name.lower()


def basis_of(word: str) -> Basis:
    """Raises InvalidInput."""
    for basis in Basis:
        if basis.word == word:
            return basis
    raise InvalidInput("basis_unknown", value=word[:32], accepted=", ".join(basis.word for basis in Basis))


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included. Raises InvalidInput when the last comes before the first."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise InvalidInput("range_backwards", first=self.first.isoformat(), last=self.last.isoformat())
        if self.first.year < FIRST_YEAR or self.last.year > LAST_YEAR:
            raise InvalidInput("period_too_wide", first=FIRST_YEAR, last=LAST_YEAR)

    @property
    def days(self) -> tuple[int, int]:
        """First and last epoch day."""
        return day_of(self.first), day_of(self.last)


@dataclass(frozen=True, slots=True)
class Figure:
    """One indicator of one department, item, day … (`key`; `label` is its name for people).

    `value` is None where there is no denominator. `is_small`: the denominator is below the indicator's minimum. `base` are the
    base figures it was worked out from.
    """

    key: str
    label: str
    indicator: str
    numerator: float | None
    denominator: float | None
    value: float | None
    is_small: bool
    base: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Corrected:
    """How many rows (a department's day) of a period late facts changed after the day was over, and when last (us UTC)."""

    rows: int
    last_at: int | None


@dataclass(frozen=True, slots=True)
class CorrectedDay:
    """A department's day (epoch day) that changed after it was over, and when last (us UTC)."""

    day: int
    org: str
    at: int
