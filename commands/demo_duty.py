"""Who does duty in the simulated city, and whom its organisations answer through. Never written outside a demonstration."""

from __future__ import annotations

from datetime import date, timedelta

from alerts.roster.contacts import Addressee, Channel, Contact
from alerts.roster.plan import DutyException, ExceptionKind, Shift
from bootstrap import Services
from commands.demo_people import UnitPeople, head_name, person
from core.access import Actor, Role

OFFICER, LEADER = "zhou", "sun"
BEGIN_MIN, END_MIN = 8 * 60, 18 * 60
_OFFICE = ((Addressee.DUTY_OFFICER, Role.DUTY_OFFICER), (Addressee.SHIFT_LEADER, Role.SHIFT_LEADER),
           (Addressee.INSPECTOR, Role.INSPECTOR), (Addressee.LEADER, Role.LEADER))


def staff_demo(services: Services, first_day: date, start: date) -> None:
    """Plan, two exceptions of the first week, people to tell in every organisation; nothing when there is a plan already."""
    if services.roster.has_plan():
        return
    actor = person(Role.ADMINISTRATOR)
    for username, role in ((OFFICER, Role.DUTY_OFFICER), (LEADER, Role.SHIFT_LEADER)):
        for weekday in range(5):
            services.roster_service.save_shift(Shift(
                username=username, role=role.value, weekday=weekday, from_min=BEGIN_MIN, until_min=END_MIN,
                valid_from=first_day), actor)
    _note_exceptions(services, first_day, start, actor)
    _name_contacts(services, actor)


def _note_exceptions(services: Services, first_day: date, start: date, actor: Actor) -> None:
    """Make-up days need somebody; and on the third day the officer is away for an afternoon."""
    calendar = services.areas.default.calendar
    for number in range((start - first_day).days + 30):
        day = first_day + timedelta(days=number)
        if calendar.status((day - date(1970, 1, 1)).days).kind == "make_up":
            for username, role in ((OFFICER, Role.DUTY_OFFICER), (LEADER, Role.SHIFT_LEADER)):
                services.roster_service.add_exception(DutyException(
                    day=day, kind=ExceptionKind.EXTRA, username=username, role=role.value, from_min=BEGIN_MIN,
                    until_min=END_MIN, reason="调休上班"), actor)
    services.roster_service.add_exception(DutyException(
        day=start + timedelta(days=2), kind=ExceptionKind.REPLACEMENT, username=OFFICER, substitute=LEADER,
        from_min=14 * 60, until_min=END_MIN, reason="参加培训"), actor)


def _name_contacts(services: Services, actor: Actor) -> None:
    """A liaison and a head for everybody a card may be against, and the office's own people: whom an escalation names, it
    reaches. In a demonstration every way out is the sandbox, which writes to the delivery log only."""
    user, people = person(Role.DEPARTMENT_USER), UnitPeople(services.answering_units)
    for number, unit in enumerate(services.answering_units):
        own = people.of(unit)
        services.roster_service.save_contact(Contact(
            org=unit, role=Addressee.LIAISON, name=own.display_name, username=user.name if own.name == user.name else "",
            phone=f"1380790{number:04}", email=f"liaison{number:02}@example.cn", channels=(Channel.SMS, Channel.EMAIL)), actor)
        services.roster_service.save_contact(Contact(
            org=unit, role=Addressee.UNIT_HEAD, name=head_name(number), phone=f"1360790{number:04}",
            channels=(Channel.SMS,)), actor)
    for part, role in _OFFICE:
        one = person(role)
        services.roster_service.save_contact(Contact(
            role=part, username=one.name, name=one.display_name, phone=f"1390790{len(part):04}", channels=(Channel.WECOM,),
            min_level=3), actor)
