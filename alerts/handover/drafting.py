"""What an outgoing officer hands over, drafted from what stands: his cards, shelved ones, replies that fall due, open ones,
and the alarms of the system.

Nothing is left out. What a person can take over card by card is listed so; the cards beyond are gathered in counted lines, one
for each reason, department and level, which stand for the cards they name and are accepted or not like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, select

from alerts.alarms import gathered_alarms
from alerts.lifecycle import Suppression
from alerts.models import card_deadlines, cards
from alerts.sight import IS_OPEN

SINGLY_MAX = 1000
RED = 3
_SHOWN = ("id", "rev", "level", "case_no", "org", "item", "title", "acked_by", "acked_name", "ack_comment", "first_by",
          "suppression", "suppressed_until", "suppressed_reason", "level_at", "disposition")  # the evidence would weigh most


class ItemKind(StrEnum):
    """Why a thing is on the list. A card stands there once, under the first of these that fits."""

    ACKNOWLEDGED = "acknowledged"  # the outgoing officer signed for it
    SHELVED = "shelved"            # kept quiet: shelved, out of service or stopped by law
    REPLY_DUE = "reply_due"        # a reply or an order falls due in the next shift
    OPEN = "open"
    ALARM = "alarm"


class Item(msgspec.Struct, kw_only=True):
    """One thing to be taken over. `card_id` is 0 for an alarm and for a line that gathers cards; `facts` is what a page shows
    of it, of such a line also how many (`count`) and which (`cards`)."""

    number: int = 0
    kind: str
    card_id: int = 0
    rev: int = 0
    facts: dict[str, Any]
    decision: str = ""
    note: str = ""
    decided_at: int | None = None

    @property
    def cards(self) -> list[int]:
        """The numbers of the cards it stands for; none for an alarm."""
        named: list[int] = self.facts.get("cards", [self.card_id] if self.card_id else [])
        return named


def drafted(conn: Connection, outgoing: str, area: str, due_before_us: int) -> list[Item]:
    """The items of a shift of that area ("" for all), numbered. `due_before_us`: the end of the next shift."""
    cards_by_weight = sorted(_cards(conn, outgoing, area, due_before_us), key=_weight)
    items = [*cards_by_weight[:SINGLY_MAX], *_gathered(cards_by_weight[SINGLY_MAX:]), *_alarms(conn)]
    for number, item in enumerate(items, 1):
        item.number = number
    return items


def _weight(item: Item) -> tuple[int, int, int]:
    return list(ItemKind).index(ItemKind(item.kind)), -item.facts["level"], item.card_id


def _gathered(beyond: Sequence[Item]) -> Iterator[Item]:
    """A line for all cards of one reason, level and department."""
    alike = defaultdict[tuple[str, int, str], list[int]](list)
    for item in beyond:
        alike[item.kind, item.facts["level"], item.facts["org"]].append(item.card_id)
    for (kind, level, org), numbers in alike.items():
        yield Item(kind=kind, facts={"level": level, "org": org, "count": len(numbers), "cards": numbers})


def unassigned_reds(conn: Connection, area: str) -> list[int]:
    """Red cards that nobody has signed for and nobody has shelved."""
    statement = select(cards.c.id).where(IS_OPEN, cards.c.level == RED, cards.c.acked_at.is_(None),
                                         cards.c.first_at.is_(None), cards.c.suppression == Suppression.NONE.value)
    if area:
        statement = statement.where(cards.c.area == area)
    return list(conn.scalars(statement.order_by(cards.c.id)))


def _cards(conn: Connection, outgoing: str, area: str, due_before_us: int) -> Iterator[Item]:
    due: dict[int, tuple[str, int]] = {row.card_id: (row.kind, row.due_at) for row in conn.execute(select(
        card_deadlines.c.card_id, card_deadlines.c.kind, card_deadlines.c.due_at).where(and_(
            card_deadlines.c.done_at.is_(None), card_deadlines.c.kind.in_(("reply", "order", "review", "appeal")),
            card_deadlines.c.due_at < due_before_us)))}
    statement = select(*(cards.c[name] for name in _SHOWN)).where(IS_OPEN)
    if area:
        statement = statement.where(cards.c.area == area)
    for row in conn.execute(statement):
        owed = due.get(row.id)
        yield Item(kind=_kind(row, outgoing, owed is not None).value, card_id=row.id, rev=row.rev, facts={
            "level": row.level, "case_no": row.case_no, "org": row.org, "item": row.item, "title": row.title,
            "acked_name": row.acked_name, "ack_comment": row.ack_comment, "quiet": row.suppression,
            "shelved_until": row.suppressed_until,
            "shelved_reason": row.suppressed_reason, "owed": owed[0] if owed else None, "owed_at": owed[1] if owed else None,
            "level_at": row.level_at, "disposition": row.disposition})


def _kind(row: Any, outgoing: str, is_owed: bool) -> ItemKind:
    if row.acked_by == outgoing or (row.acked_by is None and row.first_by == outgoing):
        return ItemKind.ACKNOWLEDGED
    if row.suppression != Suppression.NONE.value:
        return ItemKind.SHELVED
    return ItemKind.REPLY_DUE if is_owed else ItemKind.OPEN


def _alarms(conn: Connection) -> Iterator[Item]:
    for alarm in gathered_alarms(conn):
        yield Item(kind=ItemKind.ALARM.value, facts={"code": alarm.code, "subject": alarm.subject, "args": dict(alarm.args),
                                                     "since": alarm.since, "count": alarm.count})
