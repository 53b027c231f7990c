"""Small numbers are not told (evaluation/small_numbers.py). Two bulletins of one month could be subtracted from each other,
too: only that of everything tells ratings, that of an area none.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from evaluation.bulletins.figures import Figures, MonthFigures, UnitFigures
from evaluation.small_numbers import SMALL, kept_back, told_of_all, without


def suppressed(figures: Figures) -> Figures:
    """The figures without ratings and duties of too few; without any where they are those of one area."""
    if figures.area:
        return _without_ratings(figures)
    kept = kept_back({unit.org: unit.counts for unit in figures.units}, figures.least)
    counts = without(told_of_all(figures.counts, figures.least), kept.of_all)
    return msgspec.structs.replace(
        figures, counts=counts, before=told_of_all(figures.before, figures.least),
        units=tuple(_unit(unit, kept.of(unit.org)) for unit in figures.units),
        trend=tuple(MonthFigures(one.month, told_of_all(one.counts, figures.least)) for one in figures.trend))


def _without_ratings(figures: Figures) -> Figures:
    return msgspec.structs.replace(
        figures, counts=without(figures.counts, SMALL), before=without(figures.before, SMALL),
        units=tuple(_unit(unit, SMALL) for unit in figures.units),
        trend=tuple(MonthFigures(one.month, without(one.counts, SMALL)) for one in figures.trend))


def _unit(unit: UnitFigures, hidden: Collection[str]) -> UnitFigures:
    return msgspec.structs.replace(unit, counts=without(unit.counts, hidden), before=without(unit.before, SMALL))
