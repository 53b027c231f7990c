"""One card in memory: the passages that justify it, its axes, and what the engine does to it. Pure: no database, no clock.

What people do to it is in `handling`; both say what they did with `note`, from which log rows and events are written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from alerts import events as told
from alerts.lifecycle import (
    ENDED,
    RE_ARMING,
    Appeal,
    Closing,
    Disposition,
    Level,
    Origin,
    Signing,
    State,
    Suppression,
    asks_again,
    closing_reason,
    display_state,
    is_pending,
)
from cases.events import CaseFacts, ClockRef, RungPassed
from core.access import SYSTEM, Actor

CLOSED_REASON_MAX = 255
CAMERA = "camera"  # the member of the evidence that names one, by its code


class _Quiet(NamedTuple):
    """The lines of the log with which it begins and ends, and the deadline that ends it."""

    begins: str
    ends: str
    deadline: str


_QUIET = {Suppression.BY_DESIGN: _Quiet("stopped_by_law", "resumed_by_law", "law"),
          Suppression.OUT_OF_SERVICE: _Quiet("out_of_service", "back_in_service", "service")}


class Passage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One rung passed by one clock, or one occasion: the card's evidence. `facts` is what was said about it then; where the
    card gathers single facts, `gathers` names the member that lists them."""

    kind: str
    ordinal: int
    rung: str
    level: int
    at: int
    due_at: int | None
    rule: str
    rule_version: str
    ended_at: int | None = None
    withdrawn: str = ""
    facts: dict[str, Any] = {}
    gathers: str = ""

    @property
    def listed(self) -> list[dict[str, Any]]:
        """The single facts it lists."""
        found: list[dict[str, Any]] = self.facts[self.gathers] if self.gathers else []
        return found

    @property
    def is_running(self) -> bool:
        return self.ended_at is None


def passage_of(event: RungPassed) -> Passage:
    clock = event.clock
    return Passage(kind=clock.kind.value, ordinal=clock.ordinal, rung=event.rung, level=event.level, at=event.at,
                   due_at=event.due_at, rule=event.rule, rule_version=event.rule_version, ended_at=event.closed_at,
                   facts=event.evidence)


