"""the second factor of an account

Revision 0016, after 0015.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("factor_salt", sa.String(length=40), nullable=False, server_default=sa.text("''")))
    op.add_column("accounts", sa.Column("factor_step", sa.BigInteger(), nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    op.drop_column("accounts", "factor_step")
    op.drop_column("accounts", "factor_salt")
