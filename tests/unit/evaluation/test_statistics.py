"""Intervals, funnel limits and ranks: against the tables of the papers they come from, against plain loops, and by hand."""

from __future__ import annotations

from math import comb, exp, sqrt

import pytest

from evaluation.statistics import (
    Interval,
    Limits,
    Sample,
    Shape,
    count,
    difference,
    dispersion,
    funnel,
    interval,
    is_over_dispersed,
    joint_level,
    limits,
    ranks,
    rate,
    ratio,
    t_of,
    target_of,
    wilson,
    z_of,
)


@pytest.mark.parametrize(("hits", "size", "low", "high"), [
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)])
def test_wilsons_interval_is_that_of_newcombes_table(hits: int, size: int, low: float, high: float) -> None:
    found = wilson(hits, size)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_an_interval_never_leaves_what_a_share_can_be() -> None:
    assert wilson(0, 3).low == 0.0
    assert wilson(3, 3).high == 1.0


@pytest.mark.parametrize(("events", "low", "high"), [
    (0, 0.0, 3.6889), (1, 0.0253, 5.5716), (3, 0.6187, 8.7673), (5, 1.6235, 11.6683)])
def test_few_events_have_the_exact_limits_of_garwood(events: int, low: float, high: float) -> None:
    found = count(events)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize(("events", "low", "high"), [(10, 4.7954, 18.3904), (20, 12.2165, 30.8884), (100, 81.364, 121.627)])
def test_byars_limits_are_within_two_in_a_thousand_of_the_exact_ones(events: int, low: float, high: float) -> None:
    found = count(events)
    assert (found.low, found.high) == pytest.approx((low, high), rel=2e-3)


def test_a_rate_is_its_count_over_what_was_counted() -> None:
    assert rate(5, 2000).high == pytest.approx(11.6683 / 2000, rel=1e-4)


@pytest.mark.parametrize(("now", "before", "low", "high"), [
    ((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((6, 7), (2, 7), 0.0582, 0.8062)])
def test_the_difference_of_two_shares_is_that_of_newcombes_table(now: tuple[int, int], before: tuple[int, int], low: float,
                                                                 high: float) -> None:
    found = difference(now[0] / now[1], wilson(*now), before[0] / before[1], wilson(*before))
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_a_ratio_of_sums_by_hand() -> None:
    """Five days, Σ hits = 30, Σ size = 60: 0.5. Deviations 1, -1, 0, 2, -2: Σ² = 10; half = t(0.95, 4)·√(5/4·10)/60."""
    found = ratio([(6, 10), (4, 10), (6, 12), (8, 12), (6, 16), (0, 0)])
    assert found is not None
    assert (found.low, found.high) == pytest.approx(
        (0.5 - 2.776445 * sqrt(12.5) / 60, 0.5 + 2.776445 * sqrt(12.5) / 60), abs=1e-3)
    assert ratio([(1, 2)] * 4) is None


@pytest.mark.parametrize(("level", "degrees", "tabled"), [
    (0.95, 4, 2.776), (0.95, 9, 2.262), (0.95, 30, 2.042), (0.99, 4, 4.604), (0.998, 4, 7.173), (0.998, 9, 4.297),
    (0.998, 20, 3.552)])
def test_quantiles_of_student_are_those_of_tables(level: float, degrees: int, tabled: float) -> None:
    assert t_of(level, degrees) == pytest.approx(tabled, rel=0.01)


def test_a_figure_without_anything_counted_or_with_two_sums_has_no_interval() -> None:
    assert interval(Shape.SHARE, 0, 0) is None
    assert interval(Shape.MEAN, 300.0, 20) is None
    assert interval(Shape.SHARE, 3, 2) is None  # more hits than counted is no share


# Funnel ----------------------------------------------------------------------------------------------------------------


def lower(masses: list[float], tail: float) -> float:
    """Spiegelhalter, appendix A.1, as a plain loop over all masses: never below 0."""
    total = 0.0
    for k, mass in enumerate(masses):
        if total + mass >= tail:
            return max(0.0, k - (total + mass - tail) / mass)
        total += mass
    raise AssertionError


def limits_of(masses: list[float], size: int, most: float) -> list[float]:
    """near_low, near_high, far_low, far_high; the upper ones by counting from the other end."""
    top = len(masses) - 1
    ends = []
    for tail in (0.025, 0.001):
        ends += [lower(masses, tail) / size, min(most, (top - _unclamped(masses[::-1], tail)) / size)]
    return ends


def _unclamped(masses: list[float], tail: float) -> float:
    return lower([0.0, *masses], tail) - 1  # room for what lies beyond the last count


@pytest.mark.parametrize(("target", "size"), [(0.5, 10), (0.1, 40), (0.85, 300), (0.02, 900), (0.4, 1000)])
def test_funnel_limits_of_shares_are_the_binomial_ones(target: float, size: int) -> None:
    masses = [comb(size, k) * target ** k * (1 - target) ** (size - k) for k in range(size + 1)]
    found = limits(Shape.SHARE, target, size)
    wanted = limits_of(masses, size, 1.0)
    assert [found.near_low, found.near_high, found.far_low, found.far_high] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("target", "size"), [(0.004, 500), (0.03, 1000), (1.5, 80)])
def test_funnel_limits_of_rates_are_those_of_poisson(target: float, size: int) -> None:
    masses = [exp(-target * size)]
    for k in range(1, 400):
        masses.append(masses[-1] * target * size / k)
    found = limits(Shape.RATE, target, size)
    wanted = limits_of(masses, size, 9e9)
    assert [found.near_low, found.near_high, found.far_low, found.far_high] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("target", "size"), [(0.778, 7), (0.9, 30), (0.05, 60)])
