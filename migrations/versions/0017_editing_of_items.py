"""versions of organisations, and the migration of running cases to another version of their item

Revision 0017, after 0016.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

IS_WAITING = sa.text("state = 'proposed'")


def upgrade() -> None:
    op.create_table(
        "organisation_versions",
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
        sa.PrimaryKeyConstraint("subject", "version", name=op.f("pk_organisation_versions")))
    op.create_index("uq_organisation_versions_proposed", "organisation_versions", ["subject"], unique=True,
                    postgresql_where=IS_WAITING, sqlite_where=IS_WAITING)
    op.create_table(
        "hosted_migrations",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item", sa.String(length=128), nullable=False),
        sa.Column("from_version", sa.Integer(), nullable=False),
        sa.Column("to_version", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("cases", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hosted_migrations")))
    op.create_index("uq_hosted_migrations_proposed", "hosted_migrations", ["item"], unique=True,
                    postgresql_where=IS_WAITING, sqlite_where=IS_WAITING)


def downgrade() -> None:
    op.drop_index("uq_hosted_migrations_proposed", "hosted_migrations", postgresql_where=IS_WAITING, sqlite_where=IS_WAITING)
    op.drop_table("hosted_migrations")
    op.drop_index("uq_organisation_versions_proposed", "organisation_versions", postgresql_where=IS_WAITING,
                  sqlite_where=IS_WAITING)
    op.drop_table("organisation_versions")
