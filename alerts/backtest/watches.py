"""From the facts of many cases to their clocks in batches that can be timed as arrays.

The limits of an ordinary case (no stop, no due date of its own) follow from its item, its area and the day it began: they are
looked up once per combination. Everything else goes through the very generators of cases.projection, one by one, and only its
timing is done on arrays. What cannot be an array (more stops than columns) is judged by the scalar engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alerts.backtest.arrays import NONE, Floats, Ints, calendar_table
from alerts.backtest.timing import Shape, Timings
from cases.areas import AreaContext, Areas, span_of
from cases.clocks import suspensions, timing_of_due, timing_of_limit
from cases.events import ClockKind, EventKind
from cases.projection import ClockState, judge_watch
from cases.states import Fold, Moment
from cases.watches import RAISED_BY_FACTS, Watch, case_limits, other_watches
from config.ladders import Rule
from core.instants import DAY_US, MINUTE_US
from core.limits import Granularity, Unit
from core.working_calendar import WorkingCalendar

MAX_STOPS = 8
KINDS = tuple(ClockKind)
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
_PLAIN_KINDS = (ClockKind.PROMISED, ClockKind.STATUTORY)
BatchKey = tuple[int, int, Shape]  # ids of calendar and rule within the chunk, shape


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cases an edit can touch. None: all areas, all items."""

    areas: frozenset[str] | None = None
    item: str | None = None

    def holds(self, area: str, item: str) -> bool:
        return (self.areas is None or area in self.areas) and (self.item is None or item == self.item)


EVERYTHING = Scope()


@dataclass(slots=True)
class World:
    """By which rules, calendars and limits cases are judged, and which cases are looked at."""

    areas: Areas
    catalogue: Any
    scope: Scope = EVERYTHING


@dataclass(slots=True)
class Batch:
    """Clocks of one rule, calendar and shape: their place in the chunk, kind, ordinal and timings."""

    rule: Rule
    version: str
    calendar: WorkingCalendar
    case: Ints
    kind: Ints
    ordinal: Ints
    ended_at: Ints
    timings: Timings


@dataclass(slots=True)
class Clocks:
    """All clocks of a chunk. `scalar` are those judged one by one; `unjudged` the places of cases without limit or rule."""

    batches: list[Batch] = field(default_factory=list)
    scalar: list[tuple[int, ClockState]] = field(default_factory=list)
    unjudged: list[int] = field(default_factory=list)


class Reader:
    """Reads the clocks of chunk after chunk in one world; limits once looked up are remembered."""

    def __init__(self, world: World, now_us: int) -> None:
        self._world, self._now_us = world, now_us
        self._limits = PlainLimits(world)

    def clocks(self, folds: Sequence[Fold], case_ids: Sequence[int]) -> Clocks:
        found, columns, plain = Clocks(), _Columns(), PlainCases()
        scope, add = self._world.scope, self._limits.add
        of_case = self._world.areas.of_case if self._limits.with_eras else _Remembered(self._world.areas)
        for place, fold in enumerate(folds):
            if not (scope is EVERYTHING or scope.holds(fold.area, fold.item)):
                continue
            context = of_case(fold)
            if not add(place, fold, context, plain):
                self._limits_one_by_one(place, fold, case_ids[place], context, found, columns)
            for watch in other_watches(fold, case_ids[place], context, self._catalogue_of(fold)):
                self._take(place, watch, context, found, columns)
        self._limits.fill(plain, found, columns)
        found.batches += columns.batches()
        return found

    def _catalogue_of(self, fold: Fold) -> Any:
        world = self._world
        return world.areas.catalogue_of(fold, world.catalogue) if self._limits.with_eras else world.catalogue

    # One by one -------------------------------------------------------------------------------------------------------

    def _limits_one_by_one(self, place: int, fold: Fold, case_id: int, context: AreaContext, found: Clocks,
                           columns: _Columns) -> None:
        if fold.accepted is None:
            if fold.decided is not None or (fold.closed is not None and fold.closed_by == EventKind.CONCLUDED):
                found.unjudged.append(place)
            return
        try:
            catalogue = self._world.areas.catalogue_of(fold, self._world.catalogue)
            watches = list(case_limits(fold, case_id, context, catalogue, fold.accepted))
        except RAISED_BY_FACTS:
            found.unjudged.append(place)
            return
        for watch in watches:
            self._take(place, watch, context, found, columns)

    def _take(self, place: int, watch: Watch, context: AreaContext, found: Clocks, columns: _Columns) -> None:
        try:
            stops = suspensions(watch.stops, watch.started, watch.ended, context.calendar) if watch.stops else ()
            if watch.due is not None:
                timing = timing_of_due(watch.due, watch.started, stops, context.calendar)
            elif watch.limit is not None:
                timing = timing_of_limit(watch.limit, watch.started, stops, context.calendar)
            else:
                found.unjudged.append(place)
                return
        except RAISED_BY_FACTS:
            found.unjudged.append(place)
            return
        if len(stops) > MAX_STOPS:
            found.scalar.append((place, judge_watch(watch, context, self._now_us)))  # more than there are columns
            return
        shape = Shape(Unit(timing.unit), Granularity(timing.granularity), timing.at_once)
        column = columns.of(context, watch.rule, shape)
        column.add(place, watch, timing.amount, stops)


