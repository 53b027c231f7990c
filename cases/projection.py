"""From the facts of a case to its clocks and its light: one pure function, used at every event and by every sweep.

A clock that cannot be judged (no limit, no calendar for the year, a rule that raises) comes out as `unjudgeable` with its
reason; it never comes out as on time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from operator import attrgetter

import msgspec

from cases.areas import AreaContext
from cases.clocks import Span, Timing, instants, instants_on, suspensions, timing_of_due, timing_of_limit
from cases.events import CaseFacts, ClockKind, ClockRef, EventKind
from cases.fold import Fold, Moment, State
from cases.watches import (
    RAISED_BY_FACTS,
    Catalogue,
    Unjudgeable,
    Watch,
    case_limits,
    ruled_asides,
    watch_of,
    watches_of_its_own,
)
from core.errors import SupervisionError
from core.instants import HOUR_US, MINUTE_US
from core.limits import Granularity, Unit

Passing = tuple[str, int, int | None]  # rung, level, the instant it passes: None while a stop is open before it


class Condition(StrEnum):
    """Whether a clock runs."""

    RUNNING = "running"
    STOPPED = "stopped"
    ENDED = "ended"
    UNJUDGEABLE = "unjudgeable"


class Light(StrEnum):
    """The one light of an open case, worst first; a closed case has `none`."""

    RED = "red"
    YELLOW = "yellow"
    WARNING = "warning"
    UNJUDGEABLE = "unjudgeable"
    SUSPENDED = "suspended"
    NORMAL = "normal"
    NONE = "none"


SLEEP_US = 6 * HOUR_US
LIGHT_OF_LEVEL = {3: Light.RED, 2: Light.YELLOW, 1: Light.WARNING}


# Asking an enum for a member costs more than most of what is done with it here, at every event.
_PROMISED = ClockKind.PROMISED
_RUNNING, _ENDED, _UNJUDGEABLE = Condition.RUNNING, Condition.ENDED, Condition.UNJUDGEABLE
_NORMAL, _NONE, _NO_STATE, _RECEIVED = Light.NORMAL, Light.NONE, State.NONE, State.RECEIVED
_CONCLUDED = EventKind.CONCLUDED


class ClockState(msgspec.Struct, frozen=True, gc=False):
    """A clock as it stands at one instant, with everything a stranger needs to recompute it."""

    ref: ClockRef
    condition: Condition
    level: int
    limit_text: str
    started: Moment
    due_at: int | None = None
    ended: Moment | None = None
    stops: tuple[Span, ...] = ()
    passages: tuple[Passing, ...] = ()
    passed: tuple[str, ...] = ()
    next_at: int | None = None
    amount: float = 0
    unit: str = Unit.WORKING_DAY
    granularity: str = Granularity.DAY
    calendar: str = ""
    rule: str = ""
    rule_version: str = ""
    reason: str = ""
    detail: str = ""
    name: str = ""

    def evidence(self) -> dict[str, object]:
        """The ledger of this clock as JSON-safe values."""
        return {"limit": self.limit_text, "amount": self.amount, "unit": self.unit, "granularity": self.granularity,
                "calendar": self.calendar, "rule": self.rule, "rule_version": self.rule_version,
                "started": self.started, "ended": self.ended, "stops": self.stops, "passages": self.passages,
                "reason": self.reason, "detail": self.detail, "name": self.name}


def project(fold: Fold, case_id: int, context: AreaContext, catalogue: Catalogue, now_us: int, *,
            quiet: bool = False) -> list[ClockState]:
    """Every clock of the case as it stands at `now_us`.

    `quiet` is for the record: clocks beside the case's own limits that surely have nothing to tell yet are put to sleep without
    being worked out, and left out when they ended so; only a reader of the case asks for more.
    """
    states: list[ClockState] = []
    if fold.accepted is not None:
        states.extend(_case_clocks(fold, case_id, context, catalogue, fold.accepted, now_us))
    elif (decided := fold.decided or (fold.closed if fold.closed_by == _CONCLUDED else None)) is not None:
        # Its limits run from an acceptance nobody reported: that must not look like being in time.
        reference = ClockRef(case_id, _PROMISED)
        states.append(_unjudgeable(reference, decided, fold.closed, "acceptance_missing", fold.source))
    states.extend(_beside(fold, case_id, context, catalogue, now_us, quiet))
    states.extend([judge_watch(watch, context, now_us)
                   for watch in watches_of_its_own(fold, case_id, context, catalogue)])
    return states


def _beside(fold: Fold, case_id: int, context: AreaContext, catalogue: Catalogue, now_us: int,
            quiet: bool) -> Iterator[ClockState]:
    """What is watched beside the case's own limits; a kind the ladder of the place does not know is not watched there."""
    for aside, rule, limit in ruled_asides(fold, context, catalogue):
        span = context.scale(rule, limit).quiet_us if quiet else -1
        if not quiet or aside.lasts(now_us) > span:
            yield judge_watch(watch_of(aside, case_id, rule, limit), context, now_us)
        elif aside.ended is None and not (fold.state is _RECEIVED and sleeps(aside.lasts(now_us), span)):
            yield ClockState(ref=ClockRef(case_id, aside.kind, aside.ordinal), condition=_RUNNING, level=0,
                             limit_text=str(limit), started=aside.started, next_at=aside.started.at + span + 1,
                             name=aside.name)


