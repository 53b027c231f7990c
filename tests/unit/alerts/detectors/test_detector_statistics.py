"""The exact tests, against values worked out by hand or found in tables."""

from __future__ import annotations

import pytest

from alerts.detectors.statistics import (
    at_least,
    at_most_of,
    chi_square_above,
    holm,
    mean_and_sd,
    none_at_all,
    uniform_digits,
    upper_bound,
)


def test_the_binomial_tail_is_exact() -> None:
    assert at_least(10, 10, 0.5) == pytest.approx(2**-10)
    assert at_least(8, 10, 0.5) == pytest.approx(56 / 1024)
    assert at_least(2, 3, 0.1) == pytest.approx(0.028)
    assert at_least(0, 10, 0.5) == 1.0
    assert at_least(3, 10, 0.5) == 1.0
    assert at_least(900, 1000, 0.5) < 1e-100


def test_five_of_five_never_convince_where_half_is_normal_among_fifty_units() -> None:
    assert min(holm([at_least(5, 5, 0.5), *[1.0] * 49])) > 0.5


def test_chi_square_agrees_with_the_tables() -> None:
    assert chi_square_above(16.919, 9) == pytest.approx(0.05, abs=1e-4)
    assert chi_square_above(21.666, 9) == pytest.approx(0.01, abs=1e-4)
    assert chi_square_above(3.841, 1) == pytest.approx(0.05, abs=1e-4)
    assert chi_square_above(0.0, 9) == 1.0


def test_even_digits_are_even_and_one_digit_alone_has_the_greatest_effect() -> None:
    assert uniform_digits([50] * 10) == (pytest.approx(1.0), 0.0)
    chance, effect = uniform_digits([500, *[0] * 9])
    assert chance < 1e-100
    assert effect == pytest.approx(1.0)
    assert uniform_digits([0] * 10) == (1.0, 0.0)


def test_the_smaller_tests() -> None:
    assert none_at_all(100, 0.05) == pytest.approx(0.95**100)
    assert at_most_of(0, 5, 5, 10) == pytest.approx(1 / 252)
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert mean_and_sd([1.0, 3.0]) == pytest.approx((2.0, 2.0**0.5))
    assert mean_and_sd([]) == (0.0, 0.0)
    assert upper_bound([2.0, 2.0, 2.0]) == 2.0
