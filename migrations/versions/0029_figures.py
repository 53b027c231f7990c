"""base figures per day for the evaluation, and what each case and card adds to them

Revision 0029, after 0028. The tables are filled from the journal by the first worker that runs (Recounter.fill).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

ROOM = {"fillfactor": 70}
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIGURES = (
    "received", "received_instant", "received_promised", "accepted", "not_accepted", "concluded", "returned", "voided",
    "withdrawn", "early", "on_due_day", "late", "promised_in_time", "same_day", "online", "statutory_days", "statutory_used",
    "promised_days", "promised_used", "both_statutory", "both_promised", "timed", "used_days", "steps", "steps_over",
    "special", "corrections", "corrected_once", "rated", "satisfied", "dissatisfied", "warnings", "yellow", "red",
    "revoked_yellow", "revoked_red", "consultations", "consultations_answered", "complaints", "complaints_answered",
)


def upgrade() -> None:
    op.create_table(
        "figure_days", *_key(), *_figures(), sa.Column("corrected_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("basis", "day", "area", "org", name=op.f("pk_figure_days")),
        sqlite_with_rowid=False, postgresql_with=ROOM)
    corrected = sa.text("corrected_at IS NOT NULL")
    op.create_index("ix_figure_days_corrected_at", "figure_days", ["corrected_at"], sqlite_where=corrected,
                    postgresql_where=corrected)
    op.create_table(
        "figure_months", *_key(), *_figures(),
        sa.PrimaryKeyConstraint("basis", "day", "area", "org", name=op.f("pk_figure_months")),
        sqlite_with_rowid=False, postgresql_with=ROOM)
    op.create_table(
        "figure_places",
        sa.Column("place", ROW_NUMBER, autoincrement=False, nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("org", sa.String(length=128), nullable=False),
        sa.Column("item", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_figure_places")))
    op.create_index("uq_figure_places_place", "figure_places", ["area", "org", "item", "channel"], unique=True)
    op.create_table(
        "figure_details", sa.Column("id", ROW_NUMBER, autoincrement=False, nullable=False), *_figures(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_details")), postgresql_with=ROOM)
    op.create_table(
        "figure_cards",
        sa.Column("card_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("marks", sa.String(length=480), nullable=False),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_figure_cards")))
    op.create_index("ix_figure_cards_case_id", "figure_cards", ["case_id"])
    op.add_column("cases", sa.Column("marks", sa.Text(), nullable=False, server_default=sa.text("''")))
    unmarked = sa.text("marks = ''")
    op.create_index("ix_cases_unmarked", "cases", ["case_id"], sqlite_where=unmarked, postgresql_where=unmarked)


def downgrade() -> None:
    op.drop_index("ix_cases_unmarked", table_name="cases")
    op.drop_column("cases", "marks")
    for table in ("figure_cards", "figure_details", "figure_places", "figure_months", "figure_days"):
        op.drop_table(table)


def _key() -> list[sa.Column]:
    return [sa.Column("basis", sa.SmallInteger(), autoincrement=False, nullable=False),
            sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("area", sa.String(length=64), nullable=False),
            sa.Column("org", sa.String(length=128), nullable=False)]


def _figures() -> list[sa.Column]:
    return [sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")) for name in FIGURES]
