"""The back-test on a constructed log: it finds what was put in, sees nothing before it happened, keeps silent where it must."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from random import Random

import msgspec
import pytest

from cases.events import CaseEvent, Due, EventData, EventKind
from core.instants import DAY_US, to_us
from evaluation.forecast.backtest import RULE_LEAST, Backtest, Report, Trial, days_step
from evaluation.forecast.lives import (
    JudgedLimits,
    Life,
    Silence,
    Silent,
    StatedLimits,
    calendar_days,
    known_until,
    life_of,
)
from evaluation.forecast.model import Rules
from tests.foretelling import MONDAY, NoItems, areas, epoch_day, log, quick_plan, replay

K = EventKind
FIRST, END = epoch_day(MONDAY) + 60, epoch_day(MONDAY) + 420
DAYS = range(FIRST, END, 7)


def run(events: dict[int, list[CaseEvent]]) -> tuple[Report, Sequence[Trial]]:
    tried = Backtest(replay(events), quick_plan())
    report, _ = tried.run(list(DAYS), END)
    return report, tried.trials()


@pytest.fixture(scope="module")
def tried() -> tuple[Report, Sequence[Trial]]:
    return run(log())


def one(*told: tuple[EventKind, float, EventData], at: float) -> Life:
    """The life of a case of these events (days after MONDAY 09:30), as of so many days after it."""
    events = [CaseEvent(source="log", source_event_id=f"{kind.value}/{after}", kind=kind, case_no="N-1", area="city", org="a",
                        claimed_at=to_us(MONDAY + timedelta(days=after)), step="审核" if kind is K.STEP else None, data=data)
              for kind, after, data in told]
    return life_of(known_until(1, events, to_us(MONDAY + timedelta(days=at))), JudgedLimits(areas(), NoItems()))


NO = EventData()
PROMISE = EventData(promised_limit="10wd")
ACCEPTED = (K.ACCEPTED, 0.0, PROMISE)


def test_net_working_days_of_a_case() -> None:
    """Monday to the Thursday of the week after: 8 working days, 2 left; the step was done on day 3."""
    found = one(ACCEPTED, (K.STEP, 3, NO), at=10)

    assert (10, 8, 2, False) == (found.budget, found.last, found.days_left, found.is_ended)
    assert ((0, ""), (3, "审核")) == found.stages


def test_a_suspension_takes_its_days_out_and_foretells_as_if_it_ended_now() -> None:
    """The day on which a stop begins has begun to run: it counts."""
    stopped = one(ACCEPTED, (K.CORRECTION_NOTIFIED, 2, NO), at=9)
    later = one(ACCEPTED, (K.CORRECTION_NOTIFIED, 2, NO), at=30)
    resumed = one(ACCEPTED, (K.CORRECTION_NOTIFIED, 2, NO), (K.CORRECTION_RECEIVED, 9, NO), at=9)

    assert (2, 8, True) == (stopped.last, stopped.days_left, stopped.is_stopped)
    assert (later.last, later.days_left) == (stopped.last, stopped.days_left)
    assert (2, 8, False) == (resumed.last, resumed.days_left, resumed.is_stopped)


def test_a_day_off_after_the_due_day_is_late() -> None:
    """Due on Monday the 22nd by two working days more, ended on a Saturday: no working day later and late all the same."""
    friday = one((K.ACCEPTED, 0.0, EventData(promised_limit="4wd")), (K.CONCLUDED, 4, NO), at=30)
    saturday = one((K.ACCEPTED, 0.0, EventData(promised_limit="4wd")), (K.CONCLUDED, 5, NO), at=30)

    assert (False, True) == (friday.overran, saturday.overran)


def test_an_hour_after_a_due_hour_is_late() -> None:
    """An instant due at 12:00 of a Monday two weeks on: late from that instant on, though it is the same day."""
    due = EventData(promised_due=Due(to_us(MONDAY + timedelta(days=14, hours=2.5)), 480, "instant"))
    before, after = (one((K.ACCEPTED, 0.0, due), at=14 + hours / 24) for hours in (2, 3))
    in_time, late = (one((K.ACCEPTED, 0.0, due), (K.CONCLUDED, 14 + hours / 24, NO), at=20) for hours in (2.5, 2.6))

    assert [False, True, False, True] == [found.overran for found in (before, after, in_time, late)]
    assert (0, epoch_day(MONDAY) + 14) == (before.days_left, before.due)


@pytest.mark.parametrize(("told", "reason"), [
    ([(K.RECEIVED, 0.0, NO)], Silence.NOT_ACCEPTED), ([(K.ACCEPTED, 0.0, NO)], Silence.NO_LIMIT)])
def test_it_says_why_it_is_silent(told: list[tuple[EventKind, float, EventData]], reason: Silence) -> None:
    with pytest.raises(Silent) as silent:
        one(*told, at=3)

    assert reason is silent.value.reason


def test_a_limit_stated_for_all_is_taken_net_of_stops() -> None:
    events = [CaseEvent(source="log", source_event_id=str(after), kind=kind, case_no="N-1", area="city", org="a",
                        claimed_at=to_us(MONDAY + timedelta(days=after)))
              for kind, after in ((K.ACCEPTED, 0), (K.CORRECTION_NOTIFIED, 2), (K.CORRECTION_RECEIVED, 9))]
    found = life_of(known_until(1, events, to_us(MONDAY + timedelta(days=12))), StatedLimits(areas(), "14cd"))

    assert epoch_day(MONDAY) + 14 + 7 == found.due
    assert (10, 4) == (found.budget, found.last)  # Tuesday and Wednesday, Thursday and Friday of the week after


def test_it_finds_what_was_put_in(tried: tuple[Report, Sequence[Trial]]) -> None:
    report, trials = tried
    assert report.brier is not None
    assert report.over_base is not None
    assert report.over_rule is not None
    by_org = {org: [trial.chance for trial in trials if trial.org == org] for org in ("slow", "quick")}

    assert sum(by_org["slow"]) / len(by_org["slow"]) > 2 * sum(by_org["quick"]) / len(by_org["quick"])
    assert report.over_base.low > 0
    assert report.over_rule.value > 0


def test_brier_and_both_baselines_by_an_independent_loop(tried: tuple[Report, Sequence[Trial]]) -> None:
    """Every case judged here by its dates alone, every baseline counted anew from what had happened by its day."""
    report, trials = tried
    events, limits = log(), JudgedLimits(areas(), NoItems())
    finals = {case_id: life_of(known_until(case_id, told, (END * DAY_US) - 8 * 3_600_000_000 - 1), limits)
              for case_id, told in events.items() if (to_us(MONDAY) <= told[0].claimed_at < (END - 1) * DAY_US)}
    errors = defaultdict(list)
    for trial in trials:
        final = finals[trial.case_id]
        if trial.due >= END or not (final.is_ended or final.overran):
            continue
        truth = 1.0 if final.last > final.budget else 0.0
        errors["forecast"].append((trial.corrected - truth) ** 2)
        errors["base"].append((base_rate(events, limits, trained_on(trial.day)) - truth) ** 2)
        errors["rule"].append((days_rule(trials, events, limits, trial) - truth) ** 2)

    means = {name: sum(found) / len(found) for name, found in errors.items()}
    assert report.trials == len(errors["forecast"])
    assert means == pytest.approx({"forecast": report.brier, "base": report.brier_base, "rule": report.brier_rule})


def trained_on(day: int) -> int:
    """The day of the training in force on a day: every second week."""
    return FIRST + (day - FIRST) // 14 * 14


_known: dict[tuple[int, int], Life | None] = {}


def as_known(events: dict[int, list[CaseEvent]], limits: JudgedLimits, case_id: int, day: int) -> Life | None:
    key = (case_id, day)
    if key not in _known:
        try:
            _known[key] = life_of(known_until(case_id, events[case_id], day * DAY_US - 8 * 3_600_000_000 - 1), limits)
        except Silent:
            _known[key] = None
    return _known[key]


def base_rate(events: dict[int, list[CaseEvent]], limits: JudgedLimits, day: int) -> float:
    ends = [found.last > found.budget for case_id in events
            if (found := as_known(events, limits, case_id, day)) is not None and found.due < day]
    return sum(ends) / len(ends)


def days_rule(trials: Sequence[Trial], events: dict[int, list[CaseEvent]], limits: JudgedLimits, trial: Trial) -> float:
    day = trained_on(trial.day)
    ends = [found.last > found.budget for earlier in trials if earlier.day < day
            and days_step(earlier.days_left) == days_step(trial.days_left)
            and (found := as_known(events, limits, earlier.case_id, day)) is not None and found.due < day]
    return sum(ends) / len(ends) if len(ends) >= RULE_LEAST else base_rate(events, limits, day)


def test_what_comes_after_changes_nothing_before(tried: tuple[Report, Sequence[Trial]]) -> None:
    """Every event after an instant is moved, replaced or left out: what was foretold before it stays the same to the bit."""
    _, trials = tried
    middle = FIRST + 140
    instant, draw = middle * DAY_US - 8 * 3_600_000_000, Random(9)
    changed = {case_id: [event for event in told if event.claimed_at < instant] for case_id, told in log().items()}
    for case_id, told in log().items():
        for event in told:
            if event.claimed_at >= instant and draw.random() < 0.7:
                later = event.claimed_at + draw.randrange(60) * DAY_US
                changed[case_id].append(msgspec.structs.replace(event, claimed_at=later, org="quick", step="别的"))
    changed = {case_id: told for case_id, told in changed.items() if told and told[0].kind is K.ACCEPTED}

    def told(found: Sequence[Trial]) -> list[tuple[object, ...]]:
        return [(trial.case_id, trial.day, trial.chance, trial.base, trial.rule) for trial in found if trial.day <= middle]

    _, others = run(changed)
    assert told(trials) == told(others)
    assert len(told(trials)) > 80


def test_too_few_cases_are_met_with_silence() -> None:
    tried = Backtest(replay(log()), quick_plan(rules=Rules(cases_min=500)))
    report, _ = tried.run(list(DAYS), END)

    assert (0, None) == (report.trials, report.brier)
    assert not tried.trials()
    assert report.silent > 0


def test_nothing_known_is_nothing_foretold() -> None:
    report, trials = run({})

    assert (0, 0, ()) == (report.trials, len(trials), report.curve)


def test_days_the_calendar_does_not_know_are_left_out() -> None:
    calendar = areas().default.calendar
    low, high = calendar.known_days

    assert [] == calendar_days(calendar, high + 1, high + 50, 7)
    assert low <= min(calendar_days(calendar, low - 30, low + 30, 7))
