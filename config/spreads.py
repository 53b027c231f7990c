"""Spreads: how many cases took how long, kept in classes, so that medians of any days, units and periods can be told.

A median cannot be worked out from sums. Of a spread each day keeps how many cases fell into each class; classes add up like any
figure, and the median is read from them. It is exact where the class of the middle case holds one value only (up to 5 working
days); else the cases of the class are taken to lie evenly in it, and the error is less than the class is wide.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from config.measures import NUMBER, Measure, measure


@dataclass(frozen=True, slots=True)
class Spread:
    """`edges` are the greatest values of the classes, the first beginning at 0; what is beyond the last is in one class more,
    of which only is known that it is. Values are whole: working days, or hundredths with a `scale` of 100."""

    name: str
    edges: tuple[int, ...]
    measure: Measure
    scale: int = 1

    @property
    def figures(self) -> tuple[str, ...]:
        """The base figures that count its classes, in their order."""
        return (*(f"{self.name}_{edge}" for edge in self.edges), f"{self.name}_more")

    def place_of(self, value: float) -> int:
        """The class a value falls into, as its place among `figures`; a part of a whole counts as the next whole one."""
        return bisect_left(self.edges, value)

    def bounds(self, place: int) -> tuple[int, int]:
        """The least and the greatest value of a class; of the last only the least is known."""
        low = self.edges[place - 1] + 1 if place else 0
        return low, self.edges[place] if place < len(self.edges) else low

    def cases(self, counts: Mapping[str, int]) -> int:
        return sum(counts[name] for name in self.figures)

    def median(self, counts: Mapping[str, int]) -> float | None:
        """The value of the middle case, of two middle ones what lies between; None without any case."""
        cases = self.cases(counts)
        if not cases:
            return None
        return (self._value_of((cases + 1) // 2, counts) + self._value_of((cases + 2) // 2, counts)) / 2 / self.scale

    def class_of(self, rank: int, counts: Mapping[str, int]) -> tuple[float, float]:
        """The least and the greatest value the case of that rank may have, 1 being the quickest."""
        place, _, _ = self._place_of_rank(rank, counts)
        low, high = self.bounds(place)
        return low / self.scale, high / self.scale

    def _value_of(self, rank: int, counts: Mapping[str, int]) -> float:
        place, before, inside = self._place_of_rank(rank, counts)
        low, high = self.bounds(place)
        return low + (high - low) * (rank - before - 0.5) / inside if inside else float(low)

    def _place_of_rank(self, rank: int, counts: Mapping[str, int]) -> tuple[int, int, int]:
        """(class, cases before it, cases in it)."""
        before = 0
        for place, name in enumerate(self.figures):
            if before + counts[name] >= rank:
                return place, before, counts[name]
            before += counts[name]
        return len(self.edges), before, 0


USED = Spread("took", (0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 180), measure("working_day"))
OF_PROMISE = Spread("of_promise", (10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 150, 200), NUMBER, scale=100)
SPREADS: Mapping[str, Spread] = {one.name: one for one in (USED, OF_PROMISE)}
