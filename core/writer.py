"""SQLite's one writer: who writes next, and how acts that wait for one another share a commit.

Every commit waits for the disk, and SQLite commits one transaction at a time. Short acts that queue for it may therefore be
committed together: each within a savepoint of its own, so that what one of them raises undoes what that one did and nothing
else, and none returns to its caller before the commit that holds it. What they have in common is read once, when the first
begins, and written once, before the commit (docs/adr/0020). Whatever is not marked so is committed alone: a batch of thousands
must keep nobody's answer back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection

from core.processors import OneProcessor
from core.statements import check_under_way, driver_of
from core.turns import waiting

PATIENCE_S = 1.0


class Common(Protocol):
    """What the parts of one transaction have in common. Used by whoever has the turn; what it raises undoes the transaction."""

    def take(self) -> None:
        """The part that was under way stands: what it leaves to the end belongs to the transaction."""

    def drop(self) -> None:
        """The part that was under way is undone."""

    def complete(self) -> None:
        """Write what was left to the end, before the commit."""


Begin = Callable[[Connection], Common]


class Writer:
    """`connect` makes the connection for writing; at most `most` acts share a commit. They wait and write on `processor`."""

    def __init__(self, connect: Callable[[], Connection], most: int, processor: OneProcessor) -> None:
        self._connect, self._most, self.processor = connect, most, processor
        # Queueing here is fair and quick, queueing in SQLite's busy handler is neither.
        self._turn, self._count = threading.Lock(), threading.Lock()
        self._holder, self._waiting = 0, 0  # the thread whose turn it is; how many wait that may share
        # Kept for the next: its page cache holds what was written last, and making one up costs as much as several statements.
        self._kept: Connection | None = None
        self._shared: _Shared | None = None  # open for the next to join

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction of its own; commits at exit, rolls back on an exception."""
        self._take_turn()
        try:
            self._end_shared()
            conn = self._connection()
            try:
                with conn.begin():
                    yield conn
            except BaseException:
                conn.close()  # given up with an error, whatever state that left it in
                raise
            self._kept = conn
        finally:
            self._leave_turn()

    def close(self) -> None:
        """Give up the kept connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    # Parts --------------------------------------------------------------------------------------------------------

    def begin_part(self, begin: Begin) -> _Shared:
        """Wait for the turn, and begin a part of the open transaction, or of a new one."""
        self._take_turn(may_share=True)
        try:
            shared = self._shared = self._to_join(begin) or self._begun(begin)
            shared.open_part()
        except BaseException:
            self._leave_shared()
            raise
        return shared

    def end_part(self, shared: _Shared) -> None:
        """It is done: give up the turn, and wait for the commit that holds it."""
        try:
            try:
                shared.take_part()
            except BaseException as error:
                self._undo(shared, error)
                raise
        finally:
            self._leave_shared()
        if not shared.is_ended and shared.ended is not None:
            with waiting():
                while not shared.ended.wait(PATIENCE_S):
                    self._end_left(shared)
        if shared.failure is not None:
            raise shared.failure

    def undo_part(self, shared: _Shared, error: BaseException) -> None:
        """It is undone for what it raised, and gives up the turn."""
        try:
            self._undo(shared, error)
        finally:
            self._leave_shared()

    def _undo(self, shared: _Shared, error: BaseException) -> None:
        shared.undo_part(error)
        if isinstance(error, Exception):
            self._refused(shared, error)

    # Turns --------------------------------------------------------------------------------------------------------

    def _take_turn(self, *, may_share: bool = False) -> None:
        if self._holder == threading.get_ident():
            raise RuntimeError("a writing transaction within another one")
        if not self._turn.acquire(blocking=False):
            self._wait_for_turn(int(may_share))
        self._holder = threading.get_ident()

    def _wait_for_turn(self, sharing: int) -> None:
        """`sharing`: 1 for who may share the open transaction, whose commit is then left to him."""
        with self._count:
            self._waiting += sharing
        try:
            with waiting():
                self._turn.acquire()
        finally:
            with self._count:
                self._waiting -= sharing

    def _leave_turn(self) -> None:
        self._holder = 0
        self._turn.release()

    def _connection(self) -> Connection:
        conn, self._kept = self._kept or self._connect(), None
        return conn

    # What is shared -----------------------------------------------------------------------------------------------

    def _to_join(self, begin: Begin) -> _Shared | None:
        """The transaction that is open; one that was begun in another way is ended instead."""
        if self._shared is not None and self._shared.begin != begin:
            self._end_shared()
        return self._shared

    def _begun(self, begin: Begin) -> _Shared:
        conn = self._connection()
        try:
            return _Shared(conn, begin)
        except BaseException:
            conn.close()
            raise

    def _leave_shared(self) -> None:
        """Let the next one write, after the commit if nobody is there to leave it to."""
        shared = self._shared
        if shared is None or self._has_follower(shared):
            if shared is not None and shared.ended is None:
                shared.ended = threading.Event()
            self._leave_turn()
            return
        shared.complete()
        with waiting():  # for the disk
            self._end_shared()
            self._leave_turn()

    def _has_follower(self, shared: _Shared) -> bool:
        """Whether the commit is left to whoever comes next."""
        return shared.failure is None and 0 < shared.parts < self._most and self._waiting > 0

    def _end_shared(self) -> None:
        shared, self._shared = self._shared, None
        if shared is not None and shared.end():
            self._kept = shared.conn

    def _refused(self, shared: _Shared, refusal: Exception) -> None:
        """What refused an act may be a part before it: whoever is told so finds it committed, or is told that it failed."""
        self._end_shared()
        if shared.failure not in (None, refusal):
            raise shared.failure from refusal

    def _end_left(self, shared: _Shared) -> None:
        """Who was to come next was interrupted while it waited."""
        self._take_turn()
        try:
            if self._shared is shared:
                self._end_shared()
        finally:
            self._leave_turn()


class Part:
    """A part of a transaction that others who wait may share, those who begin it in the same way: a block that gives what they
    have in common. Raises what the commit raised, to each of them.

    No generator: every act comes here, and one would cost as much as a short statement.
    """

    def __init__(self, writer: Writer, begin: Begin) -> None:
        self._writer, self._begin = writer, begin
        self._shared: _Shared | None = None

    def __enter__(self) -> Any:
        processor = self._writer.processor
        processor.enter()
        try:
            self._shared = self._writer.begin_part(self._begin)
        except BaseException:
            processor.leave()
            raise
        return self._shared.common

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        assert self._shared is not None
        try:
            if error is None:
                self._writer.end_part(self._shared)
            else:
                self._writer.undo_part(self._shared, error)
        finally:
            self._writer.processor.leave()


class _Shared:
    """One transaction and its parts; used by whoever has the turn. `failure` is why it was not committed."""

    def __init__(self, conn: Connection, begin: Begin) -> None:
        self.conn, self.begin, self.parts = conn, begin, 0
        self.failure: BaseException | None = None
        self.is_ended = False
        self.ended: threading.Event | None = None  # for those who leave the commit to others, which most acts do not
        self._transaction = conn.begin()
        self._driver = driver_of(conn)
        self.common, self._is_complete = begin(conn), False

    def open_part(self) -> None:
        """One act begins. The first needs no savepoint: until it is done there is nothing else to undo."""
        if self.parts:
            self._driver.execute("SAVEPOINT part")

    def take_part(self) -> None:
        """It is done. What is raised here fails all of them: nobody knows how much of it was taken."""
        try:
            check_under_way(self.conn)
            if self.parts:
                self._driver.execute("RELEASE part")
            self.common.take()
            self.parts += 1
        except BaseException as error:
            self.failure = error
            raise

    def undo_part(self, error: BaseException) -> None:
        """The others' parts stand, unless the database itself undid all of it (a full disk, an error of the file)."""
        if self.failure is not None or not self.parts or not self._driver.in_transaction:
            self.failure = self.failure or error
            return
        try:
            self._driver.execute("ROLLBACK TO part")
            self._driver.execute("RELEASE part")
            self.common.drop()
        except Exception as another:  # noqa: BLE001 - whatever it is, nothing of this may be committed
            self.failure = another

    def complete(self) -> None:
        """Write what the parts left to the end, once. What that raises fails all of them."""
        if self.failure is not None or self._is_complete:
            return
        try:
            check_under_way(self.conn)
            self.common.complete()
            self._is_complete = True
        except BaseException as error:  # noqa: BLE001 - told to each of the parts, whoever it was that ended it
            self.failure = error

    def end(self) -> bool:
        """Commit, or undo what failed, and let the parts know. Whether the connection may be used again."""
        try:
            self.complete()
            if self.failure is None:
                self._commit()
            else:
                self._transaction.rollback()
        except BaseException as error:  # noqa: BLE001 - told to each of the parts, whoever it was that ended it
            self.failure = self.failure or error
            self.conn.invalidate()
            self.conn.close()
            return False
        finally:
            self.is_ended = True
            if self.ended is not None:
                self.ended.set()
        return True

    def _commit(self) -> None:
        check_under_way(self.conn)
        self._transaction.commit()