def sleeps(lasts_us: int, span_us: int) -> bool:
    """Whether a case just received needs no clock of acceptance yet: most are answered within hours, and the sweep wakes the
    others (cases.sweep) long before the first rung. Ladders too short for that have their clock at once."""
    return lasts_us <= SLEEP_US and span_us > 2 * SLEEP_US + HOUR_US


def _case_clocks(fold: Fold, case_id: int, context: AreaContext, catalogue: Catalogue, opened: Moment,
                 now_us: int) -> list[ClockState]:
    """The clocks of the case's own limits; one that says why not when there is nothing to judge them by."""
    try:
        watches = list(case_limits(fold, case_id, context, catalogue, opened))
    except RAISED_BY_FACTS as error:
        reason, detail = _why_not(error, "limits")
        return [_unjudgeable(ClockRef(case_id, _PROMISED), opened, fold.closed, reason, detail)]
    return [judge_watch(watch, context, now_us) for watch in watches]


def light_of(fold: Fold, clocks: list[ClockState]) -> Light:
    """The worst light of the open clocks of an open case."""
    if fold.closed is not None or (fold.state is _NO_STATE and not fold.violations):  # a queue ticket is no case yet
        return _NONE
    level, is_unjudgeable = 0, False
    for clock in clocks:
        if clock.ended is None:
            level = max(level, clock.level)
            is_unjudgeable = is_unjudgeable or clock.condition is _UNJUDGEABLE
    if level:
        return LIGHT_OF_LEVEL[level]
    if is_unjudgeable:
        return Light.UNJUDGEABLE
    return Light.SUSPENDED if fold.state in _AT_REST else _NORMAL


def moves_nothing(before: Fold, after: Fold, asks: Callable[[Fold, Fold], bool]) -> bool:
    """Whether all that clocks, light and counters are made of is the same in both. A case that was ever stopped is looked
    at every time: a stop ends at its ceiling without any event. `asks` says whether clocks beside the limits follow the steps,
    the decision or the reception."""
    return (not after.stops and _what_counts(before) == _what_counts(after) and before.state is not _NO_STATE
            and (before.state in _AT_REST) is (after.state in _AT_REST)
            and (before.submitted or before.received) == (after.submitted or after.received)
            and _watched_beside(before) == _watched_beside(after)
            and (after.accepted is not None or before.decided == after.decided)
            and (_on_the_way(before) == _on_the_way(after) or not asks(before, after)))


_watched_beside = attrgetter("refused", "extensions", "forwarded", "delivered", "licensed", "lodged", "taken", "promises",
                             "hearing", "hearing_asked", "channel", "applicant_kind", "rated", "score")
_on_the_way = attrgetter("received", "path", "decided", "collected")
_AT_REST = frozenset({State.SUSPENDED, State.CORRECTING})
_what_counts = attrgetter("area", "org", "item", "source", "submitted", "answered", "accepted", "closed", "closed_by",
                          "extension_days", "promised_due", "statutory_due", "own_due", "promised_limit",
                          "statutory_limit", "stops", "steps", "pinned")


def facts_of(fold: Fold, case_id: int) -> CaseFacts:
    """What a card says about the case."""
    return CaseFacts(case_id, fold.case_no, fold.area, fold.org, fold.item, fold.title, fold.source)


# How it stands ----------------------------------------------------------------------------------------------------

def judge_watch(watch: Watch, context: AreaContext, now_us: int) -> ClockState:
    try:
        return _judged(watch, context, now_us)
    except RAISED_BY_FACTS as error:
        return _unjudgeable(watch.ref, watch.started, watch.ended, *_why_not(error, watch.rule.id))


