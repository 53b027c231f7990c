"""What is to be timed in many cases, as columns: read once from their facts, whatever rules they are then judged by.

A span is a clock without its ladder: when it began and ended, what stopped it, and the limit the facts or the item state.
Which rule measures it, and how long it may last where only the rule says so, is each world's own (alerts.backtest.watches).
Cases whose limits follow from more than that (due dates of their own, extensions, consultations, complaints) are not read here
but judged watch by watch.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from alerts.backtest.arrays import NONE, Ints
from cases.asides import acceptance_of, asides
from cases.clocks import Span, suspensions
from cases.events import ClockKind, EventKind
from cases.fold import Fold, Moment, Stop
from cases.watches import RAISED_BY_FACTS, Catalogue, end_of_limits, item_of, may_roll, special_days, specials_of
from core.instants import DAY_US, MINUTE_US
from core.limits import Limit
from core.working_calendar import WorkingCalendar

MAX_STOPS = 8
KINDS = tuple(ClockKind)
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
NEVER = int(np.iinfo(np.int64).max)  # stands for an end that has not come and a beginning nobody knows
_ONLINE, _SPECIAL = KIND_CODES[ClockKind.PRE_ACCEPTANCE], KIND_CODES[ClockKind.SPECIAL]
Stated = Limit | int | None  # a limit, a number of days that were approved, or whatever the rule says
Stopped = tuple[tuple[Stop, ...], Moment, Moment | None]  # the stops of a clock, its beginning and its end
Spans = tuple[Span, ...]


@dataclass(slots=True)
class Columns:
    """Spans as columns of equal length. `stated` numbers what the facts say of the limit, `stopped` the stops (-1: none)."""

    place: Ints
    kind: Ints
    ordinal: Ints
    started: Ints
    local: Ints
    ended: Ints
    stated: Ints
    stopped: Ints


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
        self._catalogue, self._edited = catalogue, edited
        self._items: dict[str, object] = {"": None}
        self._groups: dict[tuple[str, str, str, str, int | None], int] = {}
        self.examples: list[Fold] = []  # what the cases of each group have in common
        self._numbers: dict[Stated, int] = {None: 0}
        self.stated: list[Stated] = [None]

    def read(self, folds: Sequence[Fold]) -> Facts:
        """The facts of a chunk; a case's place is its place in `folds`."""
        heads, own, beside = array("q"), array("q"), array("q")
        singly, unjudged, stops = list[int](), list[int](), list[Stopped]()
        for place, fold in enumerate(folds):
            first, closed = fold.submitted or fold.received or fold.accepted or fold.lodged, fold.closed
            heads.extend((self._group_of(fold), NEVER if first is None else (first.at + first.utc_offset * MINUTE_US) // DAY_US,
                          NEVER if closed is None else closed.at))
            if fold.item in self._edited or _is_judged_singly(fold) or (fold.stops and may_roll(self._item(fold.item))):
                singly.append(place)
                continue
            accepted = fold.accepted
            self._read_beside(place, fold, beside, stops)
            if accepted is not None:
                over = end_of_limits(fold, self._item(fold.item))
                stopped = _stopped(stops, tuple(fold.stops), accepted, over) if fold.stops else -1
                own.extend((place, 0, 0, accepted.at, accepted.at + accepted.utc_offset * MINUTE_US,
                            NONE if over is None else over.at, 0, stopped))
            elif is_decided(fold):
                unjudged.append(place)
        group, began, ended = _table(heads, 3)
        return Facts(group, began, ended, Columns(*_table(own, 8)), Columns(*_table(beside, 8)), singly, unjudged, stops)

    def _read_beside(self, place: int, fold: Fold, rows: array[int], stops: list[Stopped]) -> None:
        if fold.received is not None or fold.accepted is not None:
            for aside in asides(fold, self._item(fold.item)):
                started, ended = aside.started, aside.ended
                rows.extend((place, KIND_CODES[aside.kind], aside.ordinal, started.at,
                             started.at + started.utc_offset * MINUTE_US, NONE if ended is None else ended.at,
                             0 if aside.limit is None else self._stated(aside.limit),
                             _stopped(stops, aside.stops, started, ended) if aside.stops else -1))
        if fold.submitted is not None:
            limit = acceptance_of(self._item(fold.item))
            _add(rows, place, _ONLINE, 0, fold.submitted, fold.answered, 0 if limit is None else self._stated(limit))
        if fold.stops and fold.accepted is not None:
            for ordinal, (stop, end) in enumerate(specials_of(fold)):
                days = special_days(stop, self._item(fold.item))
                _add(rows, place, _SPECIAL, ordinal, stop.start, end, 0 if days is None else self._stated(days))

    def _group_of(self, fold: Fold) -> int:
        key = (fold.area, fold.item, fold.promised_limit, fold.statutory_limit, fold.pinned)
        number = self._groups.get(key)
        if number is None:
            number = self._groups[key] = len(self.examples)
            self.examples.append(Fold(area=fold.area, item=fold.item, promised_limit=fold.promised_limit,
                                      statutory_limit=fold.statutory_limit, pinned=fold.pinned))
        return number

    def _item(self, code: str) -> object:
        if code not in self._items:
            self._items[code] = item_of(self._catalogue, code)
        return self._items[code]

    def _stated(self, limit: Stated) -> int:
        number = self._numbers.get(limit)
        if number is None:
            number = self._numbers[limit] = len(self.stated)
            self.stated.append(limit)
        return number


def _add(rows: array[int], place: int, kind: int, ordinal: int, started: Moment, ended: Moment | None, stated: int) -> None:
    rows.extend((place, kind, ordinal, started.at, started.at + started.utc_offset * MINUTE_US,
                 NONE if ended is None else ended.at, stated, -1))


def _stopped(stops: list[Stopped], found: tuple[Stop, ...], started: Moment, ended: Moment | None) -> int:
    stops.append((found, started, ended))
    return len(stops) - 1


def is_decided(fold: Fold) -> bool:
    """Whether there is an outcome."""
    return fold.decided is not None or (fold.closed is not None and fold.closed_by == EventKind.CONCLUDED)


def _is_judged_singly(fold: Fold) -> bool:
    """Whether its limits follow from more than item, area, stated lengths and the day it began."""
    return bool(fold.extensions or fold.steps or fold.extension_days or fold.own_due or fold.promised_due or fold.statutory_due
                or fold.lodged or len(fold.stops) + len(fold.visits) > MAX_STOPS or fold.extension_asked is not None
                # They follow within the promise of the item's own version:
                or (fold.promises and any(one.due is None for one in fold.promises)))


def _table(values: array[int], width: int) -> Iterator[Ints]:
    """The columns of values that were written row by row."""
    for column in np.frombuffer(values, dtype=np.int64).reshape(-1, width).T:
        yield np.ascontiguousarray(column)


def _spans_or_none(stopped: Stopped, calendar: WorkingCalendar) -> Spans | None:
    try:
        return suspensions(*stopped, calendar)
    except RAISED_BY_FACTS:
        return None
