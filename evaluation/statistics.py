"""How sure a figure is: intervals, funnel limits and ranks that say what they cannot tell apart. Pure, no input or output.

Sources, named at each function by their first author:

- Wilson, *Probable inference, the law of succession, and statistical inference*, J. Am. Stat. Assoc. 22 (1927) 209-212;
  recommended for shares by Newcombe, *Two-sided confidence intervals for the single proportion*, Stat. Med. 17 (1998) 857-872.
- Newcombe, *Interval estimation for the difference between independent proportions*, Stat. Med. 17 (1998) 873-890, method 10.
- Zou and Donner, *Construction of confidence limits about effect measures*, Stat. Med. 27 (2008) 1693-1702: the same for any
  figure.
- Garwood, *Fiducial limits for the Poisson distribution*, Biometrika 28 (1936) 437-442: exact limits of a count; Byar's
  approximation of them in Breslow and Day, *Statistical methods in cancer research* II (1987) p. 69.
- Cochran, *Sampling techniques*, 3rd ed. (1977) ch. 6: the variance of a ratio of two sums.
- Spiegelhalter, *Funnel plots for comparing institutional performance*, Stat. Med. 24 (2005) 1185-1202: limits, their
  interpolation between whole counts (appendix A.1), over-dispersion (section 5).
- Klein, Wright, Wieczorek, *A joint confidence region for an overall ranking of populations*, J. R. Stat. Soc. C 69 (2020)
  589-606.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, exp, floor, lgamma, log, sqrt
from statistics import NormalDist

LEVEL = 0.95
NEAR, FAR = 0.95, 0.998         # funnel limits: about 2 and 3 standard deviations
EXACT_COUNTS = 10               # below it a count's limits are exact, from it on Byar's, within 0.1 % of them
EXACT_VARIANCE = 1000.0         # beyond it funnel limits are those of the normal distribution, within 0.1 standard deviation
WINSORISED = 0.1                # share of z-scores pulled in at each end before over-dispersion is judged
_NORMAL = NormalDist()
_TAIL_SD = 12.0                 # what lies further from the mean than this weighs less than a float can say


class Shape(StrEnum):
    """What kind of number a figure is, and so which interval it has."""

    SHARE = "share"  # so many of so many
    RATE = "rate"    # events per thing counted, may be more than one each
    MEAN = "mean"    # a sum over a sum: its spread is not in the two sums


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both included."""

    low: float
    high: float

    def is_below(self, other: Interval) -> bool:
        return self.high < other.low

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Sample:
    """One unit's figure as it was counted: `hits` of, or over, `size`."""

    key: str
    hits: float
    size: float

    @property
    def value(self) -> float:
        return self.hits / self.size


def z_of(level: float) -> float:
    """How many standard deviations hold that share of a normal distribution, both sides: 1.96 for 0.95."""
    return _NORMAL.inv_cdf((1 + level) / 2)


