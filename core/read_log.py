"""Who looked at what is not everybody's: evidence, a reporter's name. One row a look, never changed, never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from core.access import Actor
from core.database import Database
from core.models import read_log
from core.unit_of_work import UnitOfWorkFactory

LATEST = 200
HEAD = 160  # characters of a subject that looks are found by; the rest stands beside them


@dataclass(frozen=True, slots=True)
class Look:
    """`what` is a code (`evidence_pdf`, `attachment`, `reporter`), `subject` names the thing; `at` is microseconds UTC."""

    at: int
    actor: str
    actor_name: str
    what: str
    subject: str
    address: str


class ReadLog:
    """Writes a look down before what was asked for is given out."""

    def __init__(self, units: UnitOfWorkFactory, database: Database) -> None:
        self._units, self._database = units, database

    def note(self, what: str, subject: str, actor: Actor, address: str = "") -> None:
        """One look by `actor` from `address`; returns when it is committed."""
        with self._units() as uow:
            uow.conn.execute(insert(read_log).values(
                at=uow.now_us, actor=actor.name, actor_name=actor.display_name, what=what, subject=subject[:HEAD],
                rest=subject[HEAD:], address=address[:64]))

    def looks(self, what: str = "", subject: str = "", limit: int = LATEST) -> Sequence[Look]:
        """The latest looks, newest first; of one kind or at one thing when asked."""
        c = read_log.c
        wanted = select(c.at, c.actor, c.actor_name, c.what, c.subject + c.rest, c.address)
        if what:
            wanted = wanted.where(c.what == what)
        if subject:
            wanted = wanted.where(c.subject == subject[:HEAD], c.rest == subject[HEAD:])
        with self._database.read() as conn:
            return [Look(*row) for row in conn.execute(wanted.order_by(c.id.desc()).limit(limit))]
