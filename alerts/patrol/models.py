"""Tables of the patrol. Columns named *_at are microseconds UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from core.database import metadata

# Patrols (发牌巡检): issued cards recomputed from the journal. A patrol only reports; it never changes a card.
patrols = Table(
    "patrols", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("asked_by", String(64), nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("cases", Integer, nullable=False),
    Column("cards", Integer, nullable=False),
    Column("findings", Integer, nullable=False),
)

patrol_findings = Table(
    "patrol_findings", metadata,
    Column("patrol_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("code", String(24), nullable=False),  # patrol.Finding
    Column("card_id", BigInteger),
    Column("case_id", BigInteger, nullable=False),
    Column("case_no", String(128), nullable=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("detail", Text, nullable=False),      # JSON: what was issued and what the record says now
)
