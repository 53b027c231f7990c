"""The cursors of the inner end, each a row that moves in the transaction of what it counts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from exchange.inner.models import exchange_heads

IN, OUT, ACKED, PAPERS, PLACE = "in", "out", "acked", "papers", "place"


@dataclass(frozen=True, slots=True)
class Head:
    """Where a direction stands: number and id of the last one. `at` is microseconds UTC of the last success, 0 for never."""

    epoch: str
    seq: int
    last: str
    at: int


def head_of(conn: Connection, name: str) -> Head:
    """As it stands; a new one begins at nothing."""
    row = conn.execute(select(exchange_heads).where(exchange_heads.c.name == name)).first()
    return Head("", 0, "", 0) if row is None else Head(row.epoch, row.seq, row.last, row.at)


def move(conn: Connection, name: str, head: Head) -> None:
    """In the transaction of what it counts."""
    values = {"epoch": head.epoch, "seq": head.seq, "last": head.last, "at": head.at}
    if conn.execute(update(exchange_heads).where(exchange_heads.c.name == name).values(**values)).rowcount == 0:
        conn.execute(insert(exchange_heads).values(name=name, **values))


def new_epoch() -> str:
    """The name of a numbering that begins anew."""
    return secrets.token_hex(8)
