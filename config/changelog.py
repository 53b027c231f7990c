"""The log of every edit of rules, calendars, limits, areas and roles: append-only and chained like the journal.

`mac` = HMAC-SHA256(key, previous mac + canonical row): a row edited or removed later breaks the chain from there on.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from config.models import config_log
from core.access import Actor
from core.unit_of_work import UnitOfWork

GENESIS = bytes(32)
ROLE = "role"
_SEALED = ("seq", "at", "actor", "actor_name", "kind", "subject", "version", "action", "reason", "before", "after")
_encode = msgspec.json.Encoder(order="deterministic").encode


class Action(StrEnum):
    """What was done to a version."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    SET = "set"  # at once, at the command line, without a proposal
    OWN = "own"  # by the person himself: his password
    SIGNED_OUT = "signed_out"  # a session of somebody, by an administrator
    POSTS = "posts"  # the posts of a person in a unit, by an administrator
    REGISTERED = "registered"  # a camera, at once
    EDITED = "edited"
    RETIRED = "retired"
    ENTERED = "entered"        # points of a score, by hand
    TAKEN_BACK = "taken_back"
    PUBLISHED = "published"    # the scores of a month
    WITHDRAWN = "withdrawn"
    APPEALED = "appealed"
    GRANTED = "granted"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Edit:
    """One line of the log. `before` and `after` are what was in force and what was asked for."""

    seq: int
    at: int
    actor: str
    actor_name: str
    kind: str
    subject: str
    version: int
    action: str
    reason: str
    before: Any
    after: Any


class ChangeLog:
    """Writes and reads the log. `key` seals it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def append(self, uow: UnitOfWork, actor: Actor, kind: str, subject: str, version: int, action: Action, reason: str,
               before: Any, after: Any) -> None:
        """Add a line in the caller's transaction, whose ledger lock keeps the chain single-headed."""
        last = uow.conn.execute(select(config_log.c.seq, config_log.c.mac).order_by(config_log.c.seq.desc()).limit(1)).first()
        seq, prev = (last.seq + 1, bytes(last.mac)) if last is not None else (1, GENESIS)
        row = (seq, uow.now_us, actor.name, actor.display_name or actor.name, str(kind), subject, version, action.value, reason,
               _encode(before).decode(), _encode(after).decode())
        uow.conn.execute(insert(config_log).values(**dict(zip(_SEALED, row, strict=True)), prev_mac=prev,
                                                   mac=self._mac(prev, row)))

    def read(self, conn: Connection, kind: str = "", subject: str = "", limit: int = 200) -> list[Edit]:
        """The newest lines first; of one kind and subject when asked."""
        statement = select(*config_log.c[_SEALED]).order_by(config_log.c.seq.desc()).limit(limit)
        if kind:
            statement = statement.where(config_log.c.kind == kind)
        if subject:
            statement = statement.where(config_log.c.subject == subject)
        return [Edit(*row[:-2], msgspec.json.decode(row.before), msgspec.json.decode(row.after))
                for row in conn.execute(statement)]

    def first_fault(self, conn: Connection) -> int | None:
        """The number of the first line that does not fit the chain; None when all do."""
        prev, expected = GENESIS, 1
        for row in conn.execute(select(config_log).order_by(config_log.c.seq)):
            values = tuple(getattr(row, name) for name in _SEALED)
            is_next = row.seq == expected and bytes(row.prev_mac) == prev
            if not is_next or not hmac.compare_digest(bytes(row.mac), self._mac(prev, values)):
                return expected
            prev, expected = bytes(row.mac), expected + 1
        return None

    def _mac(self, prev: bytes, row: tuple[Any, ...]) -> bytes:
        return hmac.digest(self._key, prev + _encode(row), "sha256")
