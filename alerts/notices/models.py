"""Tables of notices and of escalation. Columns named *_at are microseconds UTC of the business clock.

A notice row is written in the transaction of the change it tells of. State: queued → sending → sent, or back to queued
after a failure, or dead; withheld is a notification that was not made, with its reason.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, String, Table, Text, text

from core.database import metadata

notices = Table(
    "notices", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("uid", String(32), nullable=False, unique=True),  # the receiver's idempotency key: the same at every attempt
    Column("what", String(32), nullable=False),
    Column("card_id", BigInteger, nullable=False, index=True),
    Column("card_rev", Integer, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("addressee", String(32), nullable=False),
    Column("username", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("address", String(160), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False),     # why he was told, or why not
    Column("step", String(64), nullable=False),       # of which escalation; "" for none
    Column("language", String(2), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("body", Text, nullable=False),
    Column("data", Text, nullable=False),             # JSON for webhooks
    Column("created_at", BigInteger, nullable=False),
    Column("next_at", BigInteger),                    # not to be sent before
    Column("attempts", Integer, nullable=False),
    Column("claims", Integer, nullable=False),        # times a sender took it up, finished or not
    Column("leased_until", BigInteger),               # the machine's own time
    Column("lease", String(64), nullable=False),
    Column("error", String(500), nullable=False),
    Column("ended_at", BigInteger),                   # sent, dead or withheld
    Column("read_at", BigInteger),
    Column("paper", String(64), nullable=False, server_default=text("''")),  # of the paper it is of; then card_id is 0
    Column("case_no", String(128), nullable=False, server_default=text("''")),  # of the case its applicant is told of
    Index("ix_notices_created_at", "created_at", "id"),
)
WAITING = text("state IN ('queued', 'sending')")
Index("ix_notices_waiting", notices.c.next_at, postgresql_where=WAITING, sqlite_where=WAITING)
_UNREAD = text("channel = 'in_site' AND state = 'sent' AND read_at IS NULL")
Index("ix_notices_unread", notices.c.username, postgresql_where=_UNREAD, sqlite_where=_UNREAD)
_OF_PAPER = text("paper <> ''")
Index("ix_notices_paper", notices.c.paper, postgresql_where=_OF_PAPER, sqlite_where=_OF_PAPER)
_OF_CASE = text("case_no <> ''")
Index("ix_notices_case_no", notices.c.case_no, postgresql_where=_OF_CASE, sqlite_where=_OF_CASE)
_DEAD = text("state = 'dead'")
Index("ix_notices_dead", notices.c.id, postgresql_where=_DEAD, sqlite_where=_DEAD)

# Every attempt at a notice, as the delivery log shows it.
notice_attempts = Table(
    "notice_attempts", metadata,
    Column("notice_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("outcome", String(16), nullable=False),  # sent, failed, refused
    Column("detail", String(500), nullable=False),
)

# A running chain: one row per card and run, with the chain as it was when the run began.
escalations = Table(
    "escalations", metadata,
    Column("card_id", BigInteger, primary_key=True, autoincrement=False),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("area", String(64), nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("chain", Text, nullable=False),            # JSON of config.escalation.Chain
    Column("started_at", BigInteger, nullable=False),
    Column("step", Integer, nullable=False),          # number of the next one, from 0, counted through the loops
    Column("next_at", BigInteger),                    # theoretical instant; none when the chain is at its end
    Column("stopped_at", BigInteger),
    Column("stopped_by", String(32), nullable=False),
)
_RUNNING = text("stopped_at IS NULL")
Index("ix_escalations_due", escalations.c.next_at, postgresql_where=_RUNNING, sqlite_where=_RUNNING)
Index("uq_escalations_running", escalations.c.card_id, unique=True, postgresql_where=_RUNNING, sqlite_where=_RUNNING)

# The claim of a step: inserted once, whoever fires it.
escalation_steps = Table(
    "escalation_steps", metadata,
    Column("card_id", BigInteger, primary_key=True, autoincrement=False),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("due_at", BigInteger, nullable=False),   # theoretical
    Column("fired_at", BigInteger, nullable=False),
    Column("addressees", String(255), nullable=False),
    Column("told", Integer, nullable=False),        # people a notice was written for
)
