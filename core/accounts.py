"""Who may sign in, and the tokens of feeds, screens and live sessions.

Passwords are hashed with argon2id; tokens are 256 random bits, so a SHA-256 of them is enough and can be looked up.
Everything here runs on the machine's own time, also in a demonstration whose business clock runs faster than life: a
lock of fifteen minutes must not be over after four seconds. The caller injects that clock.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from core import second_factor
from core.access import OF_ONE_UNIT, Actor, Role
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted
from core.instants import MINUTE_US
from core.models import accounts, tokens
from core.passwords import Passwords
from core.staff_sessions import StaffSessions
from core.statements import Statement
from core.unit_of_work import UnitOfWorkFactory

_USERNAME = re.compile(r"^[a-z0-9][a-z0-9_.-]{1,63}$")
NAME_MAX = 64
HALLS_MAX = 32
TOKEN_KINDS = ("feed", "screen", "probe", "admin", "session")  # admin: of the account of that name
_COLUMNS: Any = accounts.c["username", "display_name", "roles", "org", "area", "halls", "is_active", "generation",
                           "failed_attempts", "locked_until", "created_at", "must_change", "factor_salt"]
# Asked at every request, of the table itself: who was put out is out at once, in every process.
_ACCOUNT = Statement(select(*_COLUMNS).where(accounts.c.username == bindparam("of_name")))
_VALID_TOKEN = Statement(select(tokens).where(
    tokens.c.token_hash == bindparam("of_hash"), tokens.c.kind == bindparam("of_kind"), tokens.c.revoked_at.is_(None)))


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """Lock-out and password rules. `parallel_hashes` bounds the memory that guessing can take (64 MiB a hash)."""

    lock_after: int = 5
    lock_minutes: int = 15
    password_min_length: int = 10
    parallel_hashes: int = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """What others decide about an account: who he is called, what he may do, and where."""

    display_name: str
    roles: frozenset[Role]
    org: str = ""
    area: str = ""
    is_active: bool = True
    halls: frozenset[str] = frozenset()  # of cameras; empty: every hall

    def check(self) -> None:
        """Raises InvalidInput for what cannot be."""
        if not self.display_name.strip() or len(self.display_name) > NAME_MAX:
            raise InvalidInput("display_name_invalid", key="display_name", most=NAME_MAX)
        if not self.roles:
            raise InvalidInput("roles_missing", key="roles")
        if self.roles & OF_ONE_UNIT and not self.org:
            raise InvalidInput("department_user_needs_org", key="org")
        if self.halls and not self.area:
            raise InvalidInput("halls_need_area", key="area")
        if any(not hall.strip() or len(hall) > NAME_MAX for hall in self.halls) or len(self.halls) > HALLS_MAX:
            raise InvalidInput("halls_invalid", key="halls", most=HALLS_MAX, longest=NAME_MAX)

    def changed(self, *, roles: Collection[Role] | None = None, halls: Collection[str] | None = None, **given: Any) -> Standing:
        """The same with what is given (not None) put in."""
        known = {name: value for name, value in given.items() if value is not None}
        return replace(self, roles=self.roles if roles is None else frozenset(roles),
                       halls=self.halls if halls is None else frozenset(halls), **known)


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in. `generation` rises with every change that must end his live sessions.

    `must_change`: somebody else set his password, so he is let in to nothing but the page that changes it.
    """

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
    must_change: bool = False
    factor_salt: str = ""
    halls: frozenset[str] = frozenset()

    @property
    def actor(self) -> Actor:
        return Actor(self.username, self.roles, self.org, self.display_name, self.area, self.halls)

    @property
    def standing(self) -> Standing:
        return Standing(self.display_name, self.roles, self.org, self.area, self.is_active, self.halls)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of an issued token; the token itself is shown once and kept nowhere."""

    kind: str
    name: str
    token_hash: str
    created_at: int
    revoked_at: int | None
    seen_at: int = 0

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None


class Accounts:
    """Accounts and tokens. `clock` is the machine's own time (see the module). The keys of second factors are derived from
    `factor_key`; another one after a restart would let nobody in who has one."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, policy: AccountPolicy | None = None,
                 hasher: PasswordHasher | None = None, factor_key: bytes = b"") -> None:
        self._uow, self._clock = uow, clock
        self.sessions = StaffSessions(uow, clock)
        self.policy = policy or AccountPolicy()
        self.passwords = Passwords(self.policy.password_min_length, self.policy.parallel_hashes, hasher)
        self._factor_key = factor_key or secrets.token_bytes(32)

    # Accounts -------------------------------------------------------------------------------------------------

    def create(self, username: str, password: str, *, display_name: str, roles: Collection[Role],
               org: str = "", area: str = "") -> Account:
        """A new account whose owner chose its password. Raises InvalidInput (name, password, roles, missing unit) or
        Conflict (name taken)."""
        hashed = self.hash(password)
        standing = Standing(display_name or username, frozenset(roles), org, area)
        with self._uow() as uow:
            return self.create_in(uow.conn, username, standing, hashed, must_change=False)

    def create_in(self, conn: Connection, username: str, standing: Standing, hashed: str, *,
                  must_change: bool = True) -> Account:
        """`create` within the caller's transaction, of a password hashed before it: the hash takes a tenth of a second.

        `must_change`: whoever set the password is not its owner, so it opens nothing but the page that changes it.
        """
        check_username(username)
        standing.check()
        if find_account(conn, username) is not None:
            raise Conflict("username_taken", key="username", username=username)
        conn.execute(insert(accounts).values(username=username, password_hash=hashed, generation=0, failed_attempts=0,
                                             locked_until=0, created_at=self._clock.now_us(), must_change=must_change,
                                             **_columns_of(standing)))
        return _present(conn, username)

    def authenticate(self, username: str, password: str, code: str = "") -> Account:
        """The account of a right name and password, and code where it has a second factor. Raises
        NotAuthenticated("sign_in_failed").

        Unknown name, wrong password or code, locked and deactivated account get one answer after one amount of work.
        """
        account, stored = self._stored(username)
        is_right = self.passwords.verifies(stored, password)
        if account is None:
            raise NotAuthenticated("sign_in_failed")
        if not is_right or not self._use_code(account, code):
            return self._refuse(username)
        return self._admit(username, password, stored)

    # Second factor --------------------------------------------------------------------------------------------

    def factor_of(self, username: str, salt: str) -> bytes:
        """The key of a second factor of that salt, to be shown to its owner once."""
        return second_factor.key_of(self._factor_key, username, salt)

    def set_factor(self, username: str, salt: str, code: str) -> Account:
        """From now on a code is asked for; `code` shows that the key has arrived. Ends the live sessions of the person.

        Raises NotPermitted("code_wrong").
        """
        if len(salt) != 2 * second_factor.SALT_BYTES:
            raise InvalidInput("code_wrong", key="code")
        with self._uow() as uow:
            account = _present(uow.conn, username)
            step = second_factor.matching_step(self.factor_of(username, salt), code, self._clock.now_us(), 0)
            if step is None:
                raise NotPermitted("code_wrong")
            return self._write_factor(uow.conn, account, salt, step)

    def drop_factor(self, username: str) -> Account:
        """No code is asked for any more. Ends the live sessions of the person."""
        with self._uow() as uow:
            return self._write_factor(uow.conn, _present(uow.conn, username), "", 0)

    def _write_factor(self, conn: Connection, account: Account, salt: str, step: int) -> Account:
        conn.execute(update(accounts).where(accounts.c.username == account.username).values(
            factor_salt=salt, factor_step=step, generation=account.generation + 1))
        _revoke(conn, "session", account.username, self._clock.now_us())
        return _present(conn, account.username)

    def _use_code(self, account: Account, code: str) -> bool:
        """Whether the code opens the account; it is used up by that, also for who tries it at the same moment."""
        if not account.factor_salt:
            return True
        a = accounts.c
        with self._uow() as uow:
            used = int(uow.conn.scalar(select(a.factor_step).where(a.username == account.username)) or 0)
            key = self.factor_of(account.username, account.factor_salt)
            step = second_factor.matching_step(key, code, self._clock.now_us(), used)
            if step is not None:
                uow.conn.execute(update(accounts).where(a.username == account.username).values(factor_step=step))
        return step is not None

    def get(self, username: str) -> Account:
        """Raises NotFound."""
        account = self.find(username)
        if account is None:
            raise NotFound("account_not_found", username=username)
        return account

    def find(self, username: str) -> Account | None:
        with self._uow.database.read() as conn:
            return find_account(conn, username)

    def list(self) -> Sequence[Account]:
        with self._uow.database.read() as conn:
            return [_account(row) for row in conn.execute(select(*_COLUMNS).order_by(accounts.c.username))]

    def change(self, username: str, *, roles: Collection[Role] | None = None, org: str | None = None,
               password: str | None = None, is_active: bool | None = None, display_name: str | None = None,
               area: str | None = None, halls: Collection[str] | None = None) -> Account:
        """Change what is given. Every change ends the account's live sessions. Raises NotFound or InvalidInput."""
        hashed = None if password is None else self.hash(password)
        with self._uow() as uow:
            standing = _present(uow.conn, username).standing.changed(
                roles=roles, org=org, area=area, halls=halls, is_active=is_active, display_name=display_name or None)
            return self.change_in(uow.conn, username, standing, hashed)

    def change_in(self, conn: Connection, username: str, standing: Standing, hashed: str | None = None, *,
                  must_change: bool = True) -> Account:
        """`change` within the caller's transaction: the standing becomes this one, and live sessions end.

        `must_change`: of the password in `hashed`, as for `create_in`; without one it stays what it was.
        """
        standing.check()
        before = _present(conn, username)
        secret = {} if hashed is None else {"password_hash": hashed, "failed_attempts": 0, "locked_until": 0,
                                            "must_change": must_change}
        conn.execute(update(accounts).where(accounts.c.username == username).values(
            generation=before.generation + 1, **_columns_of(standing), **secret))
        _revoke(conn, "session", username, self._clock.now_us())
        return _present(conn, username)

    def deactivate(self, username: str) -> Account:
        """The person can no longer sign in and is out of every live session."""
        return self.change(username, is_active=False)

    # Tokens ---------------------------------------------------------------------------------------------------

    def issue_token(self, kind: str, name: str, address: str = "", device: str = "") -> str:
        """A new token of a feed, a screen, a probe, an administrator's program or a session, which is opened from an address
        and a device. This is the only time it can be seen."""
        if kind not in TOKEN_KINDS or not name.strip():
            raise InvalidInput("token_kind_invalid", kind=kind, name=name)
        token = f"yg_{kind}_{secrets.token_urlsafe(32)}"
        with self._uow() as uow:
            now = self._clock.now_us()
            uow.conn.execute(insert(tokens).values(token_hash=hash_of(token), kind=kind, name=name, created_at=now, seen_at=now,
                                                   address=address[:64], device=device[:160], revoked_at=None))
        return token

    def find_token(self, kind: str, token: str) -> Token | None:
        """The valid token of that kind, or None."""
        return self.find_token_by_hash(kind, hash_of(token))

    def find_token_by_hash(self, kind: str, token_hash: str) -> Token | None:
        with self._uow.database.read() as conn:
            row = _VALID_TOKEN.first(conn, of_hash=token_hash, of_kind=kind)
        return None if row is None else _token(row)

    def find_session(self, token: str, username: str) -> tuple[Token | None, Account | None]:
        """The valid session of that token, and the account of the person it should be of, as one moment has them."""
        with self._uow.database.read() as conn:
            row = _VALID_TOKEN.first(conn, of_hash=hash_of(token), of_kind="session")
            return (None, None) if row is None else (_token(row), find_account(conn, username))

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

    def hash(self, password: str) -> str:
        """What is kept of a password. Raises InvalidInput for one that is too short."""
        return self.passwords.hash(password)

    def actor_of(self, username: str) -> Actor | None:
        """The person of that name, None when there is none or he may not sign in."""
        with self._uow.database.read() as conn:
            account = find_account(conn, username)
        return account.actor if account is not None and account.is_active else None

    def is_locked(self, account: Account) -> bool:
        """Whether failed sign-ins keep this account out at the moment."""
        return account.locked_until > self._clock.now_us()

    # Inside ---------------------------------------------------------------------------------------------------

    def _stored(self, username: str) -> tuple[Account | None, str]:
        with self._uow.database.read() as conn:
            row = conn.execute(select(*_COLUMNS, accounts.c.password_hash)
                               .where(accounts.c.username == username)).first()
        return (None, self.passwords.of_nobody) if row is None else (_account(row), row.password_hash)

    def _admit(self, username: str, password: str, stored: str) -> Account:
        """The lock is read again inside the transaction: parallel guesses may have closed it meanwhile."""
        renewed = self.passwords.renewed(stored, password)
        with self._uow() as uow:
            account = find_account(uow.conn, username)
            if account is None or not account.is_active or account.locked_until > self._clock.now_us():
                raise NotAuthenticated("sign_in_failed")
            if account.failed_attempts or renewed != stored:
                uow.conn.execute(update(accounts).where(accounts.c.username == username).values(
                    failed_attempts=0, locked_until=0, password_hash=renewed))
        return replace(account, failed_attempts=0, locked_until=0)

    def _refuse(self, username: str) -> Account:
        now = self._clock.now_us()
        with self._uow() as uow:
            account = find_account(uow.conn, username)
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


