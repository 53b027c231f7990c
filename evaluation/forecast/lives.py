"""What a forecast knows of a case at an instant: its stages and its limit in net working days.

Everything follows from the facts known at that instant and from nothing later. Days are epoch days on the wall clock of the
case's source; net working days are those of the area's calendar without the days its clock stood, the day of acceptance being
day 0, counted by the same clock algebra as every limit (`cases.clocks`). A stop that is still open is taken to end now: the
chance is that of a case which goes on today.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from cases.areas import Areas
from cases.clocks import Timing, due_instant, last_day, merge, timing_of_limit, used_days
from cases.events import CaseEvent, ClockKind, EventKind
from cases.fold import Fold, Moment
from cases.judging import judge
from cases.projection import ClockState, Condition
from cases.states import fold_all
from core.errors import InvalidInput
from core.instants import DAY_US, HOUR_US, MINUTE_US
from core.limits import Granularity, Limit, Unit, parse_limit
from core.working_calendar import CalendarNotPublished, WorkingCalendar

NO_ORG = "(none)"
ACCEPTED_STAGE = ""  # before any step was done
PREFERRED = (ClockKind.PROMISED, ClockKind.OWN, ClockKind.STATUTORY)  # whose passing is an overrun, as the figures judge it
Step = tuple[str, Moment]


class Silence(StrEnum):
    """Why nothing is foretold of a case."""

    NOT_ACCEPTED = "not_accepted"  # its limit does not run yet
    NO_LIMIT = "no_limit"          # its limit cannot be judged
    NO_CALENDAR = "no_calendar"    # the working days up to its due day are not published
    OVERDUE = "overdue"            # it has passed its limit: a fact
    FEW = "few"                    # too few cases of its department have ended


class Silent(Exception):
    """Nothing can be foretold, for this reason."""

    def __init__(self, reason: Silence) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Known(msgspec.Struct, frozen=True, gc=False):
    """The facts of a case as of an instant (microseconds UTC), and its steps in the order they were done."""

    case_id: int
    fold: Fold
    steps: Sequence[Step]
    at: int


class Budget(msgspec.Struct, frozen=True, gc=False):
    """The limit whose passing is an overrun, and what ended it."""

    timing: Timing
    ended: Moment | None


class Life(msgspec.Struct, frozen=True, gc=False):
    """A case in net working days: open until now, or ended.

    `budget` is the net working day of the due day, `last` the one on which the case ended or until which it was seen open;
    beyond `budget` it overran. `due_at` is the instant from which it is late (microseconds UTC). `stages` are (day, step) in
    order, the first of them the acceptance.
    """

    area: str
    org: str
    item: str
    opened: int
    due: int
    budget: int
    last: int
    is_ended: bool
    stages: tuple[tuple[int, str], ...]
    is_stopped: bool = False
    due_at: int = 0

    @property
    def overran(self) -> bool:
        return self.last > self.budget

    @property
    def days_left(self) -> int:
        """Net working days from now to the due day; 0 on that day."""
        return self.budget - self.last


class Limits(Protocol):
    """Which limit of a case is forecast. Raises Silent."""

    def budget(self, known: Known) -> Budget: ...


class JudgedLimits:
    """The limit the product judges by: the promised one, else the source's own, else the statutory one."""

    def __init__(self, areas: Areas, catalogue: Any) -> None:
        self._areas, self._catalogue = areas, catalogue

    def budget(self, known: Known) -> Budget:
        clocks = judge(known.fold, known.case_id, self._areas, self._catalogue, known.at, quiet=True)
        clock = _preferred(clocks)
        if clock is None or clock.condition is Condition.UNJUDGEABLE or clock.reason:
            raise Silent(Silence.NO_LIMIT)
        calendar = self._areas.of_case(known.fold).calendar
        timing = Timing(clock.amount, Unit(clock.unit), Granularity(clock.granularity), clock.started, clock.stops, calendar,
                        at_once=clock.amount == 0)
        return Budget(timing, clock.ended)


class StatedLimits:
    """One limit for every case, such as 56cd: for logs whose cases carry none. Judged by days, suspensions taken out."""

    def __init__(self, areas: Areas, text: str) -> None:
        limit = parse_limit(text)
        if limit.unit is Unit.WORKING_HOUR:
            raise InvalidInput("limit_hours_not_by_day", text=text, accepted="20wd or 56cd")
        self._areas, self._limit = areas, Limit(limit.amount, limit.unit, Granularity.DAY)

    def budget(self, known: Known) -> Budget:
        fold = known.fold
        if fold.accepted is None:
            raise Silent(Silence.NOT_ACCEPTED)
        spans = [(max(stop.start.local, fold.accepted.local), stop.end.local if stop.end else None) for stop in fold.stops]
        stops = merge([(start, end) for start, end in spans if end is None or end > start])
        timing = timing_of_limit(self._limit, fold.accepted, stops, self._areas.of_case(fold).calendar)
        return Budget(timing, fold.closed)


