"""The two tables of payments, made for whichever database the public pages stand on.

The inside and a public site of its own keep the same columns in databases of their own: neither imports the other's tables.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, text


def order_table(metadata: MetaData) -> Table:
    """Payment orders. `silent_since`: the gateway has not answered since; `look_at`: when it is the job's turn, NULL for never
    again. For one fee one order is open at most; times are microseconds UTC of the machine."""
    return Table(
        "payment_orders", metadata,
        Column("no", String(40), primary_key=True),
        Column("case_no", String(128), nullable=False),
        Column("fee", BigInteger, nullable=False),
        Column("amount_fen", BigInteger, nullable=False),
        Column("state", String(16), nullable=False),         # approval.payments.matters.OrderState
        Column("receipt_no", String(128), nullable=False, server_default=text("''")),
        Column("problem", String(64), nullable=False, server_default=text("''")),  # code: why it went back, or was given up
        Column("opened_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("looks", Integer, nullable=False),
        Column("silent_since", BigInteger),
        Column("look_at", BigInteger),
        Index("ix_payment_orders_case_no", "case_no", "fee"),
        Index("ix_payment_orders_look_at", "look_at"),
        Index("uq_payment_orders_open", "case_no", "fee", unique=True, sqlite_where=text("state = 'open'"),
              postgresql_where=text("state = 'open'")),
    )


def sandbox_table(metadata: MetaData) -> Table:
    """What the sandbox gateway remembers; a real gateway keeps this itself. `given_back_at`: the money went back."""
    return Table(
        "sandbox_payments", metadata,
        Column("no", String(40), primary_key=True),
        Column("content", Text, nullable=False),             # the order as it was sent
        Column("verdict", String(16), nullable=False),       # paid, declined, silent, closed
        Column("given_back_at", BigInteger),
    )
