"""What cameras find becomes cards and alarms (bootstrap's table of reactions).

A fault of a camera is an alarm of the system at once and clears with the fault. What the rules of a place punish is an on-site
card against the unit of the window: when a person confirmed the signal, or at once where the rule needs nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts.alarms import AlarmService
from alerts.occasions import Occasion, Origin
from alerts.service import CardService
from cases.areas import Areas, Span
from cases.events import CaseFacts
from config.onsite import PRESENCE, OnsiteRule
from core.instants import date_of
from core.unit_of_work import UnitOfWork
from video.events import (
    FindingsKept,
    FindingsLost,
    ReferencesFound,
    ReferencesMissing,
    Signal,
    SignalConfirmed,
    SignalEnded,
    SignalRaised,
    SignalRejected,
    SignalWithdrawn,
)
from video.onsite.service import State

ONSITE = "onsite:"
UNREAD = "camera_reference_unread"
LOST = "camera_findings_lost"
REJECTED, TAKEN_BACK = "signal_rejected", "signal_withdrawn"


class OnsiteCards:
    """Reactions to the events of signals, inside their transaction. Holds no state."""

    def __init__(self, cards: CardService, alarms: AlarmService, areas: Areas) -> None:
        self._cards, self._alarms, self._areas = cards, alarms, areas

    def raised(self, uow: UnitOfWork, batch: Sequence[SignalRaised]) -> None:
        """Faults are told at once; cards of rules that need no person too."""
        for event in batch:
            signal = event.signal
            if signal.kind not in PRESENCE and signal.ended_at is None:
                self._alarms.set_alarm(uow.conn, code_of(signal), signal.camera_code, uow.now_us, camera=signal.camera_name,
                                       hall=signal.hall, window=signal.window)
            if signal.state != State.TO_CONFIRM:
                self._issue(uow, signal)

    def confirmed(self, uow: UnitOfWork, batch: Sequence[SignalConfirmed]) -> None:
        for event in batch:
            self._issue(uow, event.signal)

    def ended(self, uow: UnitOfWork, batch: Sequence[SignalEnded]) -> None:
        """The fault is over: its alarm clears. What a card says stays true; the unit answers for it."""
        for event in batch:
            self._clear(uow, event.signal)

    def rejected(self, uow: UnitOfWork, batch: Sequence[SignalRejected]) -> None:
        for event in batch:
            self._take_back(uow, event.signal, REJECTED)

    def withdrawn(self, uow: UnitOfWork, batch: Sequence[SignalWithdrawn]) -> None:
        for event in batch:
            self._take_back(uow, event.signal, TAKEN_BACK)

    def references_missing(self, uow: UnitOfWork, batch: Sequence[ReferencesMissing]) -> None:
        for event in batch:
            self._alarms.set_alarm(uow.conn, UNREAD, event.camera_code, uow.now_us, camera=event.camera_name, hall=event.hall,
                                   window=event.window)

    def references_found(self, uow: UnitOfWork, batch: Sequence[ReferencesFound]) -> None:
        for event in batch:
            self._alarms.clear_alarm(uow.conn, UNREAD, event.camera_code, uow.now_us)

    def findings_lost(self, uow: UnitOfWork, batch: Sequence[FindingsLost]) -> None:
        for event in batch:
            counts = {"signals": event.signals, "pictures": event.pictures, "spans": event.spans,
                      "references": event.references}
            self._alarms.renew_alarm(uow.conn, LOST, event.camera_code, uow.now_us, n=sum(counts.values()),
                                     camera=event.camera_name, **counts)

    def findings_kept(self, uow: UnitOfWork, batch: Sequence[FindingsKept]) -> None:
        for event in batch:
            self._alarms.clear_alarm(uow.conn, LOST, event.camera_code, uow.now_us)

    def _take_back(self, uow: UnitOfWork, signal: Signal, reason: str) -> None:
        self._clear(uow, signal)
        self._cards.withdraw_occasions(uow, {key_of(signal): reason})

    def _clear(self, uow: UnitOfWork, signal: Signal) -> None:
        if signal.kind not in PRESENCE:
            self._alarms.clear_alarm(uow.conn, code_of(signal), signal.camera_code, uow.now_us)

    def _issue(self, uow: UnitOfWork, signal: Signal) -> None:
        rule = self._rule_of(signal)
        if rule is not None and signal.org:
            self._cards.raise_occasions(uow, [occasion_of(signal, rule)])

    def _rule_of(self, signal: Signal) -> OnsiteRule | None:
        """The rule by which it was raised, in the version of that day."""
        day = self._areas.for_area(signal.area).today(signal.began_business_at)
        context = self._areas.at(signal.area, Span(day, signal.began_business_at))
        return context.preset.onsite_rule(signal.kind.value, date_of(day), signal.org) if signal.rule else None


def code_of(signal: Signal) -> str:
    """The alarm of that fault: its sentence is `alarm.camera_…`."""
    return f"camera_{signal.kind.value}"


def key_of(signal: Signal) -> str:
    """The card's key: one card a signal."""
    return signal_key(signal.kind, signal.id)


def signal_key(kind: str, number: int) -> str:
    return f"{ONSITE}{kind}:{number}"


def occasion_of(signal: Signal, rule: OnsiteRule) -> Occasion:
    """A card about the unit of the window, with all that lets a stranger judge the signal."""
    place = " ".join(filter(None, (signal.hall, signal.window)))
    words: dict[str, Any] = {
        "title": f"{rule.name}：{place}", "title_en": f"{rule.name_en}: {place}", "late_text": rule.name,
        "late_text_en": rule.name_en, "demanded_action": rule.demanded_action,
        "demanded_action_en": rule.demanded_action_en, "legal_basis": rule.legal_basis, "notify": list(rule.notify)}
    facts: dict[str, Any] = {
        "camera": signal.camera_code, "camera_name": signal.camera_name, "hall": signal.hall, "window": signal.window,
        "post": signal.post, "signal": signal.id, "began_at": signal.began_at, "ended_at": signal.ended_at,
        "began_business_at": signal.began_business_at, "ended_business_at": signal.ended_business_at,
        "minutes": signal.minutes, "picture_sha256": signal.picture_sha256, "picture_at": signal.picture_at,
        "detector": signal.detector, "figures": dict(signal.figures), "parameters": dict(signal.parameters),
        "confirmed_by": signal.decided_name, "comment": signal.comment}
    case = CaseFacts(0, "", signal.area, signal.org, "", words["title"])
    return Occasion(key=key_of(signal), origin=Origin.ONSITE, case=case, rule=rule.id, rule_version=signal.rule_version,
                    level=rule.level, at=signal.began_business_at, reply_limit=rule.reply_limit or "",
                    evidence={**facts, **words})
