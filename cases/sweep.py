"""The sweep: clocks whose next rung has come are looked at anew. Its cost follows the rungs passed, not the open cases.

1. Take the earliest clocks with next_at ≤ now, by index, at most one batch.
2. Recompute the truth of their cases from the facts; claim each passed rung by a unique insert, stamped with the
   theoretical instant.
3. A case whose projection raises, or what reacts to it, is pushed ahead, kept in `poisoned` and told as an alarm; it never
   stops the sweep.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, literal_column, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cases.changes import Changes
from cases.events import CaseJudgeable, CaseUnjudgeable, ClockKind, ClockRef
from cases.loading import load_cases
from cases.models import case_table, clocks, poisoned
from cases.projection import SLEEP_US, facts_of
from cases.service import Recorder
from cases.written import written_by
from core.database import bulk_upsert
from core.instants import SECOND_US
from core.models import marks
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

log = logging.getLogger(__name__)
WAKE_EVERY_US = 900 * SECOND_US
_OF_ACCEPTANCE = (ClockKind.ACCEPTANCE.value, ClockKind.CORRECTION.value)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How many cases were looked at, how many rungs were claimed, how many cases failed."""

    cases: int
    rungs: int
    failed: int


class Sweeper:
    """Runs sweeps. Any number of workers may; the ledger's lock lets one write at a time."""

    def __init__(self, uow: UnitOfWorkFactory, recorder: Recorder, batch: int, retry_after_s: float,
                 judged_by: str = "") -> None:
        """`judged_by` names the calendars, ladders and catalogue in use; when it is new, what could not be judged is looked
        at again."""
        self._uow, self._recorder, self._judged_by = uow, recorder, judged_by
        self._batch, self._retry_after_us = batch, int(retry_after_s * SECOND_US)
        self._has_looked_again = False
        self._woken_at: int | None = None

    def sweep_all(self) -> SweepResult:
        """Sweep until nothing is due. The first time in a process, cases that could not be judged are looked at again if a
        calendar, limit or rule that was missing may have come with the start."""
        total = SweepResult(0, 0, 0) if self._has_looked_again or not self._is_news() else self.look_again()
        self._has_looked_again = True
        total = _sum(total, self.wake())
        while True:
            one = self.sweep()
            total = _sum(total, one)
            if one.cases == 0:
                return total

    def _is_news(self) -> bool:
        """Whether calendars, ladders or catalogue are others than when this was last asked; remembers them."""
        with self._uow() as uow:
            known = uow.conn.scalar(select(marks.c.value).where(marks.c.name == "judged_by"))
            bulk_upsert(uow.conn, marks, ("name", "value"), [("judged_by", self._judged_by)], key=("name",))
        return known != self._judged_by

    def sweep(self) -> SweepResult:
        """One batch in one transaction; none when nothing is due, so that an idle second writes nothing."""
        with self._uow.database.read() as conn:
            if not _due_cases(conn, self._uow.clock.now_us(), 1):
                return SweepResult(0, 0, 0)
        return self._swept()

    def _swept(self, case_ids: list[int] | None = None) -> SweepResult:
        """These cases, or those that are due, in one transaction."""
        due = case_ids or []
        try:
            with self._uow() as uow:
                due = due or _due_cases(uow.conn, uow.now_us, self._batch)
                return self._look_at(uow, due)
        except (OperationalError, InterfaceError, PoolTimeout):
            raise  # the database is away: no fault of any case
        except Exception as failure:
            if not due:
                raise
            return self._apart(due, failure)

    def _apart(self, case_ids: list[int], failure: Exception) -> SweepResult:
        """A batch that cannot be written is halved until the case that breaks it stands alone and is pushed ahead: what reacts
        to one case must not stop the sweep of all the others."""
        if len(case_ids) > 1:
            middle = len(case_ids) // 2
            return _sum(self._swept(case_ids[:middle]), self._swept(case_ids[middle:]))
        log.error("case %d cannot be swept", case_ids[0], exc_info=failure)
        with self._uow() as uow:  # first out of the way, whatever telling of it does
            written_by(uow).note(uow.place, case_ids)
            _push_ahead(uow.conn, case_ids[0], uow.now_us + self._retry_after_us)
        try:
            with self._uow() as uow:
                self._keep_poisoned(uow, [(case_ids[0], failure)])
        except (OperationalError, InterfaceError, PoolTimeout):
            raise
        except Exception:
            log.exception("case %d cannot even be told of", case_ids[0])
        return SweepResult(1, 0, 1)

    def wake(self) -> SweepResult:
        """Give their clock to cases that were received hours ago and not answered (projection.sleeps); every quarter hour."""
        now_us, total, after = self._uow.clock.now_us(), SweepResult(0, 0, 0), -1
        if self._woken_at is not None and 0 <= now_us - self._woken_at < WAKE_EVERY_US:
            return total
        self._woken_at = now_us
        while True:
            with self._uow.database.read() as conn:
                case_ids = _asleep(conn, now_us - SLEEP_US, after, self._batch)
            if not case_ids:
                return total
            total = _sum(total, self._swept(case_ids))
            after = case_ids[-1]

    def look_again(self) -> SweepResult:
        """Look anew at every case with a clock that could not be judged, batch by batch."""
        total, after = SweepResult(0, 0, 0), -1
        while True:
            with self._uow.database.read() as conn:
                case_ids = _unjudgeable_cases(conn, after, self._batch)
            if not case_ids:
                return total
            total = _sum(total, self._swept(case_ids))
            after = case_ids[-1]

    def _look_at(self, uow: UnitOfWork, case_ids: list[int]) -> SweepResult:
        if not case_ids:
            return SweepResult(0, 0, 0)
        changes = Changes()
        failed = self._recorder.reproject(uow, case_ids, changes)
        # Before the changes are told: a case that heals may turn out unjudgeable for a reason of its own.
        _tell_healed(uow, set(case_ids) - {case_id for case_id, _ in failed})
        changes.write(uow)
        self._keep_poisoned(uow, failed)
        return SweepResult(len(case_ids), len(changes.claims), len(failed))

    def _keep_poisoned(self, uow: UnitOfWork, failed: list[tuple[int, Exception]]) -> None:
        rows = [(case_id, uow.now_us, repr(error)[:2000]) for case_id, error in failed]
        bulk_upsert(uow.conn, poisoned, ("case_id", "since", "error"), rows, key=("case_id",))
        for case_id, error in failed:
            _push_ahead(uow.conn, case_id, uow.now_us + self._retry_after_us)
            fold = load_cases(uow.conn, [case_id])[case_id].fold
            uow.publish([CaseUnjudgeable(ClockRef(case_id, ClockKind.PROMISED), facts_of(fold, case_id), "rule_raised",
                                         repr(error)[:200])])