def test_beyond_a_limit_lies_who_is_rarer_than_it_says(target: float, size: int) -> None:
    masses = [comb(size, k) * target ** k * (1 - target) ** (size - k) for k in range(size + 1)]
    at = limits(Shape.SHARE, target, size)
    for k in range(size + 1):
        tail = min(sum(masses[:k + 1]), sum(masses[k:]))
        assert abs(at.zone(k / size)) == (tail < 0.025) + (tail < 0.001), k


def test_where_the_exact_limits_end_the_normal_ones_go_on() -> None:
    last, first = limits(Shape.SHARE, 0.5, 4000), limits(Shape.SHARE, 0.5, 4004)
    sd = sqrt(0.25 / 4000)
    assert last.far_high == pytest.approx(first.far_high, abs=0.1 * sd)
    assert first.near_high == pytest.approx(0.5 + 1.959964 * sqrt(0.25 / 4004))


def test_nobody_can_be_beyond_a_limit_where_nothing_varies() -> None:
    for target in (0.0, 1.0):
        found = limits(Shape.SHARE, target, 50)
        assert {found.near_low, found.near_high, found.far_low, found.far_high} == {target}
        assert found.zone(target) == 0


def test_a_zone_says_which_limit_was_passed() -> None:
    at = Limits(100, 0.4, 0.6, 0.35, 0.65)
    assert [at.zone(value) for value in (0.3, 0.37, 0.4, 0.5, 0.61, 0.7)] == [-2, -1, 0, 0, 1, 2]


def test_the_funnel_narrows_with_size_and_covers_every_unit() -> None:
    curve = funnel(Shape.SHARE, 0.8, [12, 4000])
    widths = [one.far_high - one.far_low for one in curve]
    assert curve[0].size <= 12
    assert curve[-1].size >= 4000
    assert widths[0] > 4 * widths[-1]
    assert funnel(Shape.SHARE, 0.8, [0]) == []


