"""who appealed, so that he does not decide, and a deadline for the review of a reply

Revision 0037, after 0036. Appeals still open learn from the log who filed them; replies that wait for their review get two days
from the update, after which the ordinary term goes on.
"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

TWO_DAYS_US = 2 * 86_400 * 1_000_000


def upgrade() -> None:
    op.add_column("cards", sa.Column("appealed_by", sa.String(64)))
    op.execute("UPDATE cards SET appealed_by = (SELECT card_log.actor FROM card_log WHERE card_log.card_id = cards.id"
               " AND card_log.action = 'appealed' ORDER BY card_log.seq DESC LIMIT 1)"
               " WHERE closed_at IS NULL AND appeal <> 'none'")
    due_at = time.time_ns() // 1000 + TWO_DAYS_US
    op.execute(sa.text("INSERT INTO card_deadlines (card_id, kind, due_at) SELECT id, 'review', :due_at FROM cards"
                       " WHERE closed_at IS NULL AND disposition = 'replied'").bindparams(due_at=due_at))


def downgrade() -> None:
    op.execute("DELETE FROM card_deadlines WHERE kind = 'review'")
    op.drop_column("cards", "appealed_by")