def _due_cases(conn: Connection, now_us: int, batch: int) -> list[int]:
    statement = select(clocks.c.case_id).where(clocks.c.next_at <= now_us).order_by(clocks.c.next_at).limit(batch)
    return list(dict.fromkeys(conn.scalars(statement)))


def _asleep(conn: Connection, silent_since_us: int, after: int, batch: int) -> list[int]:
    awake = exists().where(clocks.c.case_id == case_table.c.case_id, clocks.c.kind.in_(_OF_ACCEPTANCE),
                           clocks.c.ended_at.is_(None))
    statement = select(case_table.c.case_id).where(case_table.c.is_waiting, case_table.c.case_id > after,
                                                   case_table.c.last_event_at <= silent_since_us, ~awake)
    return list(conn.scalars(statement.order_by(case_table.c.case_id).limit(batch)))


def _unjudgeable_cases(conn: Connection, after: int, batch: int) -> list[int]:
    # Written out, so that the partial index of exactly these clocks is used.
    unjudgeable = clocks.c.condition == literal_column("'unjudgeable'")
    statement = select(clocks.c.case_id).where(unjudgeable, clocks.c.case_id > after).distinct()
    return list(conn.scalars(statement.order_by(clocks.c.case_id).limit(batch)))


def _sum(one: SweepResult, other: SweepResult) -> SweepResult:
    return SweepResult(one.cases + other.cases, one.rungs + other.rungs, one.failed + other.failed)


def _push_ahead(conn: Connection, case_id: int, until_us: int) -> None:
    conn.execute(update(clocks).where(clocks.c.case_id == case_id, clocks.c.next_at.is_not(None)).values(next_at=until_us))


def _tell_healed(uow: UnitOfWork, case_ids: set[int]) -> None:
    """Cases that failed before and did not now: forget the failure and end its alarm."""
    healed = [case_id for case_id in uow.conn.scalars(select(poisoned.c.case_id)) if case_id in case_ids]
    if healed:
        uow.conn.execute(delete(poisoned).where(poisoned.c.case_id.in_(healed)))
        uow.publish([CaseJudgeable(ClockRef(case_id, ClockKind.PROMISED), facts_of(case.fold, case_id))
                     for case_id, case in load_cases(uow.conn, healed).items()])
