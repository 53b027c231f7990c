"""Tokens by which other systems read figures: named, of some interfaces only, of an area or one department, for a while.

Who bears one sees what a person of that scope would: a department user of the department, else a leader of the area. Only the
SHA-256 of a token is kept. The clock is the machine's own, as for accounts.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import bindparam, insert, select, update

from core.access import Actor, Role
from core.accounts import hash_of
from core.clock import Clock
from core.errors import InvalidInput, NotAuthenticated, NotPermitted, Unavailable
from core.instants import DAY_US, MINUTE_US
from core.models import read_tokens
from core.read_log import ReadLog
from core.statements import Statement
from core.unit_of_work import UnitOfWorkFactory

PREFIX = "yg_read_"
USED, MANAGED = "read_api", "read_token"  # in the log of looks
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{1,47}")
_COLUMNS = tuple(read_tokens.c[name] for name in (
    "name", "apis", "area", "org", "issued_by", "created_at", "expires_at", "revoked_at"))
_BY_HASH = Statement(select(*_COLUMNS).where(read_tokens.c.token_hash == bindparam("of_hash")))


class Api(StrEnum):
    """The interfaces that can be read so."""

    FIGURES = "figures"
    COMPARISON = "comparison"
    SCORES = "scores"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class ReadScope:
    """What a token is for. `area` and `org` empty: everything."""

    apis: frozenset[Api]
    area: str = ""
    org: str = ""


@dataclass(frozen=True, slots=True)
class ReadToken:
    """What is known of an issued token; the token itself is shown once and kept nowhere. Instants are microseconds UTC."""

    name: str
    scope: ReadScope
    issued_by: str
    created_at: int
    expires_at: int
    revoked_at: int | None

    def is_valid(self, now_us: int) -> bool:
        return self.revoked_at is None and now_us < self.expires_at

    @property
    def actor(self) -> Actor:
        """A person of that scope."""
        role = Role.DEPARTMENT_USER if self.scope.org else Role.LEADER
        return Actor(f"read:{self.name}", frozenset({role}), self.scope.org, self.name, self.scope.area)


class ReadTooFast(Unavailable):
    """More requests of one token than a minute may have."""

    status = 429


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Requests a token may make in a minute, in each web process; days after which one ends at the latest."""

    per_minute: int = 60
    days_max: int = 366


class ReadTokens:
    """Issues, revokes and admits."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, log: ReadLog, limits: ReadLimits) -> None:
        self._units, self._clock, self._log, self.limits = units, clock, log, limits
        self._recent: dict[str, deque[int]] = {}
        self._lock = threading.Lock()

    def issue(self, name: str, scope: ReadScope, days: int, by: Actor) -> str:
        """A new token of that name, valid for so many days. This is the only time it can be seen.

        Raises InvalidInput (name, interfaces, days) and NotPermitted for a scope beyond that of who issues it.
        """
        if _NAME.fullmatch(name) is None:
            raise InvalidInput("read_token_name", key="name", value=name[:64])
        if not scope.apis:
            raise InvalidInput("read_token_apis", key="api", accepted=", ".join(Api))
        if not 1 <= days <= self.limits.days_max:
            raise InvalidInput("read_token_days", key="days", value=days, most=self.limits.days_max)
        if by.area not in ("", scope.area):
            raise NotPermitted("read_token_beyond_area", area=by.area)
        token, now = f"{PREFIX}{secrets.token_urlsafe(32)}", self._clock.now_us()
        with self._units() as uow:
            uow.conn.execute(insert(read_tokens).values(
                token_hash=hash_of(token), name=name, apis=" ".join(sorted(scope.apis)), area=scope.area, org=scope.org,
                issued_by=by.name, created_at=now, expires_at=now + days * DAY_US, revoked_at=None))
        self._log.note(MANAGED, f"+ {name}: {' '.join(sorted(scope.apis))} {scope.area} {scope.org}".strip(), by)
        return token

    def revoke(self, name: str, by: Actor) -> int:
        """End every valid token of that name within the area of who does it; how many there were."""
        t = read_tokens.c
        own = [t.area == by.area] if by.area else []
        with self._units() as uow:
            done = uow.conn.execute(update(read_tokens).where(t.name == name, t.revoked_at.is_(None), *own)
                                    .values(revoked_at=self._clock.now_us())).rowcount
        self._log.note(MANAGED, f"- {name}", by)
        return done

    def listed(self) -> Sequence[ReadToken]:
        """All there ever were, by name and age."""
        with self._units.database.read() as conn:
            return [_token(*row) for row in conn.execute(select(*_COLUMNS).order_by(read_tokens.c.name,
                                                                                   read_tokens.c.created_at))]

    def now_us(self) -> int:
        return self._clock.now_us()

    def admit(self, token: str, api: str, asked: str, address: str) -> Actor:
        """Whom the bearer of a token is let in as, to read one interface; written down before anything is given out.

        Raises NotAuthenticated (`read_token_unknown`, also once revoked; `read_token_expired`), NotPermitted
        (`read_token_of_others`) and ReadTooFast.
        """
        hashed, now = hash_of(token), self._clock.now_us()
        with self._units.database.read() as conn:
            row = _BY_HASH.first(conn, of_hash=hashed)
        known = None if row is None else _token(*row)
        if known is None or known.revoked_at is not None:
            raise NotAuthenticated("read_token_unknown")
        if not known.is_valid(now):
            raise NotAuthenticated("read_token_expired")
        if api not in known.scope.apis:
            raise NotPermitted("read_token_of_others", accepted=", ".join(sorted(known.scope.apis)))
        self._count(hashed, now)
        self._log.note(USED, asked, known.actor, address)
        return known.actor

    def _count(self, hashed: str, now: int) -> None:
        with self._lock:
            recent = self._recent.setdefault(hashed, deque(maxlen=self.limits.per_minute))
            if len(recent) == self.limits.per_minute and recent[0] > now - MINUTE_US:
                wait_us = recent[0] + MINUTE_US - now
                raise ReadTooFast("read_token_too_fast", retry_after=max(1, -(-wait_us // 1_000_000)),
                                  most=self.limits.per_minute)
            recent.append(now)


def _token(name: str, apis: str, area: str, org: str, issued_by: str, created_at: int, expires_at: int,
           revoked_at: int | None) -> ReadToken:
    scope = ReadScope(frozenset(map(Api, apis.split())), area, org)
    return ReadToken(name, scope, issued_by, created_at, expires_at, revoked_at)
