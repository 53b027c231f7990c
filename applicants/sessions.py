"""Sessions of applicants: a row for every browser that is signed in, named by a token of which only the hash is kept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from applicants.models import applicant_sessions
from core.accounts import hash_of
from core.clock import Clock
from core.errors import NotFound
from core.instants import HOUR_US, MINUTE_US
from core.unit_of_work import UnitOfWorkFactory

NAME_LENGTH = 16
_TOUCH_EVERY_US = MINUTE_US


@dataclass(frozen=True, slots=True)
class SeenSession:
    """A session as its owner sees it. `name` says which without opening it; instants are microseconds UTC."""

    name: str
    opened_at: int
    seen_at: int
    address: str
    device: str
    is_this: bool


class ApplicantSessions:
    """`idle_minutes` without a request end a session, `hours` in any case. `clock` is the machine's own."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, idle_minutes: int, hours: int) -> None:
        self._units, self._clock = units, clock
        self._idle_us, self._longest_us = idle_minutes * MINUTE_US, hours * HOUR_US

    def open(self, number: str, address: str, device: str) -> str:
        """A new session; returns its token, which is kept nowhere. Those that are over are forgotten."""
        token, s = secrets.token_urlsafe(32), applicant_sessions.c
        with self._units() as uow:
            now = self._clock.now_us()
            uow.conn.execute(delete(applicant_sessions).where(s.opened_at < now - self._longest_us))
            uow.conn.execute(insert(applicant_sessions).values(
                token_hash=hash_of(token), applicant_id=number, opened_at=now, seen_at=now, address=address[:64],
                device=device[:160]))
        return token

    def find(self, token: str) -> str | None:
        """Whose session this is, while it holds. That it is used is noted once a minute."""
        s, now = applicant_sessions.c, self._clock.now_us()
        with self._units.database.read() as conn:
            row = conn.execute(select(s.applicant_id, s.seen_at).where(
                s.token_hash == hash_of(token), s.seen_at > now - self._idle_us, s.opened_at > now - self._longest_us)).first()
        if row is None:
            return None
        if now - row.seen_at > _TOUCH_EVERY_US:
            with self._units() as uow:
                uow.conn.execute(update(applicant_sessions).where(s.token_hash == hash_of(token)).values(seen_at=now))
        return str(row.applicant_id)

    def of(self, number: str, token: str = "") -> list[SeenSession]:
        """The live sessions of an account, the one used last first."""
        s, now = applicant_sessions.c, self._clock.now_us()
        with self._units.database.read() as conn:
            rows = conn.execute(select(applicant_sessions).where(
                s.applicant_id == number, s.seen_at > now - self._idle_us, s.opened_at > now - self._longest_us)
                .order_by(s.seen_at.desc())).all()
        return [SeenSession(row.token_hash[:NAME_LENGTH], row.opened_at, row.seen_at, row.address, row.device,
                            row.token_hash == hash_of(token)) for row in rows]

    def end(self, token: str) -> None:
        with self._units() as uow:
            uow.conn.execute(delete(applicant_sessions).where(applicant_sessions.c.token_hash == hash_of(token)))

    def end_named(self, number: str, name: str) -> None:
        """One of the account's own. Raises NotFound, also for one of another account."""
        s = applicant_sessions.c
        if len(name) != NAME_LENGTH:
            raise NotFound("session_not_found")
        with self._units() as uow:
            gone = uow.conn.execute(delete(applicant_sessions).where(
                s.applicant_id == number, s.token_hash.startswith(name, autoescape=True)))
        if gone.rowcount == 0:
            raise NotFound("session_not_found")

    def end_all(self, number: str, but: str = "") -> int:
        """Every session of the account, but for that of the token `but`; how many."""
        s = applicant_sessions.c
        with self._units() as uow:
            return uow.conn.execute(delete(applicant_sessions).where(
                s.applicant_id == number, s.token_hash != hash_of(but))).rowcount
