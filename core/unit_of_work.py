"""One transaction: journal, states, clocks, counters, cards and outbox, or none of them. The only caller of commit."""

from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import groupby
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import msgspec
from sqlalchemy import Connection, Table

from core.clock import Clock
from core.database import Database, bulk_insert
from core.doorbell import Doorbell
from core.models import outbox
from core.outbox import lock_ledger, save_ledger

Reaction = Callable[["UnitOfWork", Sequence[Any]], None]
Reactions = Mapping[type, Sequence[Reaction]]
T = TypeVar("T")
_PLACES = 1_000  # transactions whose stamps are remembered
_OUTBOX_COLUMNS = ("seq", "topic", "subject", "rev", "at", "payload")


class Total(Protocol):
    """What is added up over a transaction."""

    def include(self, other: Self) -> None:
        """Add what another part of the transaction has added up."""


class Rows:
    """Rows of one table, or what they are made of, in the order in which they came."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def include(self, other: Rows) -> None:
        """Those of a later part follow."""
        self.rows += other.rows


def _insert(table: Table, columns: tuple[str, ...], uow: UnitOfWork, rows: Rows) -> None:
    bulk_insert(uow.conn, table, columns, rows.rows)


Sum = TypeVar("Sum", bound=Total)
_Gathered = dict[object, tuple[Any, Callable[["UnitOfWork", Any], None]]]


class UnitOfWork:
    """What one act works with, in a transaction of its own or one that several share (docs/adr/0016, 0020). `now_us` is asked
    once, so all it decides agrees.

    `kept` is what this process has read or written under the ledger's lock; it is empty where another has written since. Only
    what is never written without that lock belongs there, and whoever changes such a thing puts it there anew or takes it out
    (docs/adr/0018).

    `place` numbers the transactions of this process; acts that share one have the same.
    """

    def __init__(self, ledgered: _Ledgered, now_us: int, reactions: Reactions) -> None:
        self.conn, self.now_us, self.kept, self.place = ledgered.conn, now_us, ledgered.kept, ledgered.place
        self.head = ledgered.head.copy()  # its own: who is refused takes no number
        self.recorded: set[int] = set()  # the cases whose record this act has written (cases.service)
        self.messages: list[tuple[int, str, str, int, int, str]] = []
        self.sums: _Gathered = {}
        self._ledgered, self._reactions = ledgered, reactions

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
        self.messages.append((self.head.outbox_seq, topic, subject, rev, self.now_us, text))
        return self.head.outbox_seq

    def gathered(self, owner: object, make: Callable[[], Sum], write: Callable[[UnitOfWork, Sum], None]) -> Sum:
        """What is added up for one owner in this act: made when first asked for, and written once for the whole transaction, at
        its end. Nothing of it can be read in the database before; who must know it asks `unwritten`."""
        if owner not in self.sums:
            self.sums[owner] = make(), write
        total: Sum = self.sums[owner][0]
        return total

    def later(self, table: Table, columns: tuple[str, ...], row: tuple[Any, ...]) -> None:
        """Insert a row with the others of this transaction, at its end: where no act reads that table to decide by it."""
        if table not in self.sums:
            self.sums[table] = Rows(), partial(_insert, table, columns)
        self.sums[table][0].rows.append(row)

    def unwritten(self, owner: object) -> list[Any]:
        """What was added up for that owner and is not written yet: by the acts before this one, and by this one."""
        before = self._ledgered.sums
        parts = [before] if self.sums is before else [before, self.sums]  # one and the same while the end is written
        return [sums[owner][0] for sums in parts if owner in sums]

    def keep(self, what: object, read: Callable[[Connection], T]) -> T:
        """What is kept under that name, read now if nothing is."""
        if what not in self.kept:
            self.kept[what] = read(self.conn)
        known: T = self.kept[what]
        return known

    def place_of(self, stamp: str) -> int | None:
        """The `place` of the transaction that left the ledger under that stamp: those written since have higher ones. None
        where another process has written since, or where it is too long ago."""
        return self._ledgered.place_of(stamp)

    def next_journal_seq(self) -> int:
        self.head.journal_seq += 1
        return self.head.journal_seq


class _Ledgered:
    """One transaction under the ledger's lock: its head, and what the acts in it leave to its end. `act` is the one under way,
    afterwards the last that stands."""

    def __init__(self, conn: Connection, keeper: _Keeper) -> None:
        self.conn, self._keeper = conn, keeper
        self.head = lock_ledger(conn)
        self.kept = keeper.begin(self.head.stamp)
        self.place, self.place_of = keeper.place, keeper.place_of
        self.sums: _Gathered = {}
        self.is_told = False  # once it is committed: whether the doorbell has rung
        self._messages: list[tuple[int, str, str, int, int, str]] = []
        self._act: UnitOfWork | None = None
        self._standing: UnitOfWork | None = None

    def begun(self, now_us: int, reactions: Reactions) -> UnitOfWork:
        """The next act; it goes on from the head as those before it left it."""
        self._act = UnitOfWork(self, now_us, reactions)
        return self._act

    def take(self) -> None:
        """The act under way stands."""
        act, self._act = self._act, None
        if act is not None:
            self._standing, self.head = act, act.head
            self._take_sums(act.sums)
            self._messages += act.messages

    def drop(self) -> None:
        """The act under way is undone, and what it may have kept with it."""
        self._act = None
        self.kept.clear()

    def complete(self) -> None:
        """What the acts left to the end, under a stamp of this transaction's own."""
        if self._standing is not None:
            self._write_sums(self._standing)
        bulk_insert(self.conn, outbox, _OUTBOX_COLUMNS, self._messages)
        self.head.stamp = self._keeper.end()
        save_ledger(self.conn, self.head)

    def _take_sums(self, sums: _Gathered) -> None:
        for owner, (total, write) in sums.items():
            if owner in self.sums:
                self.sums[owner][0].include(total)
            else:
                self.sums[owner] = total, write

    def _write_sums(self, last: UnitOfWork) -> None:
        """As the last act that stands: at its moment, with its head."""
        last.messages, last.sums = self._messages, self.sums
        while self.sums:  # one that is written may add to another
            total, write = self.sums.pop(next(iter(self.sums)))
            write(last, total)


