"""The few exact tests the detectors use; numpy gives means, the rest is short enough to be read and checked here.

Sources: exact binomial tail (Clopper & Pearson 1934); comparison of many institutions with control limits instead of ranks
(Spiegelhalter 2005, "Funnel plots for comparing institutional performance", Statistics in Medicine 24:1185–1202); correction
for looking at many units at once (Holm 1979, Scandinavian Journal of Statistics 6:65–70); terminal digits (Mosimann, Wiseman
& Edelman 1995, "Data fabrication: can people generate random digits?", Accountability in Research 4:31–55); incomplete
gamma function (Press et al., Numerical Recipes, §6.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, exp, lgamma, log, sqrt

import numpy as np

_NEGLIGIBLE = 1e-18


def at_least(hits: int, trials: int, share: float) -> float:
    """P(X ≥ hits) for a binomial with that share: how surprising so many hits are where `share` is normal."""
    if hits <= 0 or share >= 1.0:
        return 1.0
    if share <= 0.0 or hits > trials:
        return 0.0
    if hits <= trials * share:
        return 1.0  # never surprising; the sum would only tell by how little
    term = exp(lgamma(trials + 1) - lgamma(hits + 1) - lgamma(trials - hits + 1) + hits * log(share)
               + (trials - hits) * log(1.0 - share))
    total, odds = 0.0, share / (1.0 - share)
    for count in range(hits, trials + 1):
        total += term
        term *= (trials - count) / (count + 1) * odds
        if term < total * _NEGLIGIBLE:
            break
    return min(1.0, total)


def none_at_all(trials: int, share: float) -> float:
    """P(X = 0): how surprising it is that nothing ever happens where `share` is normal."""
    return (1.0 - min(max(share, 0.0), 1.0)) ** trials


def at_most_of(hits: int, drawn: int, marked: int, total: int) -> float:
    """P(X ≤ hits) when `drawn` of `total` are drawn of which `marked` are marked (Fisher's exact test, one-sided)."""
    ways = comb(total, drawn)
    favourable = sum(comb(marked, count) * comb(total - marked, drawn - count)
                     for count in range(max(0, drawn - (total - marked)), min(hits, drawn, marked) + 1))
    return favourable / ways


def holm(chances: Sequence[float]) -> list[float]:
    """The chances corrected for their number, in the given order: one in twenty units is "significant" by luck alone."""
    order = sorted(range(len(chances)), key=lambda index: chances[index])
    corrected, highest = [1.0] * len(chances), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, chances[index] * (len(chances) - rank)))
        corrected[index] = highest
    return corrected


def mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; 0 for fewer than two values."""
    if not values:
        return 0.0, 0.0
    array = np.asarray(values, dtype=float)
    return float(array.mean()), float(array.std(ddof=1)) if len(values) > 1 else 0.0


def upper_bound(values: Sequence[float], z: float = 1.645) -> float:
    """One-sided 95 % upper confidence bound of the mean (normal approximation: ask for 20 values or more)."""
    mean, sd = mean_and_sd(values)
    return mean + z * sd / sqrt(len(values)) if values else 0.0


def uniform_digits(counts: Sequence[int]) -> tuple[float, float]:
    """(chance, effect) of Pearson's χ² against equally frequent digits; effect is Cramér's V, 0 to 1."""
    total, cells = sum(counts), len(counts)
    if not total:
        return 1.0, 0.0
    expected = total / cells
    statistic = sum((count - expected) ** 2 / expected for count in counts)
    return chi_square_above(statistic, cells - 1), sqrt(statistic / (total * (cells - 1)))


def chi_square_above(statistic: float, degrees: int) -> float:
    """P(χ² ≥ statistic)."""
    a, x = degrees / 2.0, statistic / 2.0
    if x <= 0.0:
        return 1.0
    return 1.0 - _lower_gamma(a, x) if x < a + 1.0 else _upper_gamma(a, x)


def _lower_gamma(a: float, x: float) -> float:
    term = total = 1.0 / a
    step = a
    while abs(term) > abs(total) * 1e-15:
        step += 1.0
        term *= x / step
        total += term
    return total * exp(-x + a * log(x) - lgamma(a))


def _upper_gamma(a: float, x: float) -> float:
    """Lentz's continued fraction."""
    tiny = 1e-300
    b = x + 1.0 - a
    c, d = 1.0 / tiny, 1.0 / b
    result = d
    for index in range(1, 300):
        factor = -index * (index - a)
        b += 2.0
        d = 1.0 / (factor * d + b or tiny)
        c = b + factor / c or tiny
        result *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return result * exp(-x + a * log(x) - lgamma(a))
