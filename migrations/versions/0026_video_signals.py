"""signals of cameras, references of empty seats, presence

Revision 0026, after 0025.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")


def upgrade() -> None:
    op.create_table(
        "video_signals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("occurrence", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("camera_code", sa.String(length=32), nullable=False),
        sa.Column("camera_name", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("hall", sa.String(length=64), nullable=False),
        sa.Column("window_no", sa.String(length=32), nullable=False),
        sa.Column("post", sa.String(length=64), nullable=False),
        sa.Column("org", sa.String(length=128), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("began_business_at", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("raised_business_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("ended_business_at", sa.BigInteger()),
        sa.Column("ended_reason", sa.String(length=32), nullable=False, server_default=EMPTY),
        sa.Column("picture", sa.String(length=160), nullable=False, server_default=EMPTY),
        sa.Column("picture_sha256", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("picture_at", sa.BigInteger()),
        sa.Column("detector", sa.String(length=32), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("rule_version", sa.String(length=96), nullable=False, server_default=EMPTY),
        sa.Column("decided_by", sa.String(length=64)),
        sa.Column("decided_name", sa.String(length=64)),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("comment", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_video_signals")),
    )
    op.create_index("ix_video_signals_state", "video_signals", ["state", "raised_at"])
    op.create_index("uq_video_signals_occurrence", "video_signals", ["camera_id", "kind", "occurrence"], unique=True)
    op.create_index("uq_video_signals_open", "video_signals", ["camera_id", "kind"], unique=True,
                    sqlite_where=sa.text("ended_at IS NULL"),
                    postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "seat_references",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("picture", sa.String(length=160), nullable=False, server_default=EMPTY),
        sa.Column("picture_sha256", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("taken_at", sa.BigInteger()),
        sa.Column("taken_business_at", sa.BigInteger()),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("difference", sa.Integer()),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64)),
        sa.Column("decided_name", sa.String(length=64)),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("comment", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_references")),
    )
    op.create_index("ix_seat_references_camera", "seat_references", ["camera_id", "state"])
    op.create_table(
        "presence_spans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False, server_default=EMPTY),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("began_business_at", sa.BigInteger(), nullable=False),
        sa.Column("until_business_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence_spans")),
    )
    op.create_index("ix_presence_spans_business", "presence_spans", ["camera_id", "began_business_at"])
    op.create_index("uq_presence_spans_began", "presence_spans", ["camera_id", "began_at"], unique=True)


def downgrade() -> None:
    for table in ("presence_spans", "seat_references", "video_signals"):
        op.drop_table(table)
