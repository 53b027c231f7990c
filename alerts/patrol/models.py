"""Tables of the patrol. Columns named *_at are microseconds UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, text

from core.database import metadata

# Patrols (发牌巡检): issued cards recomputed from the journal. A patrol only reports; it never changes a card.
patrols = Table(
    "patrols", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("asked_by", String(64), nullable=False),
    Column("area", String(64), nullable=False, server_default=text("''")),  # "": every area
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("cases", Integer, nullable=False),
    Column("cards", Integer, nullable=False),
    Column("findings", Integer, nullable=False),
    Column("beyond", Integer, nullable=False, server_default=text("0")),  # cards the journal alone does not justify
    Column("older", Integer, nullable=False, server_default=text("0")),   # closed too long ago to be recomputed
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
    Index("ix_patrol_findings_area", "patrol_id", "area"),
)
