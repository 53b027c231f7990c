"""how long departments took to reply to cards: since when a reply was owed, and two figures of the day tables

Revision 0035, after 0034. Cards of before count again by the job `figures` (figure_cards.counting); of theirs the time runs from
the issue, as nothing else was kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

TABLES = ("figure_days", "figure_months", "figure_details")
FIGURES = ("replies", "reply_days")


def upgrade() -> None:
    for table in TABLES:
        for name in FIGURES:
            op.add_column(table, sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("figure_cards", sa.Column("counting", sa.SmallInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("cards", sa.Column("reply_asked_at", sa.BigInteger()))
    op.add_column("cards", sa.Column("reply_from_at", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("cards", "reply_from_at")
    op.drop_column("cards", "reply_asked_at")
    op.drop_column("figure_cards", "counting")
    for table in TABLES:
        for name in reversed(FIGURES):
            op.drop_column(table, name)
