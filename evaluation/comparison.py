"""The leaders' comparison: units side by side with their ranks and the funnel (横向), and one unit against itself (纵向).

A department user is shown his own unit by name and the others as points without one: neither their other figures nor numbers
exact enough to know them by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from config.indicators import BaseFigure, Indicator, Unit
from core.access import SYSTEM, Actor
from evaluation.medians import median_interval, together
from evaluation.period import Basis, Figure, Period
from evaluation.queries import FOUR_WEEKS, IndicatorQueries
from evaluation.statistics import (
    FAR,
    LEVEL,
    NEAR,
    Interval,
    Limits,
    Ranked,
    Sample,
    Shape,
    dispersion,
    funnel,
    interval,
    is_over_dispersed,
    joint_level,
    limits,
    ranks,
    ratio,
    target_of,
)

Spanning = Callable[[float], Interval | None]  # the interval at a level
CompareBy = Literal["org", "area", "item", "channel", "power_kind"]
WITHIN: tuple[CompareBy, ...] = ("channel", "power_kind")  # parts of what one may see, not departments of others
_OF_ORG = frozenset({"item", *WITHIN})
# Counted of cases that may never be accepted, so that by the day of acceptance they stand on another.
NEVER_ACCEPTED = frozenset({"received", "received_instant", "received_promised", "not_accepted", "returned", "voided",
                            "received_persons", "received_companies", "volume_reported"})
# What a spread is judged by: days, in periods longer than so many days weeks, then months; sooner where items are told apart.
PARTS = ((3 * 366, FOUR_WEEKS), (92, 7), (0, 1))
PARTS_IN_DETAIL = ((300, FOUR_WEEKS), (92, 7), (0, 1))


# Others are shown without a name: so many of them at least, each at least so large that rounding hides something.
CROWD, SMALLEST_NAMELESS = 5, 10


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared. `by` tells units apart; `org` and `item` are what was drilled down to: items, channels and powers are
    those within it."""

    period: Period
    indicator: str
    basis: Basis = Basis.EVENT
    by: CompareBy = "org"
    area: str = ""
    org: str = ""
    item: str = ""
    widened: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A unit: its figures by indicator, the interval of the one compared, its place, and where in the funnel it lies.

    `key` is "" for one whose name is not told. `why` says why it has no place: none, few, count, neither, spread; "" if it has.
    """

    key: str
    name: str
    figures: Mapping[str, Figure]
    sample: Sample | None
    band: Interval | None
    ranked: Ranked | None
    zone: int
    why: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Rows best first, those without a place last. Values, bands and the curve are hits ÷ size; `scale` makes them what is
    shown."""

    indicator: Indicator
    shape: Shape
    rows: tuple[Row, ...]
    target: float | None
    curve: tuple[Limits, ...]
    dispersion: float
    is_over_dispersed: bool
    is_anonymous: bool
    wide: float = 1.0  # how many times the limits are widened

    @property
    def is_hidden(self) -> bool:
        """Whether others are there and too few, or too exactly asked for, to be shown even without a name."""
        return self.is_anonymous and self.target is None and self.indicator.denominator is not None

    @property
    def scale(self) -> float:
        return self.indicator.scale


class Comparison:
    """Answers; writes nothing. `queries` decides who may see what; `names_others`: whether a department user is told whose the
    figures beside his own are."""

    def __init__(self, queries: IndicatorQueries, *, names_others: bool = False) -> None:
        self._queries, self._names_others = queries, names_others

    def side_by_side(self, actor: Actor, question: Question, columns: Sequence[str]) -> SideBySide:
        """All units of the question, with these indicators beside the one compared."""
        indicator = self._queries.indicators.find(question.indicator)
        is_anonymous = is_limited(actor) and question.by not in _OF_ORG and not self._names_others
        codes = tuple(dict.fromkeys((question.indicator, *columns)))
        figures = self._figures(SYSTEM if is_anonymous else actor, question, codes, actor)
        shape = shape_of(indicator, self._queries.indicators.figures, question.basis)
        has_parts = shape is Shape.MEAN and indicator.spread is None
        parts = self._parts(SYSTEM if is_anonymous else actor, question, indicator, actor) if has_parts else {}
        table = _compared(indicator, shape, figures, parts, question)
        return _without_names(table, actor.org, is_wide=_is_wide(question)) if is_anonymous else table

    def _figures(self, reader: Actor, question: Question, codes: Sequence[str], actor: Actor) -> dict[str, dict[str, Figure]]:
        found: dict[str, dict[str, Figure]] = {}
        for one in self._queries.figures(reader, question.period, question.by, codes, basis=question.basis,
                                         area=area_of(question, actor), orgs=orgs_of(question), items=_items(question)):
            found.setdefault(one.key, {})[one.indicator] = one
        return found

    def _parts(self, reader: Actor, question: Question, indicator: Indicator,
               actor: Actor) -> dict[str, list[tuple[float, float]]]:
        """(hits, size) of each day, week or month of each unit."""
        first, last = question.period.days
        steps = PARTS_IN_DETAIL if question.by in _OF_ORG else PARTS
        step = next(step for longer_than, step in steps if last - first >= longer_than)
        found = self._queries.parts(reader, question.period, question.by, indicator.names, step, basis=question.basis,
                                    area=area_of(question, actor), orgs=orgs_of(question), items=_items(question))
        return {key: [indicator.hits(counts) for counts in parts] for key, parts in found.items()}


