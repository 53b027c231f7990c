"""Bulletins: those somebody may see, and those everybody may. Reads only."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from core.access import Actor
from core.database import Database
from core.errors import NotFound
from evaluation.bulletins.corrections import Correction
from evaluation.bulletins.figures import Figures
from evaluation.bulletins.matters import ISSUED, OFFICERS, WRITERS, BulletinAction, BulletinState, may_do, may_see
from evaluation.bulletins.models import bulletin_log, bulletins

LISTED = 120
_c = bulletins.c


class BulletinRow(msgspec.Struct, frozen=True):
    """A bulletin in one line. Instants are microseconds UTC."""

    id: int
    area: str
    month: str
    state: str
    rev: int
    title: str
    figures_sha256: str
    made_by: str
    made_name: str
    made_at: int
    number: str | None
    issued_name: str
    issued_at: int | None
    published_at: int | None
    ended_at: int | None
    reason: str
    checked_at: int | None


class LogEntry(msgspec.Struct, frozen=True):
    """What was done; `at` is microseconds UTC."""

    at: int
    actor_name: str
    action: str
    words: str


class Detail(msgspec.Struct, frozen=True):
    """A bulletin whole: its figures as they were when it was made, what the last look found corrected, its log, and what this
    person may do."""

    head: BulletinRow
    figures: Figures
    corrections: tuple[Correction, ...]
    log: tuple[LogEntry, ...]
    may: tuple[str, ...]


_HEAD: Any = [_c[name] for name in BulletinRow.__struct_fields__]
_figures = msgspec.json.Decoder(Figures)
_corrections = msgspec.json.Decoder(tuple[Correction, ...])


class BulletinQueries:
    """For staff, by their rights; for everybody, what was published."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self, actor: Actor, limit: int = LISTED) -> list[BulletinRow]:
        """The newest month first; those thrown away are left out."""
        conditions = [_c.state != BulletinState.DISCARDED.value]
        if not actor.has(*OFFICERS):
            conditions.append(_c.state.in_([state.value for state in ISSUED]))
        if actor.area:
            conditions.append(_c.area.in_([actor.area, ""]))
        rows = self._rows(select(*_HEAD).where(*conditions).order_by(_c.month.desc(), _c.id.desc()).limit(limit))
        return [row for row in rows if may_see(actor, row.area, BulletinState(row.state))]

    def find(self, number: int, actor: Actor) -> Detail:
        """Raises NotFound, also for one this person may not see."""
        with self._database.read() as conn:
            row = conn.execute(select(*_HEAD, _c.figures, _c.corrections).where(_c.id == number)).first()
            log = _log(conn, number) if row is not None else ()
        head = None if row is None else BulletinRow(*row[:-2])
        if row is None or head is None or not may_see(actor, head.area, BulletinState(head.state)):
            raise NotFound("bulletin_not_found", id=number)
        state = BulletinState(head.state)
        may = tuple(action.value for action in BulletinAction if may_do(actor, action, head.area, state)
                    and not (action is BulletinAction.PUBLISH and head.published_at is not None))
        return Detail(head, _figures.decode(row.figures), _corrections.decode(row.corrections), log, may)

    def published_years(self) -> list[str]:
        """The years there are published ones of, the newest first."""
        year = func.substr(_c.month, 1, 4)
        with self._database.read() as conn:
            return list(conn.scalars(select(year).where(_c.published_at.is_not(None)).distinct().order_by(year.desc())))

    def published(self, year: str) -> list[BulletinRow]:
        """What everybody may read of a year, the newest month first; those withdrawn since say so."""
        of_year = _c.month.startswith(year, autoescape=True)
        return self._rows(select(*_HEAD).where(_c.published_at.is_not(None), of_year).order_by(
            _c.month.desc(), _c.area, _c.id.desc()))

    def published_marks(self, since_us: int) -> dict[int, str]:
        """By the id of what was published since then, a mark that is another once the public is to read something else."""
        with self._database.read() as conn:
            rows = conn.execute(select(_c.id, _c.rev, _c.corrections).where(_c.published_at >= since_us).order_by(_c.id))
            return {row.id: sha256(f"{row.rev} {row.corrections}".encode()).hexdigest() for row in rows}

    def find_published(self, number: int) -> tuple[BulletinRow, tuple[Correction, ...]]:
        """Raises NotFound for what was never published."""
        with self._database.read() as conn:
            row = conn.execute(select(*_HEAD, _c.corrections).where(_c.id == number, _c.published_at.is_not(None))).first()
        if row is None:
            raise NotFound("bulletin_not_found", id=number)
        return BulletinRow(*row[:-1]), _corrections.decode(row.corrections)

    def issued_since(self, month: str) -> list[tuple[int, Figures, str]]:
        """(id, figures, corrections known as JSON) of what was issued for these months."""
        statement = select(_c.id, _c.figures, _c.corrections).where(
            _c.state == BulletinState.ISSUED.value, _c.month >= month).order_by(_c.id)
        with self._database.read() as conn:
            return [(row.id, _figures.decode(row.figures), row.corrections) for row in conn.execute(statement)]

    def frozen(self, actor: Actor, month: str, area: str) -> list[tuple[BulletinRow, Figures]]:
        """What was issued for that month of that area and stands, with its figures, of what this person may see."""
        statement = select(*_HEAD, _c.figures).where(_c.month == month, _c.area == area,
                                                     _c.state == BulletinState.ISSUED.value).order_by(_c.id)
        with self._database.read() as conn:
            rows = [(BulletinRow(*row[:-1]), row.figures) for row in conn.execute(statement)]
        return [(row, _figures.decode(text)) for row, text in rows if may_see(actor, row.area, BulletinState(row.state))]

    def has_any(self, area: str, month: str) -> bool:
        """Whether one was ever made for this month, whatever became of it."""
        with self._database.read() as conn:
            return conn.scalar(select(_c.id).where(_c.area == area, _c.month == month).limit(1)) is not None

    def _rows(self, statement: Any) -> list[BulletinRow]:
        with self._database.read() as conn:
            return [BulletinRow(*row) for row in conn.execute(statement)]


def writers_of(conn: Connection, number: int) -> set[str]:
    """Everybody who had a hand in a draft."""
    g = bulletin_log.c
    return set(conn.scalars(select(g.actor).where(g.bulletin == number, g.action.in_([one.value for one in WRITERS]))))


def _log(conn: Connection, number: int) -> tuple[LogEntry, ...]:
    g = bulletin_log.c
    return tuple(LogEntry(*row) for row in conn.execute(
        select(g.at, g.actor_name, g.action, g.words).where(g.bulletin == number).order_by(g.id)))
