"""by which calendar a random look was drawn, and how often a clip was tried

Revision 0039. Looks of before say nothing of their calendar: they were drawn in published years only.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("video_samplings", sa.Column("calendar", sa.String(120), nullable=False, server_default=sa.text("''")))
    op.add_column("video_clips", sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    op.drop_column("video_clips", "tries")
    op.drop_column("video_samplings", "calendar")
