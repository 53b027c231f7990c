"""The forecast tried on the past as it would have run: learn what was known by a day, foretell the cases open then, go on.

At each snapshot (the first moment of a day, every `every_days`) every case that is open and not overdue is foretold by the
model in force, which is learnt anew every `retrain_days` from what was known by then: facts are cut off at that instant, case
by case, and nothing later is looked at. What became of a case is judged afterwards, by everything. Forecasts of cases whose due
day (as it was known at the snapshot) has not passed by the end are not scored: of those only the quick ends would be known.

Two baselines get the same chances to learn: the base rate (how many of the cases due by then overran) and the rule of days left
(how many of the cases foretold earlier with as many net working days left did).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from cases.events import CaseEvent
from core.instants import DAY_US
from core.working_calendar import WorkingCalendar
from evaluation.forecast.calibration import NONE, Correction, Pairs, corrections
from evaluation.forecast.lives import Life, Limits, Silence, Silent, known_until, life_of
from evaluation.forecast.model import Model, Rules, learn
from evaluation.forecast.scoring import Bin, Gain, brier, curve, gain

DAYS_A_STEP, DAYS_MOST = 2, 60  # the rule of days left: two net working days in one, all beyond 60 together
RULE_LEAST = 10                 # forecasts with so many days left, below which the rule goes by the base rate


class Plan(msgspec.Struct, frozen=True):
    """How the past is gone through, in calendar days, and from how many settled forecasts on a correction is tried."""

    every_days: int = 7
    retrain_days: int = 28
    train_days: int = 730
    correct_from: int = 1000
    rules: Rules = Rules()


class Story(msgspec.Struct, gc=False):
    """A case with all its events."""

    case_id: int
    events: Sequence[CaseEvent]


class Trial(msgspec.Struct, gc=False):
    """One forecast of the past: made on an epoch day, of a case due on `due` as far as was known. `chance` is the model's,
    `corrected` what the product would have said."""

    case_id: int
    area: str
    org: str
    day: int
    days_left: int
    chance: float
    base: float
    rule: float
    due: int
    round: int
    corrected: float = 0.0
    overran: bool = False


class Left(Exception):
    """Learning was asked to end before it was done."""


class Report(msgspec.Struct, frozen=True):
    """What a back-test found. Days are epoch days; Brier scores None where nothing could be scored."""

    first: int
    last: int
    trials: int
    cases: int
    overran: int
    silent: int
    is_corrected: bool
    brier: float | None
    brier_uncorrected: float | None
    brier_base: float | None
    brier_rule: float | None
    over_base: Gain | None
    over_rule: Gain | None
    curve: tuple[Bin, ...]


@dataclass
class Replay:
    """The past as it goes by: the lives known at each snapshot. Of cases nothing more comes of the life is kept, so that only
    the others are folded anew."""

    stories: Sequence[Story]
    limits: Limits
    calendar: WorkingCalendar
    _over: dict[int, Life] = field(default_factory=dict)

    def at(self, day: int) -> dict[int, Life]:
        """The lives as known before an epoch day began, by case."""
        instant = self.calendar.to_utc(day * DAY_US) - 1
        return {story.case_id: life for story in self.stories if (life := self._life(story, instant)) is not None}

    def _life(self, story: Story, instant: int) -> Life | None:
        known = self._over.get(story.case_id)
        if known is not None or story.events[0].claimed_at > instant:
            return known
        try:
            life = life_of(known_until(story.case_id, story.events, instant), self.limits)
        except Silent:
            return None
        if life.is_ended and story.events[-1].claimed_at <= instant:
            self._over[story.case_id] = life
        return life


@dataclass
class _Round:
    """One training, the baselines of its day, and the forecasts settled by then as they were known to have ended."""

    day: int
    model: Model
    base: float | None
    rule: dict[int, float]
    settled: Pairs


class Backtest:
    """Goes through the days in order; `trials` are those that can be scored at the end."""

    def __init__(self, replay: Replay, plan: Plan) -> None:
        self._replay, self._plan = replay, plan
        self._rounds: list[_Round] = []
        self._trials: list[Trial] = []
        self._silent = 0

    def run(self, days: Sequence[int], end: int, is_left: Callable[[], bool] = lambda: False) -> tuple[Report, Correction]:
        """The report, and the correction proved good by all of it: what the model in force now goes by. `end` is the epoch
        day by whose beginning outcomes are judged, no earlier than the last of `days`. Raises Left when asked to end."""
        for day in days:
            if is_left():
                raise Left
            self._snapshot(day)
        finals = self._replay.at(end)
        scored = [trial for trial in self._trials if _is_settled(trial, finals.get(trial.case_id), end)]
        correction = self._correct(scored, _pairs(self._settled(finals, end)))
        return _report(days, scored, self._silent, correction), correction

    def trials(self) -> Sequence[Trial]:
        """Every forecast made, in order, also those that could not be scored."""
        return self._trials

    def _snapshot(self, day: int) -> None:
        lives = self._replay.at(day)
        if not self._rounds or day - self._rounds[-1].day >= self._plan.retrain_days:
            self._rounds.append(self._train(lives, day))
        current = self._rounds[-1]
        for case_id, life in lives.items():
            if not life.is_ended and current.base is not None:
                self._try(case_id, life, day, current, current.base)

    def _train(self, lives: dict[int, Life], day: int) -> _Round:
        recent = [life for life in lives.values() if life.opened >= day - self._plan.train_days]
        due = [life.overran for life in recent if life.due < day]
        base = sum(due) / len(due) if due else None
        settled = self._settled(lives, day)
        return _Round(day, learn(recent, day, self._plan.rules), base, _rule(settled), _pairs(settled))

    def _settled(self, lives: dict[int, Life], day: int) -> list[tuple[Trial, bool]]:
        """The forecasts whose cases were due before that day, and whether these overran, as far as it was known then."""
        return [(trial, life.overran) for trial in self._trials
                if (life := lives.get(trial.case_id)) is not None and life.due < day]

    def _try(self, case_id: int, life: Life, day: int, current: _Round, base: float) -> None:
        try:
            found = current.model.forecast(life)
        except Silent as silent:
            self._silent += silent.reason is Silence.FEW
            return
        rule = current.rule.get(days_step(life.days_left), base)
        self._trials.append(Trial(case_id, life.area, life.org, day, life.days_left, found.chance, base, rule, life.due,
                                  len(self._rounds) - 1))

    def _correct(self, scored: Sequence[Trial], settled: Pairs) -> Correction:
        """Every round goes by the correction its own past proved good; what all of it proves is returned."""
        found = corrections([*(one.settled for one in self._rounds), settled], self._plan.correct_from)
        for trial in scored:
            trial.corrected = found[trial.round](trial.chance)
        return found[-1]


def _is_settled(trial: Trial, final: Life | None, end: int) -> bool:
    """Whether it can be scored; notes what became of the case."""
    if final is None or trial.due >= end or not (final.is_ended or final.overran):
        return False
    trial.overran = final.overran
    return True


def _rule(settled: Sequence[tuple[Trial, bool]]) -> dict[int, float]:
    """By days left the share of cases that overran."""
    found: dict[int, list[bool]] = defaultdict(list)
    for trial, overran in settled:
        found[days_step(trial.days_left)].append(overran)
    return {step: sum(ends) / len(ends) for step, ends in found.items() if len(ends) >= RULE_LEAST}


def _pairs(settled: Sequence[tuple[Trial, bool]]) -> Pairs:
    return Pairs([trial.chance for trial, _ in settled], [float(overran) for _, overran in settled],
                 [trial.case_id for trial, _ in settled])


def days_step(days_left: int) -> int:
    """Which step of the rule of days left a case is on."""
    return min(days_left, DAYS_MOST) // DAYS_A_STEP


def _report(days: Sequence[int], trials: Sequence[Trial], silent: int, correction: Correction) -> Report:
    first, last = (days[0], days[-1]) if days else (0, 0)
    cases, outcomes = [trial.case_id for trial in trials], [float(trial.overran) for trial in trials]
    told, raw = [trial.corrected for trial in trials], [trial.chance for trial in trials]
    base, rule = [trial.base for trial in trials], [trial.rule for trial in trials]

    def score(chances: Sequence[float]) -> float | None:
        return brier(chances, outcomes) if trials else None

    def over(baseline: Sequence[float]) -> Gain | None:
        return gain(told, baseline, outcomes, cases) if trials else None

    return Report(first, last, len(trials), len(set(cases)), round(sum(outcomes)), silent, correction != NONE, score(told),
                  score(raw), score(base), score(rule), over(base), over(rule), tuple(curve(told, outcomes, cases)))

