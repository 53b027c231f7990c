"""hosted approval

Revision 0015, after 0014.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
IS_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "hosted_cases",
        sa.Column("case_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("case_no", sa.String(length=128), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("org", sa.String(length=128), nullable=False),
        sa.Column("item", sa.String(length=128), nullable=False),
        sa.Column("item_version", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("applicant", sa.String(length=256), nullable=False),
        sa.Column("particulars", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.String(length=64), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("step", sa.String(length=160), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("filed_by", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.BigInteger()),
        sa.Column("node", sa.String(length=64)),
        sa.PrimaryKeyConstraint("case_id"),
        sa.UniqueConstraint("case_no"),
    )
    op.create_index("ix_hosted_cases_org", "hosted_cases", ["org", "filed_at"])
    op.create_index("ix_hosted_cases_project", "hosted_cases", ["project_id"])
    op.create_table(
        "hosted_tasks",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=160), nullable=False),
        sa.Column("org", sa.String(length=128), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_by", sa.String(length=64), nullable=False, server_default=sa.text("''")),
        sa.Column("claimed_name", sa.String(length=64), nullable=False, server_default=sa.text("''")),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("outcome", sa.String(length=16), nullable=False, server_default=sa.text("''")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_hosted_tasks_case", "hosted_tasks", ["case_id", "opened_at"])
    op.create_index("ix_hosted_tasks_open", "hosted_tasks", ["org", "step"], postgresql_where=IS_OPEN, sqlite_where=IS_OPEN)
    op.create_table(
        "hosted_signatures",
        sa.Column("task_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("post", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=64), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "post"),
    )
    op.create_table(
        "hosted_papers",
        sa.Column("case_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64)),
        sa.Column("file_name", sa.String(length=255), nullable=False, server_default=sa.text("''")),
        sa.Column("media_type", sa.String(length=96), nullable=False, server_default=sa.text("''")),
        sa.Column("size", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("promised_at", sa.BigInteger()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by_name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "code", "place"),
    )
    op.create_index("ix_hosted_papers_sha256", "hosted_papers", ["sha256"])
    op.create_table(
        "hosted_fees",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("receipt_no", sa.String(length=64), nullable=False, server_default=sa.text("''")),
        sa.Column("ground", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("settled_by", sa.String(length=64), nullable=False, server_default=sa.text("''")),
        sa.Column("charged_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_hosted_fees_case", "hosted_fees", ["case_id"])
    op.create_table(
        "hosted_extensions",
        sa.Column("case_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=False, server_default=sa.text("''")),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("decided_words", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_table(
        "hosted_receipts",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_hosted_receipts_case", "hosted_receipts", ["case_id"])
    op.create_table(
        "hosted_nodes",
        sa.Column("project_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=128), nullable=False),
        sa.Column("org", sa.String(length=128), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("case_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("project_id", "node"),
    )
    op.create_index("ix_hosted_nodes_case", "hosted_nodes", ["case_id"])
    op.create_table(
        "hosted_drafts",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=128), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash"),
    )
    op.create_index("ix_hosted_drafts_updated_at", "hosted_drafts", ["updated_at"])
    op.create_table(
        "staff_posts",
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("org", sa.String(length=128), nullable=False),
        sa.Column("post", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("username", "org", "post"),
    )
    op.create_index("ix_staff_posts_org", "staff_posts", ["org", "post"])
    op.create_table(
        "hosted_numbers",
        sa.Column("org", sa.String(length=128), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org", "day"),
    )


def downgrade() -> None:
    op.drop_table("hosted_numbers")
    op.drop_table("staff_posts")
    op.drop_table("hosted_drafts")
    op.drop_table("hosted_nodes")
    op.drop_table("hosted_receipts")
    op.drop_table("hosted_extensions")
    op.drop_table("hosted_fees")
    op.drop_table("hosted_papers")
    op.drop_table("hosted_signatures")
    op.drop_table("hosted_tasks")
    op.drop_table("hosted_cases")
