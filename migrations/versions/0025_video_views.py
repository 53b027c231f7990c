"""who looked at the pictures of which camera, when, why and from where

Revision 0025, after 0024.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")


def upgrade() -> None:
    op.create_table(
        "video_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("camera", sa.String(length=32), nullable=False),
        sa.Column("camera_name", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("viewer", sa.String(length=64), nullable=False),
        sa.Column("viewer_name", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False, server_default=EMPTY),
        sa.Column("address", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_video_views")),
    )
    op.create_index("ix_video_views_at", "video_views", ["at"])
    op.create_index("ix_video_views_camera", "video_views", ["camera", "at"])
    op.create_index("ix_video_views_viewer", "video_views", ["viewer", "until_at"])


def downgrade() -> None:
    for name in ("viewer", "camera", "at"):
        op.drop_index(f"ix_video_views_{name}", "video_views")
    op.drop_table("video_views")
