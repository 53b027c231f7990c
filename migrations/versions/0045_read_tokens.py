"""tokens by which other systems read figures, comparison, scores and history

Revision 0045, after 0044. A table of its own: none of the tokens of before has a scope or an end.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "read_tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(48), nullable=False),
        sa.Column("apis", sa.String(80), nullable=False),
        sa.Column("area", sa.String(64), nullable=False),
        sa.Column("org", sa.String(128), nullable=False),
        sa.Column("issued_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_read_tokens")))
    op.create_index("ix_read_tokens_name", "read_tokens", ["name"])


def downgrade() -> None:
    op.drop_table("read_tokens")
