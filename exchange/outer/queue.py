"""What waits to be fetched by the inside: numbered as it is written, kept until the inside says it has committed it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.instants import DAY_US
from exchange.envelopes import Batch, Envelope, Take, written
from exchange.outer.models import heads, outgoing

OUT, IN = "out", "in"
RETRY_S = 60
NOT_KEPT = ("letter", "follow")  # who reported, and a password, leave this site with the acknowledgement


@dataclass(frozen=True, slots=True)
class QueueRules:
    """The most that may wait, and the days for which what was fetched is kept, in case the inside goes back to a copy."""

    waiting_max: int = 5000
    kept_days: int = 7


class Queue:
    """The outgoing side of this site."""

    def __init__(self, database: Database, clock: Clock, rules: QueueRules) -> None:
        self._database, self._clock, self._rules = database, clock, rules
        with database.transaction() as conn:
            for name in (OUT, IN):
                if conn.scalar(select(heads.c.name).where(heads.c.name == name)) is None:
                    epoch = secrets.token_hex(8) if name == OUT else ""
                    conn.execute(insert(heads).values(name=name, epoch=epoch, seq=0, last="", at=0))

    def hold(self, conn: Connection) -> None:
        """Until the caller's transaction ends nobody else adds: what he finds sent is all there is."""
        conn.execute(select(heads.c.seq).where(heads.c.name == OUT).with_for_update())

    def add(self, conn: Connection, kind: str, subject: str, body: Any) -> str:
        """Within the caller's transaction; returns the envelope's id. Raises Unavailable when too much waits already;
        questions after cases, which anybody can ask without an application, are the first to be refused."""
        waiting = conn.scalar(select(func.count()).select_from(outgoing).where(outgoing.c.acked_at.is_(None)))
        most = self._rules.waiting_max // 10 if kind == "follow" else self._rules.waiting_max
        if int(waiting or 0) >= max(1, most):
            raise Unavailable("exchange_full", retry_after=RETRY_S)
        name = secrets.token_hex(16)
        # The row is locked until the commit: numbers become visible in their order, also on PostgreSQL.
        conn.execute(update(heads).where(heads.c.name == OUT).values(seq=heads.c.seq + 1))
        seq = conn.scalar(select(heads.c.seq).where(heads.c.name == OUT))
        conn.execute(insert(outgoing).values(seq=seq, id=name, kind=kind, subject=subject, body=written(body).decode(),
                                             created_at=self._clock.now_us()))
        return name

    def take(self, ask: Take) -> Batch:
        """Forget nothing that was not acknowledged; the same question again gets the same answer."""
        with self._database.transaction() as conn:
            head = self._head(conn, ask)
            after = ask.after if ask.epoch == head.epoch else 0
            self._acknowledge(conn, after)
            o = outgoing.c
            rows = conn.execute(select(outgoing).where(o.seq > after).order_by(o.seq).limit(ask.most)).all()
            told = _within(rows, ask.most_bytes)
            upto = told[-1].seq if told else after
            last = conn.scalar(select(o.id).where(o.seq == upto))
            left = conn.scalar(select(func.count()).select_from(outgoing).where(o.seq > upto))
        # A body that was not kept cannot come again; only an inside that went back to a copy would ask for it.
        envelopes = tuple(Envelope(row.seq, row.id, row.kind, row.subject, row.created_at, row.body)
                          for row in told if row.body)
        return Batch(head.epoch, envelopes, upto, last or "", int(left or 0))

    def tidy(self) -> None:
        """What the inside has had for long enough."""
        oldest = self._clock.now_us() - self._rules.kept_days * DAY_US
        with self._database.transaction() as conn:
            conn.execute(delete(outgoing).where(outgoing.c.acked_at < oldest))

    def _head(self, conn: Connection, ask: Take) -> Any:
        """Who knows more of us than we do saw us before we went back to a copy: our numbers mean something else now."""
        head = conn.execute(select(heads).where(heads.c.name == OUT).with_for_update()).one()
        there = conn.scalar(select(outgoing.c.id).where(outgoing.c.seq == ask.after))
        is_other = ask.after > head.seq or (there is not None and there != ask.last)
        if ask.epoch == head.epoch and is_other:
            conn.execute(update(heads).where(heads.c.name == OUT).values(epoch=secrets.token_hex(8)))
            head = conn.execute(select(heads).where(heads.c.name == OUT)).one()
        return head

    def _acknowledge(self, conn: Connection, upto: int) -> None:
        now, o = self._clock.now_us(), outgoing.c
        conn.execute(update(outgoing).where(o.seq <= upto, o.acked_at.is_(None)).values(acked_at=now))
        conn.execute(update(outgoing).where(o.seq <= upto, o.kind.in_(NOT_KEPT), o.body != "").values(body=""))
        conn.execute(update(heads).where(heads.c.name == OUT).values(at=now))


def _within(rows: Any, most_bytes: int) -> list[Any]:
    """As many as fit, and at least one."""
    told: list[Any] = []
    size = 0
    for row in rows:
        size += len(row.body.encode())
        if told and size > most_bytes:
            break
        told.append(row)
    return told
