"""The demonstration's complaints, consultations, orders and proposals: there when a visitor comes, and going on after that; and
whom its notices and escalations reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from alerts.escalation import UNHEARD_CODE
from alerts.notices.models import escalation_steps, notices
from alerts.roster.contacts import Addressee
from approval.models import hosted_cases
from bootstrap import Services, build_services
from cases.fold import Fold
from cases.models import case_table
from commands.demo import Demo, prepare_demo
from commands.demo_follow_up import FollowUpShow
from commands.demo_people import person
from commands.demo_stage import Stage, Story
from config.calendars import load_calendars
from config.settings import Settings, load_settings
from core.access import Role
from core.clock import FrozenClock
from core.errors import Conflict
from core.instants import DAY_US, day_of, from_us, to_us
from dashboard.demo_accounts import DEMO_ACCOUNTS, create_demo_accounts
from feeds.simulated_time import WorkingTime
from supervision.complaints.queries import ComplaintRow, WantedComplaints
from supervision.orders.queries import OrderRow, WantedOrders

INSPECTOR, UNIT_USER = person(Role.INSPECTOR), person(Role.DEPARTMENT_USER)


def settings_in(folder: Path, **more: object) -> Settings:
    return load_settings({
        "database.url": f"sqlite:///{folder / 'city.db'}", "journal.key_path": str(folder / "journal.key"),
        "journal.anchor_dir": str(folder / "anchors"), "security.secret_key_path": str(folder / "session.key"),
        "approval.material_dir": str(folder / "materials"),
        "complaints.identity_key_path": str(folder / "identity.key"), "feeds.drop_dir": str(folder / "drop"),
        "papers.key_dir": str(folder / "keys"),
        "approval.preview_dir": str(folder / "previews"), "demo.enabled": True, **more})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A small city with its whole past."""
    prepared = prepare_demo(settings_in(tmp_path_factory.mktemp("demo"), **{"demo.cases_per_day": 20}), has_database=True)
    yield prepared
    prepared.services.database.dispose()


def complaints_of(services: Services) -> list[ComplaintRow]:
    return services.follow_up.complaint_queries.listed(INSPECTOR, WantedComplaints(), services.clock.now_us(), 200)[0]


def orders_of(services: Services) -> list[OrderRow]:
    return services.follow_up.order_queries.listed(INSPECTOR, WantedOrders(), services.clock.now_us(), 200)[0]


def test_a_visitor_finds_complaints_of_every_kind_and_standing(demo: Demo) -> None:
    rows, now = complaints_of(demo.services), demo.services.clock.now_us()

    assert {row.kind for row in rows} == {"consultation", "complaint", "rating"}
    assert {row.state for row in rows} == {"received", "handling", "answered", "closed", "refused"}
    assert {row.light(now) for row in rows} == {"late", "near", "running", "done"}
    assert len({row.category for row in rows}) >= 6
    assert len([row for row in rows if row.light(now) == "late"]) < len(rows) / 10


def test_one_is_extended_one_transferred_and_one_about_to_pass_its_limit(demo: Demo) -> None:
    now = demo.services.clock.now_us()
    open_ones = [row for row in complaints_of(demo.services) if row.kind == "complaint" and row.state == "handling"]
    whole = [demo.services.follow_up.complaint_queries.find(row.no, INSPECTOR) for row in open_ones]

    assert any(one.extra_days for one in whole)
    assert any(entry.action == "transfer" for one in whole for entry in one.log)
    assert any(now < row.due_at <= now + DAY_US for row in open_ones)


def test_reporters_are_sealed_as_everybody_elses(demo: Demo) -> None:
    rows = complaints_of(demo.services)

    assert any(row.is_named for row in rows)
    assert any(not row.is_named for row in rows)
    assert all("1100790" not in demo.services.follow_up.complaint_queries.find(row.no, INSPECTOR).content for row in rows)


def test_a_visitor_finds_orders_and_proposals_in_different_states(demo: Demo) -> None:
    rows, now = orders_of(demo.services), demo.services.clock.now_us()

    assert {"order", "proposal", "rectification"} <= {row.kind for row in rows}
    assert {"draft", "issued", "replied", "done"} <= {row.state for row in rows}
    assert any(row.light(now) == "orange" and row.reminded_at is not None for row in rows)


def test_the_department_user_has_something_of_his_own(demo: Demo) -> None:
    own = next(iter(demo.services.catalogue.organisations))

    assert any(row.org == own and row.route == "unit" and row.state == "handling" for row in complaints_of(demo.services))
    assert any(row.org == own and row.state == "issued" for row in orders_of(demo.services))


def _services(folder: Path, **more: object) -> Services:
    settings = settings_in(folder, **more)
    services = build_services(settings, FrozenClock(settings.demo.start))
    create_demo_accounts(services.accounts, next(iter(services.catalogue.organisations)))
    return services


def _played(folder: Path, days: int, **more: object) -> list[tuple[str, str, str, int]]:
    folder.mkdir(exist_ok=True)
    services = _services(folder, **more)
    start = to_us(services.settings.demo.start)
    clock = services.clock
    assert isinstance(clock, FrozenClock)
    show = FollowUpShow(services, start, start)
    show.play(start + days * DAY_US, lambda us: clock.move_to(from_us(us)))
    found = sorted((row.no, row.category, row.org, row.filed_at) for row in complaints_of(services))
    services.database.dispose()
    return found


