"""the number of each paper beside its facts

Revision 0004, after 0003.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PAPERS = sa.table("papers", sa.column("code", sa.String), sa.column("facts", sa.Text), sa.column("number", sa.String))


def upgrade() -> None:
    op.add_column("papers", sa.Column("number", sa.String(64), nullable=False, server_default=sa.text("''")))
    connection = op.get_bind()
    numbers = [{"of": row.code, "is_number": json.loads(row.facts)["number"]}
               for row in connection.execute(sa.select(PAPERS.c.code, PAPERS.c.facts))]
    if numbers:
        connection.execute(sa.update(PAPERS).where(PAPERS.c.code == sa.bindparam("of")).values(
            number=sa.bindparam("is_number")), numbers)
    op.create_index("ix_papers_number", "papers", ["number"])


def downgrade() -> None:
    op.drop_index("ix_papers_number", "papers")
    op.drop_column("papers", "number")
