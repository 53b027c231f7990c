"""A small house for tests of the alerts: a database, a frozen clock, the reactions, and hand-made facts of the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerts.alarms import AlarmService
from alerts.card_commands import CardCommand, CardRef, CommandResult
from alerts.cards import Passage
from alerts.lifecycle import Disposition
from alerts.queries import CardQueries
from alerts.rules import CardRules
from alerts.service import CardService
from alerts.terms import Terms
from alerts.wire import CardView, CardWriter
from cases.events import (
    CaseFacts,
    CaseJudgeable,
    CaseUnjudgeable,
    ClockEnded,
    ClockKind,
    ClockRef,
    RungPassed,
    RungWithdrawn,
)
from core.access import Actor, Role
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import Doorbell, InProcessDoorbell
from core.instants import DAY_US
from core.unit_of_work import UnitOfWorkFactory

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2018, 10, 15, 2, 0, tzinfo=UTC)
ALICE = Actor("alice", frozenset({Role.DUTY_OFFICER}), display_name="艾丽")
LEA = Actor("lea", frozenset({Role.SHIFT_LEADER}), display_name="雷亚")
BOB = Actor("bob", frozenset({Role.INSPECTOR}), display_name="薄博")
CHARLIE = Actor("charlie", frozenset({Role.DEPARTMENT_USER}), org="D01")
WALL = Actor("wall-1", frozenset({Role.WALL_SCREEN}), display_name="监察室大屏")
LEVELS = {"warning": 1, "yellow": 2, "red": 3}


class PlainWording:
    """Codes instead of words, so that a test reads what it expects."""

    def org_name(self, org: str) -> str:
        return f"name of {org}"

    def item_name(self, item: str) -> str:
        return f"name of {item}"

    def limit_text(self, passage: Passage) -> str:
        return str(passage.facts.get("limit", ""))

    def rule_name(self, passage: Passage) -> str:
        return passage.rule

    def late_text(self, passage: Passage) -> str:
        return f"{passage.kind} {passage.rung}"

    def demanded_action(self, passage: Passage) -> str:
        return f"act on {passage.rung}"

    def reply_limit(self, passage: Passage) -> str:
        return str(passage.facts.get("reply_limit", ""))

    def needs_confirmation(self, passage: Passage) -> bool:
        return bool(passage.facts.get("confirm"))

    def sentence(self, key: str, **args: Any) -> str:
        return " ".join([key, *(f"{name}={value}" for name, value in sorted(args.items()))])


class EnglishWording(PlainWording):
    """The other language: told apart by its ending."""

    def rule_name(self, passage: Passage) -> str:
        return f"{passage.rule} in English"


@dataclass
class House:
    """Everything a test needs; `record` plays the part of the case record."""

    database: Database
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(MORNING))
    doorbell: Doorbell = field(default_factory=InProcessDoorbell)
    rules: CardRules = field(default_factory=CardRules)
    snapshot_max: int = 500
    terms: Terms = field(default_factory=Terms)

    def __post_init__(self) -> None:
        self.writer = CardWriter(PlainWording(), ZONE, {"en": EnglishWording()})
        self.units = UnitOfWorkFactory(self.database, self.clock, self.doorbell)
        self.cards = CardService(self.units, self.writer, self.rules, self.terms)
        self.alarms = AlarmService()
        self.queries = CardQueries(self.database, self.writer, self.snapshot_max)
        self.units.reactions.update({
            RungPassed: [self.cards.raise_cards], RungWithdrawn: [self.cards.withdraw],
            ClockEnded: [self.cards.clear_conditions], CaseUnjudgeable: [self.alarms.alarm_unjudgeable],
            CaseJudgeable: [self.alarms.clear_unjudgeable]})

    def record(self, *events: Any) -> None:
        """One transaction in which the record tells these domain events."""
        with self.units() as uow:
            uow.publish(list(events))

    def active(self) -> list[CardView]:
        return self.queries.active(limit=500).cards

    def drafts(self) -> list[CardView]:
        """Cards that wait for confirmation."""
        return self.queries.active(disposition=Disposition.TO_CONFIRM).cards

    def only_card(self) -> CardView:
        [card] = self.active()
        return card

    def card(self, card_id: int) -> CardView:
        found = self.queries.find(card_id)
        assert found is not None, f"no card {card_id}"
        return found.card

    def sign(self, *cards: CardView, by: Actor | None = ALICE, command_id: str = "c-1",
             comment: str = "已核实") -> CommandResult:
        refs = [CardRef(card.id, card.rev) for card in cards]
        return self.cards.execute(CardCommand(command_id=command_id, cards=refs, comment=comment), by)


def facts_of(case_id: int = 1, org: str = "D01", source: str = "hall") -> CaseFacts:
    return CaseFacts(case_id=case_id, case_no=f"2018-{case_id:04}", area="360500", org=org, item="I001",
                     title="施工许可", source=source)


def passed(rung: str = "yellow", *, case_id: int = 1, kind: ClockKind = ClockKind.PROMISED, ordinal: int = 0,
           at: int | None = None, ended_at: int | None = None, level: int | None = None, source: str = "hall",
           **facts: Any) -> RungPassed:
    """A rung passed a day before MORNING unless `at` says otherwise."""
    moment = at if at is not None else days_ago(1)
    return RungPassed(ClockRef(case_id, kind, ordinal), facts_of(case_id, source=source), rung, level or LEVELS[rung],
                      f"rule.{kind.value}", "kechuang@2018.1", moment, moment, ended_at, {"limit": "7wd", **facts})


def withdrawn(rung: str = "yellow", *, case_id: int = 1, kind: ClockKind = ClockKind.PROMISED,
              reason: str = "facts_changed") -> RungWithdrawn:
    return RungWithdrawn(ClockRef(case_id, kind), facts_of(case_id), rung, reason)


def ended(*, case_id: int = 1, kind: ClockKind = ClockKind.PROMISED, at: int | None = None) -> ClockEnded:
    return ClockEnded(ClockRef(case_id, kind), facts_of(case_id), at if at is not None else days_ago(0))


def unjudgeable(case_id: int = 1, reason: str = "limit_missing", detail: str = "I001") -> CaseUnjudgeable:
    return CaseUnjudgeable(ClockRef(case_id, ClockKind.PROMISED), facts_of(case_id), reason, detail)


def judgeable(case_id: int = 1) -> CaseJudgeable:
    return CaseJudgeable(ClockRef(case_id, ClockKind.PROMISED), facts_of(case_id))


def days_ago(days: float) -> int:
    """Microseconds of so many days before MORNING."""
    return int(MORNING.timestamp()) * 1_000_000 - int(days * DAY_US)
