"""Changing the roster: who may, what is refused with which words, and that every change is journalled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import msgspec
import pytest
from sqlalchemy import insert

from alerts.alarms import standing_alarms
from alerts.roster import OnDuty, Roster
from alerts.roster.contacts import Addressee, Channel, Contact, parse_channels
from alerts.roster.plan import DutyException, ExceptionKind, Shift
from alerts.roster.service import RosterService
from core.access import Actor, Role
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted
from core.instants import to_us
from core.models import accounts
from tests.unit.alerts.house import ALICE, House
from tests.unit.cases.record import city_areas, opened

CHEN = Actor("chen", frozenset({Role.ADMINISTRATOR}), display_name="陈默")
SHIFT = Shift(username="zhou", role="duty_officer", weekday=0, from_min=510, until_min=1050, valid_from=date(2018, 1, 1))
LIAISON = Contact(org="D01", role=Addressee.LIAISON, name="赵晓燕", phone="13800000001", channels=(Channel.SMS,))
ORGS = ["D01", "D02"]


class Duty(House):
    """A house with a roster and three accounts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.roster = Roster(self.database, city_areas())
        self.service = RosterService(self.units, self.roster, self.alarms, lambda: ORGS)
        with self.units() as uow:
            for name, shown, role in (("zhou", "周立新", "duty_officer"), ("li", "李敏", "inspector"),
                                      ("gone", "离任", "duty_officer")):
                uow.conn.execute(insert(accounts).values(
                    username=name, display_name=shown, password_hash="x", roles=role, org="", is_active=name != "gone",
                    generation=0, failed_attempts=0, locked_until=0, created_at=0))

    def alarms_now(self) -> dict[str, dict[str, object]]:
        with self.database.read() as conn:
            return {alarm.code: dict(alarm.args) for alarm in standing_alarms(conn)}


@pytest.fixture
def duty(fresh_sqlite_url: str) -> Iterator[Duty]:
    with opened(fresh_sqlite_url) as database:
        yield Duty(database)


def at(text: str) -> int:
    return to_us(datetime.fromisoformat(f"{text}+08:00").astimezone(UTC))


def test_who_is_on_duty_is_told_with_name_and_role(duty: Duty) -> None:
    duty.service.save_shift(SHIFT, CHEN)

    assert duty.roster.on_duty(at("2018-10-15T08:30"), "360500") == [OnDuty("zhou", "周立新", "duty_officer")]
    assert duty.roster.on_duty(at("2018-10-15T17:30"), "360500") == []


def test_a_gap_of_the_plan_is_not_the_same_as_no_plan(duty: Duty) -> None:
    assert duty.roster.planned_on_duty(at("2018-10-15T17:30"), "360500") is None
    line = duty.service.save_shift(msgspec.structs.replace(SHIFT, area="360500"), CHEN)

    assert duty.roster.planned_on_duty(at("2018-10-15T08:30"), "360500") == [OnDuty("zhou", "周立新", "duty_officer")]
    assert duty.roster.planned_on_duty(at("2018-10-16T08:30"), "360500") == [], "a day without a turn"
    assert duty.roster.planned_on_duty(at("2018-10-15T08:30"), "360502") is None, "the plan is about another area"
    duty.service.end_shift(line.id, date(2018, 10, 15), CHEN)
    assert duty.roster.planned_on_duty(at("2018-10-15T17:30"), "360500") == []
    assert duty.roster.planned_on_duty(at("2018-10-22T08:30"), "360500") is None, "it has ended"


@pytest.mark.parametrize(("actor", "refusal"), [(None, NotAuthenticated), (ALICE, NotPermitted)])
def test_only_administrators_and_shift_leaders_edit(duty: Duty, actor: Actor | None, refusal: type[Exception]) -> None:
    for change in (lambda: duty.service.save_shift(SHIFT, actor), lambda: duty.service.save_contact(LIAISON, actor),
                   lambda: duty.service.end_shift(1, date(2018, 1, 1), actor)):
        with pytest.raises(refusal):
            change()


@pytest.mark.parametrize(("change", "code"), [
    ({"role": "leader"}, "duty_role_unknown"), ({"weekday": 7}, "weekday_invalid"), ({"until_min": 510}, "span_invalid"),
    ({"from_min": -1}, "span_invalid"), ({"until_min": 2000}, "span_invalid"), ({"username": "gone"}, "account_not_active"),
    ({"valid_until": date(2017, 1, 1)}, "validity_backwards")])
