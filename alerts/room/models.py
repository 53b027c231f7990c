"""Tables of the room: which screen speaks, silence of the horn, the canary's journeys. Instants are microseconds UTC of the
machine's own clock (a silence of five minutes is five real minutes, whatever the speed of a demonstration)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from core.database import metadata

# One screen of a room speaks; it keeps its place by asking again before it expires.
audio_masters = Table(
    "audio_masters", metadata,
    Column("room", String(64), primary_key=True),
    Column("screen", String(64), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# Silence is of the horn alone: no card is acknowledged by it. One row a silence; the newest of a room counts.
horn_silences = Table(
    "horn_silences", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("room", String(64), nullable=False),
    Column("begins_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("actor_name", String(64), nullable=False),
    Column("lifted_at", BigInteger),
    Column("lifted_by", String(64)),
    Index("ix_horn_silences_room", "room", "until"),
)

# A canary is an outbox message without a card: what it took from before its transaction to the glass of each screen.
canaries = Table(
    "canaries", metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("sent_at", BigInteger, nullable=False, index=True),
    Column("committed_ms", Integer, nullable=False),
    Column("expected", Integer),       # pages that should paint it; NULL while it is under way
    Column("shown", Integer),
    Column("p50_ms", Integer),
    Column("p95_ms", Integer),
    Column("worst_ms", Integer),
    Column("worst_screen", String(64)),
)
