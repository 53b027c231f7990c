"""From the facts of a case to its clocks and its light: one pure function, used at every event and by every sweep.

A clock that cannot be judged (no limit, no calendar for the year, a rule that raises) comes out as `unjudgeable` with its
reason; it never comes out as on time.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from operator import attrgetter
from typing import Protocol

import msgspec

from cases.areas import AreaContext
from cases.clocks import Span, Timing, instants, instants_on, suspensions, timing_of_due, timing_of_limit
from cases.events import CaseFacts, ClockKind, ClockRef, Due, EventKind
from cases.states import Fold, Moment, State, Stop
from config.ladders import Rule
from core.errors import SupervisionError
from core.instants import DAY_US, MINUTE_US
from core.limits import Granularity, Limit, Unit, parse_limit

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


LIGHT_OF_LEVEL = {3: Light.RED, 2: Light.YELLOW, 1: Light.WARNING}


# Asking an enum for a member costs more than most of what is done with it here, at every event.
_PROMISED, _STATUTORY, _OWN, _PRE_ACCEPTANCE = (ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.OWN,
                                                ClockKind.PRE_ACCEPTANCE)
_RUNNING, _ENDED, _UNJUDGEABLE = Condition.RUNNING, Condition.ENDED, Condition.UNJUDGEABLE
_NORMAL, _NONE = Light.NORMAL, Light.NONE
_CONCLUDED = EventKind.CONCLUDED


class ItemLimits(Protocol):
    """What a clock asks of an item of the catalogue."""

    @property
    def promised(self) -> Limit | None: ...
    @property
    def statutory(self) -> Limit | None: ...


class Catalogue(Protocol):
    """What the projection asks of the catalogue: the item by code, or None."""

    def find_item(self, code: str) -> ItemLimits | None: ...


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


class _Watch(msgspec.Struct, frozen=True, gc=False):
    """A limit to watch, before its instants are derived."""

    ref: ClockRef
    started: Moment
    ended: Moment | None
    rule: Rule
    limit: Limit | None = None
    due: Due | None = None
    stops: tuple[Stop, ...] = ()
    name: str = ""


class _Unjudgeable(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


# What facts, limits and rules may raise while they are judged; anything else is a fault of ours and poisons the case.
_RAISED_BY_FACTS = (_Unjudgeable, SupervisionError, ArithmeticError, ValueError, TypeError, LookupError)


def project(fold: Fold, case_id: int, context: AreaContext, catalogue: Catalogue, now_us: int) -> list[ClockState]:
    """Every clock of the case as it stands at `now_us`."""
    states: list[ClockState] = []
    if fold.accepted is not None:
        states.extend(_case_clocks(fold, case_id, context, catalogue, fold.accepted, now_us))
    elif (decided := fold.decided or (fold.closed if fold.closed_by == _CONCLUDED else None)) is not None:
        # Its limits run from an acceptance nobody reported: that must not look like being in time.
        reference = ClockRef(case_id, _PROMISED)
        states.append(_unjudgeable(reference, decided, fold.closed, "acceptance_missing", fold.source))
    states.extend([_judge(watch, context, now_us) for watch in _other_watches(fold, case_id, context)])
    return states


def _case_clocks(fold: Fold, case_id: int, context: AreaContext, catalogue: Catalogue, opened: Moment,
                 now_us: int) -> list[ClockState]:
    """The clocks of the case's own limits; one that says why not when there is nothing to judge them by."""
    try:
        watches = list(_case_limits(fold, case_id, context, catalogue, opened))
    except _RAISED_BY_FACTS as error:
        reason, detail = _why_not(error, "limits")
        return [_unjudgeable(ClockRef(case_id, _PROMISED), opened, fold.closed, reason, detail)]
    return [_judge(watch, context, now_us) for watch in watches]


def light_of(fold: Fold, clocks: list[ClockState]) -> Light:
    """The worst light of the open clocks of an open case."""
    if fold.closed is not None:
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


