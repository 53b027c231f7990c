"""One card in memory: the passages that justify it, and everything derived from them. Pure: no database, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from alerts.lifecycle import Closing, State, asks_again, closing_reason, display_state
from cases.events import CaseFacts, ClockRef, RungPassed
from core.access import Actor


class Passage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One rung passed by one clock: the card's evidence. `facts` is what the record said about it then."""

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

    @property
    def is_running(self) -> bool:
        return self.ended_at is None


def passage_of(event: RungPassed) -> Passage:
    clock = event.clock
    return Passage(kind=clock.kind.value, ordinal=clock.ordinal, rung=event.rung, level=event.level, at=event.at,
                   due_at=event.due_at, rule=event.rule, rule_version=event.rule_version, ended_at=event.closed_at,
                   facts=event.evidence)


@dataclass(slots=True)
class Card:
    """A card (牌) and its life. Methods change it and say whether anything changed; `settle` draws the consequences."""

    id: int
    key: str
    case: CaseFacts
    raised_at: int
    passages: list[Passage] = field(default_factory=list)
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
    opened_at: int = 0
    level_at: int = 0
    due_at: int | None = None
    cleared_at: int | None = None
    closed_at: int | None = None
    closed_reason: str | None = None

    @property
    def is_acked(self) -> bool:
        return self.acked_at is not None

    @property
    def state(self) -> State:
        return display_state(condition=self.condition, acked=self.is_acked, closed=self.closed_at is not None)

    @property
    def standing(self) -> list[Passage]:
        """The passages that have not been withdrawn."""
        return [passage for passage in self.passages if not passage.withdrawn]

    @property
    def top(self) -> Passage:
        """The passage that gives the card its level: the earliest of the worst."""
        return _top_of(self.standing)

    def knows(self, new: Passage) -> bool:
        """Whether this very passage stands here already: a repeated delivery."""
        return any(_same_rung(old, new) and (old.at, old.level, old.ended_at) == (new.at, new.level, new.ended_at)
                   for old in self.standing)

    def take(self, new: Passage) -> bool:
        """Add a passage, or replace what was known of the same rung. False when it says nothing new."""
        if self.passages and self.knows(new):
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

    def acknowledge(self, actor: Actor, comment: str, now_us: int) -> None:
        """A person has seen this revision. Closes the card when its condition is over."""
        self.acked_rev, self.acked_at, self.ack_comment = self.rev, now_us, comment
        self.acked_by, self.acked_name = actor.name, actor.display_name or actor.name
        if not self.condition:
            self.close(Closing.ACKNOWLEDGED, now_us)
        self.rev += 1

    def close(self, reason: str, now_us: int) -> None:
        self.closed_at, self.closed_reason = now_us, reason

    def settle(self, now_us: int, history_after_us: int) -> None:
        """After passages changed: level, instants, condition, attention and closure follow, as a new revision."""
        self.rev += 1
        if not self.standing:
            self._withdrawn_entirely(now_us)
            return
        level_before, condition_before = self.level, self.condition
        self._derive()
        if asks_again(level_before=level_before, level=self.level, condition_before=condition_before,
                      condition=self.condition):
            self._forget_acknowledgement()
        reason = closing_reason(level=self.level, condition=self.condition, acked=self.is_acked,
                                is_history=self._is_history(history_after_us))
        if reason is not None:
            self.close(reason, now_us)

    def _derive(self) -> None:
        standing = self.standing
        top = _top_of(standing)
        self.level, self.level_at, self.due_at = top.level, top.at, top.due_at
        self.rule, self.rule_version, self.clock_kind, self.ordinal = top.rule, top.rule_version, top.kind, top.ordinal
        self.opened_at = min(passage.at for passage in standing)
        self.condition = any(passage.is_running for passage in standing)
        self.cleared_at = None if self.condition else max(p.ended_at for p in standing if p.ended_at is not None)

    def _is_history(self, history_after_us: int) -> bool:
        return self.cleared_at is not None and self.raised_at - self.cleared_at > history_after_us

    def _withdrawn_entirely(self, now_us: int) -> None:
        reasons = dict.fromkeys(passage.withdrawn for passage in self.passages)
        self.condition, self.cleared_at = False, now_us
        self.close(f"{Closing.WITHDRAWN}: {', '.join(reasons)}"[:255], now_us)

    def _forget_acknowledgement(self) -> None:
        self.acked_rev = self.acked_at = None
        self.acked_by = self.acked_name = self.ack_comment = None


def _top_of(passages: list[Passage]) -> Passage:
    return passages[0] if len(passages) == 1 else min(passages, key=lambda passage: (-passage.level, passage.at))


def _same_rung(old: Passage, new: Passage) -> bool:
    return old.rung == new.rung and old.kind == new.kind and old.ordinal == new.ordinal


def _of_clock(passage: Passage, clock: ClockRef) -> bool:
    return passage.kind == clock.kind.value and passage.ordinal == clock.ordinal
