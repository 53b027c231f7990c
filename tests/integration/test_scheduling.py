"""Repeated work: one lease, one claim per slot, a failing job told once and healed once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.health import Readiness
from core.instants import SECOND_US
from core.models import job_slots, leases
from core.scheduling import Job, Scheduler
from tests.services import wait_until
from tests.unit.cases.record import emptied, made_database


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("scheduling")) as database:
        yield database


@pytest.fixture
def database(shared: Database) -> Database:
    return emptied(shared)


def scheduler(database: Database, clock: FrozenClock, told: list[tuple[str, str]] | None = None) -> Scheduler:
    changes = told if told is not None else []
    return Scheduler(database, lease_s=10, clock=clock,
                     on_change=lambda job, error: changes.append((job, repr(error) if error else "well")))


def holders(database: Database) -> list[str]:
    with database.read() as conn:
        return list(conn.scalars(select(leases.c.owner)))


def slots(database: Database) -> list[Any]:
    with database.read() as conn:
        return list(conn.execute(select(job_slots).order_by(job_slots.c.job, job_slots.c.slot_at)).all())


class Work:
    """Counts how often it was done; raises while it is broken."""

    def __init__(self) -> None:
        self.done = 0
        self.broken: Exception | None = None

    def __call__(self) -> None:
        if self.broken is not None:
            raise self.broken
        self.done += 1


# The lease ----------------------------------------------------------------------------------------------------------

def test_of_two_schedulers_one_holds_the_lease_and_only_its_jobs_run(database, frozen_clock):
    first, second = scheduler(database, frozen_clock), scheduler(database, frozen_clock)
    work = Work()
    assert (first.renew(), second.renew(), first.renew()) == (True, False, True)
    for one in (first, second, first):
        one.run(Job("sweep", 1, work))
    assert work.done == 2
    assert holders(database) == [first.owner]


def test_a_holder_that_fell_silent_is_replaced_when_its_lease_runs_out_and_not_before(database, frozen_clock):
    dead, heir, work = scheduler(database, frozen_clock), scheduler(database, frozen_clock), Work()
    assert dead.renew()
    frozen_clock.advance(timedelta(seconds=10))
    assert not heir.renew()
    frozen_clock.advance(timedelta(microseconds=1))
    assert heir.renew()
    heir.run(Job("sweep", 1, work))
    assert work.done == 1
    assert (dead.renew(), holders(database)) == (False, [heir.owner])
    dead.run(Job("sweep", 1, work))
    assert work.done == 1


def test_a_holder_that_renews_in_time_keeps_the_lease_for_ever(database, frozen_clock):
    holder, other = scheduler(database, frozen_clock), scheduler(database, frozen_clock)
    for _ in range(20):
        assert holder.renew()
        assert not other.renew()
        frozen_clock.advance(timedelta(seconds=9))


def test_eight_schedulers_that_start_at_once_agree_on_one(database, frozen_clock):
    many = [scheduler(database, frozen_clock) for _ in range(8)]
    begin, held = threading.Barrier(8), []

    def start(one: Scheduler) -> None:
        begin.wait()
        held.append(one.renew())

    threads = [threading.Thread(target=start, args=[one]) for one in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(held) == [False] * 7 + [True]
    assert len(holders(database)) == 1


# Slots ----------------------------------------------------------------------------------------------------------------

def test_a_slot_is_claimed_once_even_by_two_that_both_believe_they_hold_the_lease(database, frozen_clock):
    first, second, work = scheduler(database, frozen_clock), scheduler(database, frozen_clock), Work()
    job = Job("recount", 60, work, slot=True)
    assert first.renew()
    frozen_clock.advance(timedelta(seconds=11))  # first has not noticed yet
    assert second.renew()
    for one in (first, second, first):
        one.run(job)
    assert work.done == 1
    [slot] = slots(database)
    assert (slot.owner, slot.error, slot.finished_at) == (first.owner, None, frozen_clock.now_us())
    frozen_clock.advance(timedelta(seconds=60))
    second.run(job)
    assert work.done == 2


def test_slots_older_than_a_week_are_forgotten(database, frozen_clock):
    one, work = scheduler(database, frozen_clock), Work()
    for _ in range(3):
        one.renew()
        one.run(Job("recount", 60, work, slot=True))
        frozen_clock.advance(timedelta(days=5))
    assert work.done == 3
    assert len(slots(database)) == 2


def test_a_frequent_job_leaves_one_row_that_says_when_it_last_ran(database, frozen_clock):
    one, work = scheduler(database, frozen_clock), Work()
    for _ in range(25):
        one.renew()
        one.run(Job("sweep", 1, work))
        frozen_clock.advance(timedelta(seconds=1))
    [beat] = slots(database)
    assert work.done == 25
    assert (beat.job, beat.slot_at) == ("sweep", 0)
    assert frozen_clock.now_us() - beat.finished_at <= 10 * SECOND_US


# Failures -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("slot", [False, True])
def test_a_failing_job_is_told_once_and_healed_once_and_others_run_on(database, frozen_clock, slot):
    told: list[tuple[str, str]] = []
    one, bad, good = scheduler(database, frozen_clock, told), Work(), Work()

    def all_round(times: int) -> None:
        for _ in range(times):
            one.renew()
            one.run(Job("recount", 60, bad, slot=slot))
            one.run(Job("sweep", 1, good))
            frozen_clock.advance(timedelta(seconds=60))

    all_round(2)
    assert told == [("recount", "well"), ("sweep", "well")], "an alarm of an earlier process may still stand"
    told.clear()
    bad.broken = ValueError("out of paper")
    all_round(3)
    assert told == [("recount", "ValueError('out of paper')")]
    assert any(row.job == "recount" and row.error == "ValueError('out of paper')" for row in slots(database))
    bad.broken = None
    all_round(2)
    assert told == [("recount", "ValueError('out of paper')"), ("recount", "well")]
    assert (good.done, bad.done) == (7, 4)


def test_a_failure_that_could_not_be_told_is_told_the_next_time(database, frozen_clock):
    told: list[str] = []

    def tell(job: str, error: Exception | None) -> None:
        told.append(job)
        if len(told) == 1:
            raise ConnectionError("the database is away")

    one, bad = Scheduler(database, clock=frozen_clock, on_change=tell), Work()
    bad.broken = ValueError("no")
    one.renew()
    with pytest.raises(ConnectionError):
        one.run(Job("sweep", 1, bad))
    one.run(Job("sweep", 1, bad))
    one.run(Job("sweep", 1, bad))
    assert told == ["sweep", "sweep"]


# Running ----------------------------------------------------------------------------------------------------------------

def test_a_started_scheduler_does_its_jobs_is_ready_and_gives_the_lease_back(database, frozen_clock):
    one, work = scheduler(database, frozen_clock), Work()
    one.start([Job("sweep", 0.02, work)])
    try:
        wait_until(lambda: work.done >= 3, timeout_s=20, what="three runs")
        checks = {check.name: check.ok for check in Readiness(database, InProcessDoorbell(), frozen_clock).checks()}
        assert checks == {"database": True, "doorbell": True, "scheduler": True, "last_sweep": True}
    finally:
        one.stop()
    assert holders(database) == []
    assert scheduler(database, frozen_clock).renew()


def test_an_installation_without_worker_and_sweep_says_that_it_is_not_ready(database, frozen_clock):
    checks = {check.name: check for check in Readiness(database, InProcessDoorbell(), frozen_clock).checks()}
    assert [(name, check.ok) for name, check in checks.items()] == [
        ("database", True), ("doorbell", True), ("scheduler", False), ("last_sweep", False)]
    assert (checks["scheduler"].detail, checks["last_sweep"].detail) == ("nobody holds it", "never")


def test_a_database_that_is_away_is_one_finding_and_no_exception(frozen_clock):
    away = Database("postgresql+psycopg://postgres@127.0.0.1:1/none")
    checks = Readiness(away, InProcessDoorbell(), frozen_clock).checks()
    assert [(check.name, check.ok) for check in checks] == [("database", False), ("doorbell", True)]
    assert checks[0].detail == "OperationalError"


def test_who_stops_does_not_wait_for_ever_and_is_told_what_still_runs(database, frozen_clock):
    begun, end = threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        end.wait(30)

    one = scheduler(database, frozen_clock)
    one.start([Job("long", 0.05, long), Job("short", 0.05, lambda: None)])
    assert begun.wait(10)
    assert one.stop(grace_s=0.2) == ["long"]
    with database.read() as conn:
        assert conn.execute(select(leases)).all() == []
    end.set()
    wait_until(lambda: not one._running, timeout_s=10, what="the long job ends")


def test_long_work_is_asked_to_end_by_who_stops(database, frozen_clock):
    begun, asked = threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        asked.wait(30)

    one = scheduler(database, frozen_clock)
    one.start([Job("long", 0.05, long, leave=asked.set)])
    assert begun.wait(10)
    assert one.stop(grace_s=10) == []


def test_after_the_stop_nothing_begins_and_no_lease_is_taken(database, frozen_clock):
    one, work = scheduler(database, frozen_clock), Work()
    one.start([Job("sweep", 60, work)])
    assert one.stop() == []
    assert not one.renew()
    one.run(Job("sweep", 60, work))
    assert (work.done, holders(database)) == (0, [])
