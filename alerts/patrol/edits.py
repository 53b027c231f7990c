"""What was entered after a card and takes from it what it said: changed or entered ends of its clocks, and other facts.

The case is folded anew as it was known after every delivery since the card, so that whatever ends a clock is seen, be it a
conclusion, an acceptance, a step, the end of a special procedure or a paper handed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from alerts.cards import Passage
from alerts.lifecycle import CASE_LIMITS
from alerts.patrol.clocks import ClockCheck, Delivered, instant_of
from alerts.patrol.findings import Finding, Found, found_of
from cases.events import CaseEvent, ClockKind
from cases.projection import ClockState
from cases.states import fold_all

FACTS_CHANGED = "facts_changed"
# Clocks that end by one act, and so have one edit: the limits of a case, and a span before the answer that says what it was.
_FAMILIES = {**dict.fromkeys(CASE_LIMITS, "limit"), **dict.fromkeys((ClockKind.ACCEPTANCE, ClockKind.CORRECTION), "answer")}
States = list[ClockState | None]


class EditCheck:
    """Holds no state."""

    def __init__(self, clocks: ClockCheck) -> None:
        self._clocks = clocks

    def check(self, card: Any, told: Sequence[Delivered], passages: Sequence[Passage], now: int) -> Iterator[Found]:
        """What came after the card. `passages` are all it ever had: most edits made the engine withdraw them."""
        known = [event for received, event in told if received <= card.raised_at]
        later = [one for one in told if one[0] > card.raised_at]
        if not later:
            return
        was = self._states(card, known, passages, now, [None] * len(passages))
        for received, delivery in groupby(later, key=itemgetter(0)):
            events = [event for _, event in delivery]
            known += events
            then = self._states(card, known, passages, now, was)
            for places in _by_clock(passages):
                yield from _edited(card, [(passages[at], was[at], then[at]) for at in places], events, received)
            was = then

    def _states(self, card: Any, known: Sequence[CaseEvent], passages: Sequence[Passage], now: int, before: States) -> States:
        """The clock of every passage by these events, as the card would judge it; `before` is what each was until then."""
        if not known:
            return [None] * len(passages)
        fold = fold_all(list(known))
        return [_same_clock(self._clocks.states(card, passage, fold, now), passage, its)
                for passage, its in zip(passages, before, strict=True)]


def _same_clock(states: Sequence[ClockState], passage: Passage, before: ClockState | None) -> ClockState | None:
    """The clock the passage is of. What is entered late may come before it and take its number, as another procedure or step
    does: what it was tells it from those."""
    name = None if before is None else before.name
    of_kind = [one for one in states if one.ref.kind == passage.kind and name in (None, one.name)]
    begun = [one for one in of_kind if before is not None and one.started == before.started]
    numbered = [one for one in of_kind if one.ref.ordinal == passage.ordinal]
    named = of_kind if name else []
    family = [] if name else [one for one in states if _family(one.ref.kind, one.ref.ordinal) == _clock_of(passage)]
    return next(iter(begun or numbered or named or family), None)


def _edited(card: Any, passages: Sequence[tuple[Passage, ClockState | None, ClockState | None]], events: Sequence[CaseEvent],
            received: int) -> Iterator[Found]:
    """What one delivery did to what the card said of one clock."""
    first, earlier, end = passages[0][0], _end_of(passages[0][1]), _end_of(passages[0][2])
    escaped = [passage.at for passage, *_ in passages if end is not None and passage.at > end]
    gone = [passage.at for passage, before, after in passages if passage.withdrawn == FACTS_CHANGED
            and instant_of(before, passage.rung) == passage.at != instant_of(after, passage.rung)]
    told = {"clock": first.kind, "received_at": received}
    if end is not None and earlier is not None and end != earlier:
        yield found_of(Finding.END_EDITED, card, was=earlier, now=end, **told, **_entry(events, end))
    elif end is not None and earlier is None and escaped:
        yield found_of(Finding.END_BEFORE_CARD, card, card_at=min(escaped), now=end, **told, **_entry(events, end))
    elif gone:
        entered = min(event.claimed_at for event in events)
        yield found_of(Finding.FACTS_BEFORE_CARD, card, card_at=min(gone), now=entered, **told, **_entry(events, entered))


def _entry(events: Sequence[CaseEvent], at: int) -> dict[str, Any]:
    """The entry of that instant."""
    event = next((one for one in events if one.claimed_at == at), events[0])
    return {"event": event.source_event_id, "source": event.source, "version": event.source_version}


def _end_of(state: ClockState | None) -> int | None:
    return None if state is None or state.ended is None else state.ended.at


def _by_clock(passages: Sequence[Passage]) -> Iterable[list[int]]:
    places = defaultdict[object, list[int]](list)
    for at, passage in enumerate(passages):
        places[_clock_of(passage)].append(at)
    return places.values()


def _clock_of(passage: Passage) -> object:
    return _family(passage.kind, passage.ordinal)


def _family(kind: str, ordinal: int) -> object:
    return _FAMILIES.get(ClockKind(kind), kind), ordinal
