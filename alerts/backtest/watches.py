"""From the spans of many cases to their clocks in batches that can be timed as arrays, in one world of rules.

Which rule measures a span, and by which limit, follows from its area, item, kind and day: it is looked up once per
combination. Cases whose limits follow from more go through the very generators of cases.projection, one by one, and only their
timing is done on arrays. What cannot be an array (more stops than columns) is judged by the scalar engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from alerts.backtest.arrays import NONE, Bools, Floats, Ints, calendar_table, combinations
from alerts.backtest.folds import Folds
from alerts.backtest.spans import MAX_STOPS, Facts, FactsReader, Spans, Stated, is_decided
from alerts.backtest.tables import KIND_CODES, KINDS, NEVER, Columns
from alerts.backtest.timing import Shape, Timings
from cases.areas import AreaContext, Areas, Span
from cases.clocks import suspensions, timing_of_due, timing_of_limit
from cases.events import ClockKind
from cases.fold import Fold, Moment
from cases.projection import ClockState, judge_watch
from cases.watches import RAISED_BY_FACTS, Watch, approved_limit, case_limits, other_watches
from config.ladders import Rule
from core.instants import DAY_US
from core.limits import Granularity, Limit, Unit
from core.working_calendar import WorkingCalendar

_OWN_KINDS = (ClockKind.PROMISED, ClockKind.STATUTORY)
# What is watched whether or not a rung of it can have passed, so that a day nobody can judge is noticed.
_MUST_HAVE_LIMIT = frozenset(KIND_CODES[kind] for kind in (
    ClockKind.SPECIAL, ClockKind.CONSULTATION, ClockKind.COMPLAINT, ClockKind.COMPLAINT_INTAKE))
_ALWAYS = np.array([kind is ClockKind.PRE_ACCEPTANCE or code in _MUST_HAVE_LIMIT for code, kind in enumerate(KINDS)])


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cases an edit can touch. None: all areas, all items."""

    areas: frozenset[str] | None = None
    item: str | None = None

    def within(self, area: str) -> Scope:
        """What of it lies in an area; all of it for ""."""
        if not area:
            return self
        return replace(self, areas=frozenset([area]) if self.areas is None else self.areas & {area})

    def holds(self, area: str, item: str) -> bool:
        return (self.areas is None or area in self.areas) and (self.item is None or item == self.item)


EVERYTHING = Scope()


@dataclass(slots=True)
class World:
    """By which rules, calendars and limits cases are judged, and which cases are looked at."""

    areas: Areas
    catalogue: Any
    scope: Scope = EVERYTHING

    def edited_items(self) -> frozenset[str]:
        """The items of which a version changes more than limits: what is watched in their cases depends on the version."""
        return frozenset(code for code, dated in self.areas.versions.items.items()
                         if any(not self._changes_limits_only(code, one.value) for one in dated))

    def _changes_limits_only(self, code: str, version: Any) -> bool:
        shipped = self.catalogue.find_item(code)
        if shipped is None:
            return False
        edited = version.over(code, shipped)
        return bool(edited.details == shipped.details and edited.steps == shipped.steps
                    and edited.category == shipped.category and edited.power == shipped.power)


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


class Part(NamedTuple):
    """What the clocks of one batch share."""

    context: AreaContext
    rule: Rule
    shape: Shape


class Measure(NamedTuple):
    """How a span is measured: the number of the batch it belongs to, its budget, and for how long surely no rung passes."""

    part: int
    amount: float
    quiet_us: int