def known_until(case_id: int, events: Sequence[CaseEvent], at: int) -> Known:
    """What the events of a case up to an instant say. `events` may hold later ones, which are not looked at."""
    past = [event for event in events if event.claimed_at <= at]
    fold = fold_all(past)
    return Known(case_id, fold, steps_of(fold, past), at)


def steps_of(fold: Fold, events: Sequence[CaseEvent]) -> list[Step]:
    """The steps as they stand: of a case with an item those no step back withdrew, else as its source told them."""
    if fold.item:
        return [(done.step, Moment(done.at, done.utc_offset)) for done in fold.path]
    told = [event for event in events if event.kind is EventKind.STEP and event.step]
    return [(event.step or "", Moment(event.claimed_at, event.utc_offset))
            for event in sorted(told, key=lambda event: event.sort_key)]


def life_of(known: Known, limits: Limits) -> Life:
    """The case as of that instant. Raises Silent where its limit does not run, or cannot be told in working days."""
    fold = known.fold
    if fold.accepted is None:
        raise Silent(Silence.NOT_ACCEPTED)
    try:
        return _life(known, fold.accepted, limits.budget(known))
    except CalendarNotPublished:
        raise Silent(Silence.NO_CALENDAR) from None


def _life(known: Known, opened: Moment, given: Budget) -> Life:
    now = known.at + opened.utc_offset * MINUTE_US
    timing = msgspec.structs.replace(given.timing, stops=tuple(
        (start, max(start, now) if end is None else end) for start, end in given.timing.stops))
    due_at = due_instant(timing)
    if due_at is None:
        raise Silent(Silence.NO_LIMIT)
    due = last_day(due_at, timing.started, timing.calendar)
    net = Timing(0, Unit.WORKING_DAY, Granularity.DAY, opened, timing.stops, timing.calendar)
    day = (now if given.ended is None else given.ended.local) // DAY_US
    budget, last = _net_budget(timing, net, due), used_days(net, day)
    fold = known.fold
    return Life(fold.area, fold.org or NO_ORG, fold.item, opened.local // DAY_US, due, budget,
                # A day off after the due day, or an hour after a due hour, uses no working day and is late all the same.
                max(last, budget + 1) if _is_late(given, due_at, known.at) else min(last, budget), given.ended is not None,
                _stages(known.steps, opened, net, last), _stands_still(given.timing, now), due_at)


def _net_budget(timing: Timing, net: Timing, due: int) -> int:
    """What is stated in working time is that many days, however stops cut the days they begin and end in; what ends on a day of
    the calendar has as many as lie before it."""
    if timing.unit is Unit.WORKING_DAY:
        return int(timing.amount)
    if timing.unit is Unit.WORKING_HOUR:
        return int(-(-timing.amount * HOUR_US // timing.calendar.day_us))
    return used_days(net, due)


def _stages(steps: Sequence[Step], opened: Moment, net: Timing, last: int) -> tuple[tuple[int, str], ...]:
    """When each stage began. Steps before the acceptance, and after the end, are no stage of this limit."""
    stages = [(0, ACCEPTED_STAGE)]
    for step, moment in steps:
        day = used_days(net, moment.local // DAY_US)
        if moment.at >= opened.at and day <= last:
            stages.append((day, step))
    return tuple(stages)


def _stands_still(timing: Timing, now: int) -> bool:
    return any(start <= now and (end is None or now < end) for start, end in timing.stops)


def _is_late(given: Budget, due_at: int, now_us: int) -> bool:
    """As the clocks judge it: an end at the very instant is in time where instants count, and on the next day where days do."""
    if given.ended is None or given.timing.by_day:
        return (now_us if given.ended is None else given.ended.at) >= due_at
    return given.ended.at > due_at


def _preferred(clocks: Sequence[ClockState]) -> ClockState | None:
    by_kind = {clock.ref.kind: clock for clock in clocks}
    return next((by_kind[kind] for kind in PREFERRED if kind in by_kind), None)


def calendar_days(calendar: WorkingCalendar, first: int, last: int, every: int) -> list[int]:
    """Every so many days from `first` on, up to and with `last`, those the calendar knows."""
    low, high = calendar.known_days
    return [day for day in range(first, last + 1, every) if low <= day <= high]
