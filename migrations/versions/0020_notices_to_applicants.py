"""notices to applicants: of which case; acts on hosted cases found without reading the journal

Revision 0020, after 0019.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

OF_CASE, HOSTED = sa.text("case_no <> ''"), sa.text("source = 'hosted'")


def upgrade() -> None:
    op.add_column("notices", sa.Column("case_no", sa.String(length=128), nullable=False, server_default=sa.text("''")))
    op.create_index("ix_notices_case_no", "notices", ["case_no"], postgresql_where=OF_CASE, sqlite_where=OF_CASE)
    op.create_index("ix_journal_hosted", "journal", ["seq"], postgresql_where=HOSTED, sqlite_where=HOSTED)


def downgrade() -> None:
    op.drop_index("ix_journal_hosted", "journal")
    op.drop_index("ix_notices_case_no", "notices")
    op.drop_column("notices", "case_no")
