"""What is to be timed in many cases, as columns: read once from their facts, whatever rules they are then judged by.

A span is a clock without its ladder: when it began and ended, what stopped it, and the limit the facts or the item state.
Which rule measures it, and how long it may last where only the rule says so, is each world's own (alerts.backtest.watches).
Most cases are plain and read all at once (alerts.backtest.plain), those with stops, steps or papers to follow one by one. Cases
whose limits follow from more than that (due dates of their own, extensions) are not read here but judged watch by watch.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from alerts.backtest.arrays import NONE, Bools, Ints, combinations
from alerts.backtest.folds import Folds
from alerts.backtest.items import ItemTable
from alerts.backtest.plain import PlainCases
from alerts.backtest.tables import KIND_CODES, NEVER, Columns, Stopped, joined
from cases.asides import acceptance_of, asides
from cases.clocks import Span, suspensions
from cases.events import ClockKind, EventKind
from cases.fold import CORRECTION, Fold, Moment, Stop
from cases.watches import RAISED_BY_FACTS, Catalogue, end_of_limits, special_days, specials_of
from core.instants import DAY_US
from core.limits import Limit
from core.working_calendar import WorkingCalendar

MAX_STOPS = 8
_ONLINE, _SPECIAL = KIND_CODES[ClockKind.PRE_ACCEPTANCE], KIND_CODES[ClockKind.SPECIAL]
_GROUPED_BY = ("area", "item", "promised_limit", "statutory_limit")  # and by the version a case is pinned to
Stated = Limit | int | None  # a limit, a number of days that were approved, or whatever the rule says
Spans = tuple[Span, ...]


@dataclass(slots=True)
class Facts:
    """A chunk of cases. `group` numbers for each case what its own limits follow from, `began` is its first day and `ended` its
    end (NEVER: not known, open). `own` are the cases' own limits, whose `kind` and `stated` mean nothing; `beside` everything
    else; `singly` the places to be judged watch by watch; `unjudged` those decided without ever being accepted."""

    group: Ints
    began: Ints
    ended: Ints
    own: Columns
    beside: Columns
    singly: list[int]
    unjudged: list[int]
    stops: list[Stopped]
    _known: dict[tuple[str, str], list[Spans | None]] = field(default_factory=dict)

    def stop_spans(self, calendar: WorkingCalendar) -> list[Spans | None]:
        """The merged local spans of every entry of `stops` by that calendar; None where it cannot tell."""
        key = (calendar.key, calendar.timezone)
        if key not in self._known:
            self._known[key] = [_spans_or_none(one, calendar) for one in self.stops]
        return self._known[key]


class FactsReader:
    """Reads chunk after chunk; the numbers of groups and stated limits stay the same between chunks."""

    def __init__(self, catalogue: Catalogue, edited: Collection[str] = ()) -> None:
        """`edited` are the items of which steps, papers or ceilings differ between versions: their cases differ one by one."""
        self._numbers: dict[Stated, int] = {None: 0}
        self.stated: list[Stated] = [None]
        self._items = ItemTable(catalogue, edited, self._stated)
        self._codes = {**{name: dict[bytes, int]() for name in _GROUPED_BY}, "item": self._items.codes}
        self._groups: dict[tuple[int, ...], int] = {}
        self.examples: list[Fold] = []  # what the cases of each group have in common

    def read(self, folds: Folds) -> Facts:
        """The facts of a chunk; a case's place is its place in `folds`."""
        codes = {name: folds.coded(name, known) for name, known in self._codes.items()}
        cases = PlainCases(folds, self._items, codes["item"])
        more = _has_more(folds, cases)
        singly = _is_judged_singly(folds, cases, more)
        cases.chosen = ~(singly | more)
        own, beside, stops = array("q"), array("q"), list[Stopped]()
        for place in np.nonzero(more & ~singly)[0].tolist():
            self._read_one(place, folds[place], own, beside, stops)
        instants, closed = cases.instants, cases.instants.closed
        began = instants.submitted.or_else(instants.received).or_else(instants.accepted).or_else(instants.lodged)
        return Facts(
            self._group_of(folds, list(codes.values())), np.where(began.known, began.local // DAY_US, NEVER),
            np.where(closed.known, closed.at, NEVER), joined([_columns(own), cases.own(stops)]),
            joined([_columns(beside), *cases.beside()]), np.nonzero(singly)[0].tolist(),
            np.nonzero(cases.is_decided & ~instants.accepted.known & ~singly)[0].tolist(), stops)

    def _group_of(self, folds: Folds, codes: list[Ints]) -> Ints:
        keys, back = combinations(*codes, folds.numbers("pinned", -1))
        return np.array([self._group(key) for key in keys], dtype=np.int64)[back]

    def _group(self, key: tuple[int, ...]) -> int:
        number = self._groups.get(key)
        if number is None:
            number = self._groups[key] = len(self.examples)
            *codes, pinned = key
            area, item, promised, statutory = (list(known)[code].decode() for known, code in zip(
                self._codes.values(), codes, strict=True))
            self.examples.append(Fold(area=area, item=item, promised_limit=promised, statutory_limit=statutory,
                                      pinned=None if pinned < 0 else pinned))
        return number

    # Cases with more than a few instants ------------------------------------------------------------------------------

    def _read_one(self, place: int, fold: Fold, own: array[int], beside: array[int], stops: list[Stopped]) -> None:
        self._read_beside(place, fold, beside, stops)
        accepted = fold.accepted
        if accepted is not None:
            over = end_of_limits(fold, self._items.item(fold.item))
            stopped = _stopped(stops, tuple(fold.stops), accepted, over) if fold.stops else -1
            own.extend((place, 0, 0, accepted.at, accepted.local, NONE if over is None else over.at, 0, stopped))

    def _read_beside(self, place: int, fold: Fold, rows: array[int], stops: list[Stopped]) -> None:
        item = self._items.item(fold.item)
        if fold.received is not None or fold.accepted is not None:
            for aside in asides(fold, item):
                started, ended = aside.started, aside.ended
                rows.extend((place, KIND_CODES[aside.kind], aside.ordinal, started.at, started.local,
                             NONE if ended is None else ended.at, 0 if aside.limit is None else self._stated(aside.limit),
                             _stopped(stops, aside.stops, started, ended) if aside.stops else -1))
        if fold.submitted is not None:
            limit = acceptance_of(item)
            _add(rows, place, _ONLINE, 0, fold.submitted, fold.answered, self._stated(limit))
        if fold.stops and fold.accepted is not None:
            for ordinal, (stop, end) in enumerate(specials_of(fold)):
                _add(rows, place, _SPECIAL, ordinal, stop.start, end, self._stated(special_days(stop, item)))

    def _stated(self, limit: Stated) -> int:
        number = self._numbers.get(limit)
        if number is None:
            number = self._numbers[limit] = len(self.stated)
            self.stated.append(limit)
        return number


def _has_more(folds: Folds, cases: PlainCases) -> Bools:
    """Whether clocks of the case follow from more than a few instants."""
    more: Bools = ((folds.counts("promises") > 0) | folds.known("hearing_asked")
                   | (cases.items["has_flow_clocks"] & cases.instants.accepted.known))
    for stops in folds.each_stop(np.nonzero(folds.counts("stops"))[0]):
        more[stops.places] |= [kind == CORRECTION for kind in stops.kinds]
    return more


def _is_judged_singly(folds: Folds, cases: PlainCases, more: Bools) -> Bools:
    """Whether its limits follow from more than item, area, stated lengths and the day it began."""
    stops, items = folds.counts("stops"), cases.items
    singly: Bools = (items["edited"] | (items["rolls"] & (stops > 0)) | (stops + folds.counts("visits") > MAX_STOPS)
                     | (folds.counts("extensions") > 0) | (folds.counts("steps") > 0) | (folds.numbers("extension_days") != 0)
                     | folds.known("own_due") | folds.known("promised_due") | folds.known("statutory_due")
                     | folds.known("extension_asked")
                     | (cases.instants.lodged.known & (more | ~folds.says("promised_limit", ""))))
    for place in np.nonzero((folds.counts("promises") > 0) & ~singly)[0].tolist():
        singly[place] = any(one.due is None for one in folds[place].promises)  # within the promise of the item's own version
    return singly


def _add(rows: array[int], place: int, kind: int, ordinal: int, started: Moment, ended: Moment | None, stated: int) -> None:
    rows.extend((place, kind, ordinal, started.at, started.local, NONE if ended is None else ended.at, stated, -1))


def _stopped(stops: list[Stopped], found: tuple[Stop, ...], started: Moment, ended: Moment | None) -> int:
    stops.append((found, started, ended))
    return len(stops) - 1


def is_decided(fold: Fold) -> bool:
    """Whether there is an outcome."""
    return fold.decided is not None or (fold.closed is not None and fold.closed_by == EventKind.CONCLUDED)


def _columns(values: array[int]) -> Columns:
    """The columns of spans that were written row by row."""
    width = len(Columns.__slots__)
    return Columns(*np.ascontiguousarray(np.frombuffer(values, dtype=np.int64).reshape(-1, width).T))


def _spans_or_none(stopped: Stopped, calendar: WorkingCalendar) -> Spans | None:
    try:
        return suspensions(*stopped, calendar)
    except RAISED_BY_FACTS:
        return None
