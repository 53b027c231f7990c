"""Sessions of staff as rows: where somebody is signed in, since when, last seen when. They are tokens of kind `session`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from core.clock import Clock
from core.errors import NotFound
from core.models import tokens
from core.unit_of_work import UnitOfWorkFactory

KIND, NAME_LENGTH = "session", 16


@dataclass(frozen=True, slots=True)
class StaffSession:
    """`name` says which without opening it: part of the hash of its token. Instants are microseconds UTC."""

    name: str
    username: str
    opened_at: int
    seen_at: int
    address: str
    device: str
    token_hash: str


class StaffSessions:
    """Reads and ends sessions. `clock` is the machine's own."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units, self._clock = units, clock

    def live(self, idle_us: int, longest_us: int, username: str = "") -> list[StaffSession]:
        """Those that hold, of one person or of all, the one used last first."""
        t, now = tokens.c, self._clock.now_us()
        wanted = select(t.token_hash, t.name, t.created_at, t.seen_at, t.address, t.device).where(
            t.kind == KIND, t.revoked_at.is_(None), t.created_at >= now - longest_us, t.seen_at >= now - idle_us)
        if username:
            wanted = wanted.where(t.name == username)
        with self._units.database.read() as conn:
            return [StaffSession(row.token_hash[:NAME_LENGTH], row.name, row.created_at, row.seen_at, row.address, row.device,
                                 row.token_hash) for row in conn.execute(wanted.order_by(t.seen_at.desc()))]

    def touch(self, token_hash: str) -> None:
        """Its owner is still there."""
        with self._units() as uow:
            uow.conn.execute(update(tokens).where(tokens.c.token_hash == token_hash).values(seen_at=self._clock.now_us()))

    def end(self, username: str, name: str) -> None:
        """One session of that person. Raises NotFound, also for one that has ended or is another's."""
        t = tokens.c
        if len(name) != NAME_LENGTH:
            raise NotFound("session_not_found")
        with self._units() as uow:
            done = uow.conn.execute(update(tokens).where(
                t.kind == KIND, t.name == username, t.revoked_at.is_(None), t.token_hash.startswith(name, autoescape=True))
                .values(revoked_at=self._clock.now_us()))
        if done.rowcount == 0:
            raise NotFound("session_not_found")

    def end_others(self, username: str, but: str) -> int:
        """Every session of that person but the one of that token hash; how many."""
        t = tokens.c
        with self._units() as uow:
            return uow.conn.execute(update(tokens).where(
                t.kind == KIND, t.name == username, t.revoked_at.is_(None), t.token_hash != but)
                .values(revoked_at=self._clock.now_us())).rowcount
