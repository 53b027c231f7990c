"""Tables of the kernel: the ledger head, the outbox, job slots, staff accounts, feed tokens and screens."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, false, text

from core.database import metadata

# One row. Locked by every writing transaction, so that journal and outbox numbers are commit-ordered: a plain
# autoincrement can become visible out of order between transactions, and a reader would skip what it never saw.
ledger = Table(
    "ledger", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", String(32), nullable=False),
    Column("journal_head", BigInteger, nullable=False),
    Column("outbox_head", BigInteger, nullable=False),
    Column("stamp", String(64), nullable=False, server_default=text("''")),  # of the last transaction: no two have the same
)

outbox = Table(
    "outbox", metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("topic", String(32), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("rev", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("payload", Text, nullable=False),
    Index("ix_outbox_topic_subject", "topic", "subject", "seq"),
)

job_slots = Table(
    "job_slots", metadata,
    Column("job", String(64), primary_key=True),
    Column("slot_at", BigInteger, primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("finished_at", BigInteger),
    Column("error", Text),
)

# What this installation remembers between runs, by name.
marks = Table(
    "marks", metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(128), nullable=False),
)

leases = Table(
    "leases", metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

accounts = Table(
    "accounts", metadata,
    Column("username", String(64), primary_key=True),
    Column("display_name", String(64), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("roles", String(255), nullable=False),
    Column("org", String(64), nullable=False, default=""),
    Column("area", String(64), nullable=False, server_default=text("''")),  # empty: every area
    Column("halls", Text, nullable=False, server_default=text("''")),  # of cameras, one a line; empty: every hall
    Column("is_active", Boolean, nullable=False, default=True),
    Column("generation", Integer, nullable=False, default=0),
    Column("failed_attempts", Integer, nullable=False, default=0),
    Column("locked_until", BigInteger, nullable=False, default=0),
    Column("created_at", BigInteger, nullable=False),
    Column("factor_salt", String(40), nullable=False, server_default=text("''")),  # of the second factor; empty: none
    Column("factor_step", BigInteger, nullable=False, server_default=text("0")),  # the last step a code was used of
    Column("must_change", Boolean, nullable=False, server_default=false()),  # somebody else knows the password
)

# Tokens of feeds, of paired screens and of people's sessions. Only the SHA-256 is kept.
tokens = Table(
    "tokens", metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("seen_at", BigInteger, nullable=False, server_default=text("0")),      # of a session: its last request, about
    Column("address", String(64), nullable=False, server_default=text("''")),
    Column("device", String(160), nullable=False, server_default=text("''")),
    Index("ix_tokens_kind_name", "kind", "name"),
)

# Tokens by which other systems read figures (core/read_tokens.py): `apis` apart by spaces; `area` and `org` empty: everything.
read_tokens = Table(
    "read_tokens", metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("name", String(48), nullable=False),
    Column("apis", String(80), nullable=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("issued_by", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index("ix_read_tokens_name", "name"),
)

# Who looked at what is not everybody's (evidence, a reporter's identity): the reader himself is on record.
read_log = Table(
    "read_log", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("actor_name", String(64), nullable=False),
    Column("what", String(32), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("rest", Text, nullable=False, server_default=text("''")),  # of a longer subject, which no index could hold
    Column("address", String(64), nullable=False),
    Index("ix_read_log_subject", "what", "subject"),
)
