"""payments taken outside and settled by hand

Revision 0049, after 0048.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

STANDS = sa.text("state <> 'refused'")


def upgrade() -> None:
    op.create_table(
        "hosted_payments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("org", sa.String(128), nullable=False),
        sa.Column("fees", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.String(10), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("receipt_no", sa.String(64), nullable=False),
        sa.Column("entered_by", sa.String(64), nullable=False),
        sa.Column("entered_name", sa.String(64), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(64), nullable=False, server_default=sa.text("''")),
        sa.Column("decided_name", sa.String(64), nullable=False, server_default=sa.text("''")),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("words", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("sha256", sa.String(64)),
        sa.Column("file_name", sa.String(255), nullable=False, server_default=sa.text("''")),
        sa.Column("media_type", sa.String(96), nullable=False, server_default=sa.text("''")),
        sa.Column("size", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_hosted_payments_case", "hosted_payments", ["case_id"])
    op.create_index("ix_hosted_payments_sha256", "hosted_payments", ["sha256"])
    op.create_index("ix_hosted_fees_charged", "hosted_fees", ["charged_at"])
    op.create_index("uq_hosted_payments_reference", "hosted_payments", ["org", "kind", "reference"], unique=True,
                    postgresql_where=STANDS, sqlite_where=STANDS)


def downgrade() -> None:
    op.drop_index("ix_hosted_fees_charged", "hosted_fees")
    op.drop_table("hosted_payments")
