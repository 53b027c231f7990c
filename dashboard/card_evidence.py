"""What stands behind a card, gathered once for its page and its PDF: the card, its case, and its clocks as they were held.

The clocks come from the card's own evidence with the calendar of that version, not from the case as it stands now: a card
must be explained by what was known when it was issued, whatever was corrected since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from alerts.cards import Passage
from cases.events import ClockKind, ClockRef
from cases.explain import ClockExplanation, explain_evidence
from cases.proof import CaseProof
from core.access import Actor
from core.working_calendar import WorkingCalendar
from video.footage.rights import LOOKERS

CLOCKS = frozenset(kind.value for kind in ClockKind)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A card with everything that justifies it. `case` is None when it is about an organisation, not a case."""

    found: Any  # alerts.queries.CardHistory
    passages: list[Passage]  # newest rungs last
    case: Any  # cases.queries.CaseDetail or None
    clocks: list[ClockExplanation]
    files: list[Any]  # alerts.attachments.Attachment
    as_of: int  # microseconds UTC
    on_duty: str = ""  # who had duty when it was raised
    orders: Sequence[Any] = ()  # supervision.orders.queries.OrderRow, those the card belongs to
    clips: Sequence[Any] = ()  # video.footage.queries.ClipRow, what cameras kept of it
    cameras: Mapping[int, Any] = field(default_factory=dict)
    looks: Mapping[int, Any] = field(default_factory=dict)  # video.footage.queries.Looks, who looked at which clip
    has_picture: bool = False  # of the signal it came of, which he may see
    asking: tuple[int, Sequence[Any]] | None = None  # the card and the cameras of which a clip may be asked for by hand

    @property
    def card(self) -> Any:
        return self.found.card

    @property
    def log(self) -> list[Any]:
        """The life of the card, line by line."""
        return list(self.found.log)

    @property
    def top(self) -> Passage:
        """The passage the card speaks of."""
        standing = [passage for passage in self.passages if not passage.withdrawn] or self.passages
        return max(standing, key=lambda passage: (passage.level, -passage.at))


@dataclass(frozen=True, slots=True)
class Judged:
    """A clock with the calendar it was judged by, and the rule of that version, where this installation still has it."""

    clock: ClockExplanation
    calendar: WorkingCalendar
    rule: Any


@dataclass(frozen=True, slots=True)
class Material:
    """Everything the paper says. `made_at` is microseconds UTC."""

    evidence: Evidence
    judged: Sequence[Judged]
    proof: CaseProof
    notices: Sequence[Any]
    made_at: int
    city: str


def gather(services: Any, actor: Actor, card_id: int) -> Evidence | None:
    """None when there is no such card or this person may not see it: both get the same answer."""
    found = seen(services, actor, card_id)
    if found is None:
        return None
    now = services.clock.now_us()
    passages = msgspec.convert(found.evidence, list[Passage])
    case = services.case_queries.find_case(found.card.case_no, now, found.card.area) if found.card.case_no else None
    if case is not None and not actor.may_see(case.area, case.org):
        case = None  # a complaint or a card by hand may name another unit's case
    on_duty = "、".join(person.display_name for person in services.roster.raised_under(card_id))
    clocks, files = _clocks(services, found.card, passages, now), services.attachments.of_card(card_id)
    orders = services.follow_up.order_queries.of_card(card_id, actor)
    footage, top = services.footage.queries, passages[-1].facts if passages else {}
    signal = services.analysis.queries.behind(top["signal"]) if found.card.origin == "onsite" and "signal" in top else None
    has_picture = signal is not None and bool(signal.picture) and actor.reaches(signal.area, signal.hall)
    clips = footage.clips_of_card(card_id)
    cameras = {one.id: one for one in footage.cameras(None, {clip.camera_id for clip in clips})} if clips else {}
    clips = [clip for clip in clips if actor.reaches(cameras[clip.camera_id].area, cameras[clip.camera_id].hall)]
    others = footage.cameras(actor) if actor.has(*LOOKERS) else []
    return Evidence(found, passages, case, clocks, files, now, on_duty, orders, clips, cameras, footage.looks_at(clips),
                    has_picture, (card_id, others) if others else None)


def seen(services: Any, actor: Actor, card_id: int) -> Any:
    """The card with its history, for somebody who may see it."""
    return services.alert_queries.find(card_id, actor)


def _clocks(services: Any, card: Any, passages: Sequence[Passage], now_us: int) -> list[ClockExplanation]:
    """One explanation for each clock that passed a rung, from its newest passage."""
    newest: dict[tuple[str, int], Passage] = {}
    for passage in passages:
        if passage.kind in CLOCKS and "started" in passage.facts:
            newest[passage.kind, passage.ordinal] = passage
    told = {key: [one.rung for one in passages if (one.kind, one.ordinal) == key] for key in newest}
    return [_clock(services, card, passage, told[key], now_us) for key, passage in newest.items()]


def _clock(services: Any, card: Any, passage: Passage, told: list[str], now_us: int) -> ClockExplanation:
    key = str(passage.facts.get("calendar") or "")
    calendar = services.areas.find_calendar(key) or services.areas.for_area(card.area)
    ref = ClockRef(0, ClockKind(passage.kind), passage.ordinal)
    return explain_evidence(
        ref,
        passage.facts,
        calendar,
        level=passage.level,
        passed=told,
        due_at=passage.due_at,
        ended_at=passage.ended_at,
        now_us=now_us,
    )


def material(services: Any, actor: Actor, card_id: int, notices: Sequence[Any]) -> Material | None:
    """Everything the evidence paper says; None as `gather`."""
    evidence = gather(services, actor, card_id)
    if evidence is None:
        return None
    areas, card = services.areas, evidence.card
    judged = [
        Judged(clock, areas.find_calendar(clock.calendar) or areas.for_area(card.area), _rule_of(areas, clock))
        for clock in evidence.clocks
    ]
    proof = services.proofs.of_case(evidence.case.case_id) if evidence.case is not None else CaseProof([], [])
    return Material(evidence, judged, proof, notices, evidence.as_of, services.catalogue.city)


def _rule_of(areas: Any, clock: ClockExplanation) -> Any:
    preset = areas.find_preset(clock.rule_version)
    return None if preset is None else next((rule for rule in preset.rules if rule.id == clock.rule), None)