def t_of(level: float, degrees: int) -> float:
    """The same of Student's distribution with so many degrees of freedom, by the series of Abramowitz and Stegun 26.7.5: within
    one per cent from 4 degrees on up to a level of 0.998."""
    z = z_of(level)
    terms = ((z ** 3 + z) / 4, (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
             (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
             (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92_160)
    return float(z + sum(term / degrees ** place for place, term in enumerate(terms, start=1)))


def joint_level(level: float, units: int) -> float:
    """The level at which each of `units` independent intervals must hold for all of them to hold at `level` (Šidák)."""
    return float(level ** (1 / max(1, units)))


# Intervals --------------------------------------------------------------------------------------------------------------


def interval(shape: Shape, hits: float, size: float, level: float = LEVEL) -> Interval | None:
    """The interval of a figure hits ÷ size; None where there is nothing to divide by or two sums do not say it."""
    if size <= 0:
        return None
    if shape is Shape.SHARE and 0 <= hits <= size:
        return wilson(hits, size, level)
    return rate(hits, size, level) if shape is Shape.RATE else None


def wilson(hits: float, size: float, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a share."""
    z, share = z_of(level), hits / size
    centre = share + z * z / (2 * size)
    half = z * sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    below = 1 + z * z / size
    return Interval(0.0 if hits == 0 else max(0.0, (centre - half) / below),
                    1.0 if hits == size else min(1.0, (centre + half) / below))


def rate(events: float, size: float, level: float = LEVEL) -> Interval:
    """The interval of events per thing counted, from that of the count itself (Garwood; Byar)."""
    of_count = count(round(events), level)
    return Interval(of_count.low / size, of_count.high / size)


def count(events: int, level: float = LEVEL) -> Interval:
    """Limits of the mean of a Poisson count: exact for few events, Byar's for many."""
    if events >= EXACT_COUNTS:
        z = z_of(level)
        return Interval(_byar(events, -z), _byar(events + 1, z))
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else _mean_with(events - 1, 1 - tail)
    return Interval(low, _mean_with(events, tail))


def difference(now: float, its: Interval, before: float, of_that: Interval) -> Interval:
    """By how much a figure differs from another, independent one, from the intervals of both (Newcombe's method 10 for shares;
    Zou and Donner for any other)."""
    gap = now - before
    return Interval(gap - sqrt((now - its.low) ** 2 + (of_that.high - before) ** 2),
                    gap + sqrt((its.high - now) ** 2 + (before - of_that.low) ** 2))


def ratio(parts: Sequence[tuple[float, float]], level: float = LEVEL) -> Interval | None:
    """The interval of Σ hits ÷ Σ size from the (hits, size) of independent parts, e.g. days (Cochran; Student's t, as few
    days say little of how they differ); None for fewer than 5."""
    known = [(hits, size) for hits, size in parts if size > 0]
    if len(known) < 5:
        return None
    hits, size = sum(h for h, _ in known), sum(s for _, s in known)
    value = hits / size
    squares = sum((h - value * s) ** 2 for h, s in known)
    half = t_of(level, len(known) - 1) * sqrt(len(known) / (len(known) - 1) * squares) / size
    return Interval(value - half, value + half)


def _byar(events: int, z: float) -> float:
    return float(events * (1 - 1 / (9 * events) + z / (3 * sqrt(events))) ** 3)


def _mean_with(events: int, probability: float) -> float:
    """The Poisson mean under which at most `events` happen with that probability; found by halving."""
    low, high = 0.0, 2.0 * events + 30.0
    for _ in range(80):
        middle = (low + high) / 2
        term = total = exp(-middle)
        for k in range(1, events + 1):
            term *= middle / k
            total += term
        low, high = (middle, high) if total > probability else (low, middle)
    return (low + high) / 2


# Funnel -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """The funnel at one size: between `near_low` and `near_high` lie 95 %, between the far ones 99.8 % of units that are all
    alike."""

    size: float
    near_low: float
    near_high: float
    far_low: float
    far_high: float

    def zone(self, value: float) -> int:
        """-2 below the far limit, -1 below the near one, 0 within, 1 and 2 above."""
        if value > self.near_high:
            return 2 if value > self.far_high else 1
        if value < self.near_low:
            return -2 if value < self.far_low else -1
        return 0


_QUANTILES = ((1 - FAR) / 2, (1 - NEAR) / 2, (1 + NEAR) / 2, (1 + FAR) / 2)


def limits(shape: Shape, target: float, size: float, dispersion: float = 1.0) -> Limits:
    """Funnel limits around `target` for a unit of that size (Spiegelhalter): exact quantiles, between whole counts.

    `dispersion` above 1 widens them by its square root. Means have no limits of their own: widen those of their spread.
    """
    whole = max(1, round(size))
    far_low, near_low, near_high, far_high = (
        _widened(target, count / whole, dispersion, shape) for count in _quantiles(shape, target, whole))
    return Limits(size, near_low, near_high, far_low, far_high)


def funnel(shape: Shape, target: float, sizes: Iterable[float], dispersion: float = 1.0, points: int = 60) -> list[Limits]:
    """The curves from the smallest to the largest size, closer together where they bend."""
    known = [size for size in sizes if size > 0]
    if not known:
        return []
    low, high = max(1.0, min(known) * 0.9), max(known) * 1.05
    steps = (low * (high / low) ** (at / (points - 1)) for at in range(points))
    return [limits(shape, target, size, dispersion) for size in sorted({round(step) for step in steps})]


def target_of(samples: Sequence[Sample]) -> float | None:
    """The common value: all hits over all sizes."""
    size = sum(one.size for one in samples)
    return sum(one.hits for one in samples) / size if size > 0 else None


def dispersion(shape: Shape, samples: Sequence[Sample], target: float) -> float:
    """How many times the spread between units is what chance alone gives: the mean of squared z-scores, Winsorised at 10 %
    (Spiegelhalter). 1 where it cannot be told."""
    deviation = sqrt(target * (1 - target)) if shape is Shape.SHARE and 0 <= target <= 1 else sqrt(max(0.0, target))
    scores = sorted((one.value - target) * sqrt(one.size) / deviation for one in samples if one.size > 0) if deviation else []
    if len(scores) < 3:
        return 1.0
    cut = floor(len(scores) * WINSORISED)
    lowest, highest = scores[cut], scores[-1 - cut]
    return sum(min(max(score, lowest), highest) ** 2 for score in scores) / len(scores)


def is_over_dispersed(dispersion: float, units: int) -> bool:
    """Whether that spread is more than chance: more than two standard deviations above 1 (Spiegelhalter, section 5)."""
    return units >= 3 and dispersion > 1 + 2 * sqrt(2 / units)


def _widened(target: float, limit: float, dispersion: float, shape: Shape) -> float:
    wide = target + (limit - target) * sqrt(max(1.0, dispersion))
    return min(1.0, max(0.0, wide)) if shape is Shape.SHARE else max(0.0, wide)


def _quantiles(shape: Shape, target: float, size: int) -> list[float]:
    """Counts, not whole ones, below which lie the shares of `_QUANTILES`."""
    mean = target * size
    variance = mean * (1 - target) if shape is Shape.SHARE else mean
    if variance <= 0:
        return [mean] * len(_QUANTILES)
    if variance > EXACT_VARIANCE:
        return [mean + _NORMAL.inv_cdf(q) * sqrt(variance) for q in _QUANTILES]
    return _exact_quantiles(shape, target, size, mean, sqrt(variance))


def _exact_quantiles(shape: Shape, target: float, size: int, mean: float, deviation: float) -> list[float]:
    """One walk up the distribution; each quantile lies between two whole counts, as far as its share lies between theirs.

    Lower ones as in the source. Upper ones are their mirror (one count more than the source has): so exactly those lie beyond a
    limit whose tail is smaller than it says; 7 of 7 would be beyond although one unit in six has as many.
    """
    found: list[float] = []
    below = total = 0.0
    at = 0
    for at, mass in _masses(shape, target, size, mean, deviation):
        below, total = total, total + mass
        while len(found) < len(_QUANTILES) and total >= _QUANTILES[len(found)]:
            is_upper = _QUANTILES[len(found)] > 0.5
            found.append(at + is_upper - (total - _QUANTILES[len(found)]) / (total - below))
    return found + [float(at)] * (len(_QUANTILES) - len(found))


def _masses(shape: Shape, target: float, size: int, mean: float, deviation: float) -> Iterator[tuple[int, float]]:
    first = max(0, floor(mean - _TAIL_SD * deviation))
    last = ceil(mean + _TAIL_SD * deviation) + 10
    if shape is Shape.SHARE:
        odds = target / (1 - target)
        mass = exp(lgamma(size + 1) - lgamma(first + 1) - lgamma(size - first + 1)
                   + first * log(target) + (size - first) * log(1 - target))
        for at in range(first, min(last, size) + 1):
            yield at, mass
            mass *= odds * (size - at) / (at + 1)
        return
    mass = exp(first * log(mean) - mean - lgamma(first + 1))
    for at in range(first, last + 1):
        yield at, mass
        mass *= mean / (at + 1)


# Ranks ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit's place among those ranked, and the places it may truly have; `alike` of the others cannot be told from it."""

    key: str
    rank: int
    best: int
    worst: int
    alike: int

    @property
    def is_certain(self) -> bool:
        return self.best == self.worst


def ranks(shape: Shape, samples: Sequence[Sample], *, higher_is_better: bool, minimum: float, level: float = LEVEL,
          known: Mapping[str, Interval] | None = None) -> list[Ranked]:
    """Best first. With probability `level` *all* true places lie between `best` and `worst` (Klein): a unit can be ahead only
    of those whose interval lies wholly behind its own, the intervals being wide enough to hold jointly.

    Units smaller than `minimum` are left out: shown, but not ranked. `known` gives intervals where two sums do not say them.
    """
    ranked = [one for one in samples if one.size >= max(minimum, 1e-9)]
    each = joint_level(level, len(ranked))
    spans = {one.key: span for one in ranked
             if (span := (known or {}).get(one.key) or interval(shape, one.hits, one.size, each)) is not None}
    ranked = [one for one in ranked if one.key in spans]
    ordered = sorted(ranked, key=lambda one: (-one.value if higher_is_better else one.value, one.key))
    places = _places(ordered)
    return [_place(one.key, places[one.key], spans, higher_is_better) for one in ordered]


def _places(ordered: Sequence[Sample]) -> dict[str, int]:
    """Equal values share a place, as in a race."""
    places: dict[str, int] = {}
    for at, one in enumerate(ordered):
        same = at > 0 and ordered[at - 1].value == one.value
        places[one.key] = places[ordered[at - 1].key] if same else at + 1
    return places


def _place(key: str, rank: int, spans: Mapping[str, Interval], higher_is_better: bool) -> Ranked:
    own, others = spans[key], [span for other, span in spans.items() if other != key]
    below = sum(span.is_below(own) for span in others)
    above = sum(own.is_below(span) for span in others)
    better, worse = (above, below) if higher_is_better else (below, above)
    return Ranked(key, rank, 1 + better, len(spans) - worse, len(others) - better - worse)
