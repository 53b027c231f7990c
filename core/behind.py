"""Statements carried out behind the caller's back, in order, while he goes on computing.

A thread that waits for PostgreSQL computes nothing, and PostgreSQL that waits for the next rows writes nothing. SQLite is
this process itself: there each is carried out at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Connection

Work = Callable[[], None]
Later = Callable[[Work], None]


@contextmanager
def writing_behind(conn: Connection, *, is_much: bool = True) -> Iterator[Later]:
    """`later(work)` has work done on the connection, which the block itself leaves alone. With the end of the block all of it
    is done; the first failure is raised then, what came after it is left undone, and the transaction is of no more use.
    What is not much is done at once: a thread would cost more."""
    if conn.dialect.name != "postgresql" or not is_much:
        yield at_once
        return
    with ThreadPoolExecutor(1, "behind") as thread:
        told: list[Future[None]] = []
        try:
            yield lambda work: told.append(thread.submit(_unless_failed, told, work))
        finally:
            for one in told:
                one.exception()
        for one in told:
            one.result()


def at_once(work: Work) -> None:
    """A `Later` that does not wait."""
    work()


def _unless_failed(told: list[Future[None]], work: Work) -> None:
    """Nothing can be done in a transaction that has failed."""
    if not any(one.done() and one.exception() is not None for one in told):
        work()
