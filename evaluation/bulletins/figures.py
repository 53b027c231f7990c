"""The figures of one month: everything a bulletin says, and nothing it does not say. Plain data, kept as JSON and hashed."""

from __future__ import annotations

import calendar
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec

from config.indicators import Indicator, Indicators
from core.errors import InvalidInput
from evaluation.models import ASKED_FIGURES, FIGURES
from evaluation.period import Period

Counts = dict[str, int]
COUNTED = (*FIGURES, *ASKED_FIGURES)
CARDS = ("warnings", "yellow", "red", "revoked_yellow", "revoked_red")
APPLICANTS = ("received_persons", "received_companies")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class Place(msgspec.Struct, frozen=True):
    """A department's place, and the places it may truly have (evaluation.statistics.Ranked)."""

    rank: int
    best: int
    worst: int

    @property
    def is_certain(self) -> bool:
        return self.best == self.worst


class UnitFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One department. `counts` are base figures by their own dates, `before` those of last month (empty without one), and
    `cards_by_acceptance` the cards of the cases accepted in the month. A figure that is not told is missing (suppression.py).

    `low` and `high` are the 95 % interval of the indicator that ranks, `zone` where it lies in the funnel (-2 to 2); `place` is
    None for one that is not ranked.
    """

    org: str
    name: str
    counts: Counts
    before: Counts = {}
    cards_by_acceptance: Counts = {}
    place: Place | None = None
    low: float | None = None
    high: float | None = None
    zone: int = 0


class MonthFigures(msgspec.Struct, frozen=True):
    """One month of the trend: its name (2026-03) and the base figures of all together."""

    month: str
    counts: Counts


class UnitScore(msgspec.Struct, frozen=True):
    """A department's score: its place, hundredths of a point, the name of its grade and of the vetoes that hold."""

    org: str
    name: str
    place: int
    total: int
    grade: str
    vetoes: tuple[str, ...] = ()


class MonthScores(msgspec.Struct, frozen=True):
    """The frozen scores of the month, best first: the name of the scheme, and the SHA-256 they are frozen under."""

    scheme: str
    digest: str
    units: tuple[UnitScore, ...]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A month of an area ("" is everything). `as_of` is when they were read, microseconds UTC.

    `begins` is the first day of the record where that lies within the month, else "": the month is then not whole. `before` is
    empty where last month has no whole figures. `rank_by` is the indicator that ranks, `version` that of the catalogue, `least`
    the number of ratings below which none are told; `scores` are told where there are any.
    """

    area: str
    area_name: str
    month: str
    as_of: int
    version: str
    rank_by: str
    least: int
    counts: Counts
    before: Counts
    cards_by_acceptance: Counts
    units: tuple[UnitFigures, ...]
    trend: tuple[MonthFigures, ...]
    begins: str = ""
    scores: MonthScores | msgspec.UnsetType = msgspec.UNSET  # unset is not written, so that older figures keep their hash

    @property
    def period(self) -> Period:
        return month_of(self.month)

    @property
    def has_before(self) -> bool:
        return bool(self.before)

    @property
    def ranked(self) -> list[UnitFigures]:
        """Those with a place, best first."""
        placed = [(unit.place.rank, number, unit) for number, unit in enumerate(self.units) if unit.place is not None]
        return [unit for _, _, unit in sorted(placed)]


def month_of(text: str) -> Period:
    """The days of a month written 2026-03. Raises InvalidInput (`bulletin_month_unreadable`)."""
    found = _MONTH.fullmatch(text)
    if found is None:
        raise InvalidInput("bulletin_month_unreadable", key="month", value=text[:16], accepted="2026-03")
    year, month = int(found[1]), int(found[2])
    if not 1970 < year < 2200:
        raise InvalidInput("bulletin_month_unreadable", key="month", value=text, accepted="2026-03")
    return Period(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))


def name_of(day: date) -> str:
    """2026-03."""
    return f"{day.year:04d}-{day.month:02d}"


def month_before(day: date) -> str:
    """The name of the month before that of the day."""
    return name_of(day.replace(day=1) - timedelta(days=1))


def value(indicators: Indicators, code: str, counts: Mapping[str, int]) -> float | None:
    """An indicator of these counts, by the one formula all screens use; None without a denominator, or where a figure it is
    made of is not told."""
    return worked_out(indicators.find(code), counts)[2]


def worked_out(indicator: Indicator, counts: Mapping[str, int]) -> tuple[float | None, float | None, float | None]:
    """(numerator, denominator, value); all None where a figure is not told."""
    if any(name not in counts for name in indicator.names):
        return None, None, None
    return indicator.worked_out(counts)


def total(units: Sequence[UnitFigures], name: str) -> int:
    """The sum of a base figure over those that tell it."""
    return sum(unit.counts.get(name, 0) for unit in units)


def as_json(figures: Figures) -> bytes:
    """The canonical text: keys in order, so that the same figures have the same hash."""
    return msgspec.json.encode(figures, order="deterministic")


def digest(figures: Figures) -> str:
    """SHA-256 of the canonical text, hex."""
    return hashlib.sha256(as_json(figures)).hexdigest()
