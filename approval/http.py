"""Hosted approval over HTTP, for pages and for programs with a session: lists, a case, its acts, its files and papers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import Any, Literal

import msgspec
from flask import Blueprint, Request, Response, request

from approval.assembly import Approval
from approval.bpmn import flow_as_bpmn, plan_as_bpmn
from approval.codes import read_code
from approval.detail import HostedDetail, Licence, PaymentKept, Waiting
from approval.flow import Part, flow_of
from approval.materials import Upload
from approval.matters import Applicant, Application, channel_of
from approval.performing import PERFORMED, ActOn, perform
from approval.posts import STAFF
from approval.queries import READERS
from approval.responses import as_download, as_picture
from approval.stores import CHUNK, IN_MEMORY
from core.access import Actor, require
from core.api_document import Operation
from core.errors import InvalidInput, NotFound
from core.instants import from_us, to_us
from core.read_log import ReadLog
from papers.service import MEDIA_TYPES, PaperService
from web.json_http import as_json, from_json

_CASES = "/api/v1/approval/cases"
LISTS = ("intake", "work", "decided")


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /api/v1/approval/cases takes: a walk-in, filed by a clerk on the applicant's behalf."""

    item: str
    name: str
    kind: Literal["person", "company"] = "person"
    identity_no: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    agent: str = ""
    title: str = ""
    fields: dict[str, str] = {}
    papers: list[str] = []
    station: str = ""


class TakingOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /api/v1/approval/cases/<case_no>/earlier takes: an earlier file of the applicant for a paper of this case, and
    how he agreed."""

    code: str
    sha256: str
    consent: str


OPERATIONS = (
    Operation("get", "/api/v1/approval/lists/<name>", "listApproval", "What waits for the person", choices={"name": LISTS}),
    Operation("get", _CASES, "findHosted", "Hosted cases by number, applicant or title", query={"q": "part of it"}),
    Operation("post", _CASES, "registerHosted", "File for an applicant at a window, or open a case ex officio",
              takes=Registration, status=201),
    Operation("get", "/api/v1/approval/charges", "listCharges", "Fees charged in a period with their payments", query={
        "since": "first instant (RFC 3339)", "until": "the instant after the last", "show": "open: what does not match; all"}),
    Operation("get", f"{_CASES}/<case_no>", "getHosted", "A hosted case with what the person may do"),
    Operation("post", f"{_CASES}/<case_no>/acts/<act>", "actOnHosted", "Do something about it", takes=ActOn,
              choices={"act": PERFORMED}),
    Operation("get", f"{_CASES}/<case_no>/at/<instant>", "getHostedAt", "The case as it stood at an instant (RFC 3339)"),
    Operation("get", "/api/v1/approval/flows/<item>", "getFlow", "The flow of an item as BPMN 2.0", media="application/xml"),
    Operation("get", f"{_CASES}/<case_no>/flow", "getHostedFlow", "The flow a case is pinned to, or its plan, as BPMN 2.0",
              media="application/xml"),
    Operation("post", f"{_CASES}/<case_no>/files", "keepHostedFile", "Put a file with a case", query={
        "code": "of the paper", "name": "of the file"}, takes_media="application/octet-stream", status=201),
    Operation("post", f"{_CASES}/<case_no>/step-files", "keepStepFile", "Put a file with a document of the open step", query={
        "code": "of the document", "name": "of the file"}, takes_media="application/octet-stream", status=201),
    Operation("post", f"{_CASES}/<case_no>/payments/<payment>/slip", "keepPaymentSlip",
              "Put the scan of its slip with a payment",
              query={"code": "", "name": "of the file"}, takes_media="application/octet-stream", status=201),
    Operation("get", f"{_CASES}/<case_no>/earlier", "listEarlierFiles", "Files the applicant gave with other cases"),
    Operation("post", f"{_CASES}/<case_no>/earlier", "takeOverEarlierFile", "Use one of them for a paper of this case",
              takes=TakingOver, status=201),
    Operation("get", f"{_CASES}/<case_no>/files/<sha256>", "openHostedFile", "A file of a case",
              media="application/octet-stream"),
    Operation("get", f"{_CASES}/<case_no>/files/<sha256>/preview/<page>", "previewHostedFile", "A page of a file as a picture",
              query={"size": "small or large"}, media="image/png"),
    Operation("get", f"{_CASES}/<case_no>/papers/<code>/<kind>", "getHostedPaper", "A paper given out",
              choices={"kind": tuple(MEDIA_TYPES)}, media="application/octet-stream"),
)


def create_blueprint(approval: Approval, papers: PaperService, reads: ReadLog, actor_of: Callable[[Request], Actor | None],
                     find_person: Callable[[str], Actor | None]) -> Blueprint:
    """Routes under /api/v1/approval. Who may: dashboard/gate.py, and the posts held (approval.posts)."""
    blueprint = Blueprint("approval", __name__, url_prefix="/api/v1/approval")
    queries = approval.queries

    @blueprint.get("/lists/<name>")
    def listed(name: str) -> Response:
        actor = require(actor_of(request), *STAFF)
        if name not in LISTS:
            raise NotFound("list_unknown", name=name[:20])
        return as_json({"cases": [shown(row) for row in getattr(queries, name)(actor)]})

    @blueprint.get("/cases")
    def search() -> Response:
        actor = require(actor_of(request), *READERS)
        return as_json({"cases": [shown(row) for row in queries.search(actor, request.args.get("q", "")[:100])]})

    @blueprint.post("/cases")
    def register() -> Response:
        actor = require(actor_of(request), *STAFF)
        told = from_json(Registration, request.get_data())
        channel = channel_of(approval.desk.catalogue.find_item(told.item))
        filed = approval.intake.file(application_of(told), channel, actor, told.station)
        return as_json({"case_no": filed.case_no, "password": filed.password}, 201)

    @blueprint.get("/charges")
    def charged() -> Response:
        actor = require(actor_of(request), *READERS)
        since, until = _instant(request.args.get("since", "")), _instant(request.args.get("until", ""))
        found = approval.charges.lines(actor, since, until, only_open=request.args.get("show", "open") != "all")
        return as_json({"charges": [_flat(one) | {"charged_at": _iso(one.charged_at), "settled_at": _iso(one.settled_at)}
                                    for one in found]})

    @blueprint.get("/cases/<case_no>")
    def show(case_no: str) -> Response:
        actor = require(actor_of(request), *READERS)
        detail = queries.find(case_no, actor)
        reads.note("hosted_case", case_no, actor, request.remote_addr or "")
        return as_json(shown_whole(detail))

    @blueprint.post("/cases/<case_no>/acts/<act>")
    def act(case_no: str, act: str) -> Response:
        actor = require(actor_of(request), *STAFF)
        perform(approval, case_no, act, from_json(ActOn, request.get_data()), actor, find_person)
        return as_json(shown_whole(queries.find(case_no, actor)))

    _add_pictures(blueprint, approval, actor_of)
    _add_files(blueprint, approval, papers, reads, actor_of)
    return blueprint


def _add_pictures(blueprint: Blueprint, approval: Approval, actor_of: Callable[[Request], Actor | None]) -> None:
    queries = approval.queries

    @blueprint.get("/cases/<case_no>/at/<instant>")
    def at(case_no: str, instant: str) -> Response:
        actor = require(actor_of(request), *READERS)
        fold, events = queries.as_it_stood(case_no, _instant(instant), actor)
        return as_json({"state": fold.state.value, "path": [done.step for done in fold.path],
                      "events": [{"kind": event.kind.value, "at": from_us(event.claimed_at).isoformat(), "step": event.step,
                                  "actor": event.actor} for event in events]})

    @blueprint.get("/flows/<item>")
    def flow(item: str) -> Response:
        require(actor_of(request), *READERS)
        found = approval.desk.item(item)
        drawn = flow_as_bpmn(flow_of(found), found.code, found.name, found.details.asked)
        return as_download(drawn, "application/xml", f"{found.code}.bpmn")

    @blueprint.get("/cases/<case_no>/flow")
    def pinned(case_no: str) -> Response:
        detail = queries.find(case_no, require(actor_of(request), *READERS))
        parts = [Part(one.node, one.item, one.org, one.stage, one.after, one.silent) for one in detail.parts]
        asked = approval.desk.item_of(detail.fold, detail.head.item).details.asked
        drawn = (plan_as_bpmn(parts, case_no, detail.head.title) if parts
                 else flow_as_bpmn(detail.flow, case_no, detail.head.title, asked))
        return as_download(drawn, "application/xml", f"{case_no}.bpmn")


def _add_files(blueprint: Blueprint, approval: Approval, papers: PaperService, reads: ReadLog,
               actor_of: Callable[[Request], Actor | None]) -> None:
    queries = approval.queries

    def sent_to(use: Callable[[str, Upload, Actor], None], case_no: str) -> Response:
        actor = require(actor_of(request), *STAFF)
        queries.find(case_no, actor)
        with SpooledTemporaryFile(IN_MEMORY) as sent:
            copyfileobj(request.stream, sent, CHUNK)
            upload = approval.materials.keep(request.args.get("code", ""), request.args.get("name", ""), sent)
        use(case_no, upload, actor)
        return as_json(msgspec.structs.asdict(upload), 201)

    @blueprint.post("/cases/<case_no>/files")
    def keep(case_no: str) -> Response:
        return sent_to(approval.intake.keep_file, case_no)

    @blueprint.post("/cases/<case_no>/step-files")
    def keep_of_step(case_no: str) -> Response:
        return sent_to(approval.step_records.keep, case_no)

    @blueprint.post("/cases/<case_no>/payments/<int:payment>/slip")
    def keep_slip(case_no: str, payment: int) -> Response:
        return sent_to(lambda no, upload, actor: approval.cashier.attach(no, payment, upload, actor), case_no)

    @blueprint.get("/cases/<case_no>/earlier")
    def earlier(case_no: str) -> Response:
        actor = require(actor_of(request), *STAFF)
        found = approval.reuse.for_case(case_no, actor)
        reads.note("earlier_materials", case_no, actor, request.remote_addr or "")
        return as_json({"files": [_flat(one) | {"at": _iso(one.at)} for one in found]})

    @blueprint.post("/cases/<case_no>/earlier")
    def take_over(case_no: str) -> Response:
        actor, told = require(actor_of(request), *STAFF), from_json(TakingOver, request.get_data())
        upload = approval.reuse.take_over(case_no, told.code, told.sha256, told.consent, actor)
        return as_json(msgspec.structs.asdict(upload), 201)

    _add_reading(blueprint, approval, papers, reads, actor_of)


def _add_reading(blueprint: Blueprint, approval: Approval, papers: PaperService, reads: ReadLog,
                 actor_of: Callable[[Request], Actor | None]) -> None:
    queries = approval.queries

    @blueprint.get("/cases/<case_no>/files/<sha256>")
    def open_file(case_no: str, sha256: str) -> Response:
        """Written down before it is given out. Never shown in the page's own origin but as what it is: a download."""
        actor = require(actor_of(request), *READERS)
        paper = queries.file_of(case_no, sha256, actor)
        content = approval.materials.open(sha256)
        reads.note("material", f"{case_no}/{sha256[:16]}", actor, request.remote_addr or "")
        return as_download(content, paper.media_type, paper.file_name)

    @blueprint.get("/cases/<case_no>/files/<sha256>/preview/<int:page>")
    def preview(case_no: str, sha256: str, page: int) -> Response:
        """A page as a picture: it tells what the file tells, so it is written down too, for each look at its full size."""
        actor = require(actor_of(request), *READERS)
        paper = queries.file_of(case_no, sha256, actor)
        size = "small" if request.args.get("size") == "small" else "large"
        picture = approval.previews.picture(sha256, paper.media_type, page, size)
        if size == "large":
            reads.note("material_preview", f"{case_no}/{sha256[:16]}/{page}", actor, request.remote_addr or "")
        return as_picture(picture)

    @blueprint.get("/cases/<case_no>/papers/<code>/<kind>")
    def paper(case_no: str, code: str, kind: str) -> Response:
        actor = require(actor_of(request), *READERS)
        detail = queries.find(case_no, actor)
        found = next((one for one in detail.receipts if one.code == read_code(code)), None)
        if found is None or kind not in MEDIA_TYPES:
            raise NotFound("receipt_not_found")
        content = papers.file(found.number, "pdf" if kind == "pdf" else "docx")
        return as_download(content, MEDIA_TYPES[kind], f"{found.number}.{kind}")


