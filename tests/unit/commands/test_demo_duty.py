"""Whom the demonstration's notices and escalations reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from alerts.escalation import UNHEARD_CODE
from alerts.notices.models import escalation_steps, notices
from alerts.roster.contacts import Addressee
from commands.demo import Demo, prepare_demo
from dashboard.demo_accounts import DEMO_ACCOUNTS
from tests.unit.commands.test_demo_follow_up import settings_in


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    prepared = prepare_demo(settings_in(tmp_path_factory.mktemp("demo"), **{"demo.cases_per_day": 30}), has_database=True)
    yield prepared
    prepared.services.database.dispose()


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


def test_who_watches_the_roster_misses_nobody(demo: Demo, tmp_path: Path) -> None:
    demo.services.roster_service.watch(7, demo.services.case_queries.org_name)

    assert [] == [alarm.code for alarm in demo.services.alert_queries.alarms()
                  if alarm.code in ("liaison_missing", "roster_gap")]
