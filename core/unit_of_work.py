"""One transaction: journal, states, clocks, counters, cards and outbox, or none of them. The only caller of commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection

from core.clock import Clock
from core.database import Database, bulk_insert
from core.doorbell import Doorbell
from core.models import outbox
from core.outbox import LedgerHead, lock_ledger, save_ledger

Reaction = Callable[["UnitOfWork", Sequence[Any]], None]
Reactions = Mapping[type, Sequence[Reaction]]
Sum = TypeVar("Sum")
_OUTBOX_COLUMNS = ("seq", "topic", "subject", "rev", "at", "payload")


class UnitOfWork:
    """What one writing transaction works with. `now_us` is asked once, so all it decides agrees."""

    def __init__(self, conn: Connection, now_us: int, head: LedgerHead, reactions: Reactions) -> None:
        self.conn, self.now_us, self.head = conn, now_us, head
        self.recorded: set[int] = set()  # the cases whose record this transaction has written (cases.service)
        self._reactions = reactions
        self._messages: list[tuple[int, str, str, int, int, str]] = []
        self._gathered: dict[object, tuple[Any, Callable[[UnitOfWork, Any], None]]] = {}

    def publish(self, events: Sequence[Any]) -> None:
        """Let the reactions of each event type work in this transaction, runs of one type together, in order."""
        for kind, run in groupby(events, type):
            batch = list(run)
            for reaction in self._reactions.get(kind, ()):
                reaction(self, batch)

    def outbox(self, topic: str, subject: str, rev: int, payload: Any) -> int:
        """Tell the world after the commit. Returns the message's commit-ordered number."""
        self.head.outbox_seq += 1
        text = msgspec.json.encode(payload).decode()
        self._messages.append((self.head.outbox_seq, topic, subject, rev, self.now_us, text))
        return self.head.outbox_seq

    def gathered(self, owner: object, make: Callable[[], Sum], write: Callable[[UnitOfWork, Sum], None]) -> Sum:
        """What the reactions of one owner add up over this transaction: made when first asked for, written once, at its end.
        Nothing of it can be read within the transaction."""
        if owner not in self._gathered:
            self._gathered[owner] = make(), write
        total: Sum = self._gathered[owner][0]
        return total

    def next_journal_seq(self) -> int:
        self.head.journal_seq += 1
        return self.head.journal_seq

    def flush(self) -> None:
        for total, write in self._gathered.values():
            write(self, total)
        self._gathered.clear()
        bulk_insert(self.conn, outbox, _OUTBOX_COLUMNS, self._messages)
        self._messages.clear()
        save_ledger(self.conn, self.head)


class UnitOfWorkFactory:
    """`with factory() as uow:` commits at the end, rings the doorbell after it, rolls back on an exception."""

    def __init__(self, database: Database, clock: Clock, doorbell: Doorbell, reactions: Reactions | None = None) -> None:
        self.database, self.clock, self.doorbell = database, clock, doorbell
        self.reactions: dict[type, Sequence[Reaction]] = dict(reactions or {})
        self._joined = threading.local()

    @contextmanager
    def joining(self, uow: UnitOfWork) -> Iterator[None]:
        """Within the block, what services of this thread do in a transaction of their own is part of this one: all of it is
        committed with it or none. What they raise must end it."""
        self._joined.uow = uow
        try:
            yield
        finally:
            self._joined.uow = None

    @contextmanager
    def __call__(self, *, together: bool = False) -> Iterator[UnitOfWork]:
        """`together`: one short act, which may share its commit with others that wait (core.database)."""
        joined: UnitOfWork | None = getattr(self._joined, "uow", None)
        if joined is not None:
            yield joined
            return
        with self.database.transaction(together=together) as conn:
            head = lock_ledger(conn)
            # After the lock: who waited for it must not judge with an older "now" than who went first.
            uow = UnitOfWork(conn, self.clock.now_us(), head, self.reactions)
            yield uow
            uow.flush()
        self.doorbell.ring(uow.head.outbox_seq)