def area_of(question: Question, actor: Actor) -> str:
    """The area units are taken from: that of the person, else of the question; "" for all. Who sees others without a name sees
    them as large a crowd as there is."""
    return actor.area or ("" if is_limited(actor) else question.area)


def orgs_of(question: Question) -> tuple[str, ...]:
    """Items, channels and powers are those of the department drilled down to."""
    return (question.org,) if question.by in _OF_ORG and question.org else ()


def _items(question: Question) -> tuple[str, ...]:
    """Channels and powers are those of the item drilled down to; items stand beside one another."""
    return (question.item,) if question.by in WITHIN and question.item else ()


def is_limited(actor: Actor) -> bool:
    """Whether the person sees one unit only."""
    return actor.only_org is not None and actor is not SYSTEM


def shape_of(indicator: Indicator, base: Mapping[str, BaseFigure], basis: Basis) -> Shape:
    """What kind of number it is. A share counts the same cases above and below: figures of one kind of day, or all by the day
    of acceptance, if all of them were accepted. Otherwise cases above may not be among those below, and it is a rate."""
    names = set(indicator.names)
    if indicator.spread is not None or any(base[name].is_time for name in names):
        return Shape.MEAN
    if indicator.unit is not Unit.SHARE:
        return Shape.RATE
    days = {base[name].day for name in names}
    is_of_accepted = basis is Basis.ACCEPTANCE and not names & NEVER_ACCEPTED
    return Shape.SHARE if len(days) == 1 or is_of_accepted else Shape.RATE


def sample_of(figure: Figure | None) -> Sample | None:
    """What was counted; None without a denominator."""
    if figure is None or not figure.denominator or figure.value is None:
        return None
    hits = figure.value * figure.denominator if figure.numerator is None else figure.numerator  # a median is no quotient
    return Sample(figure.key, hits, figure.denominator)


def common_value(indicator: Indicator, samples: Sequence[Sample], figures: Iterable[Figure]) -> float | None:
    """The value of all together: of a median that of all their cases."""
    if indicator.spread is None:
        return target_of(samples)
    return indicator.spread.median(together(indicator.spread, (one.base for one in figures)))


# Working it out -----------------------------------------------------------------------------------------------------------


def _compared(indicator: Indicator, shape: Shape, figures: Mapping[str, Mapping[str, Figure]],
              parts: Mapping[str, Sequence[tuple[float, float]]], question: Question) -> SideBySide:
    samples = {key: sample for key, one in figures.items() if (sample := sample_of(one.get(indicator.code))) is not None}
    big = [one for one in samples.values() if one.size >= indicator.minimum]
    own = {key: one[indicator.code] for key, one in figures.items() if indicator.code in one}
    target = common_value(indicator, list(samples.values()), own.values())
    spread = dispersion(shape, big, target) if target is not None and shape is not Shape.MEAN else 1.0
    is_over = is_over_dispersed(spread, len(big))
    wide = spread if question.widened and is_over else 1.0
    spans = {key: _spanning(indicator, one, parts.get(key, ())) for key, one in own.items()} if shape is Shape.MEAN else {}
    placed = {one.key: one for one in _ranked(indicator, shape, list(samples.values()), spans)}
    rows = [_row(key, indicator, figures[key], _Judge(shape, target, wide, samples.get(key), spans.get(key), placed.get(key)),
                 question) for key in figures]
    curve = funnel(shape, target, [one.size for one in samples.values()], wide) if target is not None and (
        shape is not Shape.MEAN) else []
    return SideBySide(indicator, shape, tuple(sorted(rows, key=_order)), target, tuple(curve), spread, is_over,
                      is_anonymous=False, wide=wide)


def _spanning(indicator: Indicator, figure: Figure, parts: Sequence[tuple[float, float]]) -> Spanning:
    """The interval at a level of what two sums do not say: of a median by its cases, of a mean by its days."""
    spread = indicator.spread
    if spread is not None:
        return lambda level: median_interval(spread, figure.base, level)
    return lambda level: ratio(parts, level)


def _ranked(indicator: Indicator, shape: Shape, samples: Sequence[Sample], spans: Mapping[str, Spanning]) -> list[Ranked]:
    if indicator.better == "neither" or indicator.denominator is None:
        return []
    each = joint_level(LEVEL, sum(one.size >= indicator.minimum for one in samples))
    known = {key: span for key, spanning in spans.items() if (span := spanning(each)) is not None}
    return ranks(shape, samples, higher_is_better=indicator.better == "higher", minimum=indicator.minimum, known=known)


