"""Table of exports: what was asked for, how far it is, what came of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, text

from core.database import metadata

_EMPTY = text("''")

# Instants are microseconds UTC of real time: how long files are kept has nothing to do with business time.
exports = Table(
    "exports", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("asked_by", String(64), nullable=False),
    Column("asked_name", String(64), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("format", String(16), nullable=False),
    Column("slice", Text, nullable=False),
    Column("bound", String(64), nullable=False, server_default=_EMPTY),  # the area of whoever asked; empty: every area
    Column("personal", Boolean, nullable=False),
    Column("reason", String(200), nullable=False, server_default=_EMPTY),
    Column("state", String(12), nullable=False),  # queued, running, done, failed, cancelled, expired
    Column("worker", String(64), nullable=False, server_default=_EMPTY),
    Column("beat_at", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("cases", BigInteger, nullable=False),
    Column("head", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("file", String(128), nullable=False, server_default=_EMPTY),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False, server_default=_EMPTY),
    Column("error", String(64), nullable=False, server_default=_EMPTY),
    Index("ix_exports_state", "state", "id"),
)
