"""Whether this installation can do its work: database, doorbell, scheduler's lease, last sweep."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from core import outbox
from core.clock import Clock
from core.database import Database
from core.doorbell import Doorbell
from core.instants import SECOND_US
from core.models import job_slots, leases
from core.scheduling import LEASE


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `detail` is for the person on call, in English, without secrets. One that is not `vital` is told, and keeps
    no process from being used: another would not do better."""

    name: str
    ok: bool
    detail: str
    vital: bool = True


@dataclass(frozen=True, slots=True)
class JobReport:
    """A job's last run: microseconds UTC of the machine's clock; `error` is empty when it went well."""

    name: str
    finished_at: int
    error: str
    owner: str


def job_reports(database: Database) -> list[JobReport]:
    """The last finished run of every job, by name."""
    last = select(job_slots.c.job, func.max(job_slots.c.finished_at).label("at")).where(
        job_slots.c.finished_at.is_not(None)).group_by(job_slots.c.job).subquery()
    found = select(job_slots).join(last, (job_slots.c.job == last.c.job) & (job_slots.c.finished_at == last.c.at))
    with database.read() as conn:
        return [JobReport(row.job, row.finished_at, row.error or "", row.owner)
                for row in conn.execute(found.order_by(job_slots.c.job))]


class Readiness:
    """Runs the checks. Lease and job times are on `clock`, the clock the scheduler itself runs on."""

    def __init__(self, database: Database, doorbell: Doorbell, clock: Clock, *, sweep_job: str = "sweep",
                 sweep_late_after_s: float = 60.0) -> None:
        self._database, self._doorbell, self._clock = database, doorbell, clock
        self._sweep_job, self._late_us = sweep_job, int(sweep_late_after_s * SECOND_US)

    def checks(self) -> list[Check]:
        """Every check, in order; those that need the database are missing when it is away."""
        database = self._database_check()
        doorbell = Check("doorbell", True, type(self._doorbell).__name__)
        if not database.ok:
            return [database, doorbell]
        return [database, doorbell, self._lease_check(), self._sweep_check()]

    def _database_check(self) -> Check:
        try:
            with self._database.read() as conn:
                epoch, head = outbox.head(conn)
        except SQLAlchemyError as failure:
            return Check("database", False, type(failure).__name__)
        return Check("database", True, f"{self._database.dialect}, outbox head {head}, epoch {epoch[:8] or 'none'}")

    def _lease_check(self) -> Check:
        now = self._clock.now_us()
        with self._database.read() as conn:
            held = conn.execute(select(leases.c.name, leases.c.owner)
                                .where(leases.c.name == LEASE, leases.c.expires_at > now)).all()
        return Check("scheduler", bool(held), ", ".join(f"{name}: {owner}" for name, owner in held) or "nobody holds it")

    def _sweep_check(self) -> Check:
        with self._database.read() as conn:
            last = conn.execute(select(func.max(job_slots.c.finished_at))
                                .where(job_slots.c.job == self._sweep_job)).scalar()
        if last is None:
            return Check("last_sweep", False, "never")
        age_us = self._clock.now_us() - last
        return Check("last_sweep", age_us <= self._late_us, f"{age_us // SECOND_US} s ago")
