"""One transaction: journal, states, clocks, counters, cards and outbox, or none of them. The only caller of commit."""

from __future__ import annotations

import threading
import uuid
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
from core.statements import check_under_way

Reaction = Callable[["UnitOfWork", Sequence[Any]], None]
Reactions = Mapping[type, Sequence[Reaction]]
Sum = TypeVar("Sum")
T = TypeVar("T")
_OUTBOX_COLUMNS = ("seq", "topic", "subject", "rev", "at", "payload")


class UnitOfWork:
    """What one writing transaction works with. `now_us` is asked once, so all it decides agrees.

    `kept` is what this process has read or written under the ledger's lock; it is empty where another has written since. Only
    what is never written without that lock belongs there, and whoever changes such a thing puts it there anew or takes it out
    (docs/adr/0018).
    """

    def __init__(self, conn: Connection, now_us: int, head: LedgerHead, reactions: Reactions, kept: dict[object, Any]) -> None:
        self.conn, self.now_us, self.head, self.kept = conn, now_us, head, kept
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

    def keep(self, what: object, read: Callable[[Connection], T]) -> T:
        """What is kept under that name, read now if nothing is."""
        if what not in self.kept:
            self.kept[what] = read(self.conn)
        known: T = self.kept[what]
        return known

    def next_journal_seq(self) -> int:
        self.head.journal_seq += 1
        return self.head.journal_seq

    def flush(self, stamp: str) -> None:
        for total, write in self._gathered.values():
            write(self, total)
        self._gathered.clear()
        bulk_insert(self.conn, outbox, _OUTBOX_COLUMNS, self._messages)
        self._messages.clear()
        self.head.stamp = stamp
        save_ledger(self.conn, self.head)


class _Keeper:
    """Keeps what transactions knew for those after them, as long as the ledger bears the stamp of the last one of ours.

    Used by whoever holds the ledger's lock, so by one at a time. A transaction that is undone, at its end or with a commit
    it shared, has left no stamp in the ledger, or one that is not the last: what it knew is given up.
    """

    def __init__(self) -> None:
        self._stamp: str | None = None
        self._kept: dict[object, Any] = {}

    def begin(self, stamp: str) -> dict[object, Any]:
        """What is known under that stamp. Until `end` nothing is."""
        if stamp != self._stamp:
            self._kept = {}
        self._stamp = None
        return self._kept

    def end(self) -> str:
        """The stamp under which it is known from now on."""
        self._stamp = uuid.uuid4().hex
        return self._stamp


class UnitOfWorkFactory:
    """`with factory() as uow:` commits at the end, rings the doorbell after it, rolls back on an exception."""

    def __init__(self, database: Database, clock: Clock, doorbell: Doorbell, reactions: Reactions | None = None) -> None:
        self.database, self.clock, self.doorbell = database, clock, doorbell
        self.reactions: dict[type, Sequence[Reaction]] = dict(reactions or {})
        self._joined = threading.local()
        self._keeper = _Keeper()

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
            uow = UnitOfWork(conn, self.clock.now_us(), head, self.reactions, self._keeper.begin(head.stamp))
            yield uow
            check_under_way(conn)
            uow.flush(self._keeper.end())
        self.doorbell.ring(uow.head.outbox_seq)
