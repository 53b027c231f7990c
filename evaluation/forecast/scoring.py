"""How good forecasts were: Brier score, gain over a baseline with its interval, calibration curve with intervals. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from evaluation.statistics import wilson

BINS = 10
RESAMPLES = 400
_SEED = 20_240_229
_LEVEL = 0.95


class Bin(msgspec.Struct, frozen=True):
    """A tenth of the calibration curve: `n` forecasts of `cases` cases from `low` to `high`, their mean, of how many of them
    the case overran, and the 95 % interval (Wilson) of that share by the number of cases, since forecasts of one case share
    its fate."""

    low: float
    high: float
    n: int
    cases: int
    mean: float
    overran: int
    share_low: float
    share_high: float

    @property
    def share(self) -> float:
        return self.overran / self.n


class Came(msgspec.Struct, frozen=True):
    """Of `n` forecasts of the past from `low` to `high`, how many cases overran."""

    low: float
    high: float
    n: int
    overran: int

    @property
    def share(self) -> float:
        return self.overran / self.n


class Gain(msgspec.Struct, frozen=True):
    """By how much the Brier score of the forecasts is lower than a baseline's, and the interval of that."""

    value: float
    low: float
    high: float


def brier(chances: Sequence[float], outcomes: Sequence[float]) -> float:
    """Mean squared difference of chance and outcome (Brier, 1950): 0 is perfect, 0.25 what a coin gets. nan without any."""
    if len(chances) == 0:
        return float("nan")
    return float(np.mean((np.asarray(chances, dtype=float) - np.asarray(outcomes, dtype=float)) ** 2))


def curve(chances: Sequence[float], outcomes: Sequence[float], cases: Sequence[int]) -> list[Bin]:
    """The calibration curve in bins of equal width, those that hold any forecast."""
    found: list[list[tuple[float, float, int]]] = [[] for _ in range(BINS)]
    for chance, outcome, case in zip(chances, outcomes, cases, strict=True):
        found[_place(chance)].append((chance, outcome, case))
    return [_bin(place / BINS, (place + 1) / BINS, pairs) for place, pairs in enumerate(found) if pairs]


def bin_of(bins: Sequence[Bin], chance: float) -> Bin | None:
    """The tenth of the curve a chance belongs to; None where nothing like it was ever foretold."""
    return next((one for one in bins if _place((one.low + one.high) / 2) == _place(chance)), None)


def came_of(bins: Sequence[Bin], steps: Sequence[tuple[float, float]], least: int) -> tuple[Came, ...]:
    """The curve in wider steps, without those of too few cases. Cases of two tenths may be the same, so a step has at least
    as many as the fuller of its tenths."""
    found = []
    for low, high in steps:
        within = [one for one in bins if low < (one.low + one.high) / 2 < high]
        if max((one.cases for one in within), default=0) >= least:
            found.append(Came(low, high, sum(one.n for one in within), sum(one.overran for one in within)))
    return tuple(found)


def _place(chance: float) -> int:
    return min(int(chance * BINS), BINS - 1)


def _bin(low: float, high: float, told: Sequence[tuple[float, float, int]]) -> Bin:
    overran, cases = round(sum(outcome for _, outcome, _ in told)), len({case for _, _, case in told})
    span = wilson(overran / len(told) * cases, cases, _LEVEL)
    return Bin(low, high, len(told), cases, sum(chance for chance, _, _ in told) / len(told), overran, span.low, span.high)


def gain(chances: Sequence[float], baseline: Sequence[float], outcomes: Sequence[float], cases: Sequence[int],
         level: float = _LEVEL) -> Gain:
    """The gain over a baseline. Its interval is a bootstrap of whole cases (Efron and Tibshirani, 1993), since the forecasts of
    one case share its fate; the same figures always give the same interval."""
    truth = np.asarray(outcomes, dtype=float)
    better = (np.asarray(baseline, dtype=float) - truth) ** 2 - (np.asarray(chances, dtype=float) - truth) ** 2
    _, places = np.unique(np.asarray(cases), return_inverse=True)
    sums, counts = np.bincount(places, weights=better), np.bincount(places).astype(float)
    draw, n = np.random.default_rng(_SEED), len(sums)
    means = []
    for _ in range(RESAMPLES):
        chosen = draw.integers(0, n, n)
        means.append(sums[chosen].sum() / counts[chosen].sum())
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Gain(float(better.mean()), float(low), float(high))
