"""A card's life in a test: people by name, commands in one line, time that passes with its sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import msgspec
from sqlalchemy import select

from alerts.attachments import AttachmentRules, AttachmentStore
from alerts.card_commands import CardCommand, CardRef, CardResult, CommandResult
from alerts.card_rows import LOGGED, replay
from alerts.deadlines import DeadlineSweeper
from alerts.events import CARD_EVENTS, CardEvent
from alerts.models import card_deadlines, card_log, cards
from alerts.queries import CardHistory
from alerts.wire import CardView
from core.access import Actor, Role
from core.read_log import ReadLog
from core.unit_of_work import UnitOfWork
from tests.unit.alerts.house import House

LEADER = Actor("lu", frozenset({Role.LEADER}), display_name="陆局")
SECOND_LEADER = Actor("min", frozenset({Role.SHIFT_LEADER}), display_name="闵")
INSPECTOR = Actor("ines", frozenset({Role.INSPECTOR}), display_name="殷")


@dataclass
class Life:
    """A house in which cards live. Every event told is kept in `told`."""

    house: House
    told: list[CardEvent] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.house.units.reactions.update({kind: [self._hear] for kind in CARD_EVENTS})
        self.sweeper = DeadlineSweeper(self.house.units, self.house.cards, self.house.alarms)
        self.reads = ReadLog(self.house.units, self.house.database)
        self.files = AttachmentStore(self.house.units, self.house.database, AttachmentRules())

    def _hear(self, _uow: UnitOfWork, batch: Sequence[CardEvent]) -> None:
        self.told += batch

    def heard(self) -> list[str]:
        """Names of the events told since the last look."""
        names = [type(event).__name__ for event in self.told]
        self.told.clear()
        return names

    def command(self, kind: str, by: Actor | None, *seen: CardView, **members: Any) -> CommandResult:
        refs = [CardRef(card.id, card.rev) for card in seen]
        members.setdefault("command_id", f"c-{next(self.numbers)}")
        return self.house.cards.execute(CardCommand(type=kind, cards=refs, **members), by)

    def do(self, kind: str, by: Actor | None, card_id: int = 1, **members: Any) -> CardResult:
        """A command on the card as it is now."""
        [result] = self.command(kind, by, self.card(card_id), **members).results
        return result

    def card(self, card_id: int = 1) -> CardView:
        return self.find(card_id).card

    def find(self, card_id: int = 1) -> CardHistory:
        found = self.house.queries.find(card_id)
        assert found is not None
        return found

    def actions(self, card_id: int = 1) -> list[str]:
        return [line.action for line in self.find(card_id).log]

    def wait(self, **span: float) -> int:
        """Let time pass and sweep; how many deadlines passed."""
        self.house.clock.advance(timedelta(**span))
        return self.sweeper.sweep()

    def deadlines(self, card_id: int = 1) -> dict[str, int]:
        """The standing deadlines of a card."""
        with self.house.database.read() as conn:
            rows = conn.execute(select(card_deadlines).where(card_deadlines.c.card_id == card_id,
                                                             card_deadlines.c.done_at.is_(None))).all()
        return {row.kind: row.due_at for row in rows}

    def differences(self) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
        """Cards whose log, replayed, does not give their row."""
        with self.house.database.read() as conn:
            rows = conn.execute(select(cards)).mappings().all()
            log = conn.execute(select(card_log).order_by(card_log.c.seq)).all()
        told = {row["id"]: replay(line.detail for line in log if line.card_id == row["id"]) for row in rows}
        stands = {row["id"]: msgspec.to_builtins({name: row[name] for name in LOGGED}) for row in rows}
        return [(number, told[number], row) for number, row in stands.items() if told[number] != row]
