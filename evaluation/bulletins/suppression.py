"""Small numbers are not told: an opinion given by fewer than five people may lead to the one who gave it.

A department's ratings go when there are fewer than `least`. What is left out must not come back by subtraction: those left out
are at least two departments and at least `least` ratings together, so others follow, the smallest first. Two bulletins of one
month could be subtracted from each other, too: only that of everything tells ratings, that of an area none.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from evaluation.bulletins.figures import RATINGS, Counts, Figures, MonthFigures, UnitFigures
from evaluation.models import DUTY_FIGURES

HIDDEN = (*RATINGS, *DUTY_FIGURES)  # a duty follows from a bad rating and tells of it


def suppressed(figures: Figures) -> Figures:
    """The figures without ratings of too few; without any where they are those of one area."""
    if figures.area:
        return _without_ratings(figures)
    hidden = _hidden_units(figures.units, figures.least)
    units = tuple(_unit(unit, figures.least, is_hidden=unit.org in hidden) for unit in figures.units)
    return msgspec.structs.replace(
        figures, counts=_told(figures.counts, figures.least), before=_told(figures.before, figures.least), units=units,
        trend=tuple(MonthFigures(one.month, _told(one.counts, figures.least)) for one in figures.trend))


def _without_ratings(figures: Figures) -> Figures:
    units = tuple(_unit(unit, figures.least, is_hidden=True) for unit in figures.units)
    return msgspec.structs.replace(
        figures, counts=_without(figures.counts), before=_without(figures.before), units=units,
        trend=tuple(MonthFigures(one.month, _without(one.counts)) for one in figures.trend))


def _hidden_units(units: Sequence[UnitFigures], least: int) -> frozenset[str]:
    rated = sorted((unit.counts.get("rated", 0), unit.org) for unit in units if unit.counts.get("rated", 0))
    hidden = [(n, org) for n, org in rated if n < least]
    rest = rated[len(hidden):]
    while hidden and rest and (len(hidden) < 2 or sum(n for n, _ in hidden) < least):
        hidden.append(rest.pop(0))
    return frozenset(org for _, org in hidden)


def _unit(unit: UnitFigures, least: int, *, is_hidden: bool) -> UnitFigures:
    counts = _without(unit.counts) if is_hidden else unit.counts
    return msgspec.structs.replace(unit, counts=counts, before=_without(unit.before))


def _told(counts: Counts, least: int) -> Counts:
    """No rating at all is told: nobody gave it."""
    return _without(counts) if 0 < counts.get("rated", 0) < least else counts


def _without(counts: Counts) -> Counts:
    return {name: n for name, n in counts.items() if name not in HIDDEN}
