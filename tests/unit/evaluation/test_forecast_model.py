"""The survival model against cases whose answer can be counted by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from evaluation.forecast import model as forecast_model
from evaluation.forecast.lives import Life, Silence, Silent
from evaluation.forecast.model import GRID, Group, Model, Rules, learn, part_of
from tests.foretelling import life, lives

TODAY = 20_000
NO_FADING = Rules(half_life_days=1e12, cases_min=10)


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrow group is believed by itself, so that shares are exact."""
    monkeypatch.setattr(forecast_model, "STRENGTHS", (1e-9, 1e-9, 1e-9, 1e-9))


def chance(model: Model, one: Life) -> float:
    return model.forecast(one).chance


@pytest.mark.usefixtures("trusting")
def test_a_new_case_has_the_share_that_overran() -> None:
    model = learn(lives({5: 60, 30: 40}), TODAY, NO_FADING)

    assert chance(model, life(0, ended=False)) == pytest.approx(0.4)


@pytest.mark.usefixtures("trusting")
def test_who_is_still_open_after_the_quick_ones_ended_is_one_of_the_slow() -> None:
    """60 end on day 5, 20 on day 15, 20 overrun: on day 10 half of what is left overruns."""
    model = learn(lives({5: 60, 15: 20, 30: 20}), TODAY, NO_FADING)

    assert chance(model, life(10, ended=False)) == pytest.approx(0.5)
    assert chance(model, life(18, ended=False)) == pytest.approx(1.0)


@pytest.mark.usefixtures("trusting")
def test_ending_on_the_due_day_is_in_time() -> None:
    model = learn(lives({20: 50, 21: 50}), TODAY, NO_FADING)

    assert chance(model, life(0, ended=False)) == pytest.approx(0.5)


@pytest.mark.usefixtures("trusting")
def test_open_cases_count_as_open_for_as_long_as_they_were_seen() -> None:
    """Kaplan and Meier by hand: of 100 10 end on day 5, 40 are last seen on day 10, of the 50 left 25 end on day 15."""
    known = [*lives({5: 10, 15: 25, 40: 25}), *[life(10, ended=False) for _ in range(40)]]
    model = learn(known, TODAY, NO_FADING)

    assert chance(model, life(0, ended=False)) == pytest.approx(0.9 * 0.5)


def test_the_hazards_are_those_of_kaplan_and_meier_in_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program's product-limit estimate of the same cases, with a limit as long as the grid, so that days are parts."""
    from scipy.stats import CensoredData, ecdf

    monkeypatch.setattr(forecast_model, "STRENGTHS", (1e-9, 1e-9, 1e-9, 1e-9))
    draw = np.random.default_rng(3)
    days, ends = draw.integers(1, 2 * GRID, 300), draw.random(300) < 0.7
    model = learn([life(int(day), ended=bool(end), budget=GRID) for day, end in zip(days, ends, strict=True)], TODAY, NO_FADING)

    # Ours counts whoever was last seen in a part as open before it only: half a part earlier in theirs.
    theirs = ecdf(CensoredData(uncensored=days[ends], right=days[~ends] - 0.5)).sf
    assert chance(model, life(0, ended=False, budget=GRID)) == pytest.approx(float(theirs.evaluate(GRID)), abs=1e-9)


def test_a_withdrawal_before_the_due_day_is_no_overrun_and_a_late_one_is() -> None:
    """Lives do not say how a case ended: only when."""
    assert not life(5).overran
    assert life(21).overran


def test_a_step_of_few_cases_is_pulled_towards_its_item() -> None:
    common = lives({5: 300, 30: 100})
    few = [life(30, stages=((2, "会签"),)) for _ in range(5)]
    many = [life(30, stages=((2, "会签"),)) for _ in range(500)]
    at_it = life(3, ended=False, stages=((2, "会签"),))

    of_few = chance(learn([*common, *few], TODAY, NO_FADING), at_it)
    of_many = chance(learn([*common, *many], TODAY, NO_FADING), at_it)

    assert of_few < 0.4
    assert of_many > 0.7


def test_the_narrowest_group_with_enough_cases_is_named() -> None:
    model = learn([*lives({5: 30}), *lives({9: 12}, stages=((2, "审核"),))], TODAY, NO_FADING)

    at_step = model.forecast(life(3, ended=False, stages=((2, "审核"),)))
    at_rare_step = model.forecast(life(3, ended=False, stages=((2, "会签"),)))

    assert ("city", "a", "i", "审核") == at_step.learnt
    assert (12, 0, (7.0, 7.0, 7.0)) == (at_step.ended, at_step.overran, at_step.days)  # from the step on: 9 - 2
    assert ("city", "a", "i") == at_rare_step.learnt
    assert 42 == at_rare_step.ended


def test_an_item_nobody_has_seen_end_goes_by_its_department() -> None:
    model = learn(lives({5: 30, 30: 10}), TODAY, NO_FADING)

    assert ("city", "a") == model.forecast(life(0, ended=False, item="new")).learnt


def test_it_is_silent_where_the_department_ended_too_few() -> None:
    model = learn([*lives({5: 100}), *lives({5: 9}, org="b")], TODAY, NO_FADING)

    with pytest.raises(Silent) as silent:
        model.forecast(life(0, ended=False, org="b"))

    assert Silence.FEW is silent.value.reason


def test_nothing_is_foretold_of_what_is_overdue() -> None:
    model = learn(lives({5: 100}), TODAY, NO_FADING)

    with pytest.raises(Silent) as silent:
        model.forecast(life(21, ended=False))

    assert Silence.OVERDUE is silent.value.reason


def test_the_recent_past_weighs_more() -> None:
    """It was bad two years ago and is good now; and the other way round."""
    old, new = lives({30: 100}, opened=TODAY - 720), lives({5: 100}, opened=TODAY - 30)
    rules = Rules(half_life_days=180, cases_min=10)

    now_good = chance(learn([*old, *new], TODAY, rules), life(0, ended=False))
    now_bad = chance(learn([*lives({5: 100}, opened=TODAY - 720), *lives({30: 100}, opened=TODAY - 30)], TODAY, rules),
                     life(0, ended=False))

    assert now_good < 0.15
    assert now_bad > 0.7


def test_what_is_stored_answers_the_same() -> None:
    model = learn([*lives({5: 60, 15: 30, 30: 40}), *lives({9: 12}, stages=((2, "审核"),))], TODAY, Rules(cases_min=10))
    again = Model.from_bytes(model.to_bytes(), 10)

    for day, one in ((day, life(day, ended=False, stages=((2, "审核"),))) for day in range(20)):
        assert model.forecast(one) == again.forecast(one), day


def test_parts_of_limits() -> None:
    assert [part_of(day, 0) for day in (0, 1)] == [GRID, GRID + 1]
    assert [part_of(day, 3) for day in range(5)] == [0, GRID // 3, 2 * GRID // 3, GRID, GRID + 1]
    assert all(low < high for low, high in pairwise(part_of(day, 20) for day in range(22)))


def test_numbers_at_risk_by_a_plain_loop() -> None:
    draw = np.random.default_rng(8)
    known = [life(int(draw.integers(0, 40)), ended=bool(draw.random() < 0.6)) for _ in range(200)]
    group: Group = learn(known, TODAY, NO_FADING).groups["city", "a"]

    for part in range(GRID + 2):
        exits = sum(one.is_ended and part_of(one.last, 20) == part for one in known)
        at_risk = sum(part_of(one.last, 20) >= part if one.is_ended else part_of(one.last, 20) > part for one in known)
        assert (exits, at_risk) == pytest.approx((group.exits[part], group.at_risk[part])), part
