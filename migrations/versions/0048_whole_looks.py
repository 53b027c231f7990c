"""what was looked at is written down whole, and every issued card has its row among what cards add

Revision 0048, after 0047. Cards of which nothing is kept are counted by the job `figures`; that it has not come to them yet is
read from their rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("read_log", sa.Column("rest", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.execute("INSERT INTO figure_cards (card_id, case_id, marks, counting) SELECT cards.id, cards.case_id, '', 0 FROM cards "
               "WHERE cards.issued_at IS NOT NULL AND NOT EXISTS "
               "(SELECT 1 FROM figure_cards WHERE figure_cards.card_id = cards.id)")


def downgrade() -> None:
    op.execute("DELETE FROM figure_cards WHERE marks = '' AND counting = 0")
    op.drop_column("read_log", "rest")
