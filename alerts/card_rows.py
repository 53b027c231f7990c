"""Cards in and out of their table, many at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Row, String, and_, bindparam, func, not_, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import Select

from alerts.cards import Card, Passage
from alerts.models import cards
from cases.events import CaseFacts
from core.database import bulk_insert, bulk_upsert

_CASE = ("case_id", "case_no", "area", "org", "item", "title", "source")
_PLAIN = ("id", "key", "rule", "rule_version", "clock_kind", "ordinal", "level", "condition", "is_stale", "rev",
          "acked_rev", "acked_by", "acked_name", "acked_at", "ack_comment", "opened_at", "level_at", "raised_at",
          "due_at", "cleared_at", "closed_at", "closed_reason")
COLUMNS = (*_CASE, *_PLAIN, "evidence")
_values_of = attrgetter(*(f"case.{name}" for name in _CASE), *_PLAIN)
_PASSAGES = msgspec.json.Decoder(list[Passage])
_ENCODER = msgspec.json.Encoder()


def to_row(card: Card) -> tuple[Any, ...]:
    """The card as a row in the order of COLUMNS."""
    return (*_values_of(card), _ENCODER.encode(card.passages).decode())


def from_row(row: Row[Any]) -> Card:
    values = row._mapping
    case = CaseFacts(*(values[name] for name in _CASE))
    return Card(case=case, passages=_PASSAGES.decode(values["evidence"]), **{name: values[name] for name in _PLAIN})


def newest_by_key(conn: Connection, keys: Iterable[str]) -> dict[str, Card]:
    """The newest card of each key, open or closed. An open one is always the newest of its key."""
    wanted = list(keys)
    if not wanted:
        return {}
    rows = conn.execute(_among(conn, "key", String()).order_by(cards.c.id), {"wanted": _many(conn, wanted)})
    return {row.key: from_row(row) for row in rows}


def by_id(conn: Connection, ids: Iterable[int]) -> dict[int, Card]:
    wanted = list(ids)
    if not wanted:
        return {}
    rows = conn.execute(_among(conn, "id", BigInteger()), {"wanted": _many(conn, wanted)})
    return {row.id: from_row(row) for row in rows}


def wrongly_fresh_or_stale(conn: Connection, silent: Collection[str]) -> list[Card]:
    """Open cards whose staleness is not what the silence of these sources says."""
    is_silent = cards.c.source.in_(silent)
    differs = or_(and_(is_silent, not_(cards.c.is_stale)), and_(not_(is_silent), cards.c.is_stale))
    rows = conn.execute(select(cards).where(cards.c.closed_at.is_(None), differs).order_by(cards.c.id))
    return [from_row(row) for row in rows]


def next_id(conn: Connection) -> int:
    """The next card number. Safe because every writer holds the ledger's lock and no card is ever deleted."""
    return (conn.execute(select(func.max(cards.c.id))).scalar() or 0) + 1


def insert_cards(conn: Connection, new: Sequence[Card]) -> None:
    bulk_insert(conn, cards, COLUMNS, [to_row(card) for card in new])


def update_cards(conn: Connection, changed: Sequence[Card]) -> None:
    bulk_upsert(conn, cards, COLUMNS, [to_row(card) for card in changed], key=("id",))


# One parameter however many values: thousands of bound parameters would be compiled anew for every batch size.
def _among(conn: Connection, column: str, kind: String | BigInteger) -> Select[Any]:
    if conn.dialect.name == "postgresql":
        wanted = bindparam("wanted", type_=ARRAY(kind))
        return select(cards).where(cards.c[column] == func.any(wanted))
    return select(cards).where(cards.c[column].in_(text("SELECT value FROM json_each(:wanted)")))


def _many(conn: Connection, wanted: list[Any]) -> Any:
    return wanted if conn.dialect.name == "postgresql" else _ENCODER.encode(wanted).decode()
