"""segments of recordings, gaps, clips of evidence, incidents marked by hand, random looks at windows

Revision 0024, after 0023.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

EMPTY, ZERO = sa.text("''"), sa.text("0")


def upgrade() -> None:
    op.create_table(
        "video_segments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.String(length=4), nullable=False),
        sa.Column("begin_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("begin_business_at", sa.BigInteger(), nullable=False),
        sa.Column("end_business_at", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.String(length=16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("extradata", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_video_segments")),
        sa.UniqueConstraint("file", name=op.f("uq_video_segments_file")),
    )
    op.create_index("ix_video_segments_camera", "video_segments", ["camera_id", "begin_at"])
    op.create_index("ix_video_segments_business", "video_segments", ["camera_id", "begin_business_at"])
    op.create_index("ix_video_segments_begin", "video_segments", ["begin_at"])
    op.create_table(
        "video_gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.String(length=4), nullable=False),
        sa.Column("begin_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=True),
        sa.Column("begin_business_at", sa.BigInteger(), nullable=False),
        sa.Column("end_business_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_video_gaps")),
    )
    op.create_index("ix_video_gaps_camera", "video_gaps", ["camera_id", "begin_business_at"])
    op.create_table(
        "video_clips",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("incident_id", sa.Integer(), nullable=False, server_default=ZERO),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("business_at", sa.BigInteger(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("begin_at", sa.BigInteger(), nullable=True),
        sa.Column("end_at", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("sha256", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("snapshot_sha256", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("key_id", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("clock_offset_us", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_name", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_video_clips")),
    )
    op.create_index("ix_video_clips_card", "video_clips", ["card_id"])
    op.create_index("ix_video_clips_state", "video_clips", ["state", "to_at"])
    op.create_index("ix_video_clips_camera", "video_clips", ["camera_id", "business_at"])
    op.create_table(
        "video_incidents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("begin_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("begin_business_at", sa.BigInteger(), nullable=False),
        sa.Column("end_business_at", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("marked_by", sa.String(length=64), nullable=False),
        sa.Column("marked_name", sa.String(length=64), nullable=False),
        sa.Column("marked_at", sa.BigInteger(), nullable=False),
        sa.Column("marked_business_at", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_video_incidents")),
    )
    op.create_index("ix_video_incidents_camera", "video_incidents", ["camera_id", "begin_business_at"])
    op.create_table(
        "video_samplings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.Integer(), nullable=False),
        sa.Column("due_business_at", sa.BigInteger(), nullable=False),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        sa.Column("drawn_business_at", sa.BigInteger(), nullable=False),
        sa.Column("drawn_from", sa.Text(), nullable=False),
        sa.Column("picture_sha256", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("picture_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("presence", sa.String(length=8), nullable=False, server_default=EMPTY),
        sa.Column("dress", sa.String(length=8), nullable=False, server_default=EMPTY),
        sa.Column("badge", sa.String(length=8), nullable=False, server_default=EMPTY),
        sa.Column("conduct", sa.String(length=8), nullable=False, server_default=EMPTY),
        sa.Column("comment", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("done_by", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("done_name", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("done_business_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_video_samplings")),
    )
    op.create_index("uq_video_samplings_place", "video_samplings", ["area", "day", "round", "place"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_video_samplings_place", "video_samplings")
    op.drop_table("video_samplings")
    op.drop_index("ix_video_incidents_camera", "video_incidents")
    op.drop_table("video_incidents")
    op.drop_index("ix_video_clips_camera", "video_clips")
    op.drop_index("ix_video_clips_state", "video_clips")
    op.drop_index("ix_video_clips_card", "video_clips")
    op.drop_table("video_clips")
    op.drop_index("ix_video_gaps_camera", "video_gaps")
    op.drop_table("video_gaps")
    op.drop_index("ix_video_segments_begin", "video_segments")
    op.drop_index("ix_video_segments_business", "video_segments")
    op.drop_index("ix_video_segments_camera", "video_segments")
    op.drop_table("video_segments")
