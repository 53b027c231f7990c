"""Who may sign in, and the tokens of feeds, screens and live sessions.

Passwords are hashed with argon2id; tokens are 256 random bits, so a SHA-256 of them is enough and can be looked up.
Everything here runs on the machine's own time, also in a demonstration whose business clock runs faster than life: a
lock of fifteen minutes must not be over after four seconds. The caller injects that clock.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, insert, select, update

from core.access import Actor, Role
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
from core.instants import MINUTE_US
from core.models import accounts, tokens
from core.unit_of_work import UnitOfWorkFactory

_USERNAME = re.compile(r"^[a-z0-9][a-z0-9_.-]{1,63}$")
TOKEN_KINDS = ("feed", "screen", "probe", "session")
_COLUMNS: Any = accounts.c["username", "display_name", "roles", "org", "area", "is_active", "generation",
                           "failed_attempts", "locked_until", "created_at"]


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """Lock-out and password rules. `parallel_hashes` bounds the memory that guessing can take (64 MiB a hash)."""

    lock_after: int = 5
    lock_minutes: int = 15
    password_min_length: int = 10
    parallel_hashes: int = 4


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in. `generation` rises with every change that must end his live sessions."""

    username: str
    display_name: str
    roles: frozenset[Role]
    org: str
    is_active: bool
    generation: int
    failed_attempts: int
    locked_until: int
    created_at: int
    area: str = ""

    @property
    def actor(self) -> Actor:
        return Actor(self.username, self.roles, self.org, self.display_name, self.area)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of an issued token; the token itself is shown once and kept nowhere."""

    kind: str
    name: str
    token_hash: str
    created_at: int
    revoked_at: int | None

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None


class Accounts:
    """Accounts and tokens. `clock` is the machine's own time (see the module)."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, policy: AccountPolicy | None = None,
                 hasher: PasswordHasher | None = None) -> None:
        self._uow, self._clock = uow, clock
        self.policy = policy or AccountPolicy()
        self._hasher = hasher or PasswordHasher()
        self._hashing = threading.BoundedSemaphore(self.policy.parallel_hashes)
        # Verified against when the name is unknown, so that both answers take the same time.
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    # Accounts -------------------------------------------------------------------------------------------------

    def create(self, username: str, password: str, *, display_name: str, roles: Collection[Role],
               org: str = "", area: str = "") -> Account:
        """A new account. Raises InvalidInput (name, password, roles, missing unit) or Conflict (name taken)."""
        if _USERNAME.match(username) is None:
            raise InvalidInput("username_invalid", username=username)
        checked = _checked_roles(roles, org)
        hashed = self._hash(password)
        with self._uow() as uow:
            if _find(uow.conn, username) is not None:
                raise Conflict("username_taken", username=username)
            uow.conn.execute(insert(accounts).values(
                username=username, display_name=display_name or username, password_hash=hashed, roles=checked, org=org,
                area=area, is_active=True, generation=0, failed_attempts=0, locked_until=0, created_at=self._clock.now_us()))
        return self.get(username)

    def authenticate(self, username: str, password: str) -> Account:
        """The account of a right name and password. Raises NotAuthenticated("sign_in_failed").

        Unknown name, wrong password, locked and deactivated account get one answer after one amount of work.
        """
        account, stored = self._stored(username)
        is_right = self._verifies(stored, password)
        if account is None:
            raise NotAuthenticated("sign_in_failed")
        return self._admit(username, password, stored) if is_right else self._refuse(username)

    def get(self, username: str) -> Account:
        """Raises NotFound."""
        account = self.find(username)
        if account is None:
            raise NotFound("account_not_found", username=username)
        return account

    def find(self, username: str) -> Account | None:
        with self._uow.database.read() as conn:
            return _find(conn, username)

    def list(self) -> Sequence[Account]:
        with self._uow.database.read() as conn:
            return [_account(row) for row in conn.execute(select(*_COLUMNS).order_by(accounts.c.username))]

    def change(self, username: str, *, roles: Collection[Role] | None = None, org: str | None = None,
               password: str | None = None, is_active: bool | None = None, display_name: str | None = None,
               area: str | None = None) -> Account:
        """Change what is given. Every change ends the account's live sessions. Raises NotFound or InvalidInput."""
        hashed = None if password is None else self._hash(password)
        with self._uow() as uow:
            before = _find(uow.conn, username)
            if before is None:
                raise NotFound("account_not_found", username=username)
            after = replace(before, org=before.org if org is None else org,
                            is_active=before.is_active if is_active is None else is_active)
            values: dict[str, Any] = {
                "roles": _checked_roles(before.roles if roles is None else roles, after.org), "org": after.org,
                "area": before.area if area is None else area,
                "is_active": after.is_active, "generation": before.generation + 1,
                "display_name": display_name or before.display_name}
            if hashed is not None:
                values |= {"password_hash": hashed, "failed_attempts": 0, "locked_until": 0}
            uow.conn.execute(update(accounts).where(accounts.c.username == username).values(values))
            _revoke(uow.conn, "session", username, self._clock.now_us())
        return self.get(username)

    def deactivate(self, username: str) -> Account:
        """The person can no longer sign in and is out of every live session."""
        return self.change(username, is_active=False)

    # Tokens ---------------------------------------------------------------------------------------------------

    def issue_token(self, kind: str, name: str) -> str:
        """A new token of a feed, a screen or a probe. This is the only time it can be seen."""
        if kind not in TOKEN_KINDS or not name.strip():
            raise InvalidInput("token_kind_invalid", kind=kind, name=name)
        token = f"yg_{kind}_{secrets.token_urlsafe(32)}"
        with self._uow() as uow:
            uow.conn.execute(insert(tokens).values(token_hash=hash_of(token), kind=kind, name=name,
                                                   created_at=self._clock.now_us(), revoked_at=None))
        return token

    def find_token(self, kind: str, token: str) -> Token | None:
        """The valid token of that kind, or None."""
        return self.find_token_by_hash(kind, hash_of(token))

    def find_token_by_hash(self, kind: str, token_hash: str) -> Token | None:
        with self._uow.database.read() as conn:
            row = conn.execute(select(tokens).where(tokens.c.token_hash == token_hash, tokens.c.kind == kind,
                                                    tokens.c.revoked_at.is_(None))).first()
        return None if row is None else _token(row)

    def list_tokens(self, kind: str) -> Sequence[Token]:
        with self._uow.database.read() as conn:
            return [_token(row) for row in conn.execute(
                select(tokens).where(tokens.c.kind == kind).order_by(tokens.c.name, tokens.c.created_at))]

    def revoke_tokens(self, kind: str, name: str) -> int:
        """Revoke every token of that name; how many there were."""
        with self._uow() as uow:
            return _revoke(uow.conn, kind, name, self._clock.now_us())

    def revoke_token(self, kind: str, token: str) -> bool:
        """Revoke one token; whether it was valid until now."""
        with self._uow() as uow:
            done = uow.conn.execute(
                update(tokens).where(tokens.c.token_hash == hash_of(token), tokens.c.kind == kind,
                                     tokens.c.revoked_at.is_(None)).values(revoked_at=self._clock.now_us()))
        return done.rowcount == 1

    def forget_sessions_before(self, created_at: int) -> int:
        """Delete the rows of sessions too old to be valid; how many."""
        with self._uow() as uow:
            done = uow.conn.execute(delete(tokens).where(tokens.c.kind == "session", tokens.c.created_at < created_at))
        return done.rowcount

    # Inside ---------------------------------------------------------------------------------------------------

    def _hash(self, password: str) -> str:
        if len(password) < self.policy.password_min_length:
            raise InvalidInput("password_too_short", at_least=self.policy.password_min_length)
        with self._hashing:
            return self._hasher.hash(password)

    def _verifies(self, stored: str, password: str) -> bool:
        with self._hashing:
            try:
                return self._hasher.verify(stored, password)
            except (VerificationError, InvalidHashError):
                return False

    def _stored(self, username: str) -> tuple[Account | None, str]:
        with self._uow.database.read() as conn:
            row = conn.execute(select(*_COLUMNS, accounts.c.password_hash)
                               .where(accounts.c.username == username)).first()
        return (None, self._nobody) if row is None else (_account(row), row.password_hash)

    def _admit(self, username: str, password: str, stored: str) -> Account:
        """The lock is read again inside the transaction: parallel guesses may have closed it meanwhile."""
        renewed = self._hash(password) if self._hasher.check_needs_rehash(stored) else stored
        with self._uow() as uow:
            account = _find(uow.conn, username)
            if account is None or not account.is_active or account.locked_until > self._clock.now_us():
                raise NotAuthenticated("sign_in_failed")
            if account.failed_attempts or renewed != stored:
                uow.conn.execute(update(accounts).where(accounts.c.username == username).values(
                    failed_attempts=0, locked_until=0, password_hash=renewed))
        return replace(account, failed_attempts=0, locked_until=0)

    def _refuse(self, username: str) -> Account:
        now = self._clock.now_us()
        with self._uow() as uow:
            account = _find(uow.conn, username)
            if account is not None and account.locked_until <= now:
                uow.conn.execute(update(accounts).where(accounts.c.username == username)
                                 .values(self._after_failure(account.failed_attempts + 1, now)))
        raise NotAuthenticated("sign_in_failed")

    def _after_failure(self, failures: int, now: int) -> dict[str, int]:
        if failures < self.policy.lock_after:
            return {"failed_attempts": failures}
        return {"failed_attempts": 0, "locked_until": now + self.policy.lock_minutes * MINUTE_US}


def hash_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _checked_roles(roles: Collection[Role], org: str) -> str:
    if not roles:
        raise InvalidInput("roles_missing")
    if Role.DEPARTMENT_USER in roles and not org:
        raise InvalidInput("department_user_needs_org")
    return " ".join(sorted(Role(role).value for role in roles))


def _find(conn: Connection, username: str) -> Account | None:
    row = conn.execute(select(*_COLUMNS).where(accounts.c.username == username)).first()
    return None if row is None else _account(row)


def _account(row: Any) -> Account:
    return Account(row.username, row.display_name, frozenset(Role(name) for name in row.roles.split()), row.org,
                   row.is_active, row.generation, row.failed_attempts, row.locked_until, row.created_at, row.area)


def _token(row: Any) -> Token:
    return Token(row.kind, row.name, row.token_hash, row.created_at, row.revoked_at)


def _revoke(conn: Connection, kind: str, name: str, now: int) -> int:
    valid = (tokens.c.kind == kind, tokens.c.name == name, tokens.c.revoked_at.is_(None))
    return conn.execute(update(tokens).where(*valid).values(revoked_at=now)).rowcount
