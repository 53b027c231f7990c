"""The last days of a year whose successor is not published: cards are issued, replies have dates, and nothing stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from alerts.alarms import standing_alarms
from alerts.card_commands import CardCommand, CardRef, CommandType
from alerts.wire import CardView
from bootstrap import Services, build_services
from cases.events import EventKind
from config.calendars import load_calendars
from config.settings import load_settings
from core.access import Actor, Role
from core.clock import FrozenClock
from core.working_calendar import WorkingCalendar, YearPlan
from jobs import watch_calendars
from tests.unit.cases.record import AREA, event, shanghai

K = EventKind
INSPECTOR = Actor("ines", frozenset({Role.INSPECTOR}), display_name="殷")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(shanghai("2026-12-28 10:00"))


@pytest.fixture
def services(clock: FrozenClock, fresh_database_url: str, tmp_path: Path) -> Iterator[Services]:
    """A whole installation, on each database, whose calendar ends with this year."""
    services = build_services(load_settings({
        "database.url": fresh_database_url, "journal.key_path": tmp_path / "journal.key",
        "journal.anchor_dir": tmp_path / "anchors", "feeds.drop_dir": tmp_path / "drop"}), clock)
    assert services.areas.default.calendar.last_year == 2026
    yield services
    services.database.dispose()


def only_card(services: Services) -> CardView:
    [card] = services.alert_queries.active(None, 10).cards
    return card


def accepted(case_no: str = "1") -> object:
    """Seven working days promised, passed on 2026-12-24; twenty by law."""
    return event(K.ACCEPTED, "2026-12-15 10:00", case_no=case_no, item="", own_due=None, promised_limit="7wd",
                 statutory_limit="8wd")


def publish(services: Services) -> None:
    """The holidays of 2027 are entered: New Year's day is off, as always."""
    areas, known = services.areas, load_calendars()["cn"]
    plans = {**(known._years or {}), 2027: YearPlan(off={date(2027, 1, 1): "元旦"})}
    full = WorkingCalendar("cn", "2027.1", "Asia/Shanghai", plans, known.office_hours)
    areas._calendars = {**areas._calendars, "cn2027": full}
    with services.uow() as uow:
        areas.save(uow, replace(areas.stored(AREA), calendar="cn2027"))


def test_a_feed_that_raises_a_card_is_taken_and_the_reply_has_a_date(services):
    outcomes = services.recorder.record([accepted()])
    assert [one.status for one in outcomes] == ["ok"]
    card = only_card(services)
    assert card.level in ("yellow", "red")
    assert card.reply_due_at is not None
    assert card.reply_due_at > "2026-12-31"


def test_the_sweep_lets_pass_what_passes(services, clock):
    clock.move_to(shanghai("2026-12-16 10:00"))
    services.recorder.record([accepted(str(number)) for number in range(5)])
    clock.move_to(shanghai("2026-12-29 09:00"))
    assert services.sweeper.sweep_all().failed == 0
    assert len(services.alert_queries.active(None, 10).cards) == 5


def test_a_signature_and_a_demand_go_through(services):
    services.recorder.record([accepted()])
    card = only_card(services)
    command = CardCommand(command_id="1", type=CommandType.REQUEST_REPLY.value, cards=[CardRef(int(card.id), card.rev)],
                          reply_limit="5wd", reason="为什么")
    assert services.alerts.execute(command, INSPECTOR).results[0].ok


def test_a_reply_is_not_late_before_the_holiday_that_was_announced_since(services, clock):
    """Five working days from 12-29, the first of plain weeks: 01-05; New Year's day does not count: 01-06."""
    services.recorder.record([accepted()])
    card = only_card(services)
    command = CardCommand(command_id="1", type=CommandType.REQUEST_REPLY.value, cards=[CardRef(int(card.id), card.rev)],
                          reply_limit="5wd", reason="为什么")
    assert services.alerts.execute(command, INSPECTOR).results[0].ok
    assumed = only_card(services).reply_due_at
    publish(services)
    clock.move_to(datetime.fromisoformat(assumed))
    services.deadlines.sweep()

    card = only_card(services)
    assert card.reply_due_at > assumed
    assert card.escalation == 0
    clock.move_to(datetime.fromisoformat(card.reply_due_at))
    services.deadlines.sweep()
    assert only_card(services).escalation == 1, "once, when it truly is late"


def test_the_end_of_the_known_years_is_an_alarm_until_the_next_one_is_entered(services, clock):
    def codes() -> dict[str, str]:
        with services.database.read() as conn:
            return {one.code: one.subject for one in standing_alarms(conn)}

    clock.move_to(shanghai("2026-11-30 10:00"))
    watch_calendars(services)
    assert "calendar_ends" not in codes()
    clock.move_to(shanghai("2026-12-02 10:00"))
    watch_calendars(services)
    assert codes()["calendar_ends"] == "cn"
    publish(services)
    watch_calendars(services)
    assert "calendar_ends" not in codes()