def moves_nothing(before: Fold, after: Fold) -> bool:
    """Whether all that clocks, light and counters are made of is the same in both. A case that was ever stopped is looked
    at every time: a stop ends at its ceiling without any event."""
    return (not after.stops and _what_counts(before) == _what_counts(after)
            and (before.state in _AT_REST) is (after.state in _AT_REST)
            and (before.submitted or before.received) == (after.submitted or after.received)
            and (after.accepted is not None or before.decided == after.decided))


_AT_REST = frozenset({State.SUSPENDED, State.CORRECTING})
_what_counts = attrgetter("area", "org", "item", "source", "submitted", "answered", "accepted", "closed", "closed_by",
                          "extension_days", "promised_due", "statutory_due", "own_due", "promised_limit",
                          "statutory_limit", "stops", "steps")


def facts_of(fold: Fold, case_id: int) -> CaseFacts:
    """What a card says about the case."""
    return CaseFacts(case_id, fold.case_no, fold.area, fold.org, fold.item, fold.title, fold.source)


# What there is to watch -------------------------------------------------------------------------------------------

def _other_watches(fold: Fold, case_id: int, context: AreaContext) -> Iterator[_Watch]:
    """What is watched whatever becomes of the case's own limits."""
    if fold.submitted is not None:
        yield from _pre_acceptance(fold, case_id, context, fold.submitted)
    if fold.accepted is not None and (fold.stops or fold.steps):
        yield from _special_procedures(fold, case_id, context)
        yield from _steps(fold, case_id, context, fold.accepted)


def _case_limits(fold: Fold, case_id: int, context: AreaContext, catalogue: Catalogue,
                 opened: Moment) -> Iterator[_Watch]:
    promised, statutory = limits_of(fold, catalogue)
    own_due = None if fold.own_due in (fold.promised_due, fold.statutory_due) else fold.own_due
    limits = ((_PROMISED, fold.promised_due, promised, fold.promised_limit),
              (_STATUTORY, fold.statutory_due, statutory, fold.statutory_limit),
              (_OWN, own_due, None, ""))
    watched = [one for one in limits if one[1] is not None or one[2] is not None]
    if not watched:
        raise _Unjudgeable(*_why_no_limit(fold, catalogue))
    ruled = [(one, rule) for one in watched if (rule := _rule(context, one[0], opened)) is not None]
    if not ruled:
        raise _Unjudgeable("rule_missing", context.preset.id)
    stops = tuple(fold.stops)
    for (kind, due, limit, stated), rule in ruled:
        judged = _as_judged_here(limit, rule) if stated else limit
        yield _Watch(ClockRef(case_id, kind), opened, fold.closed, rule, judged, due, stops)


def limits_of(fold: Fold, catalogue: Catalogue) -> tuple[Limit | None, Limit | None]:
    """(promised, statutory): what the feed states, else the item's; an approved extension lengthens both."""
    item = catalogue.find_item(fold.item) if fold.item else None
    promised = parse_limit(fold.promised_limit) if fold.promised_limit else item.promised if item else None
    statutory = parse_limit(fold.statutory_limit) if fold.statutory_limit else item.statutory if item else None
    return _extended(promised, fold.extension_days), _extended(statutory, fold.extension_days)


def _as_judged_here(limit: Limit | None, rule: Rule) -> Limit | None:
    """A limit a feed states says how long, not how exactly: that is the rule's to say."""
    if limit is None or rule.granularity is None or limit.unit is Unit.WORKING_HOUR:
        return limit
    return Limit(limit.amount, limit.unit, rule.granularity)


def _extended(limit: Limit | None, days: int) -> Limit | None:
    if limit is None or not days or limit.unit is Unit.WORKING_HOUR:
        return limit
    return Limit(limit.amount + days, limit.unit, limit.granularity)


def _why_no_limit(fold: Fold, catalogue: Catalogue) -> tuple[str, str]:
    if not fold.item:
        return "limit_missing", fold.source
    if catalogue.find_item(fold.item) is None:
        return "item_unknown", fold.item
    return "limit_missing", fold.item


