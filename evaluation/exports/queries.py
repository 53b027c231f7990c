"""Exports: those somebody may see, those that wait, those whose files are old. Reads only."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import and_, or_, select

from cases.models import areas
from core.access import Actor, Role
from core.database import Database
from core.errors import NotFound
from evaluation.exports.models import exports

LISTED = 50
_c = exports.c


class ExportRow(msgspec.Struct, frozen=True):
    """One export. Instants are microseconds UTC of real time; `slice` is JSON (evaluation.exports.slices.Slice)."""

    id: int
    asked_by: str
    asked_name: str
    asked_at: int
    format: str
    slice: str
    bound: str
    personal: bool
    reason: str
    state: str
    beat_at: int
    total: int
    done: int
    cases: int
    head: int
    ended_at: int | None
    file: str
    bytes: int
    sha256: str
    error: str


_COLUMNS: Any = [_c[name] for name in ExportRow.__struct_fields__]


class ExportQueries:
    """Everybody sees his own exports; an administrator who is bound to no area sees those of all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self, actor: Actor, limit: int = LISTED) -> list[ExportRow]:
        """The newest first."""
        return self._rows(select(*_COLUMNS).where(*_his(actor)).order_by(_c.id.desc()).limit(limit))

    def find(self, number: int, actor: Actor) -> ExportRow:
        """Raises NotFound, also for somebody else's."""
        found = self._rows(select(*_COLUMNS).where(_c.id == number, *_his(actor)))
        if not found:
            raise NotFound("export_not_found", id=number)
        return found[0]

    def areas(self, actor: Actor) -> dict[str, str]:
        """Codes and names of the areas he may ask for, the city's own and those of logs."""
        ours = [areas.c.area == actor.area] if actor.area else []
        with self._database.read() as conn:
            return {row.area: row.name for row in conn.execute(select(areas).where(*ours).order_by(areas.c.area))}

    def waiting(self, lost_before: int) -> list[ExportRow]:
        """Those to be made, the oldest first: queued, or running without a heartbeat since that instant."""
        lost = and_(_c.state == "running", _c.beat_at < lost_before)
        return self._rows(select(*_COLUMNS).where(or_(_c.state == "queued", lost)).order_by(_c.id))

    def ended_before(self, at: int) -> list[int]:
        """Numbers of finished exports whose files are older."""
        with self._database.read() as conn:
            return list(conn.execute(select(_c.id).where(_c.state == "done", _c.ended_at < at)).scalars())

    def state_of(self, number: int) -> str:
        """Of an export that exists."""
        with self._database.read() as conn:
            return str(conn.scalar(select(_c.state).where(_c.id == number)))

    def kept(self) -> list[tuple[int, int]]:
        """(number, bytes) of those whose files are there, the newest first."""
        with self._database.read() as conn:
            return [(number, size) for number, size in conn.execute(
                select(_c.id, _c.bytes).where(_c.state == "done").order_by(_c.ended_at.desc(), _c.id.desc()))]

    def _rows(self, statement: Any) -> list[ExportRow]:
        with self._database.read() as conn:
            return [ExportRow(*row) for row in conn.execute(statement)]


def sees_all(actor: Actor) -> bool:
    """Whether he sees what others asked for."""
    return actor.has(Role.ADMINISTRATOR) and not actor.area


def _his(actor: Actor) -> list[Any]:
    return [] if sees_all(actor) else [_c.asked_by == actor.name]
