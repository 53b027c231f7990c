"""Feedback that could not be applied: kept as it came, tried again with a limit, and again by the next release of this site.

Whom it concerns is told that there is something we cannot show him yet; the inside is told with every answer how much there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from core.clock import Clock
from core.instants import SECOND_US
from exchange.envelopes import Envelope
from exchange.outer.models import unapplied

AT_ONCE = 100
DOUBLINGS_MAX = 20
TOLD_WHOLE = ("case", "bulletin")
_U = unapplied.c


@dataclass(frozen=True, slots=True)
class RetryRules:
    """Tries before only another release, or an administrator, can help; the first and the longest wait between two."""

    attempts_max: int = 5
    backoff_s: float = 10.0
    backoff_max_s: float = 300.0


class Unapplied:
    """Everything here is within the caller's transaction."""

    def __init__(self, clock: Clock, rules: RetryRules) -> None:
        self._clock, self._rules = clock, rules

    def keep(self, conn: Connection, envelope: Envelope, problem: str) -> None:
        """One that comes again, since a side went back to a copy, begins again."""
        self.forget(conn, envelope.id)
        conn.execute(insert(unapplied).values(
            id=envelope.id, kind=envelope.kind, subject=envelope.subject, body=envelope.body, seq=envelope.seq,
            created_at=envelope.created_at, kept_at=self._clock.now_us(), attempts=1, problem=problem[:200],
            due_at=self._clock.now_us() + self._wait_us(0)))

    def due(self, conn: Connection) -> list[Envelope]:
        """Those to be tried now, in the order in which they came."""
        rows = conn.execute(select(unapplied).where(_U.due_at <= self._clock.now_us()).order_by(_U.kept_at, _U.seq)
                            .limit(AT_ONCE)).all()
        return [Envelope(row.seq, row.id, row.kind, row.subject, row.created_at, row.body) for row in rows]

    def failed(self, conn: Connection, name: str, problem: str) -> None:
        """Later again; after the last try not before the next start of this site."""
        attempts = int(conn.scalar(select(_U.attempts).where(_U.id == name)) or 0)
        is_last = attempts + 1 >= self._rules.attempts_max
        conn.execute(update(unapplied).where(_U.id == name).values(
            attempts=attempts + 1, problem=problem[:200],
            due_at=None if is_last else self._clock.now_us() + self._wait_us(attempts)))

    def forget(self, conn: Connection, name: str) -> None:
        conn.execute(delete(unapplied).where(_U.id == name))

    def superseded(self, conn: Connection, envelope: Envelope, *, late: bool = False) -> None:
        """A case or a bulletin told later says everything that an earlier telling of it said. What comes in its turn is the
        latest there is; one that was tried again (`late`) replaces only what was written before it."""
        if envelope.kind not in TOLD_WHOLE:
            return
        others = delete(unapplied).where(_U.kind == envelope.kind, _U.subject == envelope.subject, _U.id != envelope.id)
        if late:
            others = others.where((_U.created_at < envelope.created_at) | (
                (_U.created_at == envelope.created_at) & (_U.seq < envelope.seq)))
        conn.execute(others)

    def begin_again(self, conn: Connection) -> None:
        """At the start of the site: another release may read what this one could not."""
        conn.execute(update(unapplied).values(attempts=0, due_at=self._clock.now_us()))

    def count(self, conn: Connection) -> int:
        return int(conn.scalar(select(func.count()).select_from(unapplied)) or 0)

    def concerns(self, conn: Connection, subjects: Sequence[str]) -> bool:
        """Whether something about one of these waits to be shown."""
        found: Any = conn.scalar(select(_U.id).where(_U.subject.in_([one for one in subjects if one])).limit(1))
        return found is not None

    def _wait_us(self, attempts: int) -> int:
        return int(min(self._rules.backoff_s * 2 ** min(attempts, DOUBLINGS_MAX), self._rules.backoff_max_s) * SECOND_US)
