"""The acts of a case judged by the versions that are its own, and when each of its faults was told.

The record judges by it at every event; the back-test asks the same of what the journal says was received when, so both say the
same of the same data.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from cases.acts import Fault, differing, faults_of, kept_faults, kept_text, late_fault, late_of
from cases.areas import Areas
from cases.events import CaseEvent, CaseFacts, LateEvent
from cases.fold import Fold
from cases.projection import facts_of
from cases.states import fold_all, folded_on, must_refold
from cases.watches import Catalogue, item_of

log = logging.getLogger(__name__)


class ActJudge:
    """Judges cases by some areas and a catalogue. Holds no state."""

    def __init__(self, areas: Areas, catalogue: Catalogue) -> None:
        self._areas, self._catalogue = areas, catalogue

    def item(self, fold: Fold) -> object:
        """The item of the case with the limits that hold for it; None for one the catalogue does not list."""
        return item_of(self._areas.catalogue_of(fold, self._catalogue), fold.item) if fold.item else None

    def faults(self, fold: Fold) -> list[Fault]:
        """The faults these facts show."""
        return faults_of(fold, self.item(fold), self._areas.of_case)

    def late(self, events: Iterable[CaseEvent], fold: Fold, received_at: int) -> list[LateEvent]:
        """Those of these events that came late."""
        return late_of(events, self.item(fold), received_at)

    def standing(self, known: str, fold: Fold, late: Sequence[LateEvent]) -> list[Fault]:
        """What stands after an event: what the facts show, and what came late now or (`known`, as kept) before."""
        faults = self.faults(fold)
        events = [*late_ones(known), *late] if known or late else None
        return sorted([*faults, late_fault(events)]) if events else faults

    def depends_on_rules(self, fold: Fold) -> bool:
        """Whether its faults follow from more than its facts and the shipped items: from the calendar and ladder that say when
        an extension had to be asked for, or from an edited item."""
        return bool(fold.extensions) or fold.item in self._areas.versions.items


class Step(NamedTuple):
    """What the record knew of a case after one delivery, and what of that delivery came late."""

    received_at: int
    fold: Fold
    late: list[LateEvent]


class Told(NamedTuple):
    """A fault, or what was new of one that grew, as it was told: of which case (as known then) and when."""

    fault: Fault
    at: int
    case: CaseFacts


def late_ones(known: str) -> list[LateEvent]:
    """The events that came late, of the faults kept of a case: what once came late stays late."""
    return [event for fault in kept_faults(known) for event in fault.late]


def steps_of(deliveries: Iterable[tuple[int, list[CaseEvent]]], known: str) -> list[Step]:
    """The case delivery by delivery. `known` are the faults kept of it today, which list what came late: events loaded as
    history never did, and the journal does not say which those are."""
    late = late_ones(known)
    steps, fold, earlier = list[Step](), None, list[CaseEvent]()
    for received_at, fresh in deliveries:
        fold = _advanced(fold, earlier, fresh)
        earlier += fresh
        steps.append(Step(received_at, fold, [event for event in late if event.received_at == received_at]))
    return steps


def told_faults(case_id: int, steps: Iterable[Step], judge: ActJudge) -> list[Told]:
    """The faults that stand at the end, each as it was told: an instant that moved later is not told again, what grows is told
    at every growth."""
    known, told = "", dict[tuple[str, str], list[Told]]()
    for step in steps:
        try:
            shown = judge.standing(known, step.fold, step.late)
        except Exception:  # as in the record: what was told of a case that raises stays told
            log.exception("the acts of case %s cannot be judged", case_id)
            continue
        joined, left = differing(kept_faults(known), shown)
        for fault in left:
            del told[fault.code, fault.subject]
        for fault in joined:
            told.setdefault((fault.code, fault.subject), []).append(Told(fault, step.received_at, facts_of(step.fold, case_id)))
        known = kept_text(shown)
    return list(chain.from_iterable(told.values()))


def _advanced(fold: Fold | None, earlier: list[CaseEvent], fresh: list[CaseEvent]) -> Fold:
    if fold is None or must_refold(fold, fresh):
        return fold_all([*earlier, *fresh])
    return folded_on(fold, fresh)
