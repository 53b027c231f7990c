"""How sure a median is. Pure.

With so many cases the true median lies, with the probability asked for, between two of them in their order, whatever the spread
(Thompson, *On confidence ranges for the median*, Ann. Math. Stat. 7 (1936) 122-128; ranks by the normal approximation of the
binomial, as Conover, *Practical nonparametric statistics*, 3rd ed. (1999) p. 143). Where cases are known by their class only,
the interval reaches to the ends of the classes: wider, never narrower.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, floor, sqrt

from config.spreads import Spread
from evaluation.statistics import LEVEL, Interval, z_of

FEWEST = 6  # of fewer cases even the first and the last do not hold the median with 95 %


def median_interval(spread: Spread, counts: Mapping[str, int], level: float = LEVEL) -> Interval | None:
    """The interval of the median; None for too few cases."""
    cases = spread.cases(counts)
    if cases < FEWEST:
        return None
    half = z_of(level) * sqrt(cases) / 2
    first, last = max(1, floor(cases / 2 - half)), min(cases, ceil(cases / 2 + half) + 1)
    return Interval(spread.class_of(first, counts)[0], spread.class_of(last, counts)[1])


def together(spread: Spread, counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The spread of all of these."""
    found = list(counts)
    return {name: sum(one.get(name, 0) for one in found) for name in spread.figures}
