"""Medians from classes: exact where a class holds one value, and never further off than the class is wide."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random
from statistics import median

import pytest

from config.spreads import OF_PROMISE, SPREADS, USED


def counted(values: list[int], spread=USED) -> dict[str, int]:
    found = Counter(spread.figures[spread.place_of(value)] for value in values)
    return {name: found[name] for name in spread.figures}


@pytest.mark.parametrize("spread", SPREADS.values(), ids=list(SPREADS))
def test_classes_cover_every_value_once(spread):
    bounds = [spread.bounds(place) for place in range(len(spread.figures))]
    assert bounds[0][0] == 0
    assert all(after[0] == before[1] + 1 for before, after in pairwise(bounds))
    for place, (low, high) in enumerate(bounds):
        assert spread.place_of(low) == spread.place_of(high) == place
    assert spread.place_of(10**6) == len(spread.edges)


@pytest.mark.parametrize("values", [[3], [0, 5], [1, 1, 2, 5, 5], [0, 0, 0, 4], [2, 3, 3, 4, 90, 500]])
def test_the_median_is_exact_up_to_five_days(values):
    assert USED.median(counted(values)) == median(values)


def test_no_case_has_no_median():
    assert USED.median(counted([])) is None


def test_the_error_is_less_than_the_class_is_wide():
    random = Random(43)
    for _ in range(500):
        values = [int(random.expovariate(1 / random.choice((3, 12, 40)))) for _ in range(random.randint(1, 60))]
        ordered = sorted(min(value, 180) for value in values)
        middle = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
        width = max(high - low for low, high in (USED.bounds(USED.place_of(value)) for value in middle))
        assert abs(USED.median(counted([min(value, 180) for value in values])) - median(ordered)) <= width, values


def test_beyond_the_last_class_only_its_beginning_is_told():
    assert USED.median(counted([400, 500, 600])) == 181


def test_shares_of_the_promise_are_told_as_shares():
    """A half of 7 days is 50 %; 6 of 7 are 85.7 %, in the class of 81 to 90."""
    assert OF_PROMISE.median(counted([10, 10], OF_PROMISE)) == pytest.approx((3.5 + 8) / 2 / 100, abs=0.03)
    assert OF_PROMISE.place_of(6 * 100 / 7) == OF_PROMISE.figures.index("of_promise_90")
    assert OF_PROMISE.place_of(100) == OF_PROMISE.figures.index("of_promise_100")
