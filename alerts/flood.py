"""Floods: more new cards in a while than a person can take in one by one. They are marked so that screens and voice say
them together; nothing is dropped."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, func, select

from alerts.cards import Card
from alerts.lifecycle import Disposition
from alerts.models import cards
from alerts.rules import CardRules
from core.instants import MINUTE_US
from core.statements import Statement
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
        enough = self._rules.flood_cards + 1 - len(opened)  # in a flood, counting all would cost more with every card
        if enough > 0 and _COUNT.value(uow.conn, since=since, most=enough) < enough:
            return
        name = _NEWEST_FLOOD.value(uow.conn, since=since) or f"f{opened[0].id}"
        for card in opened:
            card.flood = name


_IS_RECENT = and_(cards.c.raised_at > bindparam("since"), cards.c.closed_reason.is_distinct_from("loaded_as_history"),
                  cards.c.disposition != Disposition.TO_CONFIRM.value)
_COUNT = Statement(select(func.count()).select_from(select(cards.c.id).where(_IS_RECENT).limit(bindparam("most")).subquery()))
_NEWEST_FLOOD = Statement(
    select(cards.c.flood).where(_IS_RECENT, cards.c.flood != "").order_by(cards.c.raised_at.desc()).limit(1))
