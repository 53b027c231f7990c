"""Tables of the follow-up: orders and proposals, liability, complaints with their reporters, samples.

Columns named *_at are microseconds UTC; `rev` rises with every change, so that nobody decides on what he has not seen.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, text

from core.database import metadata

# 督办单 (kind order), 监察建议书 (proposal), 整改建议书 (rectification). A draft has no number yet.
orders = Table(
    "orders", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("number", String(64)),
    Column("state", String(16), nullable=False),
    Column("rev", Integer, nullable=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("origin", String(80), nullable=False),      # what it follows from: card, finding:..., complaint:..., order:...
    Column("title", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("demand", Text, nullable=False),
    Column("reply_limit", String(16), nullable=False),
    Column("drafted_by", String(64), nullable=False),
    Column("drafted_name", String(64), nullable=False),
    Column("approved_by", String(64)),
    Column("approved_name", String(64)),
    Column("created_at", BigInteger, nullable=False),
    Column("issued_at", BigInteger),
    Column("due_at", BigInteger),
    Column("overdue_at", BigInteger),                  # the due instant, once it passed without a reply
    Column("reminded_at", BigInteger),                 # 催办
    Column("criticised_at", BigInteger),               # 书面批评: a proposal was drafted for it
    Column("replied_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("next_at", BigInteger),                     # the next instant at which something is to be done by itself
    Column("retry_at", BigInteger),                    # not before, as it failed
    Index("uq_orders_number", "number", unique=True),
    Index("ix_orders_next_at", "next_at"),
    Index("ix_orders_retry_at", "retry_at"),
    Index("ix_orders_org", "org"),
)

order_cards = Table(
    "order_cards", metadata,
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("card_id", BigInteger, primary_key=True, autoincrement=False),
    Column("case_no", String(128), nullable=False),
    Column("item", String(128), nullable=False),
    Column("level", Integer, nullable=False),
    Column("due_at", BigInteger),
    Index("ix_order_cards_card_id", "card_id"),
)

# Append-only: who did what to which order, with the words and files of a reply.
order_log = Table(
    "order_log", metadata,
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("rev", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("actor_name", String(64), nullable=False),
    Column("action", String(24), nullable=False),
    Column("words", Text, nullable=False),
    Column("detail", Text, nullable=False),            # JSON
)

# 责任追究: proposed from the evidence, decided by a person.
liabilities = Table(
    "liabilities", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("card_id", BigInteger, nullable=False),
    Column("case_id", BigInteger, nullable=False),
    Column("case_no", String(128), nullable=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("proposal", Text, nullable=False),          # JSON
    Column("decision", Text),                          # JSON, the persons as decided
    Column("decided_by", String(64)),
    Column("decided_name", String(64)),
    Column("decided_at", BigInteger),
    Column("reason", Text),
    Index("ix_liabilities_card_id", "card_id"),
)

# One row per person held liable: what "two faults within a year" is counted from.
faults = Table(
    "faults", metadata,
    Column("liability_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person", String(64), primary_key=True),
    Column("org", String(128), nullable=False),
    Column("responsibility", String(16), nullable=False),
    Column("level", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_faults_person_at", "person", "at"),
)

# 咨询, 投诉举报 and 差评整改. Who complained stands in `reporters` only.
complaints = Table(
    "complaints", metadata,
    Column("no", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),        # consultation, complaint, rating
    Column("category", String(32), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("route", String(32), nullable=False),       # which body handles it
    Column("state", String(16), nullable=False),
    Column("rev", Integer, nullable=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),        # the unit asked or complained of
    Column("about_case", String(128), nullable=False),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("is_named", Boolean, nullable=False),       # 实名
    Column("source", String(64), nullable=False),      # the feed that brought it, empty for the staff form
    Column("source_ref", String(128), nullable=False),
    Column("filed_at", BigInteger, nullable=False),
    Column("accept_due_at", BigInteger),
    Column("accepted_at", BigInteger),
    Column("due_at", BigInteger),
    Column("extra_days", Integer, nullable=False),     # working days granted by extensions
    Column("asked_days", Integer, nullable=False),     # working days of the extension that waits for approval
    Column("asked_by", String(64), nullable=False),
    Column("answered_at", BigInteger),
    Column("answer", Text, nullable=False),
    Column("finding", String(16), nullable=False),     # verified, partly, unfounded
    Column("called_back_at", BigInteger),
    Column("satisfaction", String(16), nullable=False),
    Column("closed_at", BigInteger),
    Column("card_raised", Boolean, nullable=False),
    Column("password_hash", String(64), nullable=False, server_default=text("''")),  # of who filed it on the public site
    Index("uq_complaints_source", "source", "source_ref", unique=True),
    Index("ix_complaints_filed_at", "filed_at"),
    Index("ix_complaints_due", "state", "due_at"),
)

complaint_log = Table(
    "complaint_log", metadata,
    Column("no", String(40), primary_key=True),
    Column("rev", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("actor_name", String(64), nullable=False),
    Column("action", String(24), nullable=False),
    Column("words", Text, nullable=False),
    Column("detail", Text, nullable=False),            # JSON
)

# Who reported, sealed with a key of its own (core/sealing.py). No other table, log or message has any of it.
reporters = Table(
    "reporters", metadata,
    Column("no", String(40), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# 抽样回访: which cases are called about, drawn with a seed that is kept so that the draw can be repeated.
samples = Table(
    "samples", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("month", String(7), nullable=False),
    Column("org", String(128), nullable=False),
    Column("seed", String(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("population", Integer, nullable=False),
    Column("drawn_at", BigInteger, nullable=False),
    Column("drawn_by", String(64), nullable=False),
    Index("uq_samples_month_org", "month", "org", unique=True),
)

sample_calls = Table(
    "sample_calls", metadata,
    Column("sample_id", BigInteger, primary_key=True, autoincrement=False),
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, nullable=False),
    Column("case_no", String(128), nullable=False),
    Column("area", String(64), nullable=False),
    Column("item", String(128), nullable=False),
    Column("result", String(16), nullable=False),      # empty until called
    Column("note", Text, nullable=False),
    Column("called_by", String(64), nullable=False),
    Column("called_at", BigInteger),
)
