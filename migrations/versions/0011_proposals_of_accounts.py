"""what is proposed of accounts

Revision 0011, after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

IS_WAITING = sa.text("state = 'proposed'")


def upgrade() -> None:
    op.create_table(
        "account_proposals",
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("username", "number", name=op.f("pk_account_proposals")),
    )
    op.create_index("uq_account_proposals_proposed", "account_proposals", ["username"], unique=True,
                    postgresql_where=IS_WAITING, sqlite_where=IS_WAITING)


def downgrade() -> None:
    op.drop_index("uq_account_proposals_proposed", "account_proposals", postgresql_where=IS_WAITING, sqlite_where=IS_WAITING)
    op.drop_table("account_proposals")
