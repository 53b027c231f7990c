"""After a confirmed change the open cases it concerns are judged anew, batch by batch, by a job that goes on after a crash.

How far it has come is written in the transaction of the batch itself, so a case is looked at once, whenever the process dies.
Cases that had ended are left alone; those that could not be judged are looked at too, since the change may have closed the gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from cases.areas import Areas
from cases.changes import Changes
from cases.models import case_table, clocks
from cases.projection import Condition
from cases.service import Recorder
from config.events import VersionConfirmed
from config.models import rejudgements
from config.versions import JUDGING, Kind
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class Rejudgement:
    """One change on its way to the cases. `moved`: cases of which a clock changed; instants are microseconds UTC."""

    id: int
    kind: str
    subject: str
    version: int
    reason: str
    asked_by: str
    asked_at: int
    cases: int
    moved: int
    failed: int
    finished_at: int | None


_SHOWN = ("id", "kind", "subject", "version", "reason", "asked_by", "asked_at", "cases", "moved", "failed", "finished_at")


class Rejudger:
    """Asks for rejudgements (as a reaction) and carries them out (as a job)."""

    def __init__(self, units: UnitOfWorkFactory, recorder: Recorder, areas: Areas, batch: int) -> None:
        self._units, self._recorder, self._areas, self._batch = units, recorder, areas, batch

    def ask(self, uow: UnitOfWork, batch: Sequence[VersionConfirmed]) -> None:
        """Remember, in the transaction of the confirmation, that cases must be judged anew."""
        number = int(uow.conn.scalar(select(func.max(rejudgements.c.id))) or 0)
        for place, event in enumerate((one for one in batch if one.kind in JUDGING), start=1):
            uow.conn.execute(insert(rejudgements).values(
                id=number + place, kind=event.kind, subject=event.subject, version=event.version, reason=event.reason,
                asked_by=event.actor, asked_at=uow.now_us, after_case=-1, cases=0, moved=0, failed=0, finished_at=None))

    def work(self) -> int:
        """Carry out everything that waits. Returns how many cases were looked at."""
        looked = 0
        while (step := self.step()) is not None:
            looked += step
        return looked

    def step(self) -> int | None:
        """One batch in one transaction; None when nothing waits, which writes nothing."""
        with self._units.database.read() as conn:
            if _waiting(conn) is None:
                return None
        with self._units() as uow:
            task = _waiting(uow.conn)
            return 0 if task is None else self._batch_of(uow, task)

    def recent(self, limit: int = 20) -> list[Rejudgement]:
        """The newest first."""
        statement = select(*rejudgements.c[_SHOWN]).order_by(rejudgements.c.id.desc()).limit(limit)
        with self._units.database.read() as conn:
            return [Rejudgement(*row) for row in conn.execute(statement)]

    def _batch_of(self, uow: UnitOfWork, task: Row[Any]) -> int:
        self._areas.refresh_in(uow)
        found = _open_cases(uow.conn, task.after_case, self._batch)
        wanted = [row.case_id for row in found if self._concerns(task, row.area, row.item)]
        changes = Changes()
        failed = self._recorder.reproject(uow, wanted, changes)
        changes.write(uow)
        moved = {row[-3] for row in [*changes.clocks, *changes.new_clocks]} | {ref.case_id for ref in changes.gone}
        uow.conn.execute(update(rejudgements).where(rejudgements.c.id == task.id).values(
            after_case=found[-1].case_id if found else task.after_case, cases=task.cases + len(wanted),
            moved=task.moved + len(moved), failed=task.failed + len(failed),
            finished_at=None if found else uow.now_us))
        return len(wanted)

    def _concerns(self, task: Row[Any], area: str, item: str) -> bool:
        if task.kind == Kind.ITEM:
            return bool(item == task.subject)
        if task.kind == Kind.AREA:
            return bool(area == task.subject)
        plan = self._areas.plan_of(area)
        return bool(task.subject in (plan.preset if task.kind == Kind.RULES else plan.calendar,))


def _waiting(conn: Connection) -> Row[Any] | None:
    unfinished = select(rejudgements).where(rejudgements.c.finished_at.is_(None))
    return conn.execute(unfinished.order_by(rejudgements.c.id).limit(1)).first()


def _open_cases(conn: Connection, after: int, batch: int) -> Sequence[Any]:
    c = case_table.c
    unjudged = select(clocks.c.case_id).where(clocks.c.condition == Condition.UNJUDGEABLE.value)
    statement = select(c.case_id, c.area, c.item).where(c.case_id > after, or_(c.closed_at.is_(None), c.case_id.in_(unjudged)))
    return conn.execute(statement.order_by(c.case_id).limit(batch)).all()
