"""signatures of papers, versions of their words, where a reused material comes from

Revision 0021, after 0020.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper_signatures",
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=8), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=48), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", "file"),
        sa.UniqueConstraint("sha256"))
    op.create_table(
        "paper_template_versions",
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("subject", "version"))
    waiting = sa.text("state = 'proposed'")
    op.create_index("uq_paper_template_versions_proposed", "paper_template_versions", ["subject"], unique=True,
                    postgresql_where=waiting, sqlite_where=waiting)
    op.create_index("ix_hosted_cases_applicant", "hosted_cases", ["applicant"])
    op.add_column("hosted_papers", sa.Column("source_case", sa.String(length=128), nullable=False, server_default=sa.text("''")))
    op.add_column("hosted_papers", sa.Column("consent", sa.Text(), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    op.drop_index("ix_hosted_cases_applicant", table_name="hosted_cases")
    op.drop_column("hosted_papers", "consent")
    op.drop_column("hosted_papers", "source_case")
    op.drop_index("uq_paper_template_versions_proposed", table_name="paper_template_versions")
    op.drop_table("paper_template_versions")
    op.drop_table("paper_signatures")
