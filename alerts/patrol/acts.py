"""Cards of acts recomputed: the fault found again in the facts of today, by the item and the ladder the card names.

A card of an act keeps which version of its item and of its ladder it was issued under, but not which calendar; only the fault
of an extension asked for late is counted by one, and there it is the case's own of today.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from alerts.acts import is_late_enough
from alerts.cards import Passage
from alerts.patrol.clocks import Delivered
from alerts.patrol.findings import Finding, Found, found_of
from cases.acts import Fault, faults_of
from cases.areas import AreaContext, Areas
from cases.events import CaseEvent, LateEvent
from cases.fold import Fold
from cases.states import fold_all
from config.acts import Act
from config.catalogue import Item


class ActCheck:
    """Holds no state."""

    def __init__(self, areas: Areas, catalogue: Any) -> None:
        self._areas, self._catalogue = areas, catalogue

    def check(self, card: Any, passage: Passage, fold: Fold, told: Sequence[Delivered]) -> list[Found]:
        """What no longer agrees of one passage."""
        item, context = self._item(passage, fold), self._context(passage, fold)
        names = {"act": str(passage.facts.get("code", "")), "subject": str(passage.facts.get("subject", "")),
                 "rule_version": passage.rule_version}
        if item is None or context is None:
            return [found_of(Finding.VERSION_UNKNOWN, card, **names, item_version=passage.facts.get("item_version", ""))]
        parts = _parts(passage, fold, item, context, told)
        at = min((part.at for part in parts), default=None)
        level = self._level(card, names["act"], parts, context)
        if level < passage.level:
            return [found_of(Finding.UNJUSTIFIED, card, **names, issued_at=passage.at, now_at=at, issued_level=passage.level,
                             level=level or None)]
        if at == passage.at or passage.gathers or _was_told(passage, item, context, told):
            return []
        return [found_of(Finding.MOVED, card, **names, issued_at=passage.at, now_at=at)]

    def _item(self, passage: Passage, fold: Fold) -> Item | None:
        """The item of the case in the version the card names; an item the case was corrected to since, in its own."""
        version = str(passage.facts.get("item_version", ""))
        if not version or passage.facts.get("item") != fold.item:
            found: Item | None = self._areas.catalogue_of(fold, self._catalogue).find_item(fold.item)
            return found
        return self._areas.find_item(fold.item, version, self._catalogue)

    def _context(self, passage: Passage, fold: Fold) -> AreaContext | None:
        preset = self._areas.find_preset(passage.rule_version)
        return None if preset is None else AreaContext(self._areas.of_case(fold).calendar, preset)

    def _level(self, card: Any, act: str, parts: Sequence[Fault | LateEvent], context: AreaContext) -> int:
        """The strictest of what that ladder says of these faults; 0: nothing."""
        calendar = self._areas.for_area(card.area)
        ruled = [(rule, part) for part in parts
                 if (rule := context.act_rule(act, calendar.today(part.at), card.org, card.item)) is not None]
        return max((rule.level for rule, part in ruled if is_late_enough(act, _delay(part), rule)), default=0)


def _parts(passage: Passage, fold: Fold, item: Item, context: AreaContext,
           told: Sequence[Delivered]) -> Sequence[Fault | LateEvent]:
    """What today's facts show of the fault; of data that came late, the events of the card's list the journal has."""
    if passage.facts.get("code") == Act.LATE_DATA:
        return _late_parts(passage, told)
    wanted = (passage.facts.get("code"), passage.facts.get("subject"))
    return [fault for fault in faults_of(fold, item, lambda _fold: context) if (fault.code, fault.subject) == wanted]


def _was_told(passage: Passage, item: Item, context: AreaContext, told: Sequence[Delivered]) -> bool:
    """Whether the journal said so after some delivery: a fault whose instant later events move is not told again."""
    known: list[CaseEvent] = []
    for _received, delivery in groupby(told, key=itemgetter(0)):
        known += [event for _, event in delivery]
        if any(part.at == passage.at for part in _parts(passage, fold_all(known), item, context, told)):
            return True
    return False


def _late_parts(passage: Passage, told: Sequence[Delivered]) -> list[LateEvent]:
    """Only those that were told: events loaded as history came late too, and are no fault."""
    listed = {(one["source"], one["source_event_id"], one["received_at"]) for one in passage.listed}
    return [LateEvent(event.source, event.source_event_id, event.kind.value, event.step or "", event.claimed_at, received)
            for received, event in told if (event.source, event.source_event_id, received) in listed]


def _delay(part: Fault | LateEvent) -> int:
    return part.delay if isinstance(part, LateEvent) else 0
