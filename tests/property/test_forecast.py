"""Laws of a chance: it never falls while nothing happens, standing still changes nothing, and it is what it says."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cases.events import CaseEvent, EventData, EventKind
from core.instants import DAY_US, to_us
from evaluation.forecast.calibration import SURE, Pairs, fitted
from evaluation.forecast.lives import JudgedLimits, Life, known_until, life_of
from evaluation.forecast.model import Model, Rules, learn
from tests.foretelling import MONDAY, NoItems, areas, life

TODAY = 20_000
STEPS = ("审核", "会签", "批准")
PASTS = st.lists(st.builds(
    lambda last, budget, is_ended, step, began, opened: life(
        last, ended=is_ended, budget=budget, opened=TODAY - opened, stages=((min(began, last), step),) if step else ()),
    st.integers(0, 60), st.integers(0, 45), st.booleans(), st.sampled_from(("", *STEPS)), st.integers(0, 30),
    st.integers(0, 900)), min_size=1, max_size=60)
KNOWN = areas()


def model_of(past: list[Life]) -> Model:
    return learn([*past, life(5, opened=TODAY - 900)], TODAY, Rules(cases_min=1))


@given(PASTS, st.integers(0, 45), st.sampled_from(("", *STEPS)))
def test_a_chance_is_one_and_never_falls_while_nothing_happens(past: list[Life], budget: int, step: str) -> None:
    model = model_of(past)
    stages = ((0, step),) if step else ()
    chances = [model.forecast(life(day, ended=False, budget=budget, stages=stages)).chance for day in range(budget + 1)]

    assert all(0 <= chance <= 1 for chance in chances)
    assert all(later >= earlier - 1e-12 for earlier, later in pairwise(chances))


@given(PASTS, st.integers(1, 45))
def test_more_cases_that_overran_make_a_case_no_less_likely_to(past: list[Life], budget: int) -> None:
    one = life(0, ended=False, budget=budget)
    late = [life(budget + 1, budget=budget, opened=TODAY)] * 20

    assert model_of([*past, *late]).forecast(one).chance >= model_of(past).forecast(one).chance - 1e-12


@given(PASTS, st.randoms(use_true_random=False))
def test_the_order_in_which_cases_are_learnt_from_does_not_matter(past: list[Life], draw: object) -> None:
    shuffled = list(past)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    one = life(1, ended=False)

    assert abs(model_of(past).forecast(one).chance - model_of(shuffled).forecast(one).chance) < 1e-9


@given(st.integers(1, 9), st.integers(0, 120))
def test_while_the_clock_stands_the_standing_stays_as_it_is(stopped_after: int, waited: int) -> None:
    """However long a suspension is open, the case has used and has left what it had when it began."""
    stop = to_us(MONDAY + timedelta(days=stopped_after))
    events = [CaseEvent(source="log", source_event_id=kind.value, kind=kind, case_no="N", area="city", org="a", claimed_at=at,
                        data=data)
              for kind, at, data in ((EventKind.ACCEPTED, to_us(MONDAY), EventData(promised_limit="10wd")),
                                     (EventKind.CORRECTION_NOTIFIED, stop, EventData()))]
    limits = JudgedLimits(KNOWN, NoItems())
    at_once, later = (life_of(known_until(1, events, at), limits) for at in (stop + 1, stop + waited * DAY_US + 1))

    assert msgspec.structs.replace(later, due=0, due_at=0) == msgspec.structs.replace(at_once, due=0, due_at=0)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=80))
def test_a_correction_never_changes_an_order(told: list[tuple[float, bool]]) -> None:
    correction = fitted(Pairs([chance for chance, _ in told], [float(late) for _, late in told], list(range(len(told)))))
    corrected = [correction(step / 50) for step in range(51)]

    assert all(SURE <= chance <= 1 - SURE for chance in corrected)
    assert all(low <= high + 1e-12 for low, high in pairwise(corrected))
