"""Scores by plain loops, and corrections: used when they prove good, never otherwise."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from core.errors import UpstreamError
from evaluation.forecast import calibration
from evaluation.forecast.calibration import NONE, SURE, Correction, Pairs, corrections, fitted
from evaluation.forecast.scoring import Came, bin_of, brier, came_of, curve, gain


def made(n: int, seed: int, truth: float = 1.0) -> Pairs:
    """Forecasts of n cases; the true chance is the forecast to the power of `truth`."""
    draw = Random(seed)
    chances = [draw.random() for _ in range(n)]
    return Pairs(chances, [float(draw.random() < chance ** truth) for chance in chances], list(range(n)))


def test_brier_by_a_plain_loop() -> None:
    pairs = made(500, 1)
    total = 0.0
    for chance, outcome in zip(pairs.chances, pairs.outcomes, strict=True):
        total += (chance - outcome) * (chance - outcome)

    assert total / 500 == pytest.approx(brier(pairs.chances, pairs.outcomes))
    assert 0.0 == brier([1.0, 0.0], [1.0, 0.0])
    assert 0.25 == brier([0.5, 0.5], [1.0, 0.0])


def test_the_curve_by_a_plain_loop() -> None:
    pairs = made(400, 2)
    bins = curve(pairs.chances, pairs.outcomes, pairs.cases)

    assert 400 == sum(one.n for one in bins)
    for one in bins:
        here = [(chance, outcome) for chance, outcome in zip(pairs.chances, pairs.outcomes, strict=True)
                if one.low <= chance < one.high]
        assert (len(here), sum(outcome for _, outcome in here)) == (one.n, one.overran)
        assert sum(chance for chance, _ in here) / len(here) == pytest.approx(one.mean)
        assert one.share_low <= one.share <= one.share_high


def test_many_forecasts_of_one_case_make_nothing_surer() -> None:
    once = curve([0.5] * 10, [1.0] * 5 + [0.0] * 5, list(range(10)))[0]
    tenfold = curve([0.5] * 100, [1.0] * 50 + [0.0] * 50, [case for case in range(10) for _ in range(10)])[0]

    assert (once.share_low, once.share_high) == (tenfold.share_low, tenfold.share_high)


def test_a_gain_is_sure_when_it_is_and_not_when_it_is_not() -> None:
    pairs = made(800, 3)
    worse = [0.5] * 800
    sure, none = (gain(pairs.chances, base, pairs.outcomes, pairs.cases) for base in (worse, pairs.chances))

    assert sure.low > 0
    assert (0.0, 0.0, 0.0) == (none.value, none.low, none.high)
    assert brier(worse, pairs.outcomes) - brier(pairs.chances, pairs.outcomes) == pytest.approx(sure.value)


def test_isotonic_regression_by_hand() -> None:
    """Pool adjacent violators: (0.2: 1, 0.3: 0) become 0.5 each."""
    correction = fitted(Pairs([0.1, 0.2, 0.3, 0.4], [0.0, 1.0, 0.0, 1.0], [1, 2, 3, 4]))

    assert [SURE, 0.5, 0.5, 1 - SURE] == [correction(chance) for chance in (0.1, 0.2, 0.3, 0.4)]


def test_a_correction_is_used_when_chances_are_wrong() -> None:
    pairs = made(3000, 4, truth=3.0)
    found, = corrections([pairs], 1000)

    assert found != NONE
    assert found(0.5) == pytest.approx(0.125, abs=0.06)
    assert all(low <= high for low, high in pairwise(found(step / 100) for step in range(101)))


def test_none_is_used_when_chances_are_right_or_few() -> None:
    assert [NONE, NONE] == corrections([made(3000, 5), made(300, 6, truth=3.0)], 1000)
    assert [NONE] == corrections([Pairs([0.2] * 2000, [0.0] * 2000, list(range(2000)))], 1000)


def test_a_chance_finds_its_tenth_and_none_where_nothing_like_it_was_tried() -> None:
    bins = curve([0.05, 0.3, 0.69, 1.0], [0.0, 1.0, 1.0, 1.0], [1, 2, 3, 4])

    assert [one.low if (one := bin_of(bins, chance)) else None for chance in (0.0, 0.0999, 0.3, 0.39, 0.4, 0.6, 0.95, 1.0)] == [
        0.0, 0.0, 0.3, 0.3, None, 0.6, 0.9, 0.9]


def test_wider_steps_add_up_their_tenths_and_leave_out_what_few_cases_tell() -> None:
    chances = [0.55] * 30 + [0.65] * 10 + [0.75] * 9
    bins = curve(chances, [1.0] * 20 + [0.0] * 29, list(range(49)))

    assert came_of(bins, ((0.7, 1.0), (0.5, 0.7)), 30) == (Came(0.5, 0.7, 40, 20),)
    assert came_of(bins, ((0.7, 1.0),), 9) == (Came(0.7, 1.0, 9, 0),)
    assert came_of((), ((0.5, 0.7),), 1) == ()


def test_no_correction_changes_nothing() -> None:
    assert 0.37 == Correction()(0.37)


def test_a_lost_process_is_an_error_with_its_cause(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(calibration, "ROOT", tmp_path)  # where the program is not

    with pytest.raises(UpstreamError) as lost:
        corrections([made(1200, 7, truth=3.0)], 1000)

    assert "evaluation" in str(lost.value.details["cause"])
