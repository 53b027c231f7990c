"""The shapes that travel to browsers and other programs: cards, counts, the fingerprint of the active cards.

Instants are ISO 8601 strings with the offset of the zone people read (Asia/Shanghai unless configured otherwise).
docs/push-protocol.md describes every field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from functools import lru_cache
from typing import Any

import msgspec

from alerts.cards import Card, Passage
from alerts.lifecycle import Level, Suppression
from alerts.wording import Wording
from core.instants import from_us

ID_FACTOR, REV_FACTOR, WORD = 2654435761, 40503, 1 << 32
CAMERA_MAX = 32


class Acknowledgement(msgspec.Struct, frozen=True):
    by: str
    at: str
    comment: str


class FirstSignature(Acknowledgement, frozen=True):
    """The first of the two signatures of a red card. `as`: which of the two it is, officer or shift_leader."""

    signs_as: str = msgspec.field(name="as", default="officer")


class Quiet(msgspec.Struct, frozen=True):
    """Why a card is kept quiet (shelved, by_design, out_of_service), and until when."""

    kind: str
    until: str | None
    by: str
    reason: str


class Proposal(msgspec.Struct, frozen=True):
    """Somebody proposes to revoke the card; another person decides. `by` is the account, `name` what is shown."""

    by: str
    name: str
    reason: str


class CardWords(msgspec.Struct, frozen=True):
    """What a card says in one language."""

    rule: str
    limit_text: str
    demanded_action: str
    late_text: str


class CardView(msgspec.Struct, frozen=True):
    """A card as a screen sees it. No applicant: a wall is read by everybody who walks past it.

    Its own words are in the language of the installation; `words` has them in the others, by language code.
    """

    id: int
    rev: int
    level: str
    state: str
    condition: bool
    org: str
    org_name: str
    item: str
    item_name: str
    case_no: str
    area: str
    rule: str
    clock_kind: str
    limit_text: str
    opened_at: str
    level_at: str
    raised_at: str
    due_at: str | None
    cleared_at: str | None
    closed_at: str | None
    closed_reason: str | None
    acked: Acknowledgement | None
    stale: bool
    demanded_action: str
    late_text: str
    origin: str
    disposition: str
    first: FirstSignature | None   # a red card's first signature, while it waits for the second
    suppression: Quiet | None
    escalation: int
    appeal: str
    order_no: str | None
    reply_due_at: str | None
    replied_at: str | None
    revocation: Proposal | None
    re_alarms: int
    flood: str
    camera: str = ""   # code of the camera that looks at the window it is about
    words: dict[str, CardWords] = {}

    def in_language(self, language: str) -> CardView:
        """The card in the words of that language; as it is where it has none of them."""
        words = self.words.get(language)
        return self if words is None else msgspec.structs.replace(self, **msgspec.structs.asdict(words))


class Counts(msgspec.Struct, frozen=True):
    """Active cards (issued, not closed) by level, and those that wait for a person.

    `to_confirm` waits for confirmation and is in no other number; `shelved` counts whatever is kept quiet.
    """

    warning: int
    yellow: int
    red: int
    unack: int
    oldest_unack_at: str | None
    to_confirm: int = 0
    shelved: int = 0
    under_order: int = 0


class CardWriter:
    """Draws card views in one zone, in the language of the installation and those beside it."""

    def __init__(self, wording: Wording, zone: tzinfo, others: Mapping[str, Wording] | None = None) -> None:
        """`others`: the wordings of the other languages, by language code."""
        self._wording, self._zone, self._others = wording, zone, others or {}

    def iso(self, us: int, timespec: str = "seconds") -> str:
        return _iso(us, self._zone, timespec)

    def maybe_iso(self, us: int | None) -> str | None:
        return None if us is None else self.iso(us)

    def view(self, card: Card) -> CardView:
        words, top = self._wording, _speaking_passage(card)
        said = _words(words, top)
        return CardView(
            id=card.id, rev=card.rev, level=Level(card.level).wire, state=card.state.value, condition=card.condition,
            org=card.case.org, org_name=words.org_name(card.case.org), item=card.case.item,
            item_name=words.item_name(card.case.item), case_no=card.case.case_no, area=card.case.area,
            rule=said.rule, clock_kind=card.clock_kind, limit_text=said.limit_text,
            opened_at=self.iso(card.opened_at), level_at=self.iso(card.level_at), raised_at=self.iso(card.raised_at),
            due_at=self.maybe_iso(card.due_at), cleared_at=self.maybe_iso(card.cleared_at),
            closed_at=self.maybe_iso(card.closed_at), closed_reason=card.closed_reason,
            acked=self.acknowledgement(card), stale=card.is_stale, demanded_action=said.demanded_action,
            late_text=said.late_text, origin=card.origin.value, disposition=card.disposition.value,
            first=self._first(card), suppression=self._quiet(card), escalation=card.escalation,
            appeal=card.appeal.value, order_no=card.order_no, reply_due_at=self.maybe_iso(card.reply_due_at),
            replied_at=self.maybe_iso(card.replied_at), revocation=_proposal(card), re_alarms=card.re_alarms,
            flood=card.flood, camera=camera_of(top), words={code: _words(other, top) for code, other in self._others.items()})

    def demanded_action(self, card: Card) -> str:
        return self._wording.demanded_action(_speaking_passage(card))

    def needs_confirmation(self, card: Card) -> bool:
        """Whether the rule asks for a person before the card is issued."""
        return self._wording.needs_confirmation(_speaking_passage(card))

    def reply_limit(self, card: Card) -> str:
        """The limit within which the department owes a reply, as the rule says; empty when it says none."""
        return self._wording.reply_limit(_speaking_passage(card))

    def said(self, code: str, **args: Any) -> str:
        """The sentence of an error code."""
        return self._wording.sentence(f"error.{code}", **args)

    def message(self, code: str, **args: Any) -> dict[str, Any]:
        """The same as the members `message`, and `words` with it in the other languages."""
        return self._in_every_language("message", f"error.{code}", args)

    def alarm(self, code: str, **args: Any) -> dict[str, Any]:
        """What an alarm says: the members `text`, and `words` with it in the other languages."""
        return self._in_every_language("text", f"alarm.{code}", args)

    def _in_every_language(self, member: str, key: str, args: Mapping[str, Any]) -> dict[str, Any]:
        return {member: self._wording.sentence(key, **args),
                "words": {language: {member: other.sentence(key, **args)} for language, other in self._others.items()}}

    def acknowledgement(self, card: Card) -> Acknowledgement | None:
        if card.acked_at is None:
            return None
        return Acknowledgement(card.acked_name or "", self.iso(card.acked_at), card.ack_comment or "")

    def _first(self, card: Card) -> FirstSignature | None:
        if card.first_at is None or card.is_acked:
            return None
        return FirstSignature(card.first_name or "", self.iso(card.first_at), card.first_comment or "",
                              card.first_as or "officer")

    def _quiet(self, card: Card) -> Quiet | None:
        if card.suppression is Suppression.NONE:
            return None
        return Quiet(card.suppression.value, self.maybe_iso(card.suppressed_until), card.suppressed_by or "",
                     card.suppressed_reason or "")


def _words(wording: Wording, top: Passage) -> CardWords:
    return CardWords(wording.rule_name(top), wording.limit_text(top), wording.demanded_action(top), wording.late_text(top))


def camera_of(passage: Passage) -> str:
    """What the evidence names as `camera`; empty when it is about no window, or names what can be no code."""
    named = passage.facts.get("camera", "")
    return named if isinstance(named, str) and len(named) <= CAMERA_MAX else ""


def _proposal(card: Card) -> Proposal | None:
    return None if card.revoke_by is None else Proposal(
        card.revoke_by, card.revoke_name or card.revoke_by, card.revoke_reason or "")


@lru_cache(maxsize=8192)  # a batch of cards shares most of its instants
def _iso(us: int, zone: tzinfo, timespec: str) -> str:
    return from_us(us).astimezone(zone).isoformat(timespec=timespec)


def _speaking_passage(card: Card) -> Passage:
    """The passage the card speaks of: the one that gives its level, or the last known when all were withdrawn."""
    return card.top if card.standing else card.passages[-1]


def fingerprint(cards: Iterable[tuple[int, int]]) -> int:
    """Order-free hash over (id, rev) of the active cards, unsigned 32 bit; the browser computes the same sum."""
    return sum(card_id * ID_FACTOR + rev * REV_FACTOR for card_id, rev in cards) % WORD
