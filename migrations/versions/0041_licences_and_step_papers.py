"""licences: what granted cases gave their applicants; documents of the handling

Revision 0041, after 0040. Licences whose numbers were only told to the journal before are not entered: their terms are not known.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hosted_licences",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("org", sa.String(128), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(240), nullable=False),
        sa.Column("holder", sa.String(256), nullable=False),
        sa.Column("identity_no", sa.String(256), nullable=False),
        sa.Column("medium", sa.String(16), nullable=False),
        sa.Column("is_drawn", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Integer()),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_by", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("ended_by", sa.String(64), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
    )
    op.create_index("uq_hosted_licences_number", "hosted_licences", ["org", "number"], unique=True)
    op.create_index("ix_hosted_licences_case", "hosted_licences", ["case_id"])
    op.create_table(
        "hosted_step_papers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(160), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(96), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by_name", sa.String(64), nullable=False),
        sa.Column("dropped_at", sa.BigInteger()),
        sa.Column("dropped_by", sa.String(64), nullable=False, server_default=sa.text("''")),
    )
    op.create_index("ix_hosted_step_papers_case", "hosted_step_papers", ["case_id"])
    op.create_index("ix_hosted_step_papers_sha256", "hosted_step_papers", ["sha256"])


def downgrade() -> None:
    op.drop_table("hosted_step_papers")
    op.drop_table("hosted_licences")
