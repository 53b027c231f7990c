"""One-time codes: six figures that show that a number or address is in somebody's hands.

A code is good once, for a few minutes and a few tries; a new one replaces it. How many may be sent to one contact, and by the
installation in a day, is counted in the table, so that it holds for all processes and over a restart. Who asks learns
nothing about whether an account exists: a code is sent either way.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from applicants.contacts import Contact
from applicants.models import applicant_codes
from core.clock import Clock
from core.errors import NotAuthenticated, Unavailable
from core.instants import DAY_US, MINUTE_US, SECOND_US
from core.unit_of_work import UnitOfWorkFactory

DIGITS = 6


class TooManyCodes(Unavailable):
    """So many were sent that the next has to wait."""

    status = 429


class CodeChannel(Protocol):
    """The way a code takes to its owner."""

    def carries(self, contact: Contact) -> bool:
        """Whether this installation can send there."""

    def send(self, contact: Contact, code: str, minutes: int, uid: str) -> None:
        """Raises UpstreamError when it was not taken."""


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """`per_contact` within `window_minutes`, `per_contact_day` and `per_day` (of the installation) within a day."""

    minutes: int = 5
    tries: int = 5
    pause_s: int = 60
    window_minutes: int = 15
    per_contact: int = 3
    per_contact_day: int = 10
    per_day: int = 5000


class Codes:
    """Sends and checks codes. `clock` is the machine's own."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, key: bytes, channel: CodeChannel, policy: CodePolicy) -> None:
        self._units, self._clock, self._key, self._channel, self.policy = units, clock, key, channel, policy

    def send(self, contact: Contact) -> str:
        """Send a new code; returns it, for the sandbox of a demonstration and for nobody else.

        Raises Unavailable("code_channel_off"), TooManyCodes with the seconds to wait, UpstreamError when it was not taken:
        that try counts as well, since it may have arrived.
        """
        if not self._channel.carries(contact):
            raise Unavailable("code_channel_off", retry_after=3600)
        code, uid = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", secrets.token_hex(12)
        hashed = contact.hash(self._key)
        with self._units() as uow:
            now = self._clock.now_us()
            uow.conn.execute(delete(applicant_codes).where(applicant_codes.c.sent_at < now - DAY_US))
            self._check(uow.conn, hashed, now)
            uow.conn.execute(insert(applicant_codes).values(
                id=uid, contact_hash=hashed, code_hash=self._hash(uid, code), sent_at=now,
                expires_at=now + self.policy.minutes * MINUTE_US))
        self._channel.send(contact, code, self.policy.minutes, uid)
        return code

    def use(self, contact: Contact, code: str) -> None:
        """Use the contact's latest code up. Raises NotAuthenticated("code_refused") for a wrong, used or expired one alike."""
        given, hashed, c = "".join(code.split()), contact.hash(self._key), applicant_codes.c
        with self._units() as uow:
            now = self._clock.now_us()
            row = uow.conn.execute(select(c.id, c.code_hash).where(
                c.contact_hash == hashed, c.used_at.is_(None), c.expires_at > now, c.tries < self.policy.tries)
                .order_by(c.sent_at.desc()).limit(1)).first()
            is_latest = row is not None and row.id == _latest(uow.conn, hashed)
            is_right = row is not None and is_latest and hmac.compare_digest(row.code_hash, self._hash(row.id, given))
            if row is not None:
                change = {"used_at": now} if is_right else {"tries": c.tries + 1}
                uow.conn.execute(update(applicant_codes).where(c.id == row.id).values(change))
        if not is_right:
            raise NotAuthenticated("code_refused")

    def _check(self, conn: Connection, hashed: str, now: int) -> None:
        policy, c = self.policy, applicant_codes.c
        of_contact = c.contact_hash == hashed
        for most, span, whose in ((1, policy.pause_s * SECOND_US, of_contact),
                                  (policy.per_contact, policy.window_minutes * MINUTE_US, of_contact),
                                  (policy.per_contact_day, DAY_US, of_contact), (policy.per_day, DAY_US, c.id != "")):
            _wait(conn, whose, most, span, now)

    def _hash(self, uid: str, code: str) -> str:
        return hmac.new(self._key, f"applicant code\x1f{uid}\x1f{code}".encode(), "sha256").hexdigest()


def _latest(conn: Connection, hashed: str) -> str | None:
    c = applicant_codes.c
    return conn.scalar(select(c.id).where(c.contact_hash == hashed).order_by(c.sent_at.desc()).limit(1))


def _wait(conn: Connection, whose: ColumnElement[bool], most: int, span_us: int, now: int) -> None:
    c = applicant_codes.c
    count, first = conn.execute(select(func.count(), func.min(c.sent_at)).where(whose, c.sent_at > now - span_us)).one()
    if count >= most:
        raise TooManyCodes("too_many_codes", retry_after=max(1, (first + span_us - now) // SECOND_US))
