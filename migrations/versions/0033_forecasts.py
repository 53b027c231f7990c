"""forecasts of overruns

Revision 0033, after 0030.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")


def upgrade() -> None:
    op.create_table(
        "forecast_models",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("trained_at", sa.BigInteger(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("correction", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Integer()),
        sa.Column("revision", sa.String(length=64), nullable=False, server_default=EMPTY),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False, server_default=EMPTY),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast_models")),
    )
    op.create_table(
        "forecasts",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("org", sa.String(length=128), nullable=False),
        sa.Column("item", sa.String(length=128), nullable=False),
        sa.Column("case_no", sa.String(length=128), nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("chance", sa.Float()),
        sa.Column("reason", sa.String(length=16), nullable=False, server_default=EMPTY),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("due_day", sa.Integer()),
        sa.Column("days_used", sa.Integer()),
        sa.Column("days_left", sa.Integer()),
        sa.Column("is_stopped", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("step", sa.String(length=160), nullable=False, server_default=EMPTY),
        sa.Column("level", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("ended", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("overran", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("days_low", sa.Float()),
        sa.Column("days_mid", sa.Float()),
        sa.Column("days_high", sa.Float()),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_forecasts")),
    )
    op.create_index("ix_forecasts_org", "forecasts", ["org", "chance"])
    op.create_index("ix_forecasts_chance", "forecasts", ["chance"])


def downgrade() -> None:
    op.drop_table("forecasts")
    op.drop_table("forecast_models")
