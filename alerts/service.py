"""Cards are raised, worsen, clear, close and are worked on here; every change is one row, its log and one outbox message.

The reactions run inside the transaction that recorded the facts: `RungPassed` → raise_cards, `RungWithdrawn` →
withdraw, `ClockEnded` → clear_conditions. They take whole batches; a log of a hundred thousand cases raises its cards
in a few statements per batch. What is no clock comes as an occasion; what people do comes as a command.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import delete

from alerts.card_commands import CardCommand, CommandResult
from alerts.card_rows import newest_by_key, wrongly_fresh_or_stale
from alerts.card_store import CardStore, Numbers
from alerts.cards import Card, Passage, passage_of
from alerts.flood import Flood
from alerts.handling import Handling
from alerts.lifecycle import Disposition, Origin, card_key
from alerts.models import commands
from alerts.occasions import Occasion, check_occasion, news_for, passage_of_occasion
from alerts.performing import Performing
from alerts.rules import CardRules
from alerts.terms import Terms
from alerts.wire import CardWriter
from cases.events import CaseFacts, ClockEnded, RungPassed, RungWithdrawn
from core.access import Actor
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

E = TypeVar("E", RungWithdrawn, ClockEnded)
T = TypeVar("T", int, str)


class CardService:
    """The writing side of the cards. Holds no state between calls.

    `units` is for the calls from outside (commands); the reactions work in the caller's unit of work. `terms` counts limits
    by the calendar of the card's area. `area_of` an organisation's code, for cards by hand; None: no such organisation.
    """

    def __init__(self, units: UnitOfWorkFactory, writer: CardWriter, rules: CardRules, terms: Terms | None = None,
                 area_of: Callable[[str], str | None] = lambda _org: None) -> None:
        self._units, self._rules, self.writer = units, rules, writer
        self.store = CardStore(writer)
        self.handling = Handling(rules, terms or Terms(), writer.reply_limit)
        self._performing = Performing(self, units, writer, rules, area_of)

    # Reactions, inside the caller's transaction -------------------------------------------------------------------

    def raise_cards(self, uow: UnitOfWork, batch: Sequence[RungPassed]) -> None:
        """Open a card per occurrence or worsen the open one; what is known already changes nothing."""
        by_key: dict[str, list[RungPassed]] = defaultdict(list)
        for event in batch:
            by_key[card_key(event.clock)].append(event)
        raising = _Raising(self, uow, newest_by_key(uow.conn, by_key))
        for key, events in by_key.items():
            raising.take(key, events[-1].case, [passage_of(event) for event in events])
        raising.finish()

    def withdraw(self, uow: UnitOfWork, batch: Sequence[RungWithdrawn]) -> None:
        """Passages that later facts unjustify: the level falls, and with the last one the card closes."""
        self._change_open(uow, batch, lambda card, event: card.withdraw(event.clock, event.rung, event.reason))

    def clear_conditions(self, uow: UnitOfWork, batch: Sequence[ClockEnded]) -> None:
        """Clocks that ended: acknowledged cards and warnings close, the others wait for a person."""
        self._change_open(uow, batch, lambda card, event: card.end_clock(event.clock, event.ended_at))

    # Occasions, inside the caller's transaction -------------------------------------------------------------------

    def raise_occasions(self, uow: UnitOfWork, occasions: Sequence[Occasion]) -> None:
        """Open a card per key or bring what is new to the open one; told again, an occasion changes nothing.

        Raises InvalidInput for an occasion that cannot be (key, level).
        """
        raising = _Raising(self, uow, newest_by_key(uow.conn, {occasion.key for occasion in occasions}))
        for occasion in occasions:
            check_occasion(occasion)
            new = passage_of_occasion(occasion)
            card = raising.open_card(occasion.key)
            news = new if card is None else news_for(card, new)
            if news is not None:
                raising.take(occasion.key, occasion.case, [news], occasion.origin, occasion.needs_confirmation)
        raising.finish()

    def end_occasions(self, uow: UnitOfWork, ended: Mapping[str, int]) -> None:
        """What these open cards say is over since these instants. A key without an open card is passed over."""
        self._change_by_key(uow, ended, lambda card, ended_at: card.end_all(ended_at))

    def withdraw_occasions(self, uow: UnitOfWork, reasons: Mapping[str, str]) -> None:
        """Later facts unjustify what these open cards say: they close, and their evidence keeps the reason."""
        self._change_by_key(uow, reasons, lambda card, reason: card.withdraw_all(reason))

    # Called from outside ------------------------------------------------------------------------------------------

    def execute(self, command: CardCommand, actor: Actor | None) -> CommandResult:
        """Carry out a command; one transaction, and a repeated command gets its first answer.

        Raises NotAuthenticated, NotPermitted, InvalidInput (a member is missing or cannot be, no card, too many) and Conflict
        (the command id belongs to somebody else). What is refused for one card is told in that card's result, with its
        present revision and state.
        """
        return self._performing.execute(command, actor)

    def execute_in(self, uow: UnitOfWork, command: CardCommand, actor: Actor | None) -> CommandResult:
        """The same inside the caller's unit of work (an order and its dispatch are one transaction)."""
        return self._performing.execute_in(uow, command, actor)

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
            card.note("stale" if card.is_stale else "fresh", uow.now_us)
        self.save(uow, changed)
        return len(changed)

    def save(self, uow: UnitOfWork, changed: Sequence[Card], opened: Sequence[Card] = ()) -> None:
        """Write changed and opened cards, their log and deadlines, and tell the world."""
        self.store.save(uow, changed, opened)

    # Inside -------------------------------------------------------------------------------------------------------

    def _change_open(self, uow: UnitOfWork, batch: Sequence[E], change: Callable[[Card, E], bool]) -> None:
        known = newest_by_key(uow.conn, {card_key(event.clock) for event in batch})
        changed: dict[int, Card] = {}
        for event in batch:
            card = known.get(card_key(event.clock))
            if card is not None and card.closed_at is None and change(card, event):
                card.case = event.case
                changed[card.id] = card
        self._settle(uow, changed.values())

    def _change_by_key(self, uow: UnitOfWork, told: Mapping[str, T], change: Callable[[Card, T], bool]) -> None:
        known = newest_by_key(uow.conn, told)
        self._settle(uow, [card for key, card in known.items() if card.closed_at is None and change(card, told[key])])

    def _settle(self, uow: UnitOfWork, changed: Iterable[Card]) -> None:
        settled = list(changed)
        for card in settled:
            card.settle(uow.now_us, self._rules.history_after_us)
        self.save(uow, settled)

    @property
    def rules(self) -> CardRules:
        return self._rules