def application_of(told: Registration) -> Application:
    """The application a clerk entered."""
    applicant = Applicant(told.name, told.kind, told.identity_no, told.phone, told.email, told.address, told.agent)
    return Application(told.item, applicant, told.title, told.fields, tuple(told.papers))


def shown(row: Waiting) -> dict[str, Any]:
    """A line as JSON, its instants as ISO 8601."""
    return _flat(row) | {"since": _iso(row.since), "due_at": _iso(row.due_at)}


_INSTANTS_OF_PAYMENT = ("entered_at", "decided_at", "asked_at", "reversed_at")


def shown_whole(detail: HostedDetail) -> dict[str, Any]:
    """A case as JSON."""
    return shown(detail.head) | {
        "flow": [step.name for step in detail.flow.steps], "particulars": detail.particulars,
        "papers": [_flat(paper) | {"at": _iso(paper.at), "promised_at": _iso(paper.promised_at)} for paper in detail.papers],
        "fees": [fee | {"charged_at": _iso(fee["charged_at"]), "settled_at": _iso(fee["settled_at"])} for fee in detail.fees],
        "payments": [_payment(one) for one in detail.payments],
        "extension": detail.extension, "correction": None if detail.told is None else msgspec.structs.asdict(detail.told),
        "step_papers": [_flat(one) | {"at": _iso(one.at)} for one in detail.step_papers],
        "licences": [_licence(one) for one in detail.licences],
        "receipts": [_flat(one) | {"issued_at": _iso(one.issued_at)} for one in detail.receipts],
        "parts": [_flat(part) | {"opened_at": _iso(part.opened_at), "closed_at": _iso(part.closed_at)}
                  for part in detail.parts],
        "signed": [one | {"at": _iso(one["at"])} for one in detail.signed], "project_no": detail.project_no,
        "may": sorted(act.value for act in detail.may), "earlier": list(detail.earlier)}


def _flat(one: Any) -> dict[str, Any]:
    """A dataclass of plain values; the toolkit's own way copies every value deeply, at every answer."""
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def _payment(one: PaymentKept) -> dict[str, Any]:
    requests = [msgspec.structs.asdict(asked) | {"asked_at": _iso(asked.asked_at), "reversed_at": _iso(asked.reversed_at)}
                for asked in one.earlier_requests]
    return _flat(one) | {name: _iso(getattr(one, name)) for name in _INSTANTS_OF_PAYMENT} | {"earlier_requests": requests}


def _licence(one: Licence) -> dict[str, Any]:
    last = one.valid_until
    return _flat(one) | {"valid_from": one.valid_from.isoformat(), "valid_until": None if last is None else last.isoformat(),
                          "issued_at": _iso(one.issued_at), "ended_at": _iso(one.ended_at)}


def _iso(us: int | None) -> str | None:
    return None if us is None else from_us(us).isoformat()


def _instant(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as failure:
        raise InvalidInput("instant_unreadable", value=text[:40]) from failure
    if moment.tzinfo is None:
        raise InvalidInput("instant_unreadable", value=text[:40])
    return to_us(moment)



