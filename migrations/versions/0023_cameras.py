"""cameras of the halls, and how each of them is

Revision 0023, after 0022.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

EMPTY, NONE = sa.text("''"), sa.text("'[]'")


def upgrade() -> None:
    op.create_table(
        "cameras",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("hall", sa.String(length=64), nullable=False),
        sa.Column("window_no", sa.String(length=32), nullable=False, server_default=EMPTY),
        sa.Column("post", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("org", sa.String(length=128), nullable=False, server_default=EMPTY),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("sealed_main", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_sub", sa.LargeBinary()),
        sa.Column("address_shown", sa.Text(), nullable=False),
        sa.Column("seat", sa.Text(), nullable=False, server_default=NONE),
        sa.Column("masks", sa.Text(), nullable=False, server_default=NONE),
        sa.Column("blur_faces", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("is_enabled", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cameras")),
        sa.UniqueConstraint("code", name=op.f("uq_cameras_code")),
    )
    op.create_index("ix_cameras_hall", "cameras", ["area", "hall"])
    op.create_table(
        "camera_states",
        sa.Column("camera_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger()),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.String(length=16), nullable=False, server_default=EMPTY),
        sa.Column("width", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("height", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("milli_fps", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("clock_offset_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_camera_states")),
    )


def downgrade() -> None:
    op.drop_table("camera_states")
    op.drop_index("ix_cameras_hall", "cameras")
    op.drop_table("cameras")
