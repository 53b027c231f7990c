"""The roster over HTTP: the week, who is on duty, and the commands the page and other programs give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import TypeVar

from flask import Blueprint, Request, Response, request

from alerts.roster.contacts import Contact
from alerts.roster.plan import DutyException, Shift
from alerts.roster.queries import Roster
from alerts.roster.service import RosterService
from core.access import Actor
from core.api_document import Operation
from core.clock import Clock
from core.errors import InvalidInput
from core.instants import DAY_US, date_of
from web.json_http import as_json, from_json

ActorOf = Callable[[Request], Actor | None]
T = TypeVar("T")


OPERATIONS = (
    Operation("get", "/api/v1/roster", "getRoster", "The week, the plan and its last changes", query={"area": "of which area"}),
    Operation("get", "/api/v1/roster/on-duty", "getOnDuty", "Who is on duty now", query={"area": "in which area"}),
    Operation("post", "/api/v1/roster/shifts", "saveShift", "Add or change a line of the plan", takes=Shift, answers=Shift),
    Operation("delete", "/api/v1/roster/shifts/<int:shift_id>", "endShift", "End a line of the plan", query={
        "last_day": "ISO date until which it holds"}),
    Operation("post", "/api/v1/roster/exceptions", "addException", "Note that a day differs", takes=DutyException,
              answers=DutyException),
    Operation("delete", "/api/v1/roster/exceptions/<int:exception_id>", "removeException", "Take an exception back"),
    Operation("get", "/api/v1/contacts", "listContacts", "People to be told, and units without a liaison"),
    Operation("post", "/api/v1/contacts", "saveContact", "Add or change a contact", takes=Contact, answers=Contact),
    Operation("delete", "/api/v1/contacts/<int:contact_id>", "removeContact", "He is told nothing any more"),
)


def create_blueprint(roster: Roster, service: RosterService, clock: Clock, default_area: str,
                     actor_of: ActorOf) -> Blueprint:
    """Routes under /api/v1/roster and /api/v1/contacts. Days are ISO dates, minutes count from midnight."""
    blueprint = Blueprint("roster", __name__, url_prefix="/api/v1")

    @blueprint.get("/roster")
    def show_week() -> Response:
        area = request.args.get("area", default_area)
        return as_json({"area": area, "week": [asdict(day) for day in roster.week(_monday(clock), area)],
                      "shifts": roster.shifts(), "changes": [asdict(change) for change in roster.changes()]})

    @blueprint.get("/roster/on-duty")
    def show_on_duty() -> Response:
        area = request.args.get("area", default_area)
        return as_json({"area": area, "on_duty": roster.on_duty(clock.now_us(), area)})

    @blueprint.post("/roster/shifts")
    def save_shift() -> Response:
        return as_json(service.save_shift(from_json(Shift, request.get_data()), actor_of(request)))

    @blueprint.delete("/roster/shifts/<int:shift_id>")
    def end_shift(shift_id: int) -> Response:
        service.end_shift(shift_id, _day("last_day", date_of(clock.now_us() // DAY_US)), actor_of(request))
        return as_json({"ok": True})

    @blueprint.post("/roster/exceptions")
    def add_exception() -> Response:
        return as_json(service.add_exception(from_json(DutyException, request.get_data()), actor_of(request)))

    @blueprint.delete("/roster/exceptions/<int:exception_id>")
    def remove_exception(exception_id: int) -> Response:
        service.remove_exception(exception_id, actor_of(request))
        return as_json({"ok": True})

    @blueprint.get("/contacts")
    def show_contacts() -> Response:
        return as_json({"contacts": roster.contacts()})

    @blueprint.post("/contacts")
    def save_contact() -> Response:
        return as_json(service.save_contact(from_json(Contact, request.get_data()), actor_of(request)))

    @blueprint.delete("/contacts/<int:contact_id>")
    def remove_contact(contact_id: int) -> Response:
        service.remove_contact(contact_id, actor_of(request))
        return as_json({"ok": True})

    return blueprint


def _monday(clock: Clock) -> date:
    today = date_of(clock.now_us() // DAY_US)
    day = _day("week", today)
    return day - timedelta(days=day.weekday())


def _day(name: str, default: date) -> date:
    text = request.args.get(name)
    if text is None:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("date_unreadable", option=name, value=text[:32]) from None