def test_over_dispersion_by_hand() -> None:
    """Ten units of 100, half at 0.4, half at 0.6: every z is ±2, so the spread is four times that of chance."""
    samples = [Sample(str(at), 40 if at % 2 else 60, 100) for at in range(10)]
    target = target_of(samples)
    assert target == 0.5
    found = dispersion(Shape.SHARE, samples, target)
    assert found == pytest.approx(4.0)
    assert is_over_dispersed(found, 10)
    assert not is_over_dispersed(1.5, 10)  # 1 + 2·√(2/10) = 1.89
    wide, plain = limits(Shape.SHARE, 0.5, 100, found), limits(Shape.SHARE, 0.5, 100)
    assert wide.near_high - 0.5 == pytest.approx(2 * (plain.near_high - 0.5))


def test_one_wild_unit_does_not_make_all_look_dispersed() -> None:
    samples = [Sample(str(at), 50, 100) for at in range(10)] + [Sample("wild", 100, 100)]
    assert dispersion(Shape.SHARE, samples, 0.5) == 0.0  # its z of 10 is pulled in to that of its neighbour


def test_spread_of_two_units_cannot_be_told() -> None:
    assert dispersion(Shape.SHARE, [Sample("a", 1, 10), Sample("b", 9, 10)], 0.5) == 1.0


# Ranks -----------------------------------------------------------------------------------------------------------------


def test_ranks_by_hand() -> None:
    """Joint intervals of three: each at 0.95^(1/3) = 98.3 %. a and b overlap, c lies below both."""
    samples = [Sample("b", 880, 1000), Sample("a", 900, 1000), Sample("c", 500, 1000), Sample("few", 9, 9)]
    found = ranks(Shape.SHARE, samples, higher_is_better=True, minimum=30)
    assert [(one.key, one.rank, one.best, one.worst, one.alike) for one in found] == [
        ("a", 1, 1, 2, 1), ("b", 2, 1, 2, 1), ("c", 3, 3, 3, 0)]
    assert [one.is_certain for one in found] == [False, False, True]


def test_what_is_better_when_less_is_ranked_the_other_way_round() -> None:
    samples = [Sample("many", 90, 1000), Sample("none", 0, 1000)]
    found = ranks(Shape.RATE, samples, higher_is_better=False, minimum=1)
    assert [(one.key, one.rank, one.best, one.worst) for one in found] == [("none", 1, 1, 1), ("many", 2, 2, 2)]


def test_equal_values_share_a_place() -> None:
    found = ranks(Shape.SHARE, [Sample("a", 10, 20), Sample("b", 5, 10), Sample("c", 1, 10)], higher_is_better=True, minimum=1)
    assert [(one.key, one.rank) for one in found] == [("a", 1), ("b", 1), ("c", 3)]


def test_means_are_ranked_where_their_spread_is_known() -> None:
    samples = [Sample("slow", 90.0, 10), Sample("quick", 30.0, 10), Sample("unknown", 10.0, 10)]
    known = {"slow": Interval(8.0, 10.0), "quick": Interval(2.0, 4.0)}
    found = ranks(Shape.MEAN, samples, higher_is_better=False, minimum=5, known=known)
    assert [(one.key, one.best, one.worst) for one in found] == [("quick", 1, 1), ("slow", 2, 2)]


def test_rank_ranges_are_those_of_a_plain_double_loop() -> None:
    samples = [Sample(f"u{at}", 40 + 7 * at % 60, 120 + 10 * at) for at in range(12)]
    spans = {one.key: interval(Shape.SHARE, one.hits, one.size, joint_level(0.95, 12)) for one in samples}
    for one in ranks(Shape.SHARE, samples, higher_is_better=True, minimum=1):
        ahead = behind = 0
        for other, span in spans.items():
            assert span is not None
            ahead += other != one.key and span.low > spans[one.key].high  # type: ignore[union-attr]
            behind += other != one.key and span.high < spans[one.key].low  # type: ignore[union-attr]
        assert (one.best, one.worst) == (1 + ahead, 12 - behind)
        assert one.best <= one.rank <= one.worst


def test_levels() -> None:
    assert z_of(0.95) == pytest.approx(1.959964, abs=1e-6)
    assert joint_level(0.95, 47) ** 47 == pytest.approx(0.95)
