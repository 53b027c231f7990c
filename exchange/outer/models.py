"""Tables of the public site's own database; none of them is in the database of the inside, and the other way round.

Columns named *_at are microseconds UTC. A key or password is kept as its hash only.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, text

from approval.payments.models import order_table, sandbox_table
from core.database import metadata as inner_metadata

metadata = MetaData(naming_convention=inner_metadata.naming_convention)

# An application not filed yet, as in approval/models.py.
drafts = Table(
    "drafts", metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("item", String(128), nullable=False),
    Column("content", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_drafts_updated_at", "updated_at"),
)

# An application that was filed here. `content` is the draft it was, so that a refused one can be mended.
submissions = Table(
    "submissions", metadata,
    Column("number", String(40), primary_key=True),
    Column("envelope", String(40), nullable=False, unique=True),
    Column("item", String(128), nullable=False),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("verifier", String(200), nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),         # waiting, carried, refused
    Column("case_no", String(128), nullable=False, server_default=text("''")),
    Column("problem", Text, nullable=False, server_default=text("''")),
    Column("answered_at", BigInteger),
    Index("ix_submissions_case_no", "case_no"),
)

# What applicants did beside filing.
sent = Table(
    "sent", metadata,
    Column("envelope", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("content", Text, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),         # waiting, done, refused
    Column("given", String(128), nullable=False, server_default=text("''")),
    Column("problem", Text, nullable=False, server_default=text("''")),
    Column("answered_at", BigInteger),
    Index("ix_sent_subject", "subject", "sent_at"),
)

# Numbered by heads.seq in the transaction that writes them, so that numbers become visible in their order.
outgoing = Table(
    "outgoing", metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(40), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("body", Text, nullable=False),                # "" once the inside has it, where it must not stay here
    Column("created_at", BigInteger, nullable=False),
    Column("acked_at", BigInteger),
    Index("ix_outgoing_acked_at", "acked_at"),
)

# out: what we have numbered; in: what we have applied, of the inside's epoch. `at` is the last time the other end was heard.
heads = Table(
    "heads", metadata,
    Column("name", String(16), primary_key=True),
    Column("epoch", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("last", String(40), nullable=False),          # id of the envelope of that number
    Column("at", BigInteger, nullable=False),
)

# A case as the inside last told it.
cases = Table(
    "cases", metadata,
    Column("case_no", String(128), primary_key=True),
    Column("number", String(128), nullable=False),
    Column("verifier", String(200), nullable=False),
    Column("told", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_cases_number", "number"),
)

papers = Table(
    "papers", metadata,
    Column("code", String(32), primary_key=True),
    Column("facts", Text, nullable=False),
    Column("number", String(64), nullable=False, server_default=text("''")),
    Index("ix_papers_number", "number"),
)

notes = Table(
    "notes", metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

# What the inside told and we could not apply. `due_at`: when it is tried again, NULL: by the next start of the site.
unapplied = Table(
    "unapplied", metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("body", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("kept_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("problem", String(200), nullable=False),
    Column("due_at", BigInteger),
    Index("ix_unapplied_due_at", "due_at"),
    Index("ix_unapplied_subject", "subject"),
)

# A published bulletin as the inside last told it: `told_at` and `seq` are of that telling; one with `withdrawn_at` no longer
# holds.
bulletins = Table(
    "bulletins", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("area", String(64), nullable=False),
    Column("month", String(7), nullable=False),
    Column("title", Text, nullable=False),
    Column("number", String(64), nullable=False),
    Column("published_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger),
    Column("reason", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("told_at", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Index("ix_bulletins_month", "month", "area"),
)

payment_orders = order_table(metadata)
sandbox_payments = sandbox_table(metadata)
