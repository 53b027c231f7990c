"""figures of applicants, signatures, cards by what they are for, and of how long cases took

Revision 0044, after 0043. The day tables are emptied and every case and card is marked for counting: the job `figures` (or `recount`)
counts the whole record anew, so that past days have the new figures, too. Until it is through, screens show what it has counted.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

TABLES = ("figure_days", "figure_months", "figure_details", "figure_detail_months")
SUBJECTS = ("step", "special", "consultation", "complaint", "conduct")
TOOK = (0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 180, "more")
OF_PROMISE = (10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 150, 200, "more")
FIGURES = ("received_persons", "received_companies", "acknowledged", "acknowledgement_minutes",
           *(f"{level}_{subject}" for subject in SUBJECTS for level in ("warnings", "yellow", "red")),
           *(f"took_{edge}" for edge in TOOK), *(f"of_promise_{edge}" for edge in OF_PROMISE))


def upgrade() -> None:
    _forget_counts()
    for table in TABLES:
        for name in FIGURES:
            op.add_column(table, sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    _forget_counts()
    for table in TABLES:
        for name in reversed(FIGURES):
            op.drop_column(table, name)


def _forget_counts() -> None:
    for table in (*TABLES, "figure_rollups", "figure_cards"):
        op.execute(sa.text(f"DELETE FROM {table}"))
    op.execute(sa.text("UPDATE cases SET marks = '' WHERE marks <> ''"))