class Reader:
    """Reads the clocks of chunk after chunk in one world; what a combination asks for is remembered."""

    def __init__(self, world: World, now_us: int, facts: FactsReader) -> None:
        self._world, self._now_us, self._facts = world, now_us, facts
        self._eras = _EraTable(world.areas)
        self._contexts: list[AreaContext] = []
        self._numbers: dict[int, int] = {}
        self._parts: list[Part] = []
        self._part_numbers: dict[tuple[int, int, Shape], int] = {}
        self._measures: dict[tuple[int, int, int, int], Measure | bool] = {}
        self._own: dict[tuple[int, int, int], dict[ClockKind, Measure] | None] = {}

    def clocks(self, facts: Facts, folds: Folds, case_ids: Sequence[int]) -> Clocks:
        """The clocks of a chunk."""
        found, columns = Clocks(), _Columns()
        in_scope, era = self._in_scope(facts), self._eras.of(facts.began, facts.ended)
        self._take_own(facts, in_scope, era, found, columns)
        self._take_beside(facts, in_scope, era, found, columns)
        for place in facts.singly:
            if in_scope[place]:
                self._take_singly(place, folds[place], case_ids[place], found, columns)
        found.unjudged += [place for place in facts.unjudged if in_scope[place]]
        found.batches += columns.batches()
        return found

    def _in_scope(self, facts: Facts) -> Bools:
        scope = self._world.scope
        if scope is EVERYTHING:
            return np.ones(len(facts.group), dtype=np.bool_)
        holds = np.array([scope.holds(one.area, one.item) for one in self._facts.examples], dtype=np.bool_)
        chosen: Bools = holds[facts.group]
        return chosen

    def _context(self, group: int, era: int) -> AreaContext:
        return self._world.areas.at(self._facts.examples[group].area, self._eras.span(era))

    # The limits of the cases themselves ---------------------------------------------------------------------------------

    def _take_own(self, facts: Facts, in_scope: Bools, era: Ints, found: Clocks, columns: _Columns) -> None:
        own = _rows(facts.own, in_scope)
        days = own.local // DAY_US
        keys, back = combinations(facts.group[own.place], era[own.place], days)
        answers = [self._limits(*key) for key in keys]
        unjudged = np.array([answer is None for answer in answers], dtype=np.bool_)[back]
        found.unjudged += own.place[unjudged].tolist()
        for kind in _OWN_KINDS:
            measures = [None if answer is None else answer.get(kind) for answer in answers]
            own.kind = np.full(len(own.place), KIND_CODES[kind], dtype=np.int64)
            self._add(facts, own, measures, back, found, columns)

    def _limits(self, group: int, era: int, day: int) -> dict[ClockKind, Measure] | None:
        """The limits of the cases of a group accepted on a day; None when they cannot be judged."""
        key = (group, era, day)
        if key not in self._own:
            self._own[key] = self._ask(self._facts.examples[group], self._context(group, era), self._eras.span(era), day)
        return self._own[key]

    def _ask(self, example: Fold, context: AreaContext, span: Span, day: int) -> dict[ClockKind, Measure] | None:
        areas, catalogue = self._world.areas, self._world.catalogue
        try:
            catalogue = areas.catalogue_at(example.item, span, catalogue, example.pinned)
            watches = list(case_limits(example, 0, context, catalogue, Moment(day * DAY_US, 0)))
        except RAISED_BY_FACTS:
            return None
        return {watch.ref.kind: self._measure(context, watch.rule, watch.limit) for watch in watches if watch.limit is not None}

    # Everything beside them ---------------------------------------------------------------------------------------------

    def _take_beside(self, facts: Facts, in_scope: Bools, era: Ints, found: Clocks, columns: _Columns) -> None:
        beside = _rows(facts.beside, in_scope)
        contexts, context_of = combinations(facts.group[beside.place], era[beside.place])
        numbers = np.array([self._context_number(*key) for key in contexts], dtype=np.int64)[context_of]
        keys, back = combinations(numbers, beside.kind, beside.local // DAY_US, beside.stated)
        measures = [self._measured(*key) for key in keys]
        unjudged = np.array([measure is True for measure in measures], dtype=np.bool_)[back]
        found.unjudged += beside.place[unjudged].tolist()
        quiet = np.array([one.quiet_us if isinstance(one, Measure) else NEVER for one in measures], dtype=np.int64)[back]
        lasting = (beside.ended == NONE) | (beside.ended - beside.started > quiet) | _ALWAYS[beside.kind]
        rows = np.nonzero(lasting & (quiet != NEVER))[0]
        self._add(facts, beside.where(rows), [one if isinstance(one, Measure) else None for one in measures], back[rows],
                  found, columns)

    def _context_number(self, group: int, era: int) -> int:
        context = self._context(group, era)
        number = self._numbers.get(id(context))
        if number is None:
            number = self._numbers[id(context)] = len(self._contexts)
            self._contexts.append(context)
        return number

    def _measured(self, context: int, kind: int, day: int, stated: int) -> Measure | bool:
        """How a span of that kind and day is measured; False: not at all, True: it should be, and cannot."""
        key = (context, kind, day, stated)
        if key not in self._measures:
            self._measures[key] = self._resolved(self._contexts[context], kind, day, self._facts.stated[stated])
        return self._measures[key]

    def _resolved(self, context: AreaContext, kind: int, day: int, stated: Stated) -> Measure | bool:
        rule = context.rule(KINDS[kind], day)
        if rule is None:
            return False
        limit = approved_limit(stated, rule) if isinstance(stated, int) else stated or rule.default_limit
        return kind in _MUST_HAVE_LIMIT if limit is None else self._measure(context, rule, limit)

    # To batches -----------------------------------------------------------------------------------------------------------

    def _measure(self, context: AreaContext, rule: Rule, limit: Limit) -> Measure:
        part = Part(context, rule, Shape(limit.unit, limit.granularity, limit.amount == 0))
        number = self._part_numbers.setdefault((id(context), id(rule), part.shape), len(self._parts))
        if number == len(self._parts):
            self._parts.append(part)
        return Measure(number, float(limit.amount), context.scale(rule, limit).quiet_us)

    def _add(self, facts: Facts, rows: Columns, measures: Sequence[Measure | None], back: Ints, found: Clocks,
             columns: _Columns) -> None:
        """Add spans to the batches their measures (by `back`) name."""
        number = np.array([-1 if one is None else one.part for one in measures], dtype=_numbering(len(self._parts)))[back]
        amount = np.array([0.0 if one is None else one.amount for one in measures])[back]
        order = np.argsort(number, kind="stable")
        rows, amount, number = rows.where(order), amount[order], number[order]
        bounds = np.searchsorted(number, np.arange(len(self._parts) + 1))
        for part, start, end in zip(self._parts, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            if start < end:
                columns.of(*part).add_many(facts, rows.where(slice(start, end)), amount[start:end], found)

    # One by one -----------------------------------------------------------------------------------------------------------

    def _take_singly(self, place: int, fold: Fold, case_id: int, found: Clocks, columns: _Columns) -> None:
        context = self._world.areas.of_case(fold)
        catalogue = self._world.areas.catalogue_of(fold, self._world.catalogue)
        try:
            watches = [] if fold.accepted is None else list(case_limits(fold, case_id, context, catalogue, fold.accepted))
        except RAISED_BY_FACTS:
            found.unjudged.append(place)
            watches = []
        if fold.accepted is None and is_decided(fold):
            found.unjudged.append(place)
        for watch in (*watches, *other_watches(fold, case_id, context, catalogue)):
            self._take(place, watch, context, found, columns)

    def _take(self, place: int, watch: Watch, context: AreaContext, found: Clocks, columns: _Columns) -> None:
        try:
            stops = suspensions(watch.stops, watch.started, watch.ended, context.calendar)
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
        columns.of(context, watch.rule, shape).add(place, watch, timing.amount, stops)


class _EraTable:
    """Which versions the cases of a span meet (cases.areas), as one number."""

    def __init__(self, areas: Areas) -> None:
        self._days, self._instants = (np.array(one, dtype=np.int64) for one in areas.turns)

    def of(self, began: Ints, ended: Ints) -> Ints:
        by_day = np.searchsorted(self._days, began, side="right")
        numbers: Ints = by_day * (len(self._instants) + 1) + np.searchsorted(self._instants, ended, side="right")
        return numbers

    def span(self, era: int) -> Span:
        """A span of that era."""
        day, instant = divmod(era, len(self._instants) + 1)
        return Span(_just_before(self._days, day), _just_before(self._instants, instant))


def _just_before(turns: Ints, number: int) -> int | None:
    """The last value that belongs to that part of the line; None beyond its last turn, where unknown and open ones are too."""
    return int(turns[number]) - 1 if number < len(turns) else None


def _numbering(count: int) -> type[np.signedinteger[Any]]:
    """Small numbers are sorted by counting; only hundreds of versions have more parts than they can number."""
    return np.int16 if count <= np.iinfo(np.int16).max else np.int64


def _rows(columns: Columns, in_scope: Bools) -> Columns:
    return columns.where(np.nonzero(in_scope[columns.place])[0])


class _Column:
    """The clocks of one batch while they are collected."""

    def __init__(self, context: AreaContext, rule: Rule, shape: Shape) -> None:
        self._context, self._rule, self._shape = context, rule, shape
        self._ones: list[tuple[int, int, int, float, int, int, int]] = []
        self._stops_of_ones: list[Spans] = []
        self._many: list[tuple[Ints | Floats, ...]] = []
        self._stops: list[tuple[int, Spans]] = []  # rows of `many` that were stopped
        self._rows = 0

    def add(self, place: int, watch: Watch, amount: float, stops: Spans) -> None:
        ended = NONE if watch.ended is None else watch.ended.at
        self._ones.append((place, KIND_CODES[watch.ref.kind], watch.ref.ordinal, amount, watch.started.at,
                           watch.started.local, ended))
        self._stops_of_ones.append(stops)

    def add_many(self, facts: Facts, rows: Columns, amount: Floats, found: Clocks) -> None:
        """Add spans; those stopped in a way this calendar cannot tell are unjudged."""
        stopped = np.nonzero(rows.stopped >= 0)[0]
        if len(stopped):
            rows, amount = self._with_stops(facts, rows, amount, stopped, found)
        self._many.append((rows.place, rows.kind, rows.ordinal, amount, rows.started, rows.local, rows.ended))
        self._rows += len(rows.place)

    def _with_stops(self, facts: Facts, rows: Columns, amount: Floats, stopped: Ints, found: Clocks) -> tuple[Columns, Floats]:
        spans = facts.stop_spans(self._context.calendar)
        of_row = [(row, spans[number]) for row, number in zip(stopped.tolist(), rows.stopped[stopped].tolist(), strict=True)]
        bad = [row for row, one in of_row if one is None]
        if bad:
            found.unjudged += rows.place[bad].tolist()
            kept = np.setdiff1d(np.arange(len(rows.place)), bad)
            rows, amount = rows.where(kept), amount[kept]
            return self._with_stops(facts, rows, amount, np.nonzero(rows.stopped >= 0)[0], found)
        self._stops += [(self._rows + row, one) for row, one in of_row if one]
        return rows, amount

    def batch(self) -> Batch:
        ones = [np.array(column, dtype=np.float64 if at == 3 else np.int64)
                for at, column in enumerate(zip(*self._ones, strict=True))] if self._ones else []
        parts = [*self._many, *([tuple(ones)] if ones else [])]
        place, kind, ordinal, amount, started, local, ended = (np.concatenate(column) for column in zip(*parts, strict=True))
        stops = [*self._stops, *((self._rows + row, one) for row, one in enumerate(self._stops_of_ones) if one)]
        timings = Timings(self._shape, calendar_table(self._context.calendar), amount, started, local,
                          *_stop_columns(stops, len(place)))
        return Batch(self._rule, self._context.preset_key, self._context.calendar, place, kind, ordinal, ended, timings)


class _Columns:
    """The batches of a chunk, by context, rule and shape."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, Shape], _Column] = {}

    def of(self, context: AreaContext, rule: Rule, shape: Shape) -> _Column:
        key = (id(context), id(rule), shape)
        column = self._known.get(key)
        if column is None:
            column = self._known[key] = _Column(context, rule, shape)
        return column

    def batches(self) -> list[Batch]:
        return [column.batch() for column in self._known.values()]


def _stop_columns(stops: Sequence[tuple[int, Spans]], rows: int) -> tuple[Ints, Ints]:
    """Stops as arrays with one column each."""
    width = max((len(one) for _row, one in stops), default=0)
    begin = np.full((rows, width), NONE, dtype=np.int64)
    end = np.full((rows, width), NONE, dtype=np.int64)
    for row, one in stops:
        for column, (start, stop) in enumerate(one):
            begin[row, column], end[row, column] = start, NONE if stop is None else stop
    return begin, end
