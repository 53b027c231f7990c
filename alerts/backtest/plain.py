"""The spans of plain cases, all at once: the same that cases.watches and cases.asides say of one case after the other.

Plain are cases whose clocks follow from a few instants: no flow whose steps are watched, no notice of correction, no papers to
follow, no hearing. They are most of all cases; the others are read one by one (alerts.backtest.spans).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from alerts.backtest.arrays import NONE, Bools, Ints, earliest
from alerts.backtest.folds import Folds, Moments
from alerts.backtest.items import LICENCES, ItemTable
from alerts.backtest.tables import KIND_CODES, Columns, Stopped
from cases.events import ClockKind, EventKind
from cases.fold import NO_SPECIALS

_ELECTRONIC, _PAPER = LICENCES.index("electronic"), LICENCES.index("paper")
_NO_STOPS, _AS_THE_RULE_SAYS = -1, 0


class Instants(NamedTuple):
    """The moments of a chunk's cases that plain clocks follow from."""

    submitted: Moments
    received: Moments
    answered: Moments
    accepted: Moments
    decided: Moments
    closed: Moments
    collected: Moments
    delivered: Moments
    licensed: Moments
    forwarded: Moments
    lodged: Moments
    taken: Moments


class PlainCases:
    """Reads the spans of a chunk's plain cases. `item` numbers the items of all cases (alerts.backtest.items)."""

    def __init__(self, folds: Folds, table: ItemTable, item: Ints) -> None:
        self._folds, self._table, self._item = folds, table, item
        self.items = table.of(item)
        self.instants = Instants(*(folds.moments(name) for name in Instants._fields))
        self.chosen = np.zeros(len(folds), dtype=np.bool_)  # which cases are plain: for the reader to say

    @cached_property
    def is_concluded(self) -> Bools:
        return self.instants.closed.known & self._folds.says("closed_by", EventKind.CONCLUDED)

    @cached_property
    def is_given_up(self) -> Bools:
        return self.instants.closed.known & ~(self.is_concluded | self._folds.says("closed_by", ""))

    @cached_property
    def is_decided(self) -> Bools:
        """Where there is an outcome."""
        return self.instants.decided.known | self.is_concluded

    # The cases' own limits ----------------------------------------------------------------------------------------------

    def own(self, stops: list[Stopped]) -> Columns:
        """From acceptance to the end of the limits. What stopped them is added to `stops`."""
        accepted, over = self.instants.accepted.where(self.chosen), self._end_of_limits()
        spans = _spans(0, accepted, over.at)
        stopped = np.nonzero(self._folds.counts("stops")[spans.place] > 0)[0]
        spans.stopped[stopped] = len(stops) + np.arange(len(stopped))
        places = spans.place[stopped]
        stops.extend((found, begun, end) for found, begun, end in zip(
            self._folds.stops(places), accepted.each(places), over.each(places), strict=True) if begun is not None)
        return spans

    def _end_of_limits(self) -> Moments:
        decided, closed = self.instants.decided, self.instants.closed
        is_end = self.items["ends_decided"] & ((closed.at == NONE) | (decided.at <= closed.at))
        return decided.where(is_end).or_else(closed)

    # Everything beside them ---------------------------------------------------------------------------------------------

    def beside(self) -> list[Columns]:
        """Everything else that is watched in plain cases."""
        return [self._acceptance(), self._pre_acceptance(), *self._licence(), *self._matters(), self._forwarding(),
                *self._specials()]

    def _acceptance(self) -> Columns:
        received, answered = self.instants.received, earliest(self.instants.accepted.at, self.instants.closed.at)
        is_span = self.chosen & ((answered == NONE) | (answered > received.at))
        return _spans(KIND_CODES[ClockKind.ACCEPTANCE], received.where(is_span), answered, self.items["acceptance"])

    def _pre_acceptance(self) -> Columns:
        submitted = self.instants.submitted.where(self.chosen)
        return _spans(KIND_CODES[ClockKind.PRE_ACCEPTANCE], submitted, self.instants.answered.at, self.items["acceptance"])

    def _licence(self) -> list[Columns]:
        """The electronic licence runs from the conclusion, the one on paper from the decision."""
        instants, licence = self.instants, self.items["licence"]
        granted = self.chosen & instants.accepted.known & ~self._folds.known("refused")
        concluded = instants.closed.where(self.is_concluded)
        electronic = concluded.where(granted & (licence == _ELECTRONIC))
        paper = instants.decided.or_else(concluded).where(granted & (licence == _PAPER))
        in_hand = earliest(instants.delivered.at, instants.collected.at)
        given_up = instants.closed.where(self.is_given_up).at
        return [_spans(KIND_CODES[ClockKind.LICENCE], electronic,
                       _not_before(electronic.at, earliest(instants.licensed.at, in_hand))),
                _spans(KIND_CODES[ClockKind.DELIVERY], paper,
                       _not_before(paper.at, np.where(in_hand == NONE, given_up, in_hand)))]

    def _matters(self) -> list[Columns]:
        """The clocks of a consultation or complaint."""
        lodged, closed, taken = self.instants.lodged.where(self.chosen), self.instants.closed.at, self.instants.taken.at
        consultations, complaints = (lodged.where(self._folds.says("matter", kind))
                                     for kind in (ClockKind.CONSULTATION, ClockKind.COMPLAINT))
        return [_spans(KIND_CODES[ClockKind.CONSULTATION], consultations, closed),
                _spans(KIND_CODES[ClockKind.COMPLAINT], complaints, closed),
                _spans(KIND_CODES[ClockKind.COMPLAINT_INTAKE], complaints, np.where(taken == NONE, closed, taken))]

    def _forwarding(self) -> Columns:
        """From the last review here until it is passed on, as its step or as an event of its own."""
        places = np.nonzero(self.chosen & self.instants.accepted.known & self.items["is_forwarded"])[0]
        reviewed, passed_on = (Moments.none(len(self._folds)) for _ in range(2))
        for steps in self._folds.each_step(places, self._table.steps):
            reviewed.put(steps.places, steps.done, steps.step == self.items["review"][steps.places])
        for steps in self._folds.each_step(places, self._table.steps):
            is_it = ((steps.step == self.items["forwarding"][steps.places]) & (steps.done.at >= reviewed.at[steps.places])
                     & ~passed_on.known[steps.places])
            passed_on.put(steps.places, steps.done, is_it)
        ended = earliest(self.instants.forwarded.at, passed_on.at, self.instants.closed.at)
        is_span = (ended == NONE) | (ended >= reviewed.at)
        return _spans(KIND_CODES[ClockKind.FORWARDING], reviewed.where(is_span), ended, self.items["forward"])

    def _specials(self) -> Iterator[Columns]:
        """Each special procedure until its own end, or that of a case given up."""
        places = np.nonzero(self.chosen & self.instants.accepted.known & (self._folds.counts("stops") > 0))[0]
        given_up = self.instants.closed.where(self.is_given_up)
        ordinal = np.zeros(len(self._folds), dtype=np.int64)
        for stops in self._folds.each_stop(places):
            rows = np.nonzero([kind not in NO_SPECIALS for kind in stops.kinds])[0]
            place, ended = stops.places[rows], stops.end.or_else(given_up.of(stops.places)).of(rows)
            stated = [self._table.special_limit(int(self._item[at]), stops.kinds[row], int(stops.days[row]))
                      for at, row in zip(place.tolist(), rows.tolist(), strict=True)]
            yield Columns(place, np.full(len(rows), KIND_CODES[ClockKind.SPECIAL]), ordinal[place], stops.start.at[rows],
                          stops.start.local[rows], ended.at, np.array(stated, dtype=np.int64), np.full(len(rows), _NO_STOPS))
            ordinal[place] += 1


def _not_before(started: Ints, ended: Ints) -> Ints:
    return np.where(ended == NONE, NONE, np.maximum(started, ended))


def _spans(kind: int, started: Moments, ended: Ints, stated: Ints | None = None) -> Columns:
    """A span, without stops, of every case that has a beginning of it."""
    place = np.nonzero(started.known)[0]
    count = len(place)
    return Columns(place, np.full(count, kind), np.zeros(count, dtype=np.int64), started.at[place], started.local[place],
                   ended[place], np.full(count, _AS_THE_RULE_SAYS) if stated is None else stated[place],
                   np.full(count, _NO_STOPS))
