"""half-years and years are published and frozen as months are

Revision 0040, after 0039. A scoring says what span it is of and which months it rests on; those there are, are of months.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

STANDS = sa.text("state <> 'withdrawn'")


def upgrade() -> None:
    op.add_column("scorings", sa.Column("span", sa.String(8), nullable=False, server_default="month"))
    op.add_column("scorings", sa.Column("rests_on", sa.Text, nullable=False, server_default="[]"))
    _index("scheme", "month", "area", "span")


def downgrade() -> None:
    for table in ("score_appeals", "score_lines", "score_rows"):
        op.execute(f"DELETE FROM {table} WHERE scoring_id IN (SELECT id FROM scorings WHERE span <> 'month')")
    op.execute("DELETE FROM scorings WHERE span <> 'month'")
    _index("scheme", "month", "area")
    op.drop_column("scorings", "rests_on")
    op.drop_column("scorings", "span")


def _index(*columns: str) -> None:
    op.drop_index("uq_scorings_standing", "scorings")
    op.create_index("uq_scorings_standing", "scorings", list(columns), unique=True, postgresql_where=STANDS, sqlite_where=STANDS)
