"""Tokens of sources: shown once when issued, kept as SHA-256 only, revoked at any time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, insert, select, update

from core.errors import InvalidInput
from core.models import tokens

FEED = "feed"
_PREFIX = "ygf_"  # makes a leaked token recognisable to secret scanners
_MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token of a source as kept: without the token itself."""

    source: str
    created_at: int
    revoked_at: int | None


def issue(conn: Connection, source: str, now_us: int) -> str:
    """Make a token for a source and return it: it cannot be read again. Raises InvalidInput for an unusable name."""
    if not source or len(source) > _MAX_NAME or not source.isprintable():
        raise InvalidInput("source_name_invalid", value=source, remedy=f"1 to {_MAX_NAME} printable characters")
    token = _PREFIX + secrets.token_urlsafe(32)
    conn.execute(insert(tokens).values(token_hash=hash_of(token), kind=FEED, name=source, created_at=now_us))
    return token


def revoke(conn: Connection, source: str, now_us: int) -> int:
    """End every valid token of a source; returns how many there were."""
    done = conn.execute(update(tokens).where(tokens.c.kind == FEED, tokens.c.name == source,
                                             tokens.c.revoked_at.is_(None)).values(revoked_at=now_us))
    return done.rowcount


def find_source(conn: Connection, token: str) -> str | None:
    """The source whose valid token this is. Looking up the hash leaks nothing about the token by its timing."""
    return conn.execute(select(tokens.c.name).where(
        tokens.c.token_hash == hash_of(token), tokens.c.kind == FEED, tokens.c.revoked_at.is_(None))).scalar()


def list_tokens(conn: Connection) -> list[IssuedToken]:
    """Every token ever issued to a source, newest first."""
    rows = conn.execute(select(tokens.c.name, tokens.c.created_at, tokens.c.revoked_at).where(
        tokens.c.kind == FEED).order_by(tokens.c.created_at.desc()))
    return [IssuedToken(*row) for row in rows]


def hash_of(token: str) -> str:
    """What is stored: 256 random bits need no slow hash."""
    return sha256(token.encode()).hexdigest()
