"""figures by item and channel added up by the month once it is over

Revision 0043, after 0042. The job `figures` adds up the months there are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIGURES = (
    "received", "received_instant", "received_promised", "accepted", "not_accepted", "concluded", "returned", "voided",
    "withdrawn", "early", "on_due_day", "late", "promised_in_time", "same_day", "online", "statutory_days", "statutory_used",
    "promised_days", "promised_used", "both_statutory", "both_promised", "timed", "used_days", "steps", "steps_over",
    "special", "corrections", "corrected_once", "rated", "satisfied", "dissatisfied", "warnings", "yellow", "red",
    "revoked_yellow", "revoked_red", "consultations", "consultations_answered", "complaints", "complaints_answered",
    "replies", "reply_days",
)


def upgrade() -> None:
    op.create_table(
        "figure_detail_months", sa.Column("id", ROW_NUMBER, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")) for name in FIGURES),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_detail_months")), postgresql_with={"fillfactor": 70})
    op.create_table(
        "figure_rollups", sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_rollups")))


def downgrade() -> None:
    op.drop_table("figure_rollups")
    op.drop_table("figure_detail_months")
