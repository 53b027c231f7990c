"""accounts of applicants, and what a session knows of itself

Revision 0019, after 0018.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ZERO, EMPTY = sa.text("0"), sa.text("''")


def upgrade() -> None:
    op.create_table(
        "applicants",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("told_by", sa.String(length=8), nullable=False, server_default=EMPTY),
        sa.Column("failed_attempts", sa.Integer(), nullable=False, server_default=ZERO),
        sa.Column("locked_until", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"))
    op.create_table(
        "applicant_contacts",
        sa.Column("contact_hash", sa.String(length=64), nullable=False),
        sa.Column("applicant_id", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("contact_hash"))
    op.create_index("ix_applicant_contacts_applicant", "applicant_contacts", ["applicant_id"])
    op.create_table(
        "applicant_codes",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("contact_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default=ZERO),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"))
    op.create_index("ix_applicant_codes_contact", "applicant_codes", ["contact_hash", "sent_at"])
    op.create_index("ix_applicant_codes_sent_at", "applicant_codes", ["sent_at"])
    op.create_table(
        "applicant_sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("applicant_id", sa.String(length=24), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=160), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"))
    op.create_index("ix_applicant_sessions_applicant", "applicant_sessions", ["applicant_id"])
    op.create_index("ix_applicant_sessions_opened_at", "applicant_sessions", ["opened_at"])
    op.create_table(
        "applicant_cases",
        sa.Column("applicant_id", sa.String(length=24), nullable=False),
        sa.Column("case_no", sa.String(length=128), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("applicant_id", "case_no"))
    op.create_index("ix_applicant_cases_case_no", "applicant_cases", ["case_no"])
    op.create_table(
        "applicant_drafts",
        sa.Column("applicant_id", sa.String(length=24), nullable=False),
        sa.Column("item", sa.String(length=128), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("applicant_id", "item"))
    op.add_column("tokens", sa.Column("seen_at", sa.BigInteger(), nullable=False, server_default=ZERO))
    op.add_column("tokens", sa.Column("address", sa.String(length=64), nullable=False, server_default=EMPTY))
    op.add_column("tokens", sa.Column("device", sa.String(length=160), nullable=False, server_default=EMPTY))


def downgrade() -> None:
    for column in ("device", "address", "seen_at"):
        op.drop_column("tokens", column)
    for table in ("applicant_drafts", "applicant_cases", "applicant_sessions", "applicant_codes", "applicant_contacts",
                  "applicants"):
        op.drop_table(table)
