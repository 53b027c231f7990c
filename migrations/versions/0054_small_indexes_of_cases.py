"""columns of their own for the two small indexes of the cases, so that an event need not be written into every index

Revision 0054, after 0053. The cases that wait, and those nothing is kept of, are found by the indexes of before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column, holds in (("is_waiting", "state = 'received'"), ("is_unmarked", "marks = ''")):
        op.add_column("cases", sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.text("false")))
        op.execute(f"UPDATE cases SET {column} = true WHERE {holds}")
    op.drop_index("ix_cases_received", table_name="cases")
    op.drop_index("ix_cases_unmarked", table_name="cases")
    for name, column in (("ix_cases_waiting", "is_waiting"), ("ix_cases_unmarked", "is_unmarked")):
        op.create_index(name, "cases", ["case_id"], postgresql_where=sa.text(column), sqlite_where=sa.text(f"{column} = 1"))


def downgrade() -> None:
    op.drop_index("ix_cases_unmarked", table_name="cases")
    op.drop_index("ix_cases_waiting", table_name="cases")
    _create("ix_cases_unmarked", "case_id", "marks = ''")
    _create("ix_cases_received", "last_event_at", "state = 'received'")
    for column in ("is_unmarked", "is_waiting"):
        op.drop_column("cases", column)


def _create(name: str, column: str, holds: str) -> None:
    op.create_index(name, "cases", [column], postgresql_where=sa.text(holds), sqlite_where=sa.text(holds))
