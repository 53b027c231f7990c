"""Repeated work: one process holds the lease, and every job with an effect claims a slot for its scheduled time.

Jobs recompute from the clock, so a tick that came late or not at all changes nothing but lateness: coalesce, one instance,
no misfire grace. The lease is a database row with an expiry in real time; a dead holder is replaced when it runs out, and
the slot row guards the moment in which two believe they hold it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import Clock, SystemClock
from core.database import Database, bulk_upsert
from core.instants import SECOND_US
from core.models import job_slots, leases

log = logging.getLogger(__name__)
LEASE = "scheduler"
SLOTS_KEPT_US = 7 * 24 * 3600 * SECOND_US
BEAT_US = 10 * SECOND_US


@dataclass(frozen=True, slots=True)
class Job:
    """Work to repeat every `interval_s` real seconds. With `slot`, at most one process does it per interval. `leave` asks long
    work to end soon, from another thread."""

    name: str
    interval_s: float
    work: Callable[[], object]
    slot: bool = False
    leave: Callable[[], None] | None = None


class Scheduler:
    """Runs the jobs of one process while it holds the lease.

    `on_change(job, error)` is called when a job begins to fail (with the error) and when it is well again (with None).
    """

    def __init__(self, database: Database, lease_s: float = 10.0, clock: Clock | None = None,
                 on_change: Callable[[str, Exception | None], None] | None = None) -> None:
        self._database, self._lease_us = database, int(lease_s * SECOND_US)
        self._clock = clock or SystemClock()
        self._on_change = on_change
        self._fails: dict[str, bool] = {}
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
        self._runner = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1,
                                                                         "misfire_grace_time": None})
        self._holds = self._is_stopped = False
        self._renewing = threading.Lock()
        self._beats: dict[str, int] = {}
        self._running: set[str] = set()
        self._leaves: list[Callable[[], None]] = []
        self._changed = threading.Condition()  # guards what runs

    def start(self, jobs: list[Job]) -> None:
        """Take the lease if it is free and run the jobs for as long as it is ours."""
        self.renew()
        self._leaves = [job.leave for job in jobs if job.leave is not None]
        self._runner.add_job(self.renew, "interval", seconds=max(1.0, self._lease_us / SECOND_US / 3), id="lease")
        for job in jobs:
            self._runner.add_job(self.run, "interval", seconds=job.interval_s, args=[job], id=job.name)
        self._runner.start()

    def stop(self, grace_s: float = 10.0) -> list[str]:
        """Begin nothing more, wait so long for what runs, then give the lease back. Returns the jobs that still run.

        A job is transactions: what it had not committed when the process ends has not happened, and is done again.
        """
        self._runner.shutdown(wait=False)
        for leave in self._leaves:
            leave()
        with self._renewing, self._changed:
            self._is_stopped, self._holds = True, False
        with self._changed:
            self._changed.wait_for(lambda: not self._running, grace_s)
            still = sorted(self._running)
        with self._database.transaction() as conn:
            conn.execute(delete(leases).where(leases.c.name == LEASE, leases.c.owner == self.owner))
        return still

    def renew(self) -> bool:
        """Take or keep the lease. Returns whether it is ours; a scheduler that was stopped takes none."""
        with self._renewing:
            return not self._is_stopped and self._take_lease()

    def _take_lease(self) -> bool:
        now = self._clock.now_us()
        try:
            with self._database.transaction() as conn:
                mine_or_free = (leases.c.owner == self.owner) | (leases.c.expires_at < now)
                kept = conn.execute(update(leases).where(leases.c.name == LEASE, mine_or_free)
                                    .values(owner=self.owner, expires_at=now + self._lease_us))
                if kept.rowcount == 0 and conn.execute(select(leases).where(leases.c.name == LEASE)).first() is None:
                    conn.execute(insert(leases).values(name=LEASE, owner=self.owner, expires_at=now + self._lease_us))
                    self._holds = True
                else:
                    self._holds = kept.rowcount == 1
        except IntegrityError:
            self._holds = False  # another process inserted the first lease between our look and our insert
        return self._holds

    def run(self, job: Job) -> None:
        """Do the job once, if the lease and (when it needs one) the slot are ours. A job that raises is told."""
        with self._changed:
            if not self._holds:
                return
            self._running.add(job.name)
        try:
            if not job.slot or self._claim(job):
                self._do(job)
        finally:
            with self._changed:
                self._running.discard(job.name)
                self._changed.notify_all()

    def _do(self, job: Job) -> None:
        try:
            job.work()
        except Exception as error:  # one failing job must not end the scheduler; it is logged and told as an alarm
            log.exception("job %s failed", job.name)
            self._finish(job, repr(error))
            self._tell(job, error)
        else:
            self._finish(job, None)
            self._tell(job, None)

    def _tell(self, job: Job, error: Exception | None) -> None:
        """The first result after a start is always told: an alarm of an earlier process may still stand."""
        fails = error is not None
        if self._on_change is None or self._fails.get(job.name) == fails:
            return
        self._on_change(job.name, error)  # may raise when the database is away: then it is not yet told
        self._fails[job.name] = fails

    def _claim(self, job: Job) -> bool:
        try:
            with self._database.transaction() as conn:
                conn.execute(insert(job_slots).values(job=job.name, slot_at=self._slot_at(job), owner=self.owner))
        except IntegrityError:
            return False
        return True

    def _finish(self, job: Job, error: str | None) -> None:
        now = self._clock.now_us()
        if not job.slot:
            self._beat(job, error, now)
            return
        with self._database.transaction() as conn:
            conn.execute(update(job_slots).where(job_slots.c.job == job.name, job_slots.c.owner == self.owner,
                                                 job_slots.c.finished_at.is_(None)).values(finished_at=now, error=error))
            conn.execute(delete(job_slots).where(job_slots.c.slot_at.between(1, now - SLOTS_KEPT_US)))

    def _beat(self, job: Job, error: str | None, now: int) -> None:
        """Frequent jobs have no slots; one row says when they last ran, written every few seconds at most."""
        if now - self._beats.get(job.name, 0) < BEAT_US and error is None:
            return
        self._beats[job.name] = now
        row = (job.name, 0, self.owner, now, error)
        with self._database.transaction() as conn:
            bulk_upsert(conn, job_slots, ("job", "slot_at", "owner", "finished_at", "error"), [row], key=("job", "slot_at"))

    def _slot_at(self, job: Job) -> int:
        interval_us = int(job.interval_s * SECOND_US)
        return self._clock.now_us() // interval_us * interval_us
