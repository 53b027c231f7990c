"""orders of payments, kept until the money is booked or back; feedback that could not be applied

Revision 0002, after 0001. Payments handed to the inside before become orders of the ledger: what waits is paid, what was refused
and whose money did not go back yet is to go back.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")
IS_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    orders = op.create_table(
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
    op.create_table(
        "unapplied",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(200), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_unapplied_due_at", "unapplied", ["due_at"])
    op.create_index("ix_unapplied_subject", "unapplied", ["subject"])
    rows = op.get_bind().execute(sa.text("SELECT subject, content, state, sent_at, answered_at, returned_at FROM sent"
                                         " WHERE kind = 'payment'")).all()
    if rows:
        op.bulk_insert(orders, [_order_of(row) for row in rows])
    with op.batch_alter_table("sent") as sent:
        sent.drop_column("returned_at")


def downgrade() -> None:
    with op.batch_alter_table("sent") as sent:
        sent.add_column(sa.Column("returned_at", sa.BigInteger()))
    conn = op.get_bind()
    orders = dict(conn.execute(sa.text("SELECT no, changed_at FROM payment_orders WHERE state = 'given_back'")).all())
    for envelope, content in conn.execute(sa.text("SELECT envelope, content FROM sent WHERE kind = 'payment'")).all():
        if (at := orders.get(json.loads(content)["order"]["no"])) is not None:
            conn.execute(sa.text("UPDATE sent SET returned_at = :at WHERE envelope = :envelope"), {"at": at, "envelope": envelope})
    op.drop_table("unapplied")
    op.drop_table("sandbox_payments")
    op.drop_table("payment_orders")


def _order_of(row: sa.Row[tuple[str, str, str, int, int | None, int | None]]) -> dict[str, object]:
    told = json.loads(row.content)
    refused = "given_back" if row.returned_at is not None else "returning"
    state = {"waiting": "paid", "done": "booked"}.get(row.state, refused)
    return {"no": told["order"]["no"], "case_no": row.subject, "fee": told["order"]["fee"],
            "amount_fen": told["order"]["amount_fen"], "state": state, "receipt_no": told["receipt_no"], "problem": "",
            "opened_at": row.sent_at, "changed_at": row.returned_at or row.answered_at or row.sent_at, "looks": 0,
            "silent_since": None, "look_at": row.sent_at if state in ("paid", "returning") else None}
