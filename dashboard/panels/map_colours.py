"""Which areas get which colour: equal steps from the least value to the greatest of those that can be compared. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.comparison import Row, SideBySide

CLASSES = 5


@dataclass(frozen=True, slots=True)
class Steps:
    """`used` are the colours in use, 1 to 5, from the least value to the greatest; `by_area` the colour of each area."""

    low: float
    high: float
    used: tuple[int, ...]
    by_area: Mapping[str, int]

    def of(self, row: Row) -> int | None:
        """The colour of an area; None for one that is not compared: too small, or nothing counted."""
        return self.by_area.get(row.key)

    def ends(self, at: int) -> tuple[float, float]:
        """The least and the greatest value that has the colour `used[at]`."""
        width = (self.high - self.low) / len(self.used)
        return self.low + at * width, self.low + (at + 1) * width


def steps_of(shown: SideBySide) -> Steps:
    """As many steps as there are different values, at most five; a single one has the middle colour."""
    values = {row.key: value for row in shown.rows if (value := _comparable(row, shown)) is not None}
    if not values:
        return Steps(0.0, 0.0, (), {})
    low, high = min(values.values()), max(values.values())
    count = min(CLASSES, len(set(values.values())))
    used = {1: (3,), 2: (2, 4), 3: (1, 3, 5), 4: (1, 2, 4, 5)}.get(count, (1, 2, 3, 4, 5))
    width = (high - low) / count or 1.0
    return Steps(low, high, used, {key: used[min(count - 1, int((value - low) / width))] for key, value in values.items()})


def _comparable(row: Row, shown: SideBySide) -> float | None:
    figure = row.figures.get(shown.indicator.code)
    return None if figure is None or figure.is_small else figure.value
