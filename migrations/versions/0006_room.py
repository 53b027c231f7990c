"""the room: who speaks, silence of the horn, canaries

Revision 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audio_masters",
        sa.Column("room", sa.String(length=64), nullable=False),
        sa.Column("screen", sa.String(length=64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("room", name=op.f("pk_audio_masters")))
    op.create_table(
        "horn_silences",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("room", sa.String(length=64), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_horn_silences")))
    op.create_index("ix_horn_silences_room", "horn_silences", ["room", "until"])
    op.create_table(
        "canaries",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("committed_ms", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("shown", sa.Integer(), nullable=True),
        sa.Column("p50_ms", sa.Integer(), nullable=True),
        sa.Column("p95_ms", sa.Integer(), nullable=True),
        sa.Column("worst_ms", sa.Integer(), nullable=True),
        sa.Column("worst_screen", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_canaries")))
    op.create_index(op.f("ix_canaries_sent_at"), "canaries", ["sent_at"])
    op.create_index("ix_cards_raised_at", "cards", ["raised_at"])


def downgrade() -> None:
    op.drop_index("ix_cards_raised_at", table_name="cards")
    op.drop_index(op.f("ix_canaries_sent_at"), table_name="canaries")
    op.drop_table("canaries")
    op.drop_index("ix_horn_silences_room", table_name="horn_silences")
    op.drop_table("horn_silences")
    op.drop_table("audio_masters")
