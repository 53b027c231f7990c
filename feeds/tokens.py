"""Which source a token belongs to. Tokens are issued and revoked by core.accounts; only their SHA-256 is kept."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.accounts import hash_of
from core.models import tokens

FEED = "feed"


def find_source(conn: Connection, token: str) -> str | None:
    """The source whose valid token this is. Looking up the hash leaks nothing about the token by its timing."""
    return conn.execute(select(tokens.c.name).where(
        tokens.c.token_hash == hash_of(token), tokens.c.kind == FEED, tokens.c.revoked_at.is_(None))).scalar()
