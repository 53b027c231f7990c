"""which press of a button a look at pictures comes from: a browser that asks again by itself makes no second look of it

Revision 0047, after 0046.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("video_views", sa.Column("press", sa.String(36), nullable=True))
    op.create_index("uq_video_views_press", "video_views", ["viewer", "press", "camera"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_video_views_press", "video_views")
    op.drop_column("video_views", "press")
