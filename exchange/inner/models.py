"""Tables of the inner end. Columns named *_at are microseconds UTC of the machine's own clock, on which the exchange runs."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, text

from core.database import metadata

_IS_OPEN = text("settled_at IS NULL")

# What came from the public site, for ever known by its id. Nothing is done twice, nothing is dropped.
exchange_received = Table(
    "exchange_received", metadata,
    Column("id", String(40), primary_key=True),
    Column("place", BigInteger, nullable=False),         # the order of arrival
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("body", Text, nullable=False),                # "" once settled, where it names a reporter or a password
    Column("created_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),         # new, done, refused, stuck
    Column("attempts", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("problem", Text, nullable=False, server_default=text("''")),
    Index("ix_exchange_received_open", "place", postgresql_where=_IS_OPEN, sqlite_where=_IS_OPEN),
    Index("ix_exchange_received_subject", "subject", "place", postgresql_where=_IS_OPEN, sqlite_where=_IS_OPEN),
)

exchange_outgoing = Table(
    "exchange_outgoing", metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(40), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

# in: what was taken of the public site's epoch; out: what we have numbered in ours; acked: what the public site has of it;
# papers: the last receipt told; place: the order of arrival. `at` is the last success.
exchange_heads = Table(
    "exchange_heads", metadata,
    Column("name", String(16), primary_key=True),
    Column("epoch", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("last", String(40), nullable=False),          # id of the envelope of that number
    Column("at", BigInteger, nullable=False),
)

# The cases whose applicants follow them on the public site: no other case leaves the inside.
exchange_followed = Table(
    "exchange_followed", metadata,
    Column("case_no", String(128), primary_key=True),
    Column("number", String(128), nullable=False),
    Column("verifier", String(200), nullable=False),
    Column("sent_rev", Integer, nullable=False),         # -1: not yet
    Column("sent_day", Integer, nullable=False),         # the deadline is told day by day, so an open case is told daily
)

# What the public site was told last of each published bulletin: its mark (evaluation.bulletins.queries), "" while it is not
# told whole, and the SHA-256 of the telling.
exchange_bulletins = Table(
    "exchange_bulletins", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("mark", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
)
