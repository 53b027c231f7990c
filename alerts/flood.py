"""Floods: more new cards in a while than a person can take in one by one. They are marked so that screens and voice say
them together; nothing is dropped."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from alerts.cards import Card
from alerts.lifecycle import Disposition
from alerts.models import cards
from alerts.rules import CardRules
from core.instants import MINUTE_US
from core.unit_of_work import UnitOfWork


class Flood:
    """Marks new cards with the flood they are part of: `f<number of its first card>`."""

    def __init__(self, rules: CardRules) -> None:
        self._rules = rules

    def mark(self, uow: UnitOfWork, opened: Sequence[Card]) -> None:
        """More than `flood_cards` within `flood_minutes`, these included: these join the flood under way, or begin one."""
        if not opened:
            return
        since = uow.now_us - self._rules.flood_minutes * MINUTE_US
        recent, flood = uow.conn.execute(select(func.count(), func.max(cards.c.flood)).where(
            cards.c.raised_at > since, cards.c.closed_reason.is_distinct_from("loaded_as_history"),
            cards.c.disposition != Disposition.TO_CONFIRM.value)).one()
        if recent + len(opened) <= self._rules.flood_cards:
            return
        name = flood or f"f{opened[0].id}"
        for card in opened:
            card.flood = name
