"""One unit over time: is what moves a change, or chance? Control charts with the runs rules of Western Electric. Pure.

Sources:

- Shewhart, *Economic control of quality of manufactured product* (1931): centre ± 3 standard deviations.
- p chart (shares) and u chart (events per thing counted): NIST/SEMATECH e-Handbook 6.3.3.1 and 6.3.3.2; the limits follow the
  size of each period. XmR chart (means): the same, 6.3.2.2; 3 × mean moving range ÷ 1.128.
- Laney, *Improved control charts for attributes*, Quality Engineering 14 (2002) 531-537: with thousands of cases chance alone
  is so small that every period lies outside; limits are widened by the spread from period to period (p′, u′), never narrowed.
- Western Electric Company, *Statistical quality control handbook* (1956) 25-28: the four rules below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import sqrt

from evaluation.statistics import Shape

MOVING_RANGE = 1.128   # d2 of two values: the mean range of two draws from a normal distribution, in its standard deviations
POINTS_MIN = 8         # with fewer points nothing is said: no rule but the first could speak
SIGMAS = 3.0


class Rule(StrEnum):
    """The rules of Western Electric, in their order; all but the first on one side of the centre."""

    BEYOND = "beyond"              # one point beyond 3 standard deviations
    TWO_OF_THREE = "two_of_three"  # two of three in a row beyond 2
    FOUR_OF_FIVE = "four_of_five"  # four of five in a row beyond 1
    EIGHT = "eight"                # eight in a row on one side


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted in a period: `hits` of, or over, `size`."""

    label: str
    hits: float
    size: float


@dataclass(frozen=True, slots=True)
class Point:
    """A period on the chart. `value` is None where nothing was counted; then it has no limits and breaks no run."""

    label: str
    value: float | None
    size: float
    low: float = 0.0
    high: float = 0.0
    score: float = 0.0  # distance from the centre in standard deviations


@dataclass(frozen=True, slots=True)
class Signal:
    """A rule that spoke: points `first` to `last` (places in the chart), all on the `side` (1 above, -1 below)."""

    rule: Rule
    side: int
    first: int
    last: int
    points: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The centre, what limits were widened by (1: not at all), the points and what the rules say, oldest first."""

    centre: float | None
    widened: float
    points: tuple[Point, ...]
    signals: tuple[Signal, ...]

    @property
    def is_stable(self) -> bool:
        return not self.signals


def chart(shape: Shape, counts: Sequence[Count]) -> Chart:
    """The chart that fits the shape: p′ for shares, u′ for rates, XmR for means."""
    known = [one for one in counts if one.size > 0]
    if len(known) < POINTS_MIN:
        return Chart(None, 1.0, tuple(Point(one.label, one.hits / one.size if one.size > 0 else None, one.size)
                                      for one in counts), ())
    centre, deviation_of, widened = _mean_scale(known) if shape is Shape.MEAN else _counted_scale(shape, known)
    points = tuple(_point(one, centre, deviation_of, shape) for one in counts)
    return Chart(centre, widened, points, tuple(signals_of(points)))


Scale = tuple[float, Callable[[float], float], float]


def _counted_scale(shape: Shape, known: Sequence[Count]) -> Scale:
    centre = sum(one.hits for one in known) / sum(one.size for one in known)
    spread = centre * (1 - centre) if shape is Shape.SHARE else centre
    deviation = sqrt(max(0.0, spread))
    if not deviation:
        return centre, lambda _size: 0.0, 1.0
    scores = [(one.hits / one.size - centre) * sqrt(one.size) / deviation for one in known]
    widened = max(1.0, _moving_range(scores) / MOVING_RANGE)
    return centre, lambda size: widened * deviation / sqrt(size), widened


def _mean_scale(known: Sequence[Count]) -> Scale:
    values = [one.hits / one.size for one in known]
    deviation = _moving_range(values) / MOVING_RANGE
    return sum(values) / len(values), lambda _size: deviation, 1.0


def _moving_range(values: Sequence[float]) -> float:
    """The mean step from one value to the next."""
    return sum(abs(b - a) for a, b in pairwise(values)) / (len(values) - 1)


def _point(one: Count, centre: float, deviation_of: Callable[[float], float], shape: Shape) -> Point:
    if one.size <= 0:
        return Point(one.label, None, one.size)
    value, deviation = one.hits / one.size, deviation_of(one.size)
    low, high = centre - SIGMAS * deviation, centre + SIGMAS * deviation
    if shape is not Shape.MEAN:
        low = max(0.0, low)
    if shape is Shape.SHARE:
        high = min(1.0, high)
    return Point(one.label, value, one.size, low, high, (value - centre) / deviation if deviation else 0.0)


# Runs rules ---------------------------------------------------------------------------------------------------------------

# rule → (how many in a row, how many of them, how many standard deviations out)
_RULES = {Rule.BEYOND: (1, 1, 3.0), Rule.TWO_OF_THREE: (3, 2, 2.0), Rule.FOUR_OF_FIVE: (5, 4, 1.0), Rule.EIGHT: (8, 8, 0.0)}


def signals_of(points: Sequence[Point]) -> list[Signal]:
    """What the rules say. Windows of one rule and side that overlap are one signal: a shift is told once, however long."""
    places = [place for place, point in enumerate(points) if point.value is not None]
    found: list[Signal] = []
    for rule in Rule:
        for side in (1, -1):
            found += _runs(points, places, rule, side)
    return sorted(found, key=lambda one: (one.first, list(Rule).index(one.rule)))


def _runs(points: Sequence[Point], places: Sequence[int], rule: Rule, side: int) -> list[Signal]:
    row, needed, out = _RULES[rule]
    is_out = [points[place].score * side > out for place in places]
    runs: list[tuple[int, int]] = []
    for last in range(row - 1, len(is_out)):
        window = range(last - row + 1, last + 1)
        if sum(is_out[at] for at in window) < needed or not is_out[last]:
            continue
        first = next(at for at in window if is_out[at])
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return [Signal(rule, side, places[first], places[last], sum(is_out[first:last + 1])) for first, last in runs]
