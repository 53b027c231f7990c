"""Tables of hosted approval: the cases handled here, the work that waits, papers, fees, projects and who holds which post.

What has happened to a case is in the journal; these tables hold what the journal has no place for. Columns named *_at are
microseconds UTC; `rev` rises with every act, so that nobody decides on what he has not seen.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, text

from approval.payments.models import order_table, sandbox_table
from cases.models import ROW_NUMBER
from core.database import metadata

_IS_OPEN = text("ended_at IS NULL")

# `flow` is the pinned flow (approval.flow.Flow as JSON): an edit of the catalogue moves no case under way.
hosted_cases = Table(
    "hosted_cases", metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    Column("case_no", String(128), nullable=False, unique=True),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("item", String(128), nullable=False),
    Column("item_version", String(32), nullable=False),
    Column("channel", String(16), nullable=False),       # web, window, project, office
    Column("title", Text, nullable=False),
    Column("applicant", String(256), nullable=False),
    Column("particulars", Text, nullable=False),         # JSON: contact, identity, what the form says
    Column("password_hash", String(64), nullable=False),
    Column("flow", Text, nullable=False),
    Column("step", String(160), nullable=False),         # the step that is open; "" before acceptance and after the last
    Column("rev", Integer, nullable=False),
    Column("events", Integer, nullable=False),           # told to the journal so far
    Column("filed_at", BigInteger, nullable=False),
    Column("filed_by", String(64), nullable=False),      # "" for the applicant himself
    Column("project_id", BigInteger),                    # the case it is a part of (并联审批)
    Column("node", String(64)),
    Index("ix_hosted_cases_project", "project_id"),
    Index("ix_hosted_cases_org", "org", "filed_at"),
    Index("ix_hosted_cases_applicant", "applicant"),     # his earlier materials (approval.reuse)
)

# One row per visit to a step; the work list is the open ones.
hosted_tasks = Table(
    "hosted_tasks", metadata,
    Column("id", ROW_NUMBER, primary_key=True),
    Column("case_id", BigInteger, nullable=False),
    Column("step", String(160), nullable=False),
    Column("org", String(128), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("claimed_by", String(64), nullable=False, server_default=text("''")),
    Column("claimed_name", String(64), nullable=False, server_default=text("''")),
    Column("ended_at", BigInteger),
    Column("outcome", String(16), nullable=False, server_default=text("''")),  # done, withdrawn
    Index("ix_hosted_tasks_case", "case_id", "opened_at"),
    Index("ix_hosted_tasks_open", "org", "step", postgresql_where=_IS_OPEN, sqlite_where=_IS_OPEN),
)

# Who has signed a step that several sign together; they belong to the visit, so a step sent back is signed anew.
hosted_signatures = Table(
    "hosted_signatures", metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("post", String(64), primary_key=True),
    Column("username", String(64), nullable=False),
    Column("display_name", String(64), nullable=False),
    Column("opinion", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

hosted_papers = Table(
    "hosted_papers", metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    Column("code", String(64), primary_key=True),        # of the item's list of materials
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),         # received, asked, deferred
    Column("form", String(16), nullable=False),          # paper, file, reused
    Column("sha256", String(64)),
    Column("file_name", String(255), nullable=False, server_default=text("''")),
    Column("media_type", String(96), nullable=False, server_default=text("''")),
    Column("size", BigInteger, nullable=False, server_default=text("0")),
    Column("promised_at", BigInteger),                   # of a deferred one (容缺): by when it is to follow
    Column("at", BigInteger, nullable=False),
    Column("by_name", String(64), nullable=False),
    Column("source_case", String(128), nullable=False, server_default=text("''")),  # of a reused one: where it was first given
    Column("consent", Text, nullable=False, server_default=text("''")),  # to its reuse, where another person files than gave it
    Index("ix_hosted_papers_sha256", "sha256"),
)

# Documents of the handling (环节文书), each of one visit to a step; never shown to the applicant.
hosted_step_papers = Table(
    "hosted_step_papers", metadata,
    Column("id", ROW_NUMBER, primary_key=True),
    Column("case_id", BigInteger, nullable=False),
    Column("task_id", BigInteger, nullable=False),
    Column("step", String(160), nullable=False),
    Column("code", String(64), nullable=False),          # of the documents of the step
    Column("sha256", String(64), nullable=False),
    Column("file_name", String(255), nullable=False),
    Column("media_type", String(96), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by_name", String(64), nullable=False),
    Column("dropped_at", BigInteger),                    # taken back as a wrong one
    Column("dropped_by", String(64), nullable=False, server_default=text("''")),
    Index("ix_hosted_step_papers_case", "case_id"),
    Index("ix_hosted_step_papers_sha256", "sha256"),
)

hosted_fees = Table(
    "hosted_fees", metadata,
    Column("id", ROW_NUMBER, primary_key=True),
    Column("case_id", BigInteger, nullable=False),
    Column("code", String(64), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),         # due, paid, waived
    Column("receipt_no", String(64), nullable=False, server_default=text("''")),
    Column("ground", Text, nullable=False, server_default=text("''")),
    Column("settled_by", String(64), nullable=False, server_default=text("''")),
    Column("charged_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Index("ix_hosted_fees_case", "case_id"),
    Index("ix_hosted_fees_charged", "charged_at"),
)

# Money taken outside (approval.cashier): `fees` is a JSON list of ids, `paid_on` a day; state entered, booked, refused, and
# reversing, reversed where it was a mistake (approval.reversals).
_STANDS = text("state NOT IN ('refused', 'reversed')")
hosted_payments = Table(
    "hosted_payments", metadata,
    Column("id", ROW_NUMBER, primary_key=True),
    Column("case_id", BigInteger, nullable=False),
    Column("org", String(128), nullable=False),
    Column("fees", Text, nullable=False),
    Column("kind", String(16), nullable=False),          # cash, pos, bank_slip
    Column("reference", String(64), nullable=False),     # of one unit and kind it stands for one payment
    Column("amount_fen", BigInteger, nullable=False),
    Column("paid_on", String(10), nullable=False),
    Column("state", String(16), nullable=False),
    Column("receipt_no", String(64), nullable=False),
    Column("entered_by", String(64), nullable=False),
    Column("entered_name", String(64), nullable=False),
    Column("entered_at", BigInteger, nullable=False),
    Column("decided_by", String(64), nullable=False, server_default=text("''")),
    Column("decided_name", String(64), nullable=False, server_default=text("''")),
    Column("decided_at", BigInteger),
    Column("words", Text, nullable=False, server_default=text("''")),
    Column("sha256", String(64)),                        # the scan of its slip
    Column("file_name", String(255), nullable=False, server_default=text("''")),
    Column("media_type", String(96), nullable=False, server_default=text("''")),
    Column("size", BigInteger, nullable=False, server_default=text("0")),
    Column("reversal_reason", Text, nullable=False, server_default=text("''")),
    Column("reversal_answer", Text, nullable=False, server_default=text("''")),  # why it was not agreed to
    Column("asked_by", String(64), nullable=False, server_default=text("''")),
    Column("asked_name", String(64), nullable=False, server_default=text("''")),
    Column("asked_at", BigInteger),
    Column("reversed_by", String(64), nullable=False, server_default=text("''")),  # the second person, whatever he decided
    Column("reversed_name", String(64), nullable=False, server_default=text("''")),
    Column("reversed_at", BigInteger),
    Column("earlier_requests", Text, nullable=False, server_default=text("'[]'")),  # JSON: those that were not agreed to
    Index("ix_hosted_payments_case", "case_id"),
    Index("ix_hosted_payments_sha256", "sha256"),
    Index("ix_hosted_payments_receipt_no", "receipt_no"),
    Index("uq_hosted_payments_reference", "org", "kind", "reference", unique=True, postgresql_where=_STANDS,
          sqlite_where=_STANDS),
)

# A request for more days waits for a second person; one at a time and one in all.
hosted_extensions = Table(
    "hosted_extensions", metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    Column("days", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),         # asked, granted, refused
    Column("decided_by", String(64), nullable=False, server_default=text("''")),
    Column("decided_at", BigInteger),
    Column("decided_words", Text, nullable=False, server_default=text("''")),
)

# What the applicant was given in writing. `code` stands in the QR code: whoever has it may check the paper.
hosted_receipts = Table(
    "hosted_receipts", metadata,
    Column("id", ROW_NUMBER, primary_key=True),
    Column("code", String(32), nullable=False, unique=True),
    Column("case_id", BigInteger, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("number", String(64), nullable=False, unique=True),  # in the register of papers
    Column("issued_at", BigInteger, nullable=False),
    Index("ix_hosted_receipts_case", "case_id"),
)

# What granted cases gave their applicants (approval.licences). Days are those of the area's wall clock.
hosted_licences = Table(
    "hosted_licences", metadata,
    Column("id", ROW_NUMBER, primary_key=True),
    Column("org", String(128), nullable=False),
    Column("number", String(64), nullable=False),
    Column("case_id", BigInteger, nullable=False),
    Column("name", String(240), nullable=False),
    Column("holder", String(256), nullable=False),
    Column("identity_no", String(256), nullable=False),
    Column("medium", String(16), nullable=False),        # paper, electronic
    Column("is_drawn", Boolean, nullable=False),         # made here; else only its number is known
    Column("valid_from", Integer, nullable=False),
    Column("valid_until", Integer),                      # the last day; NULL: no end
    Column("issued_at", BigInteger, nullable=False),
    Column("issued_by", String(64), nullable=False),
    Column("state", String(16), nullable=False),         # valid, revoked (撤销), cancelled (注销)
    Column("ended_at", BigInteger),
    Column("ended_by", String(64), nullable=False),
    Column("ground", Text, nullable=False),
    Index("uq_hosted_licences_number", "org", "number", unique=True),
    Index("ix_hosted_licences_case", "case_id"),
)

# The parts of a project and what each waits for.
hosted_nodes = Table(
    "hosted_nodes", metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("node", String(64), primary_key=True),
    Column("stage", String(64), nullable=False),
    Column("item", String(128), nullable=False),
    Column("org", String(128), nullable=False),
    Column("after", Text, nullable=False),               # JSON list of nodes
    Column("silent", Boolean, nullable=False),           # silence is consent after the limit (缺席默认)
    Column("state", String(16), nullable=False),         # waiting, open, done, refused, void, left_out
    Column("case_id", BigInteger),
    Index("ix_hosted_nodes_case", "case_id"),
)

# An application not filed yet. `key_hash` is the SHA-256 of the key the applicant's browser has.
hosted_drafts = Table(
    "hosted_drafts", metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("item", String(128), nullable=False),
    Column("content", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_hosted_drafts_updated_at", "updated_at"),
)

# Running cases moved to another version of their item. `cases` are what the preview showed: [[case_no, rev], …]; a case that
# changed since is left out and named in `result`. `steps` says what each step of the old flow is called in the new one.
_is_proposed = text("state = 'proposed'")
hosted_migrations = Table(
    "hosted_migrations", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("item", String(128), nullable=False),
    Column("from_version", Integer, nullable=False),
    Column("to_version", Integer, nullable=False),
    Column("steps", Text, nullable=False),               # JSON object
    Column("cases", Text, nullable=False),               # JSON list
    Column("state", String(12), nullable=False),         # proposed, confirmed, done, rejected
    Column("reason", Text, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("decided_by", String(64)),
    Column("decided_at", BigInteger),
    Column("result", Text, nullable=False),              # JSON: {case_no: "" or why it was left out}
    Index("uq_hosted_migrations_proposed", "item", unique=True, postgresql_where=_is_proposed, sqlite_where=_is_proposed),
)

staff_posts = Table(
    "staff_posts", metadata,
    Column("username", String(64), primary_key=True),
    Column("org", String(128), primary_key=True),
    Column("post", String(64), primary_key=True),
    Index("ix_staff_posts_org", "org", "post"),
)

# Numbers of cases: one series for each unit and day, counted in the transaction that uses the number, so without a gap.
hosted_numbers = Table(
    "hosted_numbers", metadata,
    Column("org", String(128), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

payment_orders = order_table(metadata)
sandbox_payments = sandbox_table(metadata)