def check_username(username: str) -> None:
    """Raises InvalidInput for what cannot be the name of an account."""
    if _USERNAME.match(username) is None:
        raise InvalidInput("username_invalid", key="username", username=username)


def find_account(conn: Connection, username: str) -> Account | None:
    """The account as this transaction sees it."""
    row = _ACCOUNT.first(conn, of_name=username)
    return None if row is None else _account(row)


def _present(conn: Connection, username: str) -> Account:
    account = find_account(conn, username)
    if account is None:
        raise NotFound("account_not_found", username=username)
    return account


def _columns_of(standing: Standing) -> dict[str, Any]:
    return {"display_name": standing.display_name, "roles": " ".join(sorted(role.value for role in standing.roles)),
            "org": standing.org, "area": standing.area, "halls": "\n".join(sorted(standing.halls)),
            "is_active": standing.is_active}


def _account(row: Any) -> Account:
    return Account(row.username, row.display_name, frozenset(Role(name) for name in row.roles.split()), row.org,
                   row.is_active, row.generation, row.failed_attempts, row.locked_until, row.created_at, row.area,
                   row.must_change, row.factor_salt, frozenset(filter(None, row.halls.split("\n"))))


def _token(row: Any) -> Token:
    return Token(row.kind, row.name, row.token_hash, row.created_at, row.revoked_at, row.seen_at)


def _revoke(conn: Connection, kind: str, name: str, now: int) -> int:
    valid = (tokens.c.kind == kind, tokens.c.name == name, tokens.c.revoked_at.is_(None))
    return conn.execute(update(tokens).where(*valid).values(revoked_at=now)).rowcount