def test_it_goes_on_while_the_visitor_looks_and_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first = _played(tmp_path / "one", 3)

    assert len(first) >= 3
    assert first == _played(tmp_path / "two", 3)
    assert first != _played(tmp_path / "three", 3, **{"demo.seed": 8})


# The stage --------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def time() -> WorkingTime:
    return WorkingTime(load_calendars()["cn"], 19_000, 20_400)


def _monday(time: WorkingTime) -> int:
    return time.position(day_of(from_us(time.at(19_835, 0)).date()) + 1)


def test_stories_go_on_in_the_order_of_their_instants_and_no_further_than_asked(time: WorkingTime) -> None:
    told, day = [], _monday(time)

    def story(name: str, span: float) -> Story:
        told.append(f"{name} begins")
        yield span
        told.append(f"{name} ends")

    stage = Stage(time)
    stage.begin(day + 0.2, story("slow", 2.0))
    stage.begin(day + 0.4, story("quick", 0.3))
    moments: list[int] = []
    stage.play(time.instant(day + 1), moments.append)

    assert told == ["slow begins", "quick begins", "quick ends"]
    assert moments == sorted(moments)
    stage.play(time.instant(day + 3))
    assert told[-1] == "slow ends"


def test_what_a_visitor_has_spoilt_ends_one_story_and_no_other(time: WorkingTime) -> None:
    told, day = [], _monday(time)

    def spoilt() -> Story:
        yield 0.1
        raise Conflict("complaint_changed", no="TS2024-000001", rev=2)

    def other() -> Story:
        yield 0.2
        told.append("other")

    stage = Stage(time)
    stage.begin(day + 0.1, spoilt())
    stage.begin(day + 0.1, other())
    stage.play(time.instant(day + 1))

    assert told == ["other"]


def test_a_visitor_finds_hosted_cases_at_every_station_and_none_with_a_broken_order(demo: Demo) -> None:
    queries, found = demo.services.approval.queries, set()
    rows = queries.search(INSPECTOR, "", 1000)
    for row in rows:
        found.add(row.state)
    assert found >= {"submitted", "pre_accepted", "accepted", "concluded", "collected"} - {"submitted"}
    details = [queries.find(row.case_no, INSPECTOR) for row in rows]
    assert any(detail.parts for detail in details)
    assert any(detail.fees for detail in details)
    order = {"out_of_order", "step_skipped", "step_reversed", "same_person", "wrong_post", "event_after_end"}
    faults = {fault.code for row in rows for fault in demo.services.case_queries.find_case(
        row.case_no, demo.services.clock.now_us()).faults}
    assert not order & faults


def test_the_other_powers_stand_at_several_stations_and_break_no_order(demo: Demo) -> None:
    services = demo.services
    with services.database.read() as conn:
        rows = conn.execute(select(hosted_cases.c.item, hosted_cases.c.channel, case_table.c.state, case_table.c.fold).join(
            case_table, case_table.c.case_id == hosted_cases.c.case_id)).all()
    kinds = {services.catalogue.items[row.item].kind: row for row in rows}
    assert {"penalty", "petition", "reconsideration", "proposal"} <= set(kinds)
    others = [row for row in rows if services.catalogue.items[row.item].power.steps]
    assert {row.channel for row in others} == {"web", "window", "office"}
    assert {"accepted", "decided", "concluded"} <= {row.state for row in others}
    folds = [msgspec.msgpack.decode(row.fold, type=Fold) for row in others]
    found = {fault.code for fold in folds for fault in services.recorder.faults(fold)}
    assert found == set()


# Whom notices and escalations reach ---------------------------------------------------------------------------------

def test_everybody_a_card_may_be_against_has_a_liaison_and_a_head(demo: Demo) -> None:
    units, named = set(demo.services.answering_units), demo.services.roster.contacts()

    assert set(demo.services.catalogue.organisations) < units
    assert "市纪委监委" in units
    for part in (Addressee.LIAISON, Addressee.UNIT_HEAD):
        assert units == {contact.org for contact in named if contact.role is part}
    for part in (Addressee.DUTY_OFFICER, Addressee.SHIFT_LEADER, Addressee.INSPECTOR, Addressee.LEADER):
        assert [""] == [contact.org for contact in named if contact.role is part]


def test_every_escalation_reached_somebody_so_no_alarm_stands(demo: Demo) -> None:
    with demo.services.database.read() as conn:
        steps = conn.execute(select(escalation_steps)).all()

    assert any("unit_head" in step.addressees for step in steps)
    assert [] == [step for step in steps if not step.told]
    assert [] == [alarm for alarm in demo.services.alert_queries.alarms() if alarm.code == UNHEARD_CODE]


def test_the_units_are_told_by_the_sandbox(demo: Demo) -> None:
    with demo.services.database.read() as conn:
        told = conn.execute(select(notices.c.addressee, notices.c.channel, notices.c.state)
                            .where(notices.c.addressee == Addressee.UNIT_HEAD.value)).all()

    assert any(one.channel == "sms" and one.state == "sent" for one in told)


def test_nobody_begins_with_a_month_of_unread_notices(demo: Demo) -> None:
    queries = demo.services.notices.queries

    assert queries.inbox("zhou")
    assert [0] * len(DEMO_ACCOUNTS) == [queries.unread(one.username) for one in DEMO_ACCOUNTS]


def test_who_watches_the_roster_misses_nobody(demo: Demo) -> None:
    demo.services.roster_service.watch(7, demo.services.case_queries.org_name)

    assert [] == [alarm.code for alarm in demo.services.alert_queries.alarms()
                  if alarm.code in ("liaison_missing", "roster_gap")]
