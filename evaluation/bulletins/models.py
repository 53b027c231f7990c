"""Tables of the monthly bulletins: what each says, where it stands, and who did what."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, text

from core.database import metadata

_EMPTY = text("''")

# `figures` is all it says, as JSON, from the moment it was made; its paper is composed from them, and once issued kept in the
# register. `slot` is area and month of those neither withdrawn nor discarded: there is one of each. Instants are us UTC.
bulletins = Table(
    "bulletins", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("area", String(64), nullable=False),   # "" is everything
    Column("month", String(7), nullable=False),   # 2026-03
    Column("slot", String(80), unique=True),
    Column("state", String(12), nullable=False),  # draft, submitted, issued, withdrawn, discarded
    Column("rev", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("figures", Text, nullable=False),
    Column("figures_sha256", String(64), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_name", String(64), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("number", String(64), index=True),
    Column("issued_name", String(64), nullable=False, server_default=_EMPTY),
    Column("issued_at", BigInteger),
    Column("published_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("reason", Text, nullable=False, server_default=_EMPTY),  # of a withdrawal
    Column("corrections", Text, nullable=False, server_default=text("'[]'")),  # what the record says otherwise by now
    Column("checked_at", BigInteger),
    Index("ix_bulletins_month", "month", "area"),
)

bulletin_log = Table(
    "bulletin_log", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("bulletin", Integer, nullable=False, index=True),
    Column("rev", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("actor_name", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("words", Text, nullable=False, server_default=_EMPTY),
)

# Of which areas ("" is everything) a draft is made by itself: the last row of each says so, the others who changed it when.
bulletin_schedule = Table(
    "bulletin_schedule", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("area", String(64), nullable=False, index=True),
    Column("is_on", Boolean, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("actor_name", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
)