def _why_not(error: Exception, rule: str) -> tuple[str, str]:
    """(reason, detail) of a clock whose judging raised."""
    if isinstance(error, Unjudgeable):
        return error.reason, error.detail
    if isinstance(error, SupervisionError):
        return error.code, _values_of(error)
    return "rule_raised", f"{rule}: {error!r}"


def _values_of(error: SupervisionError) -> str:
    """What the sentence of the error is about, such as `cn 2027`: people read it beside that sentence."""
    return " ".join(str(value) for value in error.details.values())


def _timing(watch: Watch, context: AreaContext) -> Timing:
    stops = suspensions(watch.stops, watch.started, watch.ended, context.calendar)
    if watch.due is not None:
        return timing_of_due(watch.due, watch.started, stops, context.calendar)
    if watch.limit is None:
        raise Unjudgeable("limit_missing", watch.name or watch.ref.kind.value)
    return timing_of_limit(watch.limit, watch.started, stops, context.calendar)


def _judged(watch: Watch, context: AreaContext, now_us: int) -> ClockState:
    if watch.stops or watch.due is not None or watch.limit is None:
        return _judged_by_ledger(watch, context, now_us)
    scale = context.scale(watch.rule, watch.limit)
    due_at, *reached = instants_on(scale, watch.started)
    limit, rungs = scale.limit, tuple(zip(scale.codes, scale.levels, reached, strict=True))
    passed, level, next_at = _standing(rungs, watch.ended, now_us, by_day=scale.by_day)
    return ClockState(
        ref=watch.ref, condition=_RUNNING if watch.ended is None else _ENDED, level=level,
        limit_text=scale.text, started=watch.started, due_at=due_at, ended=watch.ended, passages=rungs, passed=passed,
        next_at=next_at, amount=limit.amount, unit=limit.unit, granularity=limit.granularity, calendar=scale.calendar_key,
        rule=scale.rule_id, rule_version=context.preset_key, name=watch.name)


def _judged_by_ledger(watch: Watch, context: AreaContext, now_us: int) -> ClockState:
    """A clock that was stopped, or whose budget is its own."""
    timing = _timing(watch, context)
    due_at, reached = instants(timing, watch.rule.rungs)
    rungs = tuple([(rung.code, rung.level, rung.at) for rung in reached])
    passed, level, next_at = _standing(rungs, watch.ended, now_us, by_day=timing.by_day)
    return ClockState(
        ref=watch.ref, condition=_condition(watch, timing, now_us), level=level,
        limit_text=str(watch.limit) if watch.due is None else "due", started=watch.started,
        due_at=due_at, ended=watch.ended, stops=timing.stops, passages=rungs, passed=passed, next_at=next_at,
        amount=timing.amount, unit=timing.unit, granularity=timing.granularity,
        calendar=context.calendar.key, rule=watch.rule.id, rule_version=context.preset_key, name=watch.name)


def _standing(rungs: tuple[Passing, ...], ended: Moment | None, now_us: int, *,
              by_day: bool) -> tuple[tuple[str, ...], int, int | None]:
    """(rungs passed, the worst level among them, the instant of the next rung to come).

    A rung passes at its instant; a clock that ended exactly then was still in time (one second late is late), if it is not
    judged by day. A clock whose end is told a few minutes ahead may still pass a rung before that end.
    """
    last = None if ended is None else ended.at if by_day else ended.at - 1
    until = now_us if last is None or now_us < last else last
    passed, level, next_at = [], 0, None
    for code, its_level, at in rungs:
        if at is None:
            continue
        if at <= until:
            passed.append(code)
            level = max(level, its_level)
        elif (last is None or at <= last) and (next_at is None or at < next_at):
            next_at = at
    return tuple(passed), level, next_at


def _condition(watch: Watch, timing: Timing, now_us: int) -> Condition:
    if watch.ended is not None:
        return Condition.ENDED
    if not timing.stops:
        return Condition.RUNNING
    local_now = now_us + watch.started.utc_offset * MINUTE_US
    stopped = any(start <= local_now and (end is None or local_now < end) for start, end in timing.stops)
    return Condition.STOPPED if stopped else Condition.RUNNING


def _unjudgeable(ref: ClockRef, started: Moment, ended: Moment | None, reason: str, detail: str) -> ClockState:
    """An ended clock stays unjudgeable too: whether the case was late is still not known, and must not look like no."""
    return ClockState(ref=ref, condition=Condition.UNJUDGEABLE, level=0, limit_text="", started=started, ended=ended,
                      reason=reason, detail=detail)
