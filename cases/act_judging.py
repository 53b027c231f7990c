"""The acts of a case judged by the versions that are its own, and when each of its faults was told.

The record judges by it at every event; the back-test asks the same of what the journal says was received when, so both say the
same of the same data.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cases.acts import Fault, differing, faults_of, kept_faults, kept_text, late_of, merged
from cases.areas import Areas
from cases.events import CaseEvent, CaseFacts
from cases.projection import facts_of
from cases.states import Fold, fold_all, folded_on, must_refold
from cases.watches import Catalogue, item_of
from config.acts import Act

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

    def late(self, events: Iterable[CaseEvent], fold: Fold, received_at: int) -> list[Fault]:
        """The faults of how these events were reported."""
        return late_of(events, self.item(fold), received_at)

    def standing(self, known: str, fold: Fold, late: Sequence[Fault]) -> list[Fault]:
        """What stands after an event: what the facts show, and what came late now or (`known`, as kept) before."""
        faults = self.faults(fold)
        return merged(faults, [*late_ones(known), *late]) if known or late else faults

    def depends_on_rules(self, fold: Fold) -> bool:
        """Whether its faults follow from more than its facts and the shipped items: from the calendar and ladder that say when
        an extension had to be asked for, or from an edited limit."""
        return bool(fold.extensions) or (fold.item in self._areas.versions.items
                                         and bool(fold.promised_limit or fold.statutory_limit))


class Step(NamedTuple):
    """What the record knew of a case after one delivery, and what of that delivery came late."""

    received_at: int
    fold: Fold
    late: list[Fault]


class Told(NamedTuple):
    """A fault as it was told: of which case (as known then) and when."""

    fault: Fault
    at: int
    case: CaseFacts


def late_ones(known: str) -> list[Fault]:
    """Of the faults kept of a case those of late reporting, which stay told."""
    return [fault for fault in kept_faults(known) if fault.code == Act.LATE_DATA]


def steps_of(deliveries: Iterable[tuple[int, list[CaseEvent]]], judge: ActJudge, known: str) -> list[Step]:
    """The case delivery by delivery. `known` are the faults kept of it today: events loaded as history were never late, and the
    journal does not say which those are."""
    first_late = {fault.subject: fault.at for fault in late_ones(known)}
    steps, fold, earlier = list[Step](), None, list[CaseEvent]()
    for received_at, fresh in deliveries:
        fold = _advanced(fold, earlier, fresh)
        earlier += fresh
        steps.append(Step(received_at, fold, _really_late(judge.late(fresh, fold, received_at), first_late)))
    return steps


def told_faults(case_id: int, steps: Iterable[Step], judge: ActJudge) -> list[Told]:
    """The faults that stand at the end, each as it was last told: an instant that moved later is not told again."""
    known, told = "", dict[tuple[str, str], Told]()
    for step in steps:
        try:
            shown = judge.standing(known, step.fold, step.late)
        except Exception:  # as in the record: what was told of a case that raises stays told
            log.exception("the acts of case %s cannot be judged", case_id)
            continue
        joined, left = differing(kept_faults(known), shown)
        for fault in left:
            del told[fault.code, fault.subject]
        facts = facts_of(step.fold, case_id) if joined else None
        told |= {(fault.code, fault.subject): Told(fault, step.received_at, facts) for fault in joined if facts is not None}
        known = kept_text(shown)
    return list(told.values())


def _advanced(fold: Fold | None, earlier: list[CaseEvent], fresh: list[CaseEvent]) -> Fold:
    if fold is None or must_refold(fold, fresh):
        return fold_all([*earlier, *fresh])
    return folded_on(fold, fresh)


def _really_late(late: Iterable[Fault], first_late: Mapping[str, int]) -> list[Fault]:
    return [fault for fault in late if fault.subject in first_late and fault.at >= first_late[fault.subject]]
