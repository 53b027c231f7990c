"""monthly bulletins, and what is given out with papers

Revision 0032, after 0030 on its branch; after 0031 once both are merged.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")


def upgrade() -> None:
    op.create_table(
        "bulletins",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("slot", sa.String(length=80)),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("figures_sha256", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_name", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=64)),
        sa.Column("issued_name", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("issued_at", sa.BigInteger()),
        sa.Column("published_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("corrections", sa.Text(), nullable=False, server_default=sa.text("'[]'")),
        sa.Column("checked_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletins")),
        sa.UniqueConstraint("slot", name=op.f("uq_bulletins_slot")),
    )
    op.create_index(op.f("ix_bulletins_number"), "bulletins", ["number"])
    op.create_index("ix_bulletins_month", "bulletins", ["month", "area"])
    op.create_table(
        "bulletin_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("bulletin", sa.Integer(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False, server_default=EMPTY),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin_log")),
    )
    op.create_index(op.f("ix_bulletin_log_bulletin"), "bulletin_log", ["bulletin"])
    op.create_table(
        "paper_enclosures",
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=8), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", "file", name=op.f("pk_paper_enclosures")),
    )
    op.create_index(op.f("ix_paper_enclosures_sha256"), "paper_enclosures", ["sha256"])


def downgrade() -> None:
    op.drop_table("paper_enclosures")
    op.drop_table("bulletin_log")
    op.drop_table("bulletins")
