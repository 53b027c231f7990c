"""who proposed to revoke a card, by the name he is known by; since when the department knows of the level a card has

Revision 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cards", sa.Column("revoke_name", sa.String(length=64)))
    op.add_column("cards", sa.Column("told_at", sa.BigInteger()))
    op.execute("UPDATE cards SET told_at = issued_at")


def downgrade() -> None:
    op.drop_column("cards", "told_at")
    op.drop_column("cards", "revoke_name")
