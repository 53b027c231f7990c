"""Complaints over HTTP: intake for other systems (a feed's token) and for staff, and what is done about them.

Who reported goes in and never comes out, but by POST …/identity with a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from flask import Blueprint, Request, Response, request
from msgspec import Meta

from core.access import Actor, require
from core.api_document import Operation
from core.errors import InvalidInput, NotAuthenticated
from core.instants import from_us
from core.read_log import ReadLog
from supervision.complaints.matters import ALLOWED, READERS, Filing, Reporter
from supervision.complaints.queries import ComplaintDetail, ComplaintQueries, ComplaintRow, WantedComplaints
from supervision.complaints.service import ComplaintService
from web.json_http import as_json, from_json

Short = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=4000)]


class PublicReporter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who reports; sealed at once, shown to nobody but an inspector who gives his reason."""

    name: Short = ""
    phone: Short = ""
    address: Short = ""
    id_number: Short = ""


class PublicComplaint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /api/v1/complaints takes."""

    id: Annotated[str, Meta(min_length=1, max_length=100, description="The sender's own number; repeated, it changes nothing.")]
    kind: Annotated[str, Meta(description="consultation or complaint.")] = "complaint"
    category: Annotated[str, Meta(description="What it is about: a code of config/follow_up/complaints.yaml.")]
    org: Annotated[str, Meta(min_length=1, max_length=128, description="Code of the unit asked or complained of.")]
    title: Annotated[str, Meta(min_length=1, max_length=120)]
    content: Annotated[Text, Meta(min_length=1)]
    area: Short = ""
    about_case: Annotated[str, Meta(max_length=128, description="Number of the application it is about.")] = ""
    channel: Annotated[str, Meta(max_length=16, description="web, phone, letter, visit, app …")] = "web"
    reporter: PublicReporter | None = None


class ComplaintAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /api/v1/complaints/<no>/<action> takes: the revision seen, and what the action needs."""

    rev: int
    words: str = ""
    route: str = ""
    days: int = 0
    finding: str = ""
    satisfaction: str = ""


class Filed(msgspec.Struct, frozen=True):
    """The number it was given."""

    no: str


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What POST /api/v1/complaints/<no>/identity takes."""

    reason: str


_ONE = "/api/v1/complaints/<no>"
OPERATIONS = (
    Operation("post", "/api/v1/complaints", "fileComplaint", "File a consultation or complaint; the same id changes nothing",
              by=("token", "session"), takes=PublicComplaint, answers=Filed, status=201),
    Operation("get", "/api/v1/complaints", "listComplaints", "Complaints, what is owed soonest first", query={
        "kind": "consultation, complaint or rating", "standing": "open, late, to_call or done", "q": "part of number or title",
        "limit": "at most", "offset": "after so many"}),
    Operation("get", _ONE, "getComplaint", "A complaint with its log, without who reported"),
    Operation("post", f"{_ONE}/<action>", "actOnComplaint", "Act on it; identity takes a reason and answers who reported",
              takes=(ComplaintAct, Ask), choices={"action": (*(action.value for action in ALLOWED), "identity")}),
)


def create_blueprint(service: ComplaintService, queries: ComplaintQueries, reads: ReadLog, now_us: Callable[[], int],
                     actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Routes under /api/v1/complaints. Who may: dashboard/gate.py, and for each action supervision.complaints.matters."""
    blueprint = Blueprint("complaints", __name__, url_prefix="/api/v1/complaints")

    @blueprint.post("")
    def file() -> Response:
        actor = actor_of(request)
        if actor is None:
            raise NotAuthenticated("sign_in_required")
        if actor.roles:
            require(actor, *READERS)
        told = from_json(PublicComplaint, request.get_data())
        return as_json(Filed(service.file(_filing(told, actor), _reporter(told.reporter), actor)), 201)

    @blueprint.get("")
    def listed() -> Response:
        actor = require(actor_of(request), *READERS)
        wanted = WantedComplaints(request.args.get("kind", ""), request.args.get("standing", ""), request.args.get("q", ""))
        rows, total = queries.listed(actor, wanted, now_us(), _number("limit", 100), _number("offset", 0))
        return as_json({"total": total, "complaints": [shown(row) for row in rows]})

    @blueprint.get("/<no>")
    def show(no: str) -> Response:
        return as_json(shown_whole(queries.find(no, require(actor_of(request), *READERS))))

    @blueprint.post("/<no>/<action>")
    def act(no: str, action: str) -> Response:
        actor = require(actor_of(request), *READERS)
        if action == "identity":
            return as_json(_identity(no, actor))
        perform(service, no, action, from_json(ComplaintAct, request.get_data()), actor)
        return as_json(shown_whole(queries.find(no, actor)))

    def _identity(no: str, actor: Actor) -> dict[str, str]:
        ask = from_json(Ask, request.get_data())
        reporter = service.read_identity(no, actor, ask.reason)
        reads.note("reporter", no, actor, request.remote_addr or "")
        return msgspec.structs.asdict(reporter)

    return blueprint


