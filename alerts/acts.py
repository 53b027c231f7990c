"""Faults of acts become cards: by the rule of the area that was in force on the day of the act.

The reactions run inside the transaction that learnt of the fault. An act without a rule in its area raises no card; one older
than the history of the cards (a log loaded late) is a matter of the record only, as the card of a clock long ended is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from alerts.models import KEY_MAX
from alerts.occasions import Occasion, Origin
from alerts.service import CardService
from cases.acts import LATE_EVENTS, Fault, late_rows
from cases.areas import Areas, Span
from cases.events import ActRedeemed, ActViolated, CaseFacts, LateEvent
from config.acts import Act
from config.ladders import ActRule, Preset
from core.instants import HOUR_US
from core.unit_of_work import UnitOfWork


class ActCards:
    """Raises and withdraws the cards of acts. Holds no state."""

    def __init__(self, cards: CardService, areas: Areas, history_after_us: int) -> None:
        self._cards, self._areas, self._history_after_us = cards, areas, history_after_us

    def raise_cards(self, uow: UnitOfWork, batch: Sequence[ActViolated]) -> None:
        """A card for each fault that a rule of its place punishes."""
        occasions = [occasion for event in batch if (occasion := self._occasion(event, uow.now_us)) is not None]
        if occasions:
            self._cards.raise_occasions(uow, occasions)

    def withdraw(self, uow: UnitOfWork, batch: Sequence[ActRedeemed]) -> None:
        """The facts show no such fault any more."""
        self._cards.withdraw_occasions(uow, {key_of(event): event.reason for event in batch})

    def _occasion(self, event: ActViolated, now_us: int) -> Occasion | None:
        ruling = ruling_of(self._areas, event.case, event, now_us, self._history_after_us)
        return None if ruling is None else _occasion_of(event, ruling)


class Ruling(NamedTuple):
    """By which rule (of which preset) a fault is a card, since when, and which of the events it is made up of are on it."""

    rule: ActRule
    preset: Preset
    at: int
    late: tuple[LateEvent, ...]


def ruling_of(areas: Areas, case: CaseFacts, fault: Fault | ActViolated, told_at: int,
              history_after_us: int) -> Ruling | None:
    """The ruling on a fault told then; None: no card.

    Where a fault is made up of events, each is judged by the rule of its own day; the strictest of these rules has the card.
    One function for the live engine and for the back-test, which asks it of other areas.
    """
    parts: Sequence[Fault | ActViolated | LateEvent] = fault.late or (fault,)
    ruled = [(found, part) for part in parts
             if (found := _rule_of(areas, case, fault.code, part.at, told_at, history_after_us)) is not None]
    if not ruled:
        return None
    rule, preset = max((found for found, _ in ruled), key=lambda found: found[0].level)
    late = tuple(part for _, part in ruled if isinstance(part, LateEvent))
    return Ruling(rule, preset, min(part.at for _, part in ruled), late)


def _rule_of(areas: Areas, case: CaseFacts, code: str, at: int, told_at: int,
             history_after_us: int) -> tuple[ActRule, Preset] | None:
    if told_at - at > history_after_us:
        return None
    day = areas.for_area(case.area).today(at)
    context = areas.at(case.area, Span(day, at))
    rule = context.act_rule(code, day, case.org, case.item)
    return (rule, context.preset) if rule is not None and is_late_enough(code, told_at - at, rule) else None


def key_of(event: ActViolated | ActRedeemed) -> str:
    """The card's key: one open card for each fault of a case, however much it grows."""
    return f"act:{event.code}:{event.case.case_id}:{event.subject}"[:KEY_MAX]


def _occasion_of(event: ActViolated, ruling: Ruling) -> Occasion:
    rule, preset = ruling.rule, ruling.preset
    about = event.evidence.get("subject_name")  # a code or a serial number says nothing to who reads a wall
    words: dict[str, object] = {
        "title": rule.name, "title_en": rule.name_en, "demanded_action": rule.demanded_action,
        "demanded_action_en": rule.demanded_action_en, "legal_basis": rule.legal_basis, "notify": list(rule.notify),
        "late_text": f"{rule.name}：{about}" if about else rule.name,
        "late_text_en": f"{rule.name_en}: {about}" if about else rule.name_en}
    listed = {LATE_EVENTS: late_rows(ruling.late)} if ruling.late else {}
    return Occasion(
        key=key_of(event), origin=Origin.ACT, case=event.case, rule=rule.id, rule_version=f"{preset.id}@{preset.version}",
        level=rule.level, at=ruling.at, needs_confirmation=rule.confirm, reply_limit=rule.reply_limit or "",
        evidence={**event.evidence, **words, **listed}, gathers=LATE_EVENTS if listed else "")


def is_late_enough(code: str, late_us: int, rule: ActRule) -> bool:
    """A place may look away from data that came late by less than so many hours."""
    return code != Act.LATE_DATA or late_us > rule.parameters.get("hours", 24) * HOUR_US
