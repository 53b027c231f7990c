"""the faults told of a case; the cases whose papers are in hand

Revision 0009, after 0008. Cases of before have none told; they are told when their facts next change, or by a recount with
repair.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('cases', sa.Column('acts', sa.Text(), server_default=sa.text("''"), nullable=False))
    op.create_index('ix_cases_received', 'cases', ['last_event_at'], postgresql_where=sa.text("state = 'received'"),
                    sqlite_where=sa.text("state = 'received'"))


def downgrade() -> None:
    op.drop_index('ix_cases_received', table_name='cases')
    op.drop_column('cases', 'acts')
