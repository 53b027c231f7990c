"""The interval of a median: by the order of the cases, whatever their spread."""

from __future__ import annotations

from random import Random

from config.spreads import USED
from evaluation.medians import median_interval, together
from tests.unit.config.test_spreads import counted


def test_too_few_cases_have_none():
    assert median_interval(USED, counted([1, 2, 3, 4, 5])) is None
    assert median_interval(USED, counted([1, 2, 3, 4, 5, 5])) is not None


def test_by_hand():
    """Of 100 cases the 40th and the 61st hold the median; these are 3 and 5 days here."""
    found = median_interval(USED, counted([1] * 30 + [3] * 20 + [4] * 10 + [5] * 40))
    assert found is not None
    assert (found.low, found.high) == (3, 5)


def test_it_reaches_to_the_ends_of_classes():
    found = median_interval(USED, counted([8] * 100))
    assert found is not None
    assert (found.low, found.high) == (8, 10)


def test_it_holds_the_true_median_as_often_as_it_says():
    """Days from 0 to 5 with a true median of 2, drawn a thousand times."""
    random, held = Random(1), 0
    for _ in range(1_000):
        found = median_interval(USED, counted(random.choices((0, 1, 2, 3, 4, 5), (20, 25, 10, 15, 20, 10), k=40)))
        assert found is not None
        held += found.holds(2)
    assert held >= 950


def test_spreads_add_up():
    assert together(USED, [counted([1, 2]), counted([2])]) == counted([1, 2, 2])