def test_a_line_that_cannot_be_right_is_refused(duty: Duty, change: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        duty.service.save_shift(msgspec.structs.replace(SHIFT, **change), CHEN)
    assert refusal.value.code == code


def test_a_collision_names_the_person_and_the_time(duty: Duty) -> None:
    duty.service.save_shift(SHIFT, CHEN)

    with pytest.raises(Conflict) as refusal:
        duty.service.save_shift(msgspec.structs.replace(SHIFT, from_min=600, until_min=660), CHEN)
    assert refusal.value.details == {"username": "zhou", "weekday": 1, "span": "08:30-17:30"}


def test_a_line_changed_meanwhile_is_not_overwritten(duty: Duty) -> None:
    stored = duty.service.save_shift(SHIFT, CHEN)
    duty.service.save_shift(msgspec.structs.replace(stored, until_min=1080), CHEN)

    with pytest.raises(Conflict, match="roster_changed"):
        duty.service.save_shift(msgspec.structs.replace(stored, until_min=900), CHEN)


def test_an_ended_line_still_says_who_was_on_duty_in_the_past(duty: Duty) -> None:
    stored = duty.service.save_shift(SHIFT, CHEN)
    duty.service.end_shift(stored.id, date(2018, 10, 15), CHEN)

    assert duty.roster.on_duty(at("2018-10-15T09:00"), "360500") != []
    assert duty.roster.on_duty(at("2018-10-22T09:00"), "360500") == []
    with pytest.raises(NotFound):
        duty.service.end_shift(77, date(2018, 10, 15), CHEN)


def test_every_change_is_journalled_with_before_and_after(duty: Duty) -> None:
    stored = duty.service.save_shift(SHIFT, CHEN)
    duty.service.save_shift(msgspec.structs.replace(stored, until_min=1080), CHEN)
    swap = duty.service.add_exception(DutyException(day=date(2018, 10, 15), kind=ExceptionKind.ABSENCE, username="zhou"), CHEN)
    duty.service.remove_exception(swap.id, CHEN)

    told = [(change.action, change.subject, change.before is None, change.after is None) for change in duty.roster.changes()]
    assert told == [("removed", "exception", False, True), ("added", "exception", True, False),
                    ("changed", "shift", False, False), ("added", "shift", True, False)]
    changed = duty.roster.changes()[2]
    assert (changed.actor_name, changed.before["until_min"], changed.after["until_min"]) == ("陈默", 1050, 1080)


def test_a_replacement_needs_another_person(duty: Duty) -> None:
    swap = DutyException(day=date(2018, 10, 15), kind=ExceptionKind.REPLACEMENT, username="zhou", substitute="zhou")

    with pytest.raises(InvalidInput, match="substitute_missing"):
        duty.service.add_exception(swap, CHEN)


def test_a_gap_in_office_hours_is_an_alarm_until_it_is_filled(duty: Duty) -> None:
    duty.service.watch(1, lambda org: org)
    assert duty.alarms_now() == {}, "an installation without any plan has no gaps"
    stored = duty.service.save_shift(msgspec.structs.replace(SHIFT, until_min=900), CHEN)
    duty.service.watch(1, lambda org: org)
    assert duty.alarms_now() == {"roster_gap": {"n": 1, "day": "2018-10-15", "span": "15:00-17:30"}}

    duty.service.save_shift(msgspec.structs.replace(stored, until_min=1080), CHEN)
    duty.service.watch(1, lambda org: org)

    assert duty.alarms_now() == {}


def test_a_make_up_sunday_without_a_turn_is_a_gap_and_a_saturday_is_not(duty: Duty) -> None:
    for weekday in range(5):
        duty.service.save_shift(msgspec.structs.replace(SHIFT, weekday=weekday, from_min=480, until_min=1080), CHEN)
    week = duty.roster.week(date(2018, 9, 24), "360500")  # 2018-09-29 and 09-30 were worked for the national holiday

    assert [len(day.gaps) > 0 for day in week] == [False] * 5 + [True, True]
    assert duty.roster.week(date(2018, 10, 15), "360500")[6].gaps == []


def test_an_organisation_has_one_liaison_and_a_new_one_takes_his_place(duty: Duty) -> None:
    duty.service.save_contact(LIAISON, CHEN)
    assert duty.roster.without_liaison(ORGS) == ["D02"]
    duty.service.watch(1, lambda org: f"name of {org}")
    assert duty.alarms_now() == {"liaison_missing": {"n": 1, "detail": "name of D02"}}

    duty.service.save_contact(msgspec.structs.replace(LIAISON, name="钱进"), CHEN)

    assert [contact.name for contact in duty.roster.contacts()] == ["钱进"]
    assert [change.action for change in duty.roster.changes()] == ["added", "removed", "added"]


@pytest.mark.parametrize(("change", "field"), [
    ({"name": " "}, "name"), ({"phone": "abc"}, "phone"), ({"email": "a@b\nBcc: x@y.cn"}, "email"),
    ({"channels": (Channel.EMAIL,)}, "channels"), ({"channels": ()}, "username"), ({"org": ""}, "org"),
    ({"min_level": 4}, "min_level"), ({"language": "fr"}, "language")])
def test_an_address_that_cannot_be_right_is_refused_by_name(duty: Duty, change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        duty.service.save_contact(msgspec.structs.replace(LIAISON, **change), CHEN)
    assert refusal.value.details["field"] == field


def test_unknown_organisations_and_channels_are_refused(duty: Duty) -> None:
    with pytest.raises(InvalidInput, match="org_unknown"):
        duty.service.save_contact(msgspec.structs.replace(LIAISON, org="D99"), CHEN)
    with pytest.raises(InvalidInput, match="channel_unknown"):
        parse_channels(["pigeon"])
    assert parse_channels(["sms", "sms"]) == (Channel.SMS,)


def test_the_plan_names_everybody_who_serves_in_it_on_duty_or_not(duty: Duty) -> None:
    duty.service.save_shift(SHIFT, CHEN)

    with duty.database.read() as conn:
        assert dict(duty.roster.planned_in(conn, at("2018-10-16T09:00"))) == {"zhou": "duty_officer"}
        assert dict(duty.roster.planned_in(conn, at("2017-10-16T09:00"))) == {}
