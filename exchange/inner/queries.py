"""How the exchange stands: when it last succeeded, what waits and how long, and what an administrator has to settle."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from core.clock import Clock
from core.database import Database
from core.instants import MINUTE_US
from exchange.inner.heads import ACKED, IN, head_of
from exchange.inner.models import exchange_outgoing, exchange_received

_r, _o = exchange_received.c, exchange_outgoing.c


@dataclass(frozen=True, slots=True)
class Standing:
    """Instants are microseconds UTC of the machine's clock; 0 for never, ages are minutes."""

    taken_at: int
    given_at: int
    to_do: int
    to_do_minutes: int
    to_give: int
    to_give_minutes: int
    stuck: int
    silent_minutes: int | None  # since both directions succeeded last; None: they never did


@dataclass(frozen=True, slots=True)
class Stuck:
    """An envelope that failed too often."""

    id: str
    kind: str
    subject: str
    created_at: int
    attempts: int
    problem: str


class ExchangeQueries:
    """Reads of the inner end."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def standing(self) -> Standing:
        """As it is now."""
        with self._database.snapshot() as conn:
            taken, given = head_of(conn, IN).at, head_of(conn, ACKED).at
            to_do, oldest_in = conn.execute(select(func.count(), func.min(_r.created_at)).where(_r.settled_at.is_(None))).one()
            to_give, oldest_out = conn.execute(select(func.count(), func.min(_o.created_at))).one()
            stuck = conn.scalar(select(func.count()).where(_r.state == "stuck")) or 0
        last = min(taken, given)
        return Standing(taken, given, to_do, self._age(oldest_in), to_give, self._age(oldest_out), stuck,
                        self._age(last) if last else None)

    def stuck(self) -> list[Stuck]:
        """Oldest first."""
        with self._database.read() as conn:
            rows = conn.execute(select(_r.id, _r.kind, _r.subject, _r.created_at, _r.attempts, _r.problem).where(
                _r.state == "stuck").order_by(_r.place))
            return [Stuck(*row) for row in rows]

    def _age(self, since: int | None) -> int:
        return 0 if since is None else max(0, (self._clock.now_us() - since) // MINUTE_US)
