"""Tables of the handover of a shift. Columns named *_at are microseconds UTC. Nothing is ever deleted."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, text

from core.database import metadata

handovers = Table(
    "handovers", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("area", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # draft, offered, signed, cancelled
    Column("outgoing", String(64), nullable=False),
    Column("outgoing_name", String(64), nullable=False),
    Column("incoming", String(64), nullable=False),
    Column("incoming_name", String(64), nullable=False),
    Column("notes", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("offered_at", BigInteger),   # the outgoing officer signed
    Column("signed_at", BigInteger),    # the incoming officer signed
    Column("rev", Integer, nullable=False),
    Index("ix_handovers_created_at", "created_at"),
)
# One shift is handed over once at a time.
_OPEN = text("state IN ('draft', 'offered')")
Index("uq_handovers_open", handovers.c.area, handovers.c.outgoing, unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN)

handover_items = Table(
    "handover_items", metadata,
    Column("handover_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),  # acknowledged, open, shelved, reply_due, alarm
    Column("card_id", BigInteger, nullable=False),  # 0 for an alarm and for a line that gathers cards
    Column("rev", Integer, nullable=False),
    Column("facts", Text, nullable=False),       # JSON: what the draft said about it
    Column("decision", String(16), nullable=False),  # "", accepted, declined
    Column("note", String(500), nullable=False),
    Column("decided_at", BigInteger),
)