class _Raising:
    """One batch of passages on its way to its cards: opened, worsened, or reopened within the re-arm window."""

    def __init__(self, service: CardService, uow: UnitOfWork, known: dict[str, Card]) -> None:
        self._service, self._uow, self._known = service, uow, known
        self._numbers, self._rules = Numbers(uow), service.rules
        self._opened: dict[int, Card] = {}
        self._changed: dict[int, Card] = {}

    def open_card(self, key: str) -> Card | None:
        """The open card of the key, also one opened in this batch."""
        card = self._known.get(key)
        return card if card is not None and card.closed_at is None else None

    def take(self, key: str, case: CaseFacts, news: Sequence[Passage], origin: Origin = Origin.CLOCK,
             needs_confirmation: bool = False) -> None:
        card = self._known.get(key)
        if card is not None and card.closed_at is None:
            self._grow(card, case, news)
        elif fresh := [passage for passage in news if card is None or not card.knows(passage)]:
            if card is not None and self._is_same_occurrence(card, fresh):
                card.reopen(self._uow.now_us)
                self._grow(card, case, [card.gathered(passage) for passage in fresh])
            else:
                self._open(key, case, fresh, origin, needs_confirmation)

    def finish(self) -> None:
        opened = list(self._opened.values())
        Flood(self._rules).mark(self._uow, [card for card in opened if card.closed_at is None and card.is_issued])
        self._service.save(self._uow, list(self._changed.values()), opened)

    def _is_same_occurrence(self, card: Card, fresh: Sequence[Passage]) -> bool:
        return card.can_reopen(self._uow.now_us, self._rules.re_arm_us) and any(passage.is_running for passage in fresh)

    def _grow(self, card: Card, case: CaseFacts, news: Sequence[Passage]) -> None:
        level_before, is_back = card.level, bool(card.entries)
        card.case = case
        grew = [card.take(passage) for passage in news]
        if not any(grew):
            return
        card.settle(self._uow.now_us, self._rules.history_after_us)
        if card.level > level_before or is_back:
            self._service.handling.demand_reply(card, self._uow.now_us)
        if card.id not in self._opened:
            self._changed[card.id] = card

    def _open(self, key: str, case: CaseFacts, news: Sequence[Passage], origin: Origin, needs_confirmation: bool) -> None:
        card = Card(id=self._numbers.take(), key=key, case=case, raised_at=self._uow.now_us, origin=origin)
        for passage in news:
            card.take(passage)
        if needs_confirmation or self._service.writer.needs_confirmation(card):
            card.disposition = Disposition.TO_CONFIRM
        card.settle(self._uow.now_us, self._rules.history_after_us)
        self._service.handling.demand_reply(card, self._uow.now_us)
        self._known[key] = card
        self._opened[card.id] = card
