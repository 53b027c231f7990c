"""Small numbers are not told to others: an opinion given by fewer than five people may lead to the one who gave it.

Ratings of a unit are kept back when there are fewer than `least`, and so are the duties that follow from bad ones: a duty may
be of a month in which nothing else tells of its rating. What is kept back must not come back by subtraction from the total: the
units kept back are at least two and hold at least `least` together, so others follow, the smallest first; where there are none
left to follow, the total is kept back as well. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evaluation.models import DUTY_FIGURES

RATINGS = ("rated", "satisfied", "dissatisfied")
SMALL = (*RATINGS, *DUTY_FIGURES)
RATED, DUTIES = "rated", "bad_duties"  # how many there are of either
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class KeptBack:
    """The units whose ratings, and whose duties, are not told, and which of these figures are not told of all together."""

    ratings: frozenset[str]
    duties: frozenset[str]
    of_all: frozenset[str]

    def of(self, unit: str) -> frozenset[str]:
        """The figures not told of this unit."""
        return frozenset((*(RATINGS if unit in self.ratings else ()), *(DUTY_FIGURES if unit in self.duties else ())))


def kept_back(units: Mapping[str, Counts], least: int) -> KeptBack:
    """What is not told of units that are shown with their total."""
    ratings, is_total_rated = _hidden(units, RATED, least, ())
    duties, is_total_of_duties = _hidden(units, DUTIES, least, ratings)  # a duty tells of its rating
    of_duties = is_total_rated or is_total_of_duties
    return KeptBack(ratings, duties, frozenset((*(RATINGS if is_total_rated else ()), *(DUTY_FIGURES if of_duties else ()))))


def told_of_all(counts: Counts, least: int) -> dict[str, int]:
    """The figures of everything, of which no parts are shown, without those of too few. None at all is told: nobody gave it."""
    is_few = 0 < counts.get(RATED, 0) < least
    are_few = is_few or 0 < counts.get(DUTIES, 0) < least
    return without(counts, (*(RATINGS if is_few else ()), *(DUTY_FIGURES if are_few else ())))


def without(counts: Counts, names: Iterable[str]) -> dict[str, int]:
    """The figures but these."""
    left_out = set(names)
    return {name: n for name, n in counts.items() if name not in left_out}


def _hidden(units: Mapping[str, Counts], name: str, least: int, already: Iterable[str]) -> tuple[frozenset[str], bool]:
    """Those kept back beside `already`, and whether the total would tell of them."""
    forced = set(already)
    having = sorted((n, unit) for unit, counts in units.items() if (n := counts.get(name, 0)))
    hidden = [(n, unit) for n, unit in having if n < least or unit in forced]
    rest = [one for one in having if one not in hidden]
    while hidden and rest and not _is_crowd(hidden, least):
        hidden.append(rest.pop(0))
    return frozenset((*forced, *(unit for _, unit in hidden))), bool(hidden) and not _is_crowd(hidden, least)


def _is_crowd(hidden: list[tuple[int, str]], least: int) -> bool:
    return len(hidden) >= 2 and sum(n for n, _ in hidden) >= least
