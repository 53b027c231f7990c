"""exports of the journal

Revision 0030, after 0029.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_name", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("slice", sa.Text(), nullable=False),
        sa.Column("bound", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False, server_default=EMPTY),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("beat_at", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("cases", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("file", sa.String(length=128), nullable=False, server_default=EMPTY),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("error", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index("ix_exports_state", "exports", ["state", "id"])


def downgrade() -> None:
    op.drop_table("exports")
