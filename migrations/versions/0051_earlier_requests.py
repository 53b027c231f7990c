"""every request to take a payment back is kept

Revision 0051, after 0050.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hosted_payments", sa.Column("earlier_requests", sa.Text(), nullable=False, server_default=sa.text("'[]'")))


def downgrade() -> None:
    """The code before shows the last request only."""
    op.drop_column("hosted_payments", "earlier_requests")
