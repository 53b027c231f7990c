"""The outbox: what the world must be told, written in the transaction that made it true.

Numbers are commit-ordered and dense, so a reader that has seen `n` has seen everything up to `n`. The table is the
truth; a doorbell only says that it is worth reading.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, text, update

from core.models import ledger, outbox
from core.statements import Statement

_FIRST_LEDGER = Statement(
    text("INSERT INTO ledger (id, epoch, journal_head, outbox_head) VALUES (1, :epoch, 0, 0) ON CONFLICT DO NOTHING"))


@dataclass(frozen=True, slots=True)
class Message:
    """One outbox row; `payload` is JSON text."""

    seq: int
    topic: str
    subject: str
    rev: int
    at: int
    payload: str


@dataclass(slots=True)
class LedgerHead:
    """The last numbers given out and the stamp of the transaction before this one, as read under the lock."""

    epoch: str
    journal_seq: int
    outbox_seq: int
    stamp: str

    def copy(self) -> LedgerHead:
        """For an act that may yet be undone."""
        return LedgerHead(self.epoch, self.journal_seq, self.outbox_seq, self.stamp)


# Every writing transaction begins with the one and ends with the other.
_LOCK = Statement(select(ledger.c.epoch, ledger.c.journal_head, ledger.c.outbox_head, ledger.c.stamp).where(
    ledger.c.id == 1).with_for_update())
_HEAD = Statement(select(ledger.c.epoch, ledger.c.outbox_head).where(ledger.c.id == 1))  # asked after every commit
_STAMP = Statement(select(ledger.c.stamp).where(ledger.c.id == 1))
_SAVE = Statement(update(ledger).where(ledger.c.id == 1), ("journal_head", "outbox_head", "stamp"))


def lock_ledger(conn: Connection) -> LedgerHead:
    """Take the one writer's lock and read the heads; creates the row in a new installation."""
    row = _LOCK.first(conn)
    if row is None:
        # Two first writers may meet here; one inserts, the other waits and then locks what it finds.
        _FIRST_LEDGER.run(conn, epoch=uuid.uuid4().hex)
        [row] = _LOCK.rows(conn)
    return LedgerHead(*row)


def save_ledger(conn: Connection, head: LedgerHead) -> None:
    """Write the heads back before the commit, under a stamp of this transaction's own."""
    _SAVE.run(conn, journal_head=head.journal_seq, outbox_head=head.outbox_seq, stamp=head.stamp)


def last_stamp(conn: Connection) -> str:
    """The stamp of the last committed transaction; "" in an installation nothing was ever written to."""
    row = _STAMP.first(conn)
    return str(row[0]) if row else ""


def new_epoch(conn: Connection) -> str:
    """Start a new epoch (after a restore or re-index): every client takes a fresh snapshot."""
    epoch = uuid.uuid4().hex
    lock_ledger(conn)
    conn.execute(update(ledger).where(ledger.c.id == 1).values(epoch=epoch))
    return epoch


def head(conn: Connection) -> tuple[str, int]:
    """(epoch, last committed outbox seq); ("", 0) in an installation nothing was ever written to."""
    row = _HEAD.first(conn)
    return (row[0], row[1]) if row else ("", 0)


def read_after(conn: Connection, seq: int, limit: int, topics: Sequence[str] = ()) -> list[Message]:
    """Messages with a number above `seq`, in order, at most `limit`."""
    statement = select(*outbox.c["seq", "topic", "subject", "rev", "at", "payload"]).where(outbox.c.seq > seq)
    if topics:
        statement = statement.where(outbox.c.topic.in_(topics))
    return [Message(*row) for row in conn.execute(statement.order_by(outbox.c.seq).limit(limit))]


def history_of(conn: Connection, topic: str, subject: str) -> list[Message]:
    """Everything ever told about one subject, oldest first."""
    statement = select(*outbox.c["seq", "topic", "subject", "rev", "at", "payload"]).where(
        outbox.c.topic == topic, outbox.c.subject == subject)
    return [Message(*row) for row in conn.execute(statement.order_by(outbox.c.seq))]
