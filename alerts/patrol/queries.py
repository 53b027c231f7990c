"""Results of patrols, for who may see every area or one."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, func, select

from alerts.patrol.findings import Finding, Found
from alerts.patrol.models import patrol_findings, patrols
from core.database import Database

PAGE = 50


@dataclass(frozen=True, slots=True)
class Patrol:
    """A patrol as kept. Instants are microseconds UTC. `area` "": of every area. `beyond` cards the journal alone does not
    justify and `older` ones, closed too long ago, were not recomputed."""

    id: int
    asked_by: str
    area: str
    began_at: int
    ended_at: int | None
    cases: int
    cards: int
    findings: int
    beyond: int
    older: int


class PatrolQueries:
    """An `area` of "" asks for everything."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, number: int) -> Patrol:
        with self._database.read() as conn:
            return Patrol(*conn.execute(select(patrols).where(patrols.c.id == number)).one())

    def last(self, area: str = "") -> Patrol | None:
        """The newest that ended and looked at all of the area."""
        wanted = select(patrols).where(patrols.c.ended_at.is_not(None), patrols.c.area.in_({"", area}))
        with self._database.read() as conn:
            row = conn.execute(wanted.order_by(patrols.c.id.desc()).limit(1)).first()
        return None if row is None else Patrol(*row)

    def findings(self, number: int, area: str = "", limit: int = PAGE, offset: int = 0) -> list[Found]:
        """What a patrol found there, in its order."""
        wanted = select(patrol_findings).where(*_found_in(number, area)).order_by(patrol_findings.c.number)
        with self._database.read() as conn:
            rows = conn.execute(wanted.limit(limit).offset(offset)).all()
        return [Found(Finding(row.code), row.card_id, row.case_id, row.case_no, row.area, row.org,
                      msgspec.json.decode(row.detail)) for row in rows]

    def count(self, number: int, area: str = "") -> int:
        """How many findings of it are kept of the area."""
        with self._database.read() as conn:
            return int(conn.scalar(select(func.count()).select_from(patrol_findings).where(*_found_in(number, area))) or 0)


def _found_in(number: int, area: str) -> list[ColumnElement[bool]]:
    return [patrol_findings.c.patrol_id == number, *([patrol_findings.c.area == area] if area else [])]
