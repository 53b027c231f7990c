"""the paper a notice is of, when it is not of a card

Revision 0013, after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

IS_OF_PAPER = sa.text("paper <> ''")


def upgrade() -> None:
    op.add_column("notices", sa.Column("paper", sa.String(length=64), nullable=False, server_default=sa.text("''")))
    op.create_index("ix_notices_paper", "notices", ["paper"], postgresql_where=IS_OF_PAPER, sqlite_where=IS_OF_PAPER)


def downgrade() -> None:
    op.drop_index("ix_notices_paper", "notices", postgresql_where=IS_OF_PAPER, sqlite_where=IS_OF_PAPER)
    op.drop_column("notices", "paper")
