"""What came of a case in one batch, and its facts with that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from cases.changes import StoredCase
from cases.events import CaseEvent, event_id_of
from cases.fold import Fold
from cases.journal import case_id_of_event
from cases.states import fold_all, folded_on, must_refold


class Arrival(msgspec.Struct, gc=False):
    """An event with its place in the batch."""

    index: int
    event: CaseEvent
    event_id: bytes
    case_id: int


Folded = tuple[Fold, StoredCase | None]  # the facts of a case with what came, and the case before; None for a new one


def arrival_of(index: int, event: CaseEvent) -> Arrival:
    """The event at a place of the batch, with the numbers it will bear."""
    event_id = event_id_of(event.source, event.source_event_id, event.source_version)
    return Arrival(index, event, event_id, case_id_of_event(event))


def by_case(arrivals: Iterable[Arrival]) -> dict[int, list[Arrival]]:
    """What came, case by case, each in the order of the batch."""
    cases: dict[int, list[Arrival]] = {}
    for arrival in arrivals:
        cases.setdefault(arrival.case_id, []).append(arrival)
    return cases


def needs_refold(before: StoredCase | None, arrivals: Sequence[Arrival]) -> bool:
    """Whether the facts do not simply go on from those before, so that the whole history is needed."""
    return before is not None and must_refold(before.fold, [arrival.event for arrival in arrivals])


def folded_with(before: StoredCase | None, arrivals: Sequence[Arrival], history: Sequence[CaseEvent] | None = None) -> Fold:
    """The facts of a case with what came. `history`: every earlier event, where it needs a refold."""
    fresh = [arrival.event for arrival in arrivals]
    if before is None or history is not None:
        return fold_all([*(history or []), *fresh])
    return folded_on(before.fold, fresh)
