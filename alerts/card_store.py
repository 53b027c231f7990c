"""Where changed cards go: their rows, their log, their deadlines, the outbox, and the events for whoever reacts.

All of it in the caller's unit of work; nothing else writes cards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from alerts.card_rows import insert_cards, next_id, update_cards, write_deadlines, write_log
from alerts.cards import Card, Entry
from alerts.events import CardBrief, CardEvent, CardStanding, CardsWritten, CardToConfirm
from alerts.lifecycle import NEVER_WERE, Disposition, reply_that_stands, signature_that_stands, subject_of
from alerts.wire import CardWriter
from core.unit_of_work import UnitOfWork

TOPIC = "card"
# Cards that wait for confirmation are told under a name no screen listens to: an accusation is no news yet.
DRAFT_TOPIC = "card_draft"


class CardStore:
    """Writes cards. Holds no state between calls."""

    def __init__(self, writer: CardWriter) -> None:
        self._writer = writer

    def save(self, uow: UnitOfWork, changed: Sequence[Card], opened: Sequence[Card] = ()) -> None:
        """Write opened and changed cards and tell the world: one message each, and an event for everything that happened."""
        insert_cards(uow.conn, opened)
        update_cards(uow.conn, changed)
        every = [*opened, *changed]
        write_log(uow.conn, every)
        write_deadlines(uow.conn, every, uow.now_us)
        # A card that was closed when it was born was on no screen: its row is its record.
        news = [card for card in opened if card.closed_at is None] + list(changed)
        for card in news:
            self._tell(uow, card)
        if every:
            uow.publish([CardsWritten(tuple(map(_standing, every)))])
        uow.publish(list(_in_waves([self._events_of(card) for card in news])))
        for card in every:
            card.entries.clear()
            card.deadlines.clear()

    def brief(self, card: Card) -> CardBrief:
        """The card as events carry it."""
        case = card.case
        return CardBrief(
            id=card.id, rev=card.rev, key=card.key, origin=card.origin.value, level=card.level, state=card.state.value,
            area=case.area, org=case.org, item=case.item, case_id=case.case_id, case_no=case.case_no, rule=card.rule,
            rule_version=card.rule_version, demanded_action=self._writer.demanded_action(card),
            reply_due_at=card.reply_due_at, names_camera=card.names_camera, notify=card.notify)

    def _tell(self, uow: UnitOfWork, card: Card) -> None:
        topic = TOPIC if card.is_issued else DRAFT_TOPIC
        uow.outbox(topic, str(card.id), card.rev, self._writer.view(card))

    def _events_of(self, card: Card) -> list[CardEvent]:
        entries = [entry for entry in card.entries if _is_told(card, entry)]
        if not entries:
            return []
        brief = self.brief(card)
        return [entry.event(card=brief, actor=entry.actor.name, at=entry.at, reason=entry.reason, **entry.fields)
                for entry in entries if entry.event is not None]


def _standing(card: Card) -> CardStanding:
    case = card.case
    return CardStanding(card.id, case.case_id, case.area, case.org, case.item, card.level, card.level_at,
                        card.is_issued and card.disposition not in NEVER_WERE, card.disposition is Disposition.REVOKED,
                        *reply_that_stands(card.reply_asked_at, card.reply_from_at, card.issued_at, card.replied_at,
                                           card.reply_due_at),
                        *signature_that_stands(card.told_at, card.issued_at, card.acked_at),
                        subject_of(card.origin, card.clock_kind))


def _in_waves(of_cards: Sequence[Sequence[CardEvent]]) -> Iterator[CardEvent]:
    """The first events of all cards by kind, then the second: each card's in their order, and as many of one kind together as
    can be, since whoever reacts looks things up once per run."""
    for wave in zip_longest(*of_cards):
        yield from sorted((event for event in wave if event is not None), key=lambda event: type(event).__name__)


def _is_told(card: Card, entry: Entry) -> bool:
    """Of a card nobody may know of yet, only that it waits."""
    return entry.event is not None and (card.is_issued or entry.event is CardToConfirm)


class Numbers:
    """Card numbers, asked of the table once per batch and only when a card is opened."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow, self._next = uow, 0

    def take(self) -> int:
        self._next = self._next + 1 if self._next else next_id(self._uow.conn)
        return self._next
