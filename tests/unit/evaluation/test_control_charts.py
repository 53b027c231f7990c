"""Control charts: the examples of the NIST/SEMATECH handbook, and the rules of Western Electric one by one."""

from __future__ import annotations

import pytest

from evaluation.control_charts import Chart, Count, Point, Rule, chart, signals_of
from evaluation.statistics import Shape

# NIST/SEMATECH e-Handbook 6.3.2.2: flow rates of ten batches.
FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
# NIST/SEMATECH e-Handbook 6.3.3.1: defective chips of thirty wafers, 50 chips looked at each.
WAFERS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]


def counts(values: list[float], size: float = 1) -> list[Count]:
    return [Count(str(at), value * size if size == 1 else value, size) for at, value in enumerate(values)]


def test_an_xmr_chart_is_that_of_the_handbook() -> None:
    made = chart(Shape.MEAN, counts(FLOW))
    assert made.centre == pytest.approx(50.81)
    assert (made.points[0].low, made.points[0].high) == pytest.approx((45.8159, 55.8041), abs=5e-3)
    assert made.signals == ()


def test_a_p_chart_is_that_of_the_handbook_but_for_the_widening() -> None:
    made = chart(Shape.SHARE, counts([float(one) for one in WAFERS], 50))
    assert made.centre == pytest.approx(0.2313, abs=5e-5)
    # The handbook's limits before they are widened: steps of 162/29 chips on the average, where chance gives 1.128 × 2.98.
    assert made.widened == pytest.approx(162 / 29 / (50 * 0.23133 * 0.76867) ** 0.5 / 1.128, rel=1e-4)
    plain = (made.points[0].high - made.centre) / made.widened
    assert made.centre + plain == pytest.approx(0.4102, abs=5e-4)
    assert made.centre - plain == pytest.approx(0.0524, abs=5e-4)


def test_laneys_widening_by_hand() -> None:
    """Shares 0.45 and 0.55 in turn, 400 each: z = -2, 2, -2 …, moving range 4, so limits are 4 ÷ 1.128 times as wide."""
    made = chart(Shape.SHARE, counts([180.0, 220.0] * 5, 400))
    assert made.centre == 0.5
    assert made.widened == pytest.approx(4 / 1.128)
    assert made.points[0].high == pytest.approx(0.5 + 3 * 0.025 * 4 / 1.128)
    assert made.signals == ()


def test_limits_follow_the_size_of_each_period_and_stay_within_what_can_be() -> None:
    made = chart(Shape.SHARE, [Count(str(at), 9 * size / 10, size) for at, size in enumerate([10, 1000, 10, 1000] * 3)])
    assert made.points[0].high == 1.0
    assert made.points[1].high == pytest.approx(0.9 + 3 * (0.9 * 0.1 / 1000) ** 0.5)
    rates = chart(Shape.RATE, counts([1.0] * 9, 10))
    assert (rates.points[0].low, rates.points[0].high) == pytest.approx((0.0, 0.1 + 3 * (0.1 / 10) ** 0.5))


def test_a_period_in_which_nothing_was_counted_is_a_gap_and_breaks_no_run() -> None:
    values = [Count("gap", 0, 0) if at == 4 else Count(str(at), 60 if at < 9 else 30, 100) for at in range(18)]
    made = chart(Shape.SHARE, values)
    assert made.points[4].value is None
    assert Rule.EIGHT in {one.rule for one in made.signals if one.side == 1 and (one.first, one.last) == (0, 8)}


def test_too_few_periods_have_values_and_no_limits() -> None:
    assert chart(Shape.MEAN, counts(FLOW[:7])) == Chart(None, 1.0, tuple(
        Point(str(at), value, 1) for at, value in enumerate(FLOW[:7])), ())


def scored(*scores: float) -> list[Point]:
    return [Point(str(at), score, 1, -3, 3, score) for at, score in enumerate(scores)]


@pytest.mark.parametrize(("rule", "scores", "first", "last", "points"), [
    (Rule.BEYOND, (0, 0.5, 3.1, -0.5), 2, 2, 1),
    (Rule.TWO_OF_THREE, (0, 2.1, -0.5, 2.2, -1), 1, 3, 2),
    (Rule.FOUR_OF_FIVE, (-0.5, 1.1, 1.2, -0.1, 1.3, 1.4, -1), 1, 5, 4),
    (Rule.EIGHT, (-0.5, 0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1, 0.2, -0.1), 1, 8, 8)])
@pytest.mark.parametrize("side", [1, -1])
def test_each_rule_speaks_where_it_should_and_no_other(rule: Rule, scores: tuple[float, ...], first: int, last: int,
                                                       points: int, side: int) -> None:
    found = signals_of(scored(*(score * side for score in scores)))
    assert [(one.rule, one.side, one.first, one.last, one.points) for one in found] == [(rule, side, first, last, points)]


@pytest.mark.parametrize("scores", [
    (0, 2.9, -2.9, 0, 2.9), (2.1, 0, 0, 2.1), (1.1, 1.1, 0, 0, 1.1, 1.1), (0.1,) * 7 + (-0.1,) + (0.1,) * 7, (0,) * 20])
def test_one_point_short_of_a_rule_says_nothing(scores: tuple[float, ...]) -> None:
    assert signals_of(scored(*scores)) == []


def test_a_shift_that_lasts_is_told_once() -> None:
    found = signals_of(scored(*([-0.5] * 3 + [0.5] * 12)))
    assert [(one.rule, one.first, one.last, one.points) for one in found] == [(Rule.EIGHT, 3, 14, 12)]