def perform(service: ComplaintService, no: str, action: str, act: ComplaintAct, actor: Actor) -> None:
    """One action by its name. Raises InvalidInput for a name that is none."""
    rev, words = act.rev, act.words
    actions: dict[str, Callable[[], None]] = {
        "accept": lambda: service.accept(no, rev, actor, words),
        "refuse": lambda: service.refuse(no, rev, actor, words),
        "transfer": lambda: service.transfer(no, rev, actor, act.route, words),
        "ask_extension": lambda: service.ask_extension(no, rev, actor, act.days, words),
        "grant_extension": lambda: service.decide_extension(no, rev, actor, grant=True, reason=words),
        "deny_extension": lambda: service.decide_extension(no, rev, actor, grant=False, reason=words),
        "answer": lambda: service.answer(no, rev, actor, words, act.finding),
        "call_back": lambda: service.call_back(no, rev, actor, act.satisfaction, words),
        "note": lambda: service.note(no, rev, actor, words),
    }
    if action not in actions:
        raise InvalidInput("complaint_action_unknown", action=action[:32], accepted=", ".join(actions))
    actions[action]()


def shown(row: ComplaintRow) -> dict[str, Any]:
    """A row as JSON, its instants as ISO 8601."""
    told = asdict(row)
    return {name: from_us(value).isoformat() if name.endswith("_at") and value is not None else value
            for name, value in told.items()}


def shown_whole(detail: ComplaintDetail) -> dict[str, Any]:
    log = [asdict(entry) | {"at": from_us(entry.at).isoformat()} for entry in detail.log]
    return shown(detail.head) | {
        "content": detail.content, "answer": detail.answer, "extra_days": detail.extra_days, "asked_days": detail.asked_days,
        "has_reporter": detail.has_reporter, "log": log, "may": detail.may,
        "earlier": [asdict(one) | {"answered_at": from_us(one.answered_at).isoformat()} for one in detail.earlier]}


def _filing(told: PublicComplaint, actor: Actor) -> Filing:
    """Other systems send consultations and complaints; a rating comes as an event of its case."""
    if told.kind == "rating":
        raise InvalidInput("complaint_kind_unknown", kind=told.kind, accepted="consultation, complaint")
    source = actor.name[:64] if not actor.roles else f"staff:{actor.name}"[:64]
    return Filing(kind=told.kind, category=told.category, org=told.org, title=told.title, content=told.content, area=told.area,
                  about_case=told.about_case, channel=told.channel, source=source, source_ref=told.id)


def _reporter(told: PublicReporter | None) -> Reporter:
    return Reporter() if told is None else Reporter(told.name.strip(), told.phone.strip(), told.address.strip(),
                                                    told.id_number.strip())



def _number(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput("number_invalid", name=name)
    return int(text)