class _Keeper:
    """Keeps what transactions knew for those after them, as long as the ledger bears the stamp of the last one of ours.

    Used by whoever holds the ledger's lock, so by one at a time. A transaction that is undone, at its end or with a commit
    it shared, has left no stamp in the ledger, or one that is not the last: what it knew is given up.
    """

    def __init__(self) -> None:
        self._stamp: str | None = None
        self._kept: dict[object, Any] = {}
        self._places: dict[str, int] = {}  # of the last transactions, by the stamp they left
        self.place = 0

    def begin(self, stamp: str) -> dict[object, Any]:
        """What is known under that stamp. Until `end` nothing is."""
        if stamp != self._stamp:
            self._kept, self._places = {}, {stamp: self.place}
        self._stamp = None
        self.place += 1
        return self._kept

    def place_of(self, stamp: str) -> int | None:
        """The place of the transaction that left the ledger under that stamp; None where that is not known."""
        return self._places.get(stamp)

    def end(self) -> str:
        """The stamp under which it is known from now on."""
        self._stamp = uuid.uuid4().hex
        if len(self._places) >= _PLACES:
            del self._places[next(iter(self._places))]
        self._places[self._stamp] = self.place
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

    def __call__(self, *, together: bool = False) -> AbstractContextManager[UnitOfWork]:
        """`together`: one short act, which may share its commit with others that wait (core.database)."""
        joined: UnitOfWork | None = getattr(self._joined, "uow", None)
        if joined is not None:
            return nullcontext(joined)
        return _Act(self, self.database.transaction_of(self._begun, together=together))

    def _begun(self, conn: Connection) -> _Ledgered:
        return _Ledgered(conn, self._keeper)


class _Act:
    """A unit of work as a block; no generator, as the parts of core.writer are none."""

    def __init__(self, units: UnitOfWorkFactory, transaction: AbstractContextManager[_Ledgered]) -> None:
        self._units, self._transaction = units, transaction

    def __enter__(self) -> UnitOfWork:
        self._ledgered = self._transaction.__enter__()
        try:
            # After the lock: who waited for it must not judge with an older "now" than who went first.
            return self._ledgered.begun(self._units.clock.now_us(), self._units.reactions)
        except BaseException:
            self._transaction.__exit__(*sys.exc_info())
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._transaction.__exit__(kind, error, trace)
        if error is None and not self._ledgered.is_told:  # of the acts that shared the commit one rings for all
            self._units.doorbell.ring(self._ledgered.head.outbox_seq)
            self._ledgered.is_told = True
