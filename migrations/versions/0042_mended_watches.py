"""when an order that failed is looked at again, when a paper was last tried, and what waits about one subject

Revision 0042, after 0041. Nothing of before fails: the new columns are empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("settled_at IS NULL")


def upgrade() -> None:
    op.add_column("orders", sa.Column("retry_at", sa.BigInteger()))
    op.create_index("ix_orders_retry_at", "orders", ["retry_at"])
    op.add_column("papers", sa.Column("tried_at", sa.BigInteger()))
    op.create_index("ix_exchange_received_subject", "exchange_received", ["subject", "place"],
                    postgresql_where=IS_OPEN, sqlite_where=IS_OPEN)


def downgrade() -> None:
    op.drop_index("ix_exchange_received_subject", "exchange_received")
    op.drop_column("papers", "tried_at")
    op.drop_index("ix_orders_retry_at", "orders")
    op.drop_column("orders", "retry_at")
