"""Tables of applicants' accounts. They refer to no other table of the program, so they may stand in another database.

A phone number or mail address is personal: kept sealed (to send to it) and as a keyed hash (to find it), never in the open.
Columns named *_at are microseconds UTC of the machine's own clock.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, text

from core.database import metadata

applicants = Table(
    "applicants", metadata,
    Column("id", String(24), primary_key=True),           # random: says nothing about how many there are
    Column("password_hash", String(255), nullable=False), # "" as long as none is set
    Column("facts", LargeBinary, nullable=False),         # sealed JSON: name, identity number, address …
    Column("told_by", String(8), nullable=False, server_default=text("''")),  # sms, email, none; "" for what there is
    Column("failed_attempts", Integer, nullable=False, server_default=text("0")),
    Column("locked_until", BigInteger, nullable=False, server_default=text("0")),
    Column("created_at", BigInteger, nullable=False),
)

applicant_contacts = Table(
    "applicant_contacts", metadata,
    Column("contact_hash", String(64), primary_key=True), # HMAC-SHA256 with a key that is in no database
    Column("applicant_id", String(24), nullable=False),
    Column("kind", String(8), nullable=False),            # phone, email
    Column("sealed", LargeBinary, nullable=False),
    Column("confirmed_at", BigInteger, nullable=False),
    Index("ix_applicant_contacts_applicant", "applicant_id"),
)

# One row per code sent; kept for a day, because the limits count them.
applicant_codes = Table(
    "applicant_codes", metadata,
    Column("id", String(24), primary_key=True),
    Column("contact_hash", String(64), nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("used_at", BigInteger),
    Index("ix_applicant_codes_contact", "contact_hash", "sent_at"),
    Index("ix_applicant_codes_sent_at", "sent_at"),
)

applicant_sessions = Table(
    "applicant_sessions", metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("applicant_id", String(24), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("address", String(64), nullable=False),
    Column("device", String(160), nullable=False),
    Index("ix_applicant_sessions_applicant", "applicant_id"),
    Index("ix_applicant_sessions_opened_at", "opened_at"),
)

applicant_cases = Table(
    "applicant_cases", metadata,
    Column("applicant_id", String(24), primary_key=True),
    Column("case_no", String(128), primary_key=True),
    Column("origin", String(8), nullable=False),          # filed, linked (with number and password)
    Column("added_at", BigInteger, nullable=False),
    Index("ix_applicant_cases_case_no", "case_no"),
)

# The key of a draft is all that is needed to go on with it, so it is sealed.
applicant_drafts = Table(
    "applicant_drafts", metadata,
    Column("applicant_id", String(24), primary_key=True),
    Column("item", String(128), primary_key=True),
    Column("sealed_key", LargeBinary, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