@dataclass(frozen=True, slots=True)
class _Judge:
    """What one unit is judged by."""

    shape: Shape
    target: float | None
    wide: float
    sample: Sample | None
    spanning: Spanning | None
    ranked: Ranked | None

    def band(self, level: float = LEVEL) -> Interval | None:
        if self.sample is None:
            return None
        if self.spanning is not None:
            return self.spanning(level)
        return interval(self.shape, self.sample.hits, self.sample.size, level)

    def zone(self) -> int:
        """Beyond which limit; of a mean, whose interval leaves the common value out."""
        if self.sample is None or self.target is None:
            return 0
        if self.shape is not Shape.MEAN:
            return limits(self.shape, self.target, self.sample.size, self.wide).zone(self.sample.value)
        side = 1 if self.sample.value > self.target else -1
        out = [level for level in (NEAR, FAR) if (band := self.band(level)) is not None and not band.holds(self.target)]
        return side * len(out)


def _row(key: str, indicator: Indicator, figures: Mapping[str, Figure], judge: _Judge, question: Question) -> Row:
    own = figures[indicator.code]
    return Row(key, own.label, figures, judge.sample, judge.band(), judge.ranked, judge.zone(), _why(indicator, own, judge),
               is_own=question.by not in WITHIN and bool(key) and key in (question.org, question.item))


def _why(indicator: Indicator, figure: Figure, judge: _Judge) -> str:
    if judge.ranked is not None:
        return ""
    if indicator.denominator is None:
        return "count"
    if judge.sample is None:
        return "none"
    if figure.is_small:
        return "few"
    return "neither" if indicator.better == "neither" else "spread"


def _order(row: Row) -> tuple[int, float, str]:
    """By place; then those without one by size, the largest first."""
    if row.ranked is not None:
        return 0, row.ranked.rank, row.name
    return 1, -(row.sample.size if row.sample is not None else _counted(row)), row.name


def _counted(row: Row) -> float:
    return max((one.value or 0.0 for one in row.figures.values() if one.denominator is None), default=0.0)


# Names that are not told ------------------------------------------------------------------------------------------------


def _is_wide(question: Question) -> bool:
    """Whole months only: the differences of periods of days would tell what each of them tells rounded."""
    first, after = question.period.first, question.period.last + timedelta(days=1)
    return first.day == 1 and after.day == 1


def _without_names(table: SideBySide, own: str, *, is_wide: bool) -> SideBySide:
    """Others without name, rounded, and only in a crowd: none of them alone, none so small that rounding hides nothing, and
    nothing exact that was worked out from all. Without a crowd nothing at all that was worked out from them."""
    others = [_nameless(row, table.indicator, table.shape) for row in table.rows
              if row.key != own and row.sample is not None and row.sample.size >= SMALLEST_NAMELESS]
    if not is_wide or len(others) < CROWD:
        others = []
    own_rows = [replace(row, is_own=True) for row in table.rows if row.key == own]
    if not others:
        alone = tuple(replace(row, ranked=None, zone=0, why=row.why or "hidden") for row in own_rows)
        return replace(table, rows=alone, target=None, curve=(), dispersion=1.0, is_over_dispersed=False, wide=1.0,
                       is_anonymous=True)
    target = None if table.target is None else _in_hundredths(table.target)
    wide = max(1.0, round(table.wide, 1))
    rows = tuple(sorted((_judged_again(row, table.shape, target, wide) for row in (*own_rows, *others)), key=_order))
    sizes = [row.sample.size for row in rows if row.sample is not None]
    curve = funnel(table.shape, target, sizes, wide) if target is not None and table.curve else []
    return replace(table, rows=rows, target=target, curve=tuple(curve), dispersion=round(table.dispersion, 1), wide=wide,
                   is_anonymous=True)


def _judged_again(row: Row, shape: Shape, target: float | None, wide: float) -> Row:
    """By the rounded common value, so that no zone tells more of it, nor contradicts the limits that are shown."""
    if row.sample is None or target is None or shape is Shape.MEAN:
        return row
    return replace(row, zone=limits(shape, target, row.sample.size, wide).zone(row.sample.value))


def _nameless(row: Row, indicator: Indicator, shape: Shape) -> Row:
    """Only the figure compared, its size rounded to one digit and its value to a hundredth of the whole."""
    sample = None if row.sample is None else _rounded(row.sample)
    band = None if sample is None or shape is Shape.MEAN else interval(shape, sample.hits, sample.size)
    hidden = replace(row.figures[indicator.code], key="", label="", numerator=None, base={},
                     denominator=None if sample is None else sample.size, value=None if sample is None else (
                         sample.value * indicator.scale))
    return replace(row, key="", name="", figures={indicator.code: hidden}, sample=sample, band=band,
                   ranked=None if row.ranked is None else replace(row.ranked, key=""))


def _rounded(sample: Sample) -> Sample:
    digits = 1 - len(str(int(sample.size)))
    size = max(1.0, round(sample.size, digits))
    return Sample("", _in_hundredths(sample.value) * size, size)


def _in_hundredths(value: float) -> float:
    return round(value, 2 if abs(value) >= 0.1 else 3)
