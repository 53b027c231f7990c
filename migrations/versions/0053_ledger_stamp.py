"""who wrote last, so that what a process knows need not be read again

The heads get other names, so that a process of the version before, which would write without its stamp, can write no more.

Revision 0053, after 0052.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None
NAMES = {"journal_seq": "journal_head", "outbox_seq": "outbox_head"}


def upgrade() -> None:
    op.add_column("ledger", sa.Column("stamp", sa.String(64), nullable=False, server_default=sa.text("''")))
    for old, new in NAMES.items():
        op.execute(f"ALTER TABLE ledger RENAME COLUMN {old} TO {new}")


def downgrade() -> None:
    for old, new in NAMES.items():
        op.execute(f"ALTER TABLE ledger RENAME COLUMN {new} TO {old}")
    op.drop_column("ledger", "stamp")
