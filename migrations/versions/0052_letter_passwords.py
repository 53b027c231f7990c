"""the password of a consultation or complaint filed on the public site

Revision 0052, after 0051.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaints", sa.Column("password_hash", sa.String(64), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Whoever filed one asks by its number again."""
    op.drop_column("complaints", "password_hash")
