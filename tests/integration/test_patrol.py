"""The patrol finds what the data no longer justifies, ends edited after a card, cards never issued; it changes none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, func, select, update

from alerts.alarms import standing_alarms
from alerts.backtest.worker import BacktestCancelled
from alerts.models import cards
from alerts.occasions import Occasion, Origin
from alerts.patrol.findings import Finding, Found
from alerts.patrol.models import patrols
from bootstrap import Services
from cases.events import CaseFacts, EventKind
from config.versions import Kind
from core.clock import FrozenClock
from core.instants import DAY_US
from core.scheduling import Scheduler
from jobs import jobs_of, patrol_at_night
from tests.integration.test_config_versions import built_on, confirmed, edited_rules, event, us

CLOCK = cards.c.origin == "clock"  # data that came late has a card of its own


@pytest.fixture
def services(fresh_database_url: str, tmp_path: Path) -> Iterator[Services]:
    built = built_on(fresh_database_url, tmp_path)
    built.recorder.record([event(EventKind.ACCEPTED, "A1", "2026-03-02T10:00:00")])  # 7 working days: yellow on 03-11
    later(built, 1)
    yield built
    built.database.dispose()


def later(services: Services, hours: int) -> None:
    clock: Any = services.clock
    assert isinstance(clock, FrozenClock)
    clock.advance(timedelta(hours=hours))


def found(services: Services) -> dict[Finding, Found]:
    done = services.patroller.patrol("anna")
    listed = services.patroller.queries.findings(done.id)
    assert len(listed) == done.findings
    return {one.code: one for one in listed}


def card_rows(services: Services) -> list[Any]:
    with services.database.read() as conn:
        return [tuple(row) for row in conn.execute(select(cards).order_by(cards.c.id))]


def alarm_codes(services: Services) -> list[str]:
    with services.database.read() as conn:
        return [alarm.code for alarm in standing_alarms(conn)]


def test_sound_cards_are_passed_in_silence(services: Services) -> None:
    done = services.patroller.patrol("anna")
    assert (done.cards, done.findings) == (2, 0)  # of the limit, and of data that came late
    assert "patrol_abnormal" not in alarm_codes(services)


def test_a_card_of_a_verified_complaint_is_counted_as_not_recomputed(services: Services) -> None:
    """A complaint about a case bears its number, and a name that a kind of clock has too."""
    with services.database.read() as conn:
        case_id = conn.execute(select(cards.c.case_id).where(CLOCK)).scalar_one()
    case = CaseFacts(case_id, "A1", "360500", "fagai", "fagai-01", "对A1的投诉")
    with services.uow() as uow:
        services.alerts.raise_occasions(uow, [Occasion(
            key="complaint:T-1", origin=Origin.COMPLAINT, case=case, rule="complaint", rule_version="1", level=2,
            at=uow.now_us, evidence={"title": "投诉查实"})])

    done = services.patroller.patrol("anna")

    assert (done.cards, done.beyond, done.findings) == (2, 1, 0)


@pytest.mark.parametrize("changed", ["2026-03-12T09:00:00", "2026-03-16T14:50:00"], ids=["earlier", "later"])
def test_an_end_changed_after_the_card_is_found_with_both_entries(services: Services, changed: str) -> None:
    ended = event(EventKind.CONCLUDED, "A1", "2026-03-16T14:30:00")
    services.recorder.record([ended])
    later(services, 1)
    services.recorder.record([msgspec.structs.replace(ended, source_version=2, claimed_at=us(changed))])
    edited = found(services)[Finding.END_EDITED]
    assert (edited.detail["was"], edited.detail["now"]) == (us("2026-03-16T14:30:00"), us(changed))
    assert edited.detail["version"] == 2


@pytest.mark.parametrize(("ended", "escaped"), [("2026-03-05T09:00:00", "2026-03-06T10:00:00"),
                                                ("2026-03-09T09:00:00", "2026-03-11T10:00:00")], ids=["warning", "yellow"])
def test_an_end_entered_after_the_card_that_lies_before_it_is_found(services: Services, ended: str, escaped: str) -> None:
    """The engine has withdrawn what the card said by then: that the end made it go is what has to be told."""
    services.recorder.record([event(EventKind.CONCLUDED, "A1", ended)])
    with services.database.read() as conn:
        evidence = conn.execute(select(cards.c.evidence).where(CLOCK)).scalar_one()
    codes = found(services)

    assert '"withdrawn":"facts_changed"' in evidence
    assert set(codes) == {Finding.END_BEFORE_CARD}
    detail = codes[Finding.END_BEFORE_CARD].detail
    assert (detail["now"], detail["card_at"]) == (us(ended), us(escaped))
    assert "patrol_abnormal" in alarm_codes(services)


def test_an_end_that_came_after_the_card_and_lies_after_it_is_passed_in_silence(services: Services) -> None:
    services.recorder.record([event(EventKind.CONCLUDED, "A1", "2026-03-12T09:00:00")])
    assert found(services) == {}


def test_a_card_the_data_no_longer_justifies_is_found(services: Services) -> None:
    with services.database.transaction() as conn:  # the engine withdraws such a card: look at one that kept standing
        kept = conn.execute(select(cards.c.evidence).where(CLOCK)).scalar_one()
    services.recorder.record([event(EventKind.CONCLUDED, "A1", "2026-03-05T09:00:00")])
    with services.database.transaction() as conn:
        conn.execute(update(cards).where(CLOCK).values(evidence=kept))
    assert found(services)[Finding.UNJUSTIFIED].detail["now_at"] is None


@pytest.mark.parametrize("change", [("kechuang@", "kechuang@lost-"), ('"calendar":"', '"calendar":"lost-')])
def test_a_card_of_a_version_nobody_has_any_more_is_found(services: Services, change: tuple[str, str]) -> None:
    rewritten(services, *change)
    unknown = found(services)[Finding.VERSION_UNKNOWN]
    assert "lost-" in unknown.detail["rule_version"] + unknown.detail["calendar"]
    assert unknown.detail["clock"] == "promised"


def test_a_card_milder_than_the_data_asks_for_is_found(services: Services) -> None:
    rewritten(services, '"level":2', '"level":1')
    differs = found(services)[Finding.LEVEL_DIFFERS]
    assert (differs.card_id, differs.detail["issued_level"], differs.detail["level"]) == (1, 1, 2)


def rewritten(services: Services, old: str, new: str) -> None:
    """The evidence of the card of the clock with something in it replaced, as no program would."""
    with services.database.transaction() as conn:
        evidence = conn.execute(select(cards.c.evidence).where(CLOCK)).scalar_one()
        assert old in evidence
        conn.execute(update(cards).where(CLOCK).values(evidence=evidence.replace(old, new)))


def test_a_card_that_should_exist_and_does_not_is_found(services: Services) -> None:
    with services.database.transaction() as conn:
        conn.execute(delete(cards).where(CLOCK))
    missing = found(services)[Finding.MISSING]
    assert (missing.card_id, missing.case_no, missing.detail["level"]) == (None, "A1", 2)


def test_a_moved_instant_is_found(services: Services) -> None:
    with services.database.transaction() as conn:
        evidence = conn.execute(select(cards.c.evidence).where(CLOCK)).scalar_one()
        conn.execute(update(cards).where(CLOCK).values(evidence=evidence.replace(str(us("2026-03-11T10:00:00")),
                                                                    str(us("2026-03-10T10:00:00")))))
    moved = found(services)[Finding.MOVED]
    assert (moved.detail["issued_at"], moved.detail["now_at"]) == (us("2026-03-10T10:00:00"), us("2026-03-11T10:00:00"))


def test_cards_are_recomputed_with_the_version_they_were_issued_under(services: Services) -> None:
    """The case ended before the edit, so its card stands; by the edited ladder it would not."""
    services.recorder.record([event(EventKind.CONCLUDED, "A1", "2026-03-12T10:00:00")])
    later(services, 1)
    confirmed(services, Kind.RULES, "kechuang", edited_rules(services, 5))
    assert found(services) == {}


def test_a_patrol_changes_no_card(services: Services) -> None:
    before = card_rows(services)
    with services.database.transaction() as conn:
        conn.execute(update(cards).values(level=3))
    changed = card_rows(services)
    services.patroller.patrol("anna")
    assert card_rows(services) == changed != before


# How much --------------------------------------------------------------------------------------------------------------

def test_cards_closed_beyond_the_horizon_are_counted_and_not_recomputed(services: Services) -> None:
    """The setting says 400 days."""
    with services.database.transaction() as conn:
        conn.execute(update(cards).values(closed_at=services.clock.now_us() - 401 * DAY_US))
    done = services.patroller.patrol("anna")
    assert (done.cards, done.older, done.findings) == (0, 2, 0)


def test_a_patrol_says_how_far_it_is_and_one_that_is_cancelled_leaves_nothing(services: Services) -> None:
    steps: list[tuple[int, int]] = []
    services.patroller.patrol("anna", progress=lambda read, total: steps.append((read, total)))
    assert steps == [(2, 3), (3, 3)]  # two cards, then a case

    with pytest.raises(BacktestCancelled):
        services.patroller.patrol("ben", is_cancelled=lambda: True)
    last = services.patroller.queries.last()
    assert last is not None
    assert last.asked_by == "anna"


def test_findings_come_in_pages(services: Services) -> None:
    services.recorder.record([event(EventKind.ACCEPTED, f"B{number}", "2026-03-02T10:00:00") for number in range(4)])
    with services.database.transaction() as conn:
        conn.execute(delete(cards).where(CLOCK))
    done, queries = services.patroller.patrol("anna"), services.patroller.queries
    pages = [queries.findings(done.id, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({one.case_no for page in pages for one in page}) == queries.count(done.id) == 5


# At night --------------------------------------------------------------------------------------------------------------

def at(services: Services, text: str) -> None:
    clock: Any = services.clock
    clock.move_to(datetime.fromisoformat(f"{text}+08:00"))


def patrols_of(services: Services) -> int:
    with services.database.read() as conn:
        return conn.scalar(select(func.count()).select_from(patrols)) or 0


def test_it_runs_once_in_the_small_hours_of_the_installations_own_wall_clock(services: Services) -> None:
    at(services, "2026-03-17T02:00:00")
    patrol_at_night(services)  # there was none yet
    told = []
    for hour in ("2026-03-17T04:50:00", "2026-03-17T12:00:00", "2026-03-18T00:59:00", "2026-03-18T01:00:00",
                 "2026-03-18T01:10:00", "2026-03-18T04:50:00"):
        at(services, hour)
        patrol_at_night(services)
        told.append(patrols_of(services))
    assert told == [1, 1, 1, 2, 2, 2]


def test_a_night_that_was_missed_is_made_up_by_day(services: Services) -> None:
    at(services, "2026-03-17T02:00:00")
    patrol_at_night(services)
    at(services, "2026-03-18T13:59:00")
    patrol_at_night(services)
    assert patrols_of(services) == 1
    at(services, "2026-03-18T14:01:00")
    patrol_at_night(services)
    assert patrols_of(services) == 2


def test_a_patrol_of_one_area_does_not_stand_for_the_night(services: Services) -> None:
    at(services, "2026-03-17T02:00:00")
    services.patroller.patrol("ivy", "360502")
    patrol_at_night(services)
    last = services.patroller.queries.last()
    assert last is not None
    assert (last.asked_by, patrols_of(services)) == ("nightly", 2)


def test_of_two_workers_that_both_believe_they_lead_one_patrols(services: Services) -> None:
    """Neither has seen a patrol of this night when it looks: the slot decides."""
    at(services, "2026-03-17T02:00:00")
    job = next(job for job in jobs_of(services) if job.name == "patrol")
    workers = [Scheduler(services.database, clock=services.clock) for _ in range(2)]
    start = threading.Barrier(2)

    def work(worker: Scheduler) -> None:
        worker._holds = True  # as after a lease that ran out unnoticed
        start.wait()
        worker.run(job)

    threads = [threading.Thread(target=work, args=[worker]) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert patrols_of(services) == 1


def test_one_that_runs_when_the_program_ends_is_given_up_and_no_fault(services: Services) -> None:
    at(services, "2026-03-17T02:00:00")
    patrol_at_night(services, lambda: True)
    assert patrols_of(services) == 0