class _Remembered:
    """Contexts by area, for a world in which nothing was ever edited."""

    def __init__(self, areas: Areas) -> None:
        self._areas, self._known = areas, dict[str, AreaContext]()

    def __call__(self, fold: Fold) -> AreaContext:
        found = self._known.get(fold.area)
        if found is None:
            found = self._known[fold.area] = self._areas.of(fold.area)
        return found


@dataclass(slots=True)
class PlainCases:
    """The ordinary cases of a chunk as columns: `group` numbers what their limits follow from."""

    place: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    offset: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)


class PlainLimits:
    """Limits of ordinary cases by what they follow from: area, item, stated limits, versions; and the rules of the day.

    A group is asked once for each set of rules its days meet, by the projection's own generator.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.with_eras = not world.areas.versions.is_empty
        self._numbers: dict[Any, int] = {}
        self._examples: list[tuple[Fold, AreaContext]] = []
        self._days: dict[tuple[int, int], int] = {}
        self._rules: dict[tuple[int, ...], int] = {}
        self._answers: dict[tuple[int, int], Answer | None] = {}

    def add(self, place: int, fold: Fold, context: AreaContext, plain: PlainCases) -> bool:
        """Take the case if it is an ordinary one."""
        opened = fold.accepted
        if (opened is None or fold.stops or fold.extension_days or fold.own_due is not None or fold.promised_due is not None
                or fold.statutory_due is not None or fold.extensions or fold.extension_asked is not None):
            return False
        era = self._world.areas.era_of(span_of(fold)) if self.with_eras else None
        key = (fold.area, fold.item, fold.promised_limit, fold.statutory_limit, era)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._examples)
            self._examples.append((fold, context))
        plain.place.append(place)
        plain.group.append(number)
        plain.started.append(opened.at)
        plain.offset.append(opened.utc_offset)
        plain.ended.append(NONE if fold.closed is None else fold.closed.at)
        return True

    def fill(self, plain: PlainCases, found: Clocks, columns: _Columns) -> None:
        """Add the limits of the chunk's ordinary cases to its columns, batch by batch."""
        if not plain.place:
            return
        place, group, started, ended = (np.array(column, dtype=np.int64) for column in (
            plain.place, plain.group, plain.started, plain.ended))
        local = started + np.array(plain.offset, dtype=np.int64) * MINUTE_US
        answers, back = self._answers_of(group, local // DAY_US)
        unjudged = np.array([answer is None for answer in answers], dtype=np.bool_)[back]
        found.unjudged += [int(one) for one in place[unjudged]]
        for kind in _PLAIN_KINDS:
            for part, amount, rows in _by_batch(kind, answers, back):
                columns.of(part.context, part.rule, part.shape).add_many(
                    place[rows], KIND_CODES[kind], amount, started[rows], local[rows], ended[rows])

    def _answers_of(self, group: Ints, day: Ints) -> tuple[list[Answer | None], Ints]:
        """(the different answers, which of them each row gets)."""
        first = int(day.min())
        span = int(day.max()) - first + 1
        pairs, back = np.unique(group * span + day - first, return_inverse=True)
        numbers: dict[tuple[int, int], int] = {}
        of_pair = [numbers.setdefault(self._key(int(pair) // span, int(pair) % span + first), len(numbers)) for pair in pairs]
        return [self._answers[key] for key in numbers], np.array(of_pair, dtype=np.int64)[back]

    def _key(self, group: int, day: int) -> tuple[int, int]:
        """(group, rules of the day), whose answer is then known."""
        fold, context = self._examples[group]
        rules = self._days.get((id(context), day))
        if rules is None:
            ids = tuple(id(context.rule(kind, day)) for kind in ClockKind)
            rules = self._days[id(context), day] = self._rules.setdefault((id(context), *ids), len(self._rules))
        key = (group, rules)
        if key not in self._answers:
            self._answers[key] = self._ask(fold, context, day)
        return key

    def _ask(self, fold: Fold, context: AreaContext, day: int) -> Answer | None:
        """The limits of a case like this accepted on that day; None when it cannot be judged."""
        opened = Moment(day * DAY_US, 0)
        try:
            catalogue = self._world.areas.catalogue_of(fold, self._world.catalogue)
            watches = list(case_limits(fold, 0, context, catalogue, opened))
        except RAISED_BY_FACTS:
            return None
        return {watch.ref.kind: (Part(context, watch.rule, Shape(
            watch.limit.unit, watch.limit.granularity, watch.limit.amount == 0)), float(watch.limit.amount))
            for watch in watches if watch.limit is not None}


def _by_batch(kind: ClockKind, answers: Sequence[Answer | None], back: Ints) -> Iterator[tuple[Part, Floats, Ints]]:
    """(what a batch shares, amounts, rows) of every batch of that kind."""
    parts: dict[Any, tuple[Part, int]] = {}
    number, amount = np.full(len(answers), -1, dtype=np.int64), np.zeros(len(answers))
    for at, answer in enumerate(answers):
        if answer is not None and kind in answer:
            part, amount[at] = answer[kind]
            number[at] = parts.setdefault(part.key, (part, len(parts)))[1]
    of_row = number[back]
    for part, at in parts.values():
        rows = np.nonzero(of_row == at)[0]
        yield part, amount[back[rows]], rows


@dataclass(frozen=True, slots=True)
class Part:
    """What the clocks of one batch share."""

    context: AreaContext
    rule: Rule
    shape: Shape

    @property
    def key(self) -> BatchKey:
        return id(self.context), id(self.rule), self.shape


Answer = dict[ClockKind, tuple[Part, float]]


class _Column:
    """The clocks of one batch while they are collected."""

    def __init__(self, context: AreaContext, rule: Rule, shape: Shape) -> None:
        self._context, self._rule, self._shape = context, rule, shape
        self._ones: list[tuple[int, int, int, float, int, int, int]] = []
        self._stops: list[tuple[tuple[int, int | None], ...]] = []
        self._many: list[tuple[Ints, ...]] = []

    def add(self, place: int, watch: Watch, amount: float, stops: tuple[tuple[int, int | None], ...]) -> None:
        ended = NONE if watch.ended is None else watch.ended.at
        self._ones.append((place, KIND_CODES[watch.ref.kind], watch.ref.ordinal, amount, watch.started.at,
                           watch.started.local, ended))
        self._stops.append(stops)

    def add_many(self, place: Ints, kind: int, amount: Any, started: Ints, local: Ints, ended: Ints) -> None:
        self._many.append((place, np.full(len(place), kind, dtype=np.int64), np.zeros(len(place), dtype=np.int64), amount,
                           started, local, ended))

    def batch(self) -> Batch:
        ones = [np.array(column, dtype=np.float64 if at == 3 else np.int64)
                for at, column in enumerate(zip(*self._ones, strict=True))] if self._ones else []
        parts = [*self._many, *([tuple(ones)] if ones else [])]
        place, kind, ordinal, amount, started, local, ended = (np.concatenate(column) for column in zip(*parts, strict=True))
        before = sum(len(part[0]) for part in self._many)
        stop_from, stop_to = _stop_columns(self._stops, before)
        table = calendar_table(self._context.calendar)
        timings = Timings(self._shape, table, amount, started, local, stop_from, stop_to)
        version = f"{self._context.preset.id}@{self._context.preset.version}"
        return Batch(self._rule, version, self._context.calendar, place, kind, ordinal, ended, timings)


class _Columns:
    """The batches of a chunk, by context, rule and shape."""

    def __init__(self) -> None:
        self._known: dict[BatchKey, _Column] = {}

    def of(self, context: AreaContext, rule: Rule, shape: Shape) -> _Column:
        key = (id(context), id(rule), shape)
        column = self._known.get(key)
        if column is None:
            column = self._known[key] = _Column(context, rule, shape)
        return column

    def batches(self) -> list[Batch]:
        return [column.batch() for column in self._known.values()]


def _stop_columns(stops: Sequence[Sequence[tuple[int, int | None]]], before: int) -> tuple[Ints, Ints]:
    """Stops as arrays with one column each, after `before` rows that have none."""
    width = max((len(one) for one in stops), default=0)
    begin = np.full((before + len(stops), width), NONE, dtype=np.int64)
    end = np.full((before + len(stops), width), NONE, dtype=np.int64)
    for row, one in enumerate(stops, start=before):
        for column, (start, stop) in enumerate(one):
            begin[row, column], end[row, column] = start, NONE if stop is None else stop
    return begin, end
