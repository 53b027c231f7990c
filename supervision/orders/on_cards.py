"""What orders do to cards, and what the cards of an order tell the order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts.card_commands import CardCommand, CardRef, CommandType
from alerts.card_rows import by_id, under_order
from alerts.events import CardEvent, ReplyAccepted, ReplyReceived, ReplyRejected
from alerts.lifecycle import Disposition, Level
from alerts.occasions import Occasion, Origin
from alerts.service import CardService
from cases.events import CaseFacts
from config.texts import Texts
from core.access import Actor
from core.errors import Conflict, NotFound
from core.unit_of_work import UnitOfWork
from supervision.orders.matters import CardsLeft, OrderAction, OrderedCard
from supervision.orders.service import OrderService

RULE, RULE_VERSION = "supervision.order", "1"


class OrdersOnCards:
    """Implements supervision.orders.service.CardActions."""

    def __init__(self, cards: CardService, chinese: Texts, english: Texts) -> None:
        self._cards, self._zh, self._en = cards, chinese, english

    def cards_of(self, uow: UnitOfWork, ids: Sequence[int], actor: Actor) -> list[tuple[OrderedCard, str, str]]:
        known = by_id(uow.conn, list(ids))
        missing = [one for one in ids if one not in known or not actor.may_see(known[one].case.area, known[one].case.org)]
        if missing:
            raise NotFound("card_not_found", id=missing[0])
        found = [known[one] for one in ids]
        return [(OrderedCard(card.id, card.case.case_no, card.case.item, card.level, card.due_at), card.case.area,
                 card.case.org) for card in found]

    def dispatch(self, uow: UnitOfWork, command_id: str, refs: Sequence[tuple[int, int]], number: str, limit: str, words: str,
                 actor: Actor) -> None:
        """All of them or none: what one card refuses rolls the whole order back, and its number with it."""
        command = CardCommand(command_id=command_id, type=CommandType.DISPATCH.value, order_no=number, reply_limit=limit,
                              cards=[CardRef(card_id, rev) for card_id, rev in refs], comment=words[:500])
        result = self._cards.execute_in(uow, command, actor)
        for one in result.results:
            if not one.ok:
                raise Conflict("order_card_refused", id=one.id, why=one.message or one.error or "", error=one.error)

    def overdue(self, uow: UnitOfWork, row: dict[str, Any]) -> None:
        """The same card that the engine raises for an order over cards."""
        evidence = {"order": row["number"], "title": self._said(self._zh, "title", row),
                    "title_en": self._said(self._en, "title", row), "demanded_action": self._said(self._zh, "action", row),
                    "demanded_action_en": self._said(self._en, "action", row)}
        case = CaseFacts(0, "", row["area"], row["org"], "", str(evidence["title"]))
        self._cards.raise_occasions(uow, [Occasion(
            key=f"order:{row['number']}", origin=Origin.ORDER, case=case, rule=RULE, rule_version=RULE_VERSION, level=Level.RED,
            at=row["overdue_at"], due_at=row["due_at"], evidence=evidence)])

    def answered(self, uow: UnitOfWork, number: str) -> None:
        self._cards.end_occasions(uow, {f"order:{number}": uow.now_us})

    def left(self, uow: UnitOfWork, number: str) -> CardsLeft:
        open_cards = under_order(uow.conn, [number])
        owed = [card for card in open_cards if card.disposition is Disposition.UNDER_ORDER]
        told = min((card.reply_due_at or 0 for card in owed), default=None)
        today = min((self._cards.handling.reply_owed_until(card) or 0 for card in owed), default=None)
        return CardsLeft(told, today, len(owed) < len(open_cards))

    def _said(self, texts: Texts, what: str, row: dict[str, Any]) -> str:
        kind = texts.get(f"order_kind.{row['kind']}")
        key = f"order_card.{what}"
        return texts.get(key, kind=kind, number=row["number"]) if texts.places(key) else texts.get(key)


_ACTIONS: dict[type[CardEvent], OrderAction] = {
    ReplyReceived: OrderAction.REPLY, ReplyAccepted: OrderAction.ACCEPT_REPLY, ReplyRejected: OrderAction.REJECT_REPLY}


class OrderFollower:
    """Reactions to the events of cards under an order."""

    def __init__(self, orders: OrderService) -> None:
        self._orders = orders

    def follow(self, uow: UnitOfWork, events: Sequence[Any]) -> None:
        for event in events:
            if event.order_no:
                words = getattr(event, "text", "") or event.reason
                self._orders.on_card_reply(uow, event.order_no, _ACTIONS[type(event)], Actor(event.actor, frozenset()), words)
