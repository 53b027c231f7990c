"""Of what units reported, spans that lie over one another count once, however many there are."""

from __future__ import annotations

from random import Random

import pytest

from evaluation.volumes import _apart, _Span


def span(first: int, last: int, org: str = "Land") -> _Span:
    return _Span("360500", org, first, last, 1, 1)


def longest_first(spans: list[_Span]) -> list[_Span]:
    return sorted(spans, key=lambda one: (one.area, one.org, one.first - one.last, one.first))


def plainly(spans: list[_Span]) -> list[_Span]:
    kept: list[_Span] = []
    for one in spans:
        if not any(it[:2] == one[:2] and it.first <= one.last and one.first <= it.last for it in kept):
            kept.append(one)
    return kept


@pytest.mark.parametrize("seed", range(5))
def test_the_longest_of_spans_that_overlap_count_of_each_unit(seed: int) -> None:
    random = Random(seed)
    spans = longest_first([span(first, first + random.choice([0, 0, 1, 6, 30]), random.choice(["Land", "Water"]))
                           for first in random.choices(range(60), k=40)])
    assert list(_apart(spans)) == plainly(spans)


def test_many_days_of_many_units_are_no_square() -> None:
    class Counted(int):
        """A day that counts how often it is compared."""

        asked = 0

        def __lt__(self, other: int) -> bool:
            Counted.asked += 1
            return int(self) < int(other)

        def __gt__(self, other: int) -> bool:
            Counted.asked += 1
            return int(self) > int(other)

        def __le__(self, other: int) -> bool:
            Counted.asked += 1
            return int(self) <= int(other)

    spans = [span(Counted(day), Counted(day), f"U{unit:02}") for unit in range(5) for day in range(300)]
    assert len(list(_apart(spans))) == len(spans)
    assert Counted.asked < len(spans) * 30
