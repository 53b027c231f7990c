"""A database that is away, told to every caller in the same way: come again after so many seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import Unavailable


@contextmanager
def told_when_away(retry_after_s: int) -> Iterator[None]:
    """Raises Unavailable for errors of the connection and its pool; what is wrong with the data passes through."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as failure:
        raise Unavailable("database_unavailable", retry_after=retry_after_s) from failure
