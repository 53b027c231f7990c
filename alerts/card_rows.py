"""Cards, their log and their deadlines in and out of the tables, many at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Boolean, Connection, Row, and_, bindparam, func, not_, or_, select

from alerts.cards import Card, Passage
from alerts.lifecycle import Appeal, Disposition, Origin, Suppression
from alerts.models import card_deadlines, card_log, cards
from cases.events import CaseFacts
from core.database import bulk_insert, bulk_upsert, look_up
from core.statements import Statement

_CASE = ("case_id", "case_no", "area", "org", "item", "title", "source")
# What the log repeats when it changes: everything about the life of a card. Replaying the log gives these columns.
LOGGED = ("origin", "level", "condition", "is_stale", "rev", "disposition", "acked_rev", "acked_by", "acked_name", "acked_at",
          "ack_comment", "first_by", "first_name", "first_as", "first_at", "first_comment", "suppression", "suppressed_until",
          "suppressed_by", "suppressed_reason", "escalation", "appeal", "appealed_by", "issued_at", "told_at", "order_no",
          "reply_limit", "reply_asked_at", "reply_from_at", "reply_due_at", "replied_by", "replied_at", "revoke_by",
          "revoke_name", "revoke_reason", "re_alarms", "flood", "level_at", "due_at", "cleared_at", "closed_at",
          "closed_reason")
_PLAIN = ("id", "key", "rule", "rule_version", "clock_kind", "ordinal", "opened_at", "raised_at", *LOGGED)
COLUMNS = (*_CASE, *_PLAIN, "evidence")
LOG_COLUMNS = ("seq", "card_id", "rev", "at", "actor", "actor_name", "action", "reason", "detail")
DEADLINE_COLUMNS = ("card_id", "kind", "due_at", "done_at", "retry_at")
_KINDS = {"origin": Origin, "disposition": Disposition, "suppression": Suppression, "appeal": Appeal}
_TRUTHS = [column.name for column in cards.c if isinstance(column.type, Boolean)]
_values_of = attrgetter(*(f"case.{name}" for name in _CASE), *_PLAIN)
_logged_of = attrgetter(*LOGGED)
_PASSAGES = msgspec.json.Decoder(list[Passage])
_ENCODER = msgspec.json.Encoder()
_LAST_ID, _LAST_LOG_SEQ = Statement(select(func.max(cards.c.id))), Statement(select(func.max(card_log.c.seq)))
_NEW = _logged_of(Card(id=0, key="", case=CaseFacts(0, "", "", "", "", ""), raised_at=0))


def to_row(card: Card) -> tuple[Any, ...]:
    """The card as a row in the order of COLUMNS."""
    return (*_values_of(card), _ENCODER.encode(card.passages).decode())


def from_row(row: Row[Any]) -> Card:
    return _card(row._mapping)


def _card(values: Mapping[Any, Any]) -> Card:
    case = CaseFacts(*(values[name] for name in _CASE))
    plain = {name: values[name] for name in _PLAIN}
    card = Card(case=case, passages=_PASSAGES.decode(values["evidence"]),
                **plain | {name: kind(plain[name]) for name, kind in _KINDS.items()})
    card.logged = _logged_of(card)
    return card


def changes_of(card: Card) -> dict[str, Any]:
    """The logged columns that differ from what they were when the card was read (from a card's first values: a new one)."""
    before = card.logged or _NEW
    return {name: now for name, was, now in zip(LOGGED, before, _logged_of(card)) if was != now}


def replay(details: Iterable[str]) -> dict[str, Any]:
    """The logged columns as the log of a card says they are, from its details in order."""
    values: dict[str, Any] = dict(zip(LOGGED, _NEW))
    for detail in details:
        values.update(msgspec.json.decode(detail).get("set", {}))
    return values


def newest_by_key(conn: Connection, keys: Iterable[str]) -> dict[str, Card]:
    """The newest card of each key, open or closed. An open one is always the newest of its key."""
    return {card.key: card for card in _among(conn, "key", list(keys))}


def by_id(conn: Connection, ids: Iterable[int]) -> dict[int, Card]:
    return {card.id: card for card in _among(conn, "id", list(ids))}


def under_order(conn: Connection, numbers: Collection[str]) -> list[Card]:
    """Open cards whose order, one of these, is not closed for them yet: unanswered (`under_order`) or answered (`replied`)."""
    if not numbers:
        return []
    stands = cards.c.disposition.in_((Disposition.UNDER_ORDER.value, Disposition.REPLIED.value))
    rows = conn.execute(select(cards).where(cards.c.closed_at.is_(None), cards.c.order_no.in_(sorted(numbers)), stands)
                        .order_by(cards.c.id))
    return [from_row(row) for row in rows]


def wrongly_fresh_or_stale(conn: Connection, silent: Collection[str]) -> list[Card]:
    """Open cards whose staleness is not what the silence of these sources says."""
    is_silent = cards.c.source.in_(silent)
    differs = or_(and_(is_silent, not_(cards.c.is_stale)), and_(not_(is_silent), cards.c.is_stale))
    rows = conn.execute(select(cards).where(cards.c.closed_at.is_(None), differs).order_by(cards.c.id))
    return [from_row(row) for row in rows]


def next_id(conn: Connection) -> int:
    """The next card number. Safe because every writer holds the ledger's lock and no card is ever deleted."""
    return int(_LAST_ID.value(conn) or 0) + 1


def next_log_seq(conn: Connection) -> int:
    """The next number of the log; safe for the same reason."""
    return int(_LAST_LOG_SEQ.value(conn) or 0) + 1


def insert_cards(conn: Connection, new: Sequence[Card]) -> None:
    bulk_insert(conn, cards, COLUMNS, [to_row(card) for card in new])


def update_cards(conn: Connection, changed: Sequence[Card]) -> None:
    bulk_upsert(conn, cards, COLUMNS, [to_row(card) for card in changed], key=("id",))


def write_log(conn: Connection, changed: Sequence[Card]) -> None:
    """A row for everything that happened to these cards; the last of each card carries what changed in its row."""
    rows: list[tuple[Any, ...]] = []
    for card in changed:
        last = len(card.entries) - 1
        for place, entry in enumerate(card.entries):
            detail = {**entry.detail, "set": changes_of(card)} if place == last else entry.detail
            rows.append((card.id, card.rev, entry.at, entry.actor.name, entry.actor.display_name or entry.actor.name,
                         entry.action, entry.reason, _ENCODER.encode(detail).decode()))
    if rows:
        first = next_log_seq(conn)
        bulk_insert(conn, card_log, LOG_COLUMNS, [(first + place, *row) for place, row in enumerate(rows)])


def write_deadlines(conn: Connection, changed: Sequence[Card], now_us: int) -> None:
    """Arm the deadlines these cards ask for, and end those they no longer need."""
    armed = [(card.id, kind, due, None, None) for card in changed for kind, due in card.deadlines.items() if due is not None]
    bulk_upsert(conn, card_deadlines, DEADLINE_COLUMNS, armed, key=("card_id", "kind"))
    ended = [{"of_card": card.id, "of_kind": kind} for card in changed
             for kind, due in card.deadlines.items() if due is None and _may_stand(card, kind)]
    if ended:
        conn.execute(card_deadlines.update().where(
            card_deadlines.c.card_id == bindparam("of_card"), card_deadlines.c.kind == bindparam("of_kind"),
            card_deadlines.c.done_at.is_(None)).values(done_at=now_us), ended)


def _may_stand(card: Card, kind: str) -> bool:
    """Whether the card, as it was read, could have had such a deadline: most cards that change never had any."""
    if not card.logged:
        return False
    before = dict(zip(LOGGED, card.logged))
    if kind in ("shelf", "service", "law"):
        return before["suppressed_until"] is not None
    return {"ack": before["acked_at"] is not None, "review": before["disposition"] is Disposition.REPLIED,
            "appeal": before["appeal"] in (Appeal.FILED, Appeal.PASSED_UP)}.get(kind, before["reply_due_at"] is not None)


def _among(conn: Connection, column: str, wanted: Sequence[Any]) -> list[Card]:
    """The cards of these keys or numbers, the oldest first."""
    found = [dict(zip(COLUMNS, row)) for row in look_up(conn, COLUMNS, cards, column, wanted)]
    for values in found:
        values |= {name: bool(values[name]) for name in _TRUTHS}  # SQLite gives numbers
    return sorted(map(_card, found), key=attrgetter("id"))
