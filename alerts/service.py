"""Cards are raised, worsen, clear, close and are acknowledged here; every change is one row and one outbox message.

The reactions run inside the transaction that recorded the facts: `RungPassed` → raise_cards, `RungWithdrawn` →
withdraw, `ClockEnded` → clear_conditions. They take whole batches; a log of a hundred thousand cases raises its cards
in a few statements per batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from sqlalchemy import delete

from alerts.acknowledging import (
    ACKNOWLEDGERS,
    AcknowledgeCommand,
    CardResult,
    CommandResult,
    check_command,
    earlier_result,
    refusal_of,
    remember,
)
from alerts.card_rows import by_id, insert_cards, newest_by_key, next_id, update_cards, wrongly_fresh_or_stale
from alerts.cards import Card, Passage, passage_of
from alerts.lifecycle import card_key
from alerts.models import commands
from alerts.rules import CardRules
from alerts.wire import CardWriter
from cases.events import CaseFacts, ClockEnded, RungPassed, RungWithdrawn
from core.access import Actor, require
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

TOPIC = "card"
E = TypeVar("E", RungWithdrawn, ClockEnded)


class CardService:
    """The writing side of the cards. Holds no state between calls.

    `units` is for the calls from outside (acknowledge); the reactions work in the caller's unit of work.
    """

    def __init__(self, units: UnitOfWorkFactory, writer: CardWriter, rules: CardRules) -> None:
        self._units, self._writer, self._rules = units, writer, rules

    # Reactions, inside the caller's transaction -------------------------------------------------------------------

    def raise_cards(self, uow: UnitOfWork, batch: Sequence[RungPassed]) -> None:
        """Open a card per occurrence or worsen the open one; what is known already changes nothing."""
        by_key: dict[str, list[RungPassed]] = defaultdict(list)
        for event in batch:
            by_key[card_key(event.clock)].append(event)
        known = newest_by_key(uow.conn, by_key)
        numbers = _Numbers(uow)
        opened, changed = [], []
        for key, events in by_key.items():
            card = known.get(key)
            news = [passage_of(event) for event in events]
            if card is not None and card.closed_at is None:
                card.case = events[-1].case
                if self._grow(card, news, uow.now_us):
                    changed.append(card)
            elif fresh := [passage for passage in news if card is None or not card.knows(passage)]:
                opened.append(self._open(numbers.take(), key, events[-1].case, fresh, uow.now_us))
        insert_cards(uow.conn, opened)
        update_cards(uow.conn, changed)
        # A card that was closed when it was born was on no screen: its row is its record.
        self.tell(uow, [card for card in opened if card.closed_at is None] + changed)

    def withdraw(self, uow: UnitOfWork, batch: Sequence[RungWithdrawn]) -> None:
        """Passages that later facts unjustify: the level falls, and with the last one the card closes."""
        self._change_open(uow, batch, lambda card, event: card.withdraw(event.clock, event.rung, event.reason))

    def clear_conditions(self, uow: UnitOfWork, batch: Sequence[ClockEnded]) -> None:
        """Clocks that ended: acknowledged cards and warnings close, the others wait for a person."""
        self._change_open(uow, batch, lambda card, event: card.end_clock(event.clock, event.ended_at))

    # Called from outside ------------------------------------------------------------------------------------------

    def acknowledge(self, command: AcknowledgeCommand, actor: Actor | None) -> CommandResult:
        """A person signs for cards as he sees them; one transaction, and a repeated command gets its first answer.

        Raises NotAuthenticated, NotPermitted, InvalidInput (comment too long, no card, too many) and Conflict (the
        command id belongs to somebody else). A card that changed meanwhile is told in its own result, with its present
        revision and state.
        """
        officer = require(actor, *ACKNOWLEDGERS)
        check_command(command, self._rules)
        with self._units() as uow:
            earlier = earlier_result(uow, command, officer)
            if earlier is not None:
                return earlier
            result, changed = self._sign(uow, command, officer)
            self.save(uow, changed)
            remember(uow, command, officer, result)
        return result

    def forget_commands(self, older_than_us: int) -> int:
        """Drop the answers of commands nobody repeats any more. Returns how many."""
        with self._units() as uow:
            return uow.conn.execute(delete(commands).where(commands.c.at < older_than_us)).rowcount

    def watch_feeds(self, uow: UnitOfWork, silent_sources: Collection[str]) -> int:
        """Mark the open cards of silent sources stale and those of all others fresh. Returns how many changed.

        A dead feed marks its cards; it never clears one. Asked again with the same sources, it changes nothing.
        """
        changed = wrongly_fresh_or_stale(uow.conn, silent_sources)
        for card in changed:
            card.is_stale = not card.is_stale
            card.rev += 1
        self.save(uow, changed)
        return len(changed)

    def save(self, uow: UnitOfWork, changed: Sequence[Card]) -> None:
        """Write changed cards and tell the world, one message each."""
        update_cards(uow.conn, changed)
        self.tell(uow, changed)

    def tell(self, uow: UnitOfWork, changed: Iterable[Card]) -> None:
        for card in changed:
            uow.outbox(TOPIC, str(card.id), card.rev, self._writer.view(card))

    def _change_open(self, uow: UnitOfWork, batch: Sequence[E], change: Callable[[Card, E], bool]) -> None:
        known = newest_by_key(uow.conn, {card_key(event.clock) for event in batch})
        changed: dict[int, Card] = {}
        for event in batch:
            card = known.get(card_key(event.clock))
            if card is not None and card.closed_at is None and change(card, event):
                card.case = event.case
                changed[card.id] = card
        for card in changed.values():
            card.settle(uow.now_us, self._rules.history_after_us)
        self.save(uow, list(changed.values()))

    def _sign(self, uow: UnitOfWork, command: AcknowledgeCommand, actor: Actor) -> tuple[CommandResult, list[Card]]:
        known = by_id(uow.conn, [ref.id for ref in command.cards])
        signed, results = [], []
        for ref in command.cards:
            card = known.get(ref.id)
            refusal = refusal_of(card, ref, self._writer)
            if card is not None and refusal is None:
                card.acknowledge(actor, command.comment.strip(), uow.now_us)
                signed.append(card)
                results.append(CardResult(card.id, True, card.rev, card.state.value,
                                          self._writer.acknowledgement(card)))
            elif refusal is not None:
                results.append(refusal)
        return CommandResult(ok=all(result.ok for result in results), results=results), signed

    def _grow(self, card: Card, news: Sequence[Passage], now_us: int) -> bool:
        grew = [card.take(passage) for passage in news]
        if any(grew):
            card.settle(now_us, self._rules.history_after_us)
        return any(grew)

    def _open(self, number: int, key: str, case: CaseFacts, news: Sequence[Passage], now_us: int) -> Card:
        card = Card(id=number, key=key, case=case, raised_at=now_us)
        self._grow(card, news, now_us)
        return card


class _Numbers:
    """Card numbers, asked of the table once per batch and only when a card is opened."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow, self._next = uow, 0

    def take(self) -> int:
        self._next = self._next + 1 if self._next else next_id(self._uow.conn)
        return self._next