@dataclass(slots=True)
class Entry:
    """One thing that happened to a card: a line of its log, and the event it is told by (None: told to nobody)."""

    action: str
    actor: Actor
    at: int
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    event: type[told.CardEvent] | None = None
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Card:
    """A card (牌) and its life. Methods change it and say whether anything changed; `settle` draws the consequences."""

    id: int
    key: str
    case: CaseFacts
    raised_at: int
    passages: list[Passage] = field(default_factory=list)
    origin: Origin = Origin.CLOCK
    rule: str = ""
    rule_version: str = ""
    clock_kind: str = ""
    ordinal: int = 0
    level: int = 0
    condition: bool = False
    is_stale: bool = False
    rev: int = 0
    acked_rev: int | None = None
    acked_by: str | None = None
    acked_name: str | None = None
    acked_at: int | None = None
    ack_comment: str | None = None
    first_by: str | None = None
    first_name: str | None = None
    first_as: str | None = None
    first_at: int | None = None
    first_comment: str | None = None
    disposition: Disposition = Disposition.TO_SIGN
    suppression: Suppression = Suppression.NONE
    suppressed_until: int | None = None
    suppressed_by: str | None = None
    suppressed_reason: str | None = None
    escalation: int = 0
    appeal: Appeal = Appeal.NONE
    appealed_by: str | None = None
    issued_at: int | None = None
    told_at: int | None = None
    order_no: str | None = None
    reply_limit: str = ""
    reply_asked_at: int | None = None
    reply_from_at: int | None = None
    reply_due_at: int | None = None
    replied_by: str | None = None
    replied_at: int | None = None
    revoke_by: str | None = None
    revoke_name: str | None = None
    revoke_reason: str | None = None
    re_alarms: int = 0
    flood: str = ""
    opened_at: int = 0
    level_at: int = 0
    due_at: int | None = None
    cleared_at: int | None = None
    closed_at: int | None = None
    closed_reason: str | None = None
    # Not in the row: what happened since it was read, deadlines to arm (or to end: None), and the row as it was read.
    entries: list[Entry] = field(default_factory=list, repr=False, compare=False)
    deadlines: dict[str, int | None] = field(default_factory=dict, repr=False, compare=False)
    logged: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    @property
    def is_acked(self) -> bool:
        return self.acked_at is not None

    @property
    def signing(self) -> Signing:
        if self.is_acked:
            return Signing.FULL
        return Signing.NONE if self.first_by is None else Signing.HALF

    @property
    def is_closed(self) -> bool:
        return self.disposition in ENDED

    @property
    def is_issued(self) -> bool:
        """Whether anybody outside the desk may know of it: a draft stays unknown, however it ends."""
        return self.issued_at is not None

    @property
    def state(self) -> State:
        return display_state(condition=self.condition, signing=self.signing, disposition=self.disposition,
                             suppression=self.suppression)

    @property
    def is_pending(self) -> bool:
        return is_pending(self.disposition, self.appeal, reply_owed=self.reply_due_at is not None)

    @property
    def standing(self) -> list[Passage]:
        """The passages that have not been withdrawn."""
        return [passage for passage in self.passages if not passage.withdrawn]

    @property
    def top(self) -> Passage:
        """The passage that gives the card its level: the earliest of the worst."""
        return _top_of(self.standing)

    @property
    def names_camera(self) -> bool:
        """Whether its evidence says that a camera saw something."""
        return any(CAMERA in passage.facts for passage in self.passages)

    @property
    def notify(self) -> tuple[str, ...] | None:
        """Whom the evidence names to be told; None where the rung of a ladder does."""
        named = self.top.facts.get("notify") if self.standing else None
        return tuple(named) if isinstance(named, list) else None

    # What happened ------------------------------------------------------------------------------------------------

    def note(self, action: str, at: int, event: type[told.CardEvent] | None = None, *, actor: Actor = SYSTEM,
             reason: str = "", detail: dict[str, Any] | None = None, **fields: Any) -> None:
        """Write down what was just done. `fields` are further ones of the event."""
        self.entries.append(Entry(action, actor, at, reason, detail or {}, event, fields))

    # Facts --------------------------------------------------------------------------------------------------------

    def knows(self, new: Passage) -> bool:
        """Whether this very passage stands here already: a repeated delivery."""
        return any(_same_rung(old, new) and (old.at, old.level, old.ended_at) == (new.at, new.level, new.ended_at)
                   and _lists_all(old, new) for old in self.standing)

    def gathered(self, new: Passage) -> Passage:
        """The passage with what this card lists already. One that is milder than the card adds to the list the card speaks of
        and leaves its level and rule."""
        if not new.gathers or not self.standing:
            return new
        top = self.top
        speaking = new if new.level >= top.level else top
        at = new.at if speaking is new else top.at  # an older fact that is milder does not date back the worse one
        listed = [*top.listed, *(fact for fact in new.listed if fact not in top.listed)]
        facts = {**speaking.facts, new.gathers: listed}
        return msgspec.structs.replace(speaking, at=at, ended_at=new.ended_at, facts=facts)

    def take(self, new: Passage) -> bool:
        """Add a passage, or replace what was known of the same rung. False when it says nothing new."""
        if self.passages and self.knows(new) and (self.origin is Origin.CLOCK or new in self.standing):
            return False
        self.passages = [old for old in self.passages if old.withdrawn or not _same_rung(old, new)]
        self.passages.append(new)
        return True

    def withdraw(self, clock: ClockRef, rung: str, reason: str) -> bool:
        """Mark a passage as unjustified; it stays in the evidence."""
        found = [p for p in self.standing if _of_clock(p, clock) and p.rung == rung]
        for passage in found:
            passage.withdrawn = reason
        return bool(found)

    def end_clock(self, clock: ClockRef, ended_at: int) -> bool:
        """The clock ended: its passages no longer run."""
        found = [p for p in self.standing if _of_clock(p, clock) and p.ended_at != ended_at]
        for passage in found:
            passage.ended_at = ended_at
        return bool(found)

    def withdraw_all(self, reason: str) -> bool:
        """Nothing of it stands any more."""
        found = self.standing
        for passage in found:
            passage.withdrawn = reason
        return bool(found)

    def end_all(self, ended_at: int) -> bool:
        """Whatever it says is over."""
        found = [passage for passage in self.standing if passage.is_running]
        for passage in found:
            passage.ended_at = ended_at
        return bool(found)

    # Consequences -------------------------------------------------------------------------------------------------

    def settle(self, now_us: int, history_after_us: int) -> None:
        """After passages changed: level, instants, condition, attention and closure follow, as a new revision."""
        self.rev += 1
        if not self.standing:
            self._withdrawn_entirely(now_us)
            return
        level_before, condition_before = self.level, self.condition
        self._derive()
        if self.rev == 1:
            self._first_note(now_us)
        elif asks_again(level_before=level_before, level=self.level, condition_before=condition_before,
                        condition=self.condition):
            self._ask_again(level_before, now_us)
        elif condition_before and not self.condition:
            self.note("condition_ended", now_us, told.ConditionEnded)
        elif self.level < level_before:
            self.note("eased", now_us)
        else:
            self.note("facts_changed", now_us)
        self.close_if_over(now_us, history_after_us)

    def reopen(self, now_us: int) -> None:
        """It fired again soon after it had closed: the same occurrence goes on (re-arm window)."""
        self.closed_at = self.closed_reason = self.cleared_at = None
        self.disposition, self.re_alarms = Disposition.TO_SIGN, self.re_alarms + 1
        self.issue(now_us)
        self.escalation, self.appeal, self.appealed_by = 0, Appeal.NONE, None
        self.order_no = self.replied_by = self.replied_at = self.revoke_by = self.revoke_name = self.revoke_reason = None
        self.forget_acknowledgement()
        self.condition = True  # so that settling finds nothing that came back a second time
        self.note("reopened", now_us, told.CardOpened)

    def issue(self, now_us: int) -> None:
        """From now on the department knows of it."""
        self.issued_at = self.told_at = now_us

    def can_reopen(self, now_us: int, window_us: int) -> bool:
        return (self.closed_at is not None and self.closed_reason in RE_ARMING and now_us - self.closed_at <= window_us)

    def close(self, reason: str, now_us: int, disposition: Disposition = Disposition.WRITTEN_OFF,
              actor: Actor = SYSTEM) -> None:
        """Off the screens; whatever was owed or kept quiet ends with it."""
        self.closed_at, self.closed_reason, self.disposition = now_us, reason[:CLOSED_REASON_MAX], disposition
        self.suppression, self.suppressed_until, self.reply_due_at = Suppression.NONE, None, None
        self.deadlines = dict.fromkeys(("reply", "order", "review", "ack", "shelf", "service", "law", "appeal"))
        told_by = None if disposition is Disposition.DISMISSED else told.CardClosed
        self.note("closed", now_us, told_by, actor=actor, reason=self.closed_reason)

    def forget_acknowledgement(self) -> None:
        self.acked_rev = self.acked_at = self.first_at = None
        self.acked_by = self.acked_name = self.ack_comment = None
        self.first_by = self.first_name = self.first_as = self.first_comment = None
        if self.disposition is Disposition.SIGNED:
            self.disposition = Disposition.TO_SIGN
        self.deadlines["ack"] = None

    def unshelve(self, now_us: int, reason: str, actor: Actor = SYSTEM) -> None:
        """Back on the screens, and to be looked at again."""
        self.forget_acknowledgement()
        self.suppression, self.suppressed_until, self.suppressed_by, self.suppressed_reason = Suppression.NONE, None, None, None
        self.deadlines["shelf"] = None
        self.note("unshelved", now_us, told.CardUnshelved, actor=actor, reason=reason)

    def keep_quiet(self, why: Suppression, reason: str, until: int, now_us: int, actor: Actor) -> None:
        """The law stops it, or it is out of service, until an instant. Unlike shelving, worsening does not end that."""
        self.suppression, self.suppressed_until = why, until
        self.suppressed_by, self.suppressed_reason = actor.name, reason
        quiet = _QUIET[why]
        self.deadlines[quiet.deadline] = until
        self.note(quiet.begins, now_us, told.CardKeptQuiet, actor=actor, reason=reason, detail={"until": until},
                  why=why.value, until=until)

    def end_quiet(self, now_us: int, reason: str, actor: Actor = SYSTEM) -> None:
        """That is over; it is to be looked at again."""
        quiet = _QUIET[self.suppression]
        self.forget_acknowledgement()
        self.suppression, self.suppressed_until, self.suppressed_by, self.suppressed_reason = Suppression.NONE, None, None, None
        self.deadlines[quiet.deadline] = None
        self.note(quiet.ends, now_us, told.CardAskedAgain, actor=actor, reason=reason)

    def _first_note(self, now_us: int) -> None:
        if self.disposition is Disposition.TO_CONFIRM:
            self.note("to_confirm", now_us, told.CardToConfirm)
        else:
            self.issue(now_us)
            self.note("opened", now_us, told.CardOpened)

    def _ask_again(self, level_before: int, now_us: int) -> None:
        """What was signed or shelved before does not cover what the card says now."""
        signed_by = self.acked_by or ""
        self.forget_acknowledgement()
        if self.level > level_before:
            if self.suppression is Suppression.SHELVED:
                self.unshelve(now_us, "worsened")
            self._accuse_anew(now_us)
            self.note("worsened", now_us, told.CardWorsened)
        else:
            self.re_alarms += 1
            self.note("asked_again", now_us, told.CardAskedAgain, reason="returned", acknowledged_by=signed_by)

    def _accuse_anew(self, now_us: int) -> None:
        """A worse accusation may be appealed like the first; what was decided of the milder one does not bind."""
        if self.is_issued:
            self.told_at = now_us
        if self.appeal is Appeal.REJECTED:
            self.appeal, self.appealed_by = Appeal.NONE, None

    def _derive(self) -> None:
        standing = self.standing
        top = _top_of(standing)
        self.level, self.level_at, self.due_at = top.level, top.at, top.due_at
        self.rule, self.rule_version, self.clock_kind, self.ordinal = top.rule, top.rule_version, top.kind, top.ordinal
        self.opened_at = min(passage.at for passage in standing)
        self.condition = any(passage.is_running for passage in standing)
        self.cleared_at = None if self.condition else max(p.ended_at for p in standing if p.ended_at is not None)

    def close_if_over(self, now_us: int, history_after_us: int) -> None:
        """Close when nobody needs to see it any more."""
        is_history = self._is_history(history_after_us)
        if self.disposition is Disposition.TO_CONFIRM and not is_history:
            return  # a person decides, whether or not it still holds
        reason = closing_reason(level=self.level, condition=self.condition, acked=self.is_acked,
                                is_history=is_history, is_pending=self.is_pending)
        if reason is not None:
            self.close(reason, now_us)

    def _is_history(self, history_after_us: int) -> bool:
        return self.cleared_at is not None and self.raised_at - self.cleared_at > history_after_us

    def _withdrawn_entirely(self, now_us: int) -> None:
        reasons = dict.fromkeys(passage.withdrawn for passage in self.passages)
        self.condition, self.cleared_at = False, now_us
        self.close(f"{Closing.WITHDRAWN}: {', '.join(reasons)}", now_us, Disposition.CANCELLED)


def level_name(card: Card) -> str:
    """warning, yellow or red."""
    return Level(card.level).wire


def _top_of(passages: list[Passage]) -> Passage:
    return passages[0] if len(passages) == 1 else min(passages, key=lambda passage: (-passage.level, passage.at))


def _same_rung(old: Passage, new: Passage) -> bool:
    return old.rung == new.rung and old.kind == new.kind and old.ordinal == new.ordinal


def _lists_all(old: Passage, new: Passage) -> bool:
    return all(fact in old.listed for fact in new.listed)


def _of_clock(passage: Passage, clock: ClockRef) -> bool:
    return passage.kind == clock.kind.value and passage.ordinal == clock.ordinal
