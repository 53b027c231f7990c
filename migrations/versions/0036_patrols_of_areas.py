"""patrols of one area, and what a patrol leaves out: cards the journal alone does not justify, cards closed long ago

Revision 0036, after 0035. Patrols of before were of every area.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

COUNTS = ("beyond", "older")


def upgrade() -> None:
    op.add_column("patrols", sa.Column("area", sa.String(64), nullable=False, server_default=sa.text("''")))
    for name in COUNTS:
        op.add_column("patrols", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_index("ix_patrol_findings_area", "patrol_findings", ["patrol_id", "area"])


def downgrade() -> None:
    op.drop_index("ix_patrol_findings_area", table_name="patrol_findings")
    for name in reversed(COUNTS):
        op.drop_column("patrols", name)
    op.drop_column("patrols", "area")