def _pre_acceptance(fold: Fold, case_id: int, context: AreaContext, submitted: Moment) -> Iterator[_Watch]:
    rule = _rule(context, _PRE_ACCEPTANCE, submitted)
    if rule is not None and (limit := rule.default_limit) is not None:
        yield _Watch(ClockRef(case_id, _PRE_ACCEPTANCE), submitted, fold.answered, rule, limit)


def _special_procedures(fold: Fold, case_id: int, context: AreaContext) -> Iterator[_Watch]:
    specials = [stop for stop in fold.stops if stop.kind != "correction"]
    for ordinal, stop in enumerate(specials):
        rule = _rule(context, ClockKind.SPECIAL, stop.start)
        if rule is None:
            continue
        limit = _approved(stop.approved_days, rule) if stop.approved_days is not None else rule.default_limit
        ref = ClockRef(case_id, ClockKind.SPECIAL, ordinal)
        yield _Watch(ref, stop.start, _end_of_special(fold, stop), rule, limit, name=stop.kind)


def _approved(days: int, rule: Rule) -> Limit:
    return Limit(days, granularity=rule.granularity or Granularity.DAY)


def _end_of_special(fold: Fold, stop: Stop) -> Moment | None:
    """Its own end; a case given up ends it too, a concluded case does not (the special was never closed)."""
    given_up = fold.closed_by not in ("", EventKind.CONCLUDED)
    return stop.end or (fold.closed if given_up else None)


def _steps(fold: Fold, case_id: int, context: AreaContext, opened: Moment) -> Iterator[_Watch]:
    for ordinal, step in enumerate(fold.steps):
        rule = _rule(context, ClockKind.STEP, step.done)
        if rule is not None:
            started = min(opened, step.done, key=lambda moment: moment.at)
            ref = ClockRef(case_id, ClockKind.STEP, ordinal)
            yield _Watch(ref, started, step.done, rule, due=step.due, name=step.step)


def _rule(context: AreaContext, kind: ClockKind, opened: Moment) -> Rule | None:
    return context.rule(kind, (opened.at + opened.utc_offset * MINUTE_US) // DAY_US)


# How it stands ----------------------------------------------------------------------------------------------------

def _judge(watch: _Watch, context: AreaContext, now_us: int) -> ClockState:
    try:
        return _judged(watch, context, now_us)
    except _RAISED_BY_FACTS as error:
        return _unjudgeable(watch.ref, watch.started, watch.ended, *_why_not(error, watch.rule.id))


def _why_not(error: Exception, rule: str) -> tuple[str, str]:
    """(reason, detail) of a clock whose judging raised."""
    if isinstance(error, _Unjudgeable):
        return error.reason, error.detail
    if isinstance(error, SupervisionError):
        return error.code, _values_of(error)
    return "rule_raised", f"{rule}: {error!r}"


def _values_of(error: SupervisionError) -> str:
    """What the sentence of the error is about, such as `cn 2027`: people read it beside that sentence."""
    return " ".join(str(value) for value in error.details.values())


def _timing(watch: _Watch, context: AreaContext) -> Timing:
    stops = suspensions(watch.stops, watch.started, watch.ended, context.calendar)
    if watch.due is not None:
        return timing_of_due(watch.due, watch.started, stops, context.calendar)
    if watch.limit is None:
        raise _Unjudgeable("limit_missing", watch.name or watch.ref.kind.value)
    return timing_of_limit(watch.limit, watch.started, stops, context.calendar)


def _judged(watch: _Watch, context: AreaContext, now_us: int) -> ClockState:
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


def _judged_by_ledger(watch: _Watch, context: AreaContext, now_us: int) -> ClockState:
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


def _condition(watch: _Watch, timing: Timing, now_us: int) -> Condition:
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


# The same watches and their judging, one by one, for whoever times them by the thousand (alerts.backtest).
Watch = _Watch
case_limits, other_watches, judge_watch = _case_limits, _other_watches, _judge
RAISED_BY_FACTS = _RAISED_BY_FACTS
