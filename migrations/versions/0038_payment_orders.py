"""orders of payments, kept until the money is booked or back; parts of projects that came to nothing

Revision 0038, after 0037. Parts declared void, withdrawn or returned counted as done, and so did refused ones: where the project
still stands at its join, the lead unit decides about the former, and the latter hold its grant.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")
IS_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "payment_orders",
        sa.Column("no", sa.String(40), nullable=False),
        sa.Column("case_no", sa.String(128), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("receipt_no", sa.String(128), nullable=False, server_default=EMPTY),
        sa.Column("problem", sa.String(64), nullable=False, server_default=EMPTY),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("silent_since", sa.BigInteger()),
        sa.Column("look_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_index("ix_payment_orders_case_no", "payment_orders", ["case_no", "fee"])
    op.create_index("ix_payment_orders_look_at", "payment_orders", ["look_at"])
    op.create_index("uq_payment_orders_open", "payment_orders", ["case_no", "fee"], unique=True, sqlite_where=IS_OPEN,
                    postgresql_where=IS_OPEN)
    op.create_table(
        "sandbox_payments",
        sa.Column("no", sa.String(40), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("given_back_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("no"),
    )
    op.execute("UPDATE hosted_nodes SET state = 'void' WHERE state = 'done' AND case_id IN (SELECT case_id FROM cases WHERE"
               " state IN ('voided', 'withdrawn', 'returned')) AND project_id IN (SELECT case_id FROM hosted_cases WHERE"
               " step = '会审')")
    op.execute("UPDATE hosted_nodes SET state = 'refused' WHERE state = 'done' AND case_id IN (SELECT j.case_id FROM journal j"
               " WHERE j.kind = 'concluded' AND j.payload LIKE '%\"result\":\"refused\"%' AND NOT EXISTS (SELECT 1 FROM journal l"
               " WHERE l.case_id = j.case_id AND l.kind = 'concluded' AND l.seq > j.seq)) AND project_id IN (SELECT case_id FROM"
               " hosted_cases WHERE step = '会审')")


def downgrade() -> None:
    op.execute("UPDATE hosted_nodes SET state = 'done' WHERE state IN ('refused', 'void', 'left_out')")
    op.drop_table("sandbox_payments")
    op.drop_table("payment_orders")
