"""Tables of webhooks. Instants are microseconds UTC of real time: how long a receiver is waited for has nothing to do with
business time; only `event_at` is business time."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, text

from core.database import metadata

webhook_subscriptions = Table(
    "webhook_subscriptions", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("uid", String(32), nullable=False, unique=True),  # what the secret is sealed to
    Column("name", String(64), nullable=False),
    Column("url", String(500), nullable=False),
    Column("secret", LargeBinary, nullable=False),  # sealed
    Column("types", String(400), nullable=False),   # apart by blanks
    Column("area", String(64), nullable=False),     # "" for events of every area and of the city
    Column("enabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(64), nullable=False),
)

# State: queued → sending → sent, or back to queued after a failure, or dead; cancelled by an administrator.
webhook_deliveries = Table(
    "webhook_deliveries", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subscription_id", Integer, nullable=False),
    Column("event_id", String(32), nullable=False),  # the same for every subscription and attempt
    Column("type", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("event_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),            # the CloudEvent as it is sent
    Column("state", String(12), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("next_at", BigInteger),                   # not to be tried before
    Column("attempts", Integer, nullable=False),     # those that failed
    Column("claims", Integer, nullable=False),       # times a sender took it up, finished or not
    Column("lease", String(32), nullable=False),
    Column("leased_until", BigInteger),
    Column("took_ms", Integer),
    Column("detail", String(500), nullable=False),   # what the last attempt came to
    Column("ended_at", BigInteger),
)
_WAITING = text("state IN ('queued', 'sending')")
Index("ix_webhook_deliveries_waiting", webhook_deliveries.c.next_at, postgresql_where=_WAITING, sqlite_where=_WAITING)
Index("ix_webhook_deliveries_subscription", webhook_deliveries.c.subscription_id, webhook_deliveries.c.id)
_DEAD = text("state = 'dead'")
Index("ix_webhook_deliveries_dead", webhook_deliveries.c.id, postgresql_where=_DEAD, sqlite_where=_DEAD)

# Months whose figures were told; inserted once, whoever tells them.
webhook_months = Table(
    "webhook_months", metadata,
    Column("month", String(7), primary_key=True),  # 2026-03
    Column("told_at", BigInteger, nullable=False),
)
