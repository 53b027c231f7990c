"""payments settled by hand and taken back

Revision 0050, after 0049.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

INDEX = "uq_hosted_payments_reference"
STANDS = "state <> 'refused'"
STANDS_NOW = "state NOT IN ('refused', 'reversed')"
WORDS = ("reversal_reason", "reversal_answer", "asked_by", "asked_name", "reversed_by", "reversed_name")
INSTANTS = ("asked_at", "reversed_at")


def upgrade() -> None:
    for name in WORDS:
        kind = sa.Text() if name.startswith("reversal") else sa.String(64)
        op.add_column("hosted_payments", sa.Column(name, kind, nullable=False, server_default=sa.text("''")))
    for name in INSTANTS:
        op.add_column("hosted_payments", sa.Column(name, sa.BigInteger()))
    _index(STANDS_NOW)
    op.create_index("ix_hosted_payments_receipt_no", "hosted_payments", ["receipt_no"])


def downgrade() -> None:
    """The code before knows neither state: what waits for its second person stands, and what was taken back is refused, by whom
    and why, so that its reference stays free."""
    op.execute("UPDATE hosted_payments SET state = 'booked' WHERE state = 'reversing'")
    op.execute("UPDATE hosted_payments SET state = 'refused', words = reversal_reason, decided_by = reversed_by, "
               "decided_name = reversed_name, decided_at = reversed_at WHERE state = 'reversed'")
    op.drop_index("ix_hosted_payments_receipt_no", "hosted_payments")
    _index(STANDS)
    for name in (*WORDS, *INSTANTS):
        op.drop_column("hosted_payments", name)


def _index(standing: str) -> None:
    """A payment taken back gives its reference free."""
    op.drop_index(INDEX, "hosted_payments")
    op.create_index(INDEX, "hosted_payments", ["org", "kind", "reference"], unique=True,
                    postgresql_where=sa.text(standing), sqlite_where=sa.text(standing))
