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
                at=uow.now_us, actor=actor.name, actor_name=actor.display_name, what=what, subject=subject[:160],
                address=address[:64]))

    def looks(self, what: str = "", subject: str = "", limit: int = LATEST) -> Sequence[Look]:
        """The latest looks, newest first; of one kind or at one thing when asked."""
        wanted = select(*(read_log.c[name] for name in Look.__slots__))
        if what:
            wanted = wanted.where(read_log.c.what == what)
        if subject:
            wanted = wanted.where(read_log.c.subject == subject)
        with self._database.read() as conn:
            return [Look(*row) for row in conn.execute(wanted.order_by(read_log.c.id.desc()).limit(limit))]
