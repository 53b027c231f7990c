"""incidents marked by mistake are taken back, with name and reason

Revision 0028, after 0027.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")
TABLE = "video_incidents"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("withdrawn_by", sa.String(length=64), nullable=False, server_default=EMPTY))
    op.add_column(TABLE, sa.Column("withdrawn_name", sa.String(length=64), nullable=False, server_default=EMPTY))
    op.add_column(TABLE, sa.Column("withdrawn_business_at", sa.BigInteger(), nullable=True))
    op.add_column(TABLE, sa.Column("withdrawn_reason", sa.Text(), nullable=False, server_default=EMPTY))


def downgrade() -> None:
    for name in ("withdrawn_reason", "withdrawn_business_at", "withdrawn_name", "withdrawn_by"):
        op.drop_column(TABLE, name)
