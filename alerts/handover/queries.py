"""Reading handovers: the one under way, a past one with its items, the history."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from alerts.handover.drafting import Item
from alerts.handover.models import handover_items, handovers
from core.access import Actor
from core.database import Database

HISTORY_MAX = 200
_FACTS = msgspec.json.Decoder(dict[str, Any])


class HandoverView(msgspec.Struct, frozen=True, kw_only=True):
    """A handover. Instants are microseconds UTC; `offered_at` and `signed_at` are the two signatures."""

    id: int
    area: str
    state: str
    outgoing: str
    outgoing_name: str
    incoming: str
    incoming_name: str
    notes: str
    created_at: int
    offered_at: int | None
    signed_at: int | None
    rev: int
    items: list[Item] = []


class HandoverQueries:
    """The reading side."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, handover_id: int, actor: Actor | None = None) -> HandoverView | None:
        """The handover with its items; None when there is none that `actor` (None: all) may see."""
        with self._database.read() as conn:
            row = find_row(conn, handover_id)
            if row is None or not _may_see(row, actor):
                return None
            return _view(row, items_of(conn, handover_id))

    def present(self, username: str) -> HandoverView | None:
        """The handover this person gives or is offered now; None when there is none."""
        statement = select(handovers).where(handovers.c.state.in_(("draft", "offered"))).where(
            (handovers.c.outgoing == username) | (handovers.c.incoming == username))
        with self._database.read() as conn:
            row = conn.execute(statement.order_by(handovers.c.id.desc()).limit(1)).first()
            return None if row is None else _view(row, items_of(conn, row.id))

    def history(self, limit: int = 50, actor: Actor | None = None) -> list[HandoverView]:
        """The newest handovers without their items, newest first."""
        statement = select(handovers).order_by(handovers.c.id.desc()).limit(min(limit, HISTORY_MAX))
        if actor is not None and actor.area:
            statement = statement.where(handovers.c.area == actor.area)
        with self._database.read() as conn:
            return [_view(row, []) for row in conn.execute(statement).all()]


def find_row(conn: Connection, handover_id: int) -> Row[Any] | None:
    return conn.execute(select(handovers).where(handovers.c.id == handover_id)).first()


def items_of(conn: Connection, handover_id: int) -> list[Item]:
    rows = conn.execute(select(handover_items).where(handover_items.c.handover_id == handover_id)
                        .order_by(handover_items.c.number))
    return [Item(number=row.number, kind=row.kind, card_id=row.card_id, rev=row.rev, facts=_FACTS.decode(row.facts),
                 decision=row.decision, note=row.note, decided_at=row.decided_at) for row in rows]


def _may_see(row: Row[Any], actor: Actor | None) -> bool:
    return actor is None or not actor.area or actor.area == row.area


def _view(row: Row[Any], items: list[Item]) -> HandoverView:
    return HandoverView(**row._mapping, items=items)
