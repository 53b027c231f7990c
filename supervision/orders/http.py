"""Orders, proposals and their papers over HTTP, for pages and for programs with a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from flask import Blueprint, Request, Response, request

from core.access import Actor, require
from core.api_document import Operation
from core.errors import InvalidInput, NotFound
from core.instants import from_us
from core.read_log import ReadLog
from papers.queries import PaperQueries, Wanted
from papers.service import MEDIA_TYPES, PaperService
from supervision.orders.matters import READERS, Draft
from supervision.orders.queries import OrderDetail, OrderQueries, OrderRow, WantedOrders
from supervision.orders.service import OrderService
from web.json_http import as_json, from_json


class CardSeen(msgspec.Struct, frozen=True):
    """A card at the revision the officer saw."""

    id: int
    rev: int


class NewOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /api/v1/orders takes: an order over cards (`cards`, `command_id`), or the draft of another paper."""

    kind: str = "order"
    command_id: str = ""
    cards: list[CardSeen] = []
    demand: str = ""
    reply_limit: str = ""
    area: str = ""
    org: str = ""
    title: str = ""
    problem: str = ""
    basis: str = ""
    origin: str = ""


class OrderAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /api/v1/orders/<id>/<action> takes."""

    rev: int
    words: str = ""
    reply_limit: str = ""
    fields: dict[Literal["title", "problem", "basis", "demand", "reply_limit"], str] = {}




_ACTIONS = ("edit", "submit", "approve", "reject", "withdraw", "reply", "accept_reply", "reject_reply", "note")
_LISTED = {"kind": "kind of paper", "q": "part of number or title", "limit": "at most", "offset": "after so many"}
OPERATIONS = (
    Operation("get", "/api/v1/orders", "listOrders", "Orders and proposals", query={"standing": "where they stand", **_LISTED}),
    Operation("post", "/api/v1/orders", "makeOrder", "An order over cards, or the draft of another paper", takes=NewOrder,
              status=201),
    Operation("get", "/api/v1/orders/<int:order_id>", "getOrder", "An order with its cards and log"),
    Operation("post", "/api/v1/orders/<int:order_id>/<action>", "actOnOrder", "Do something about it", takes=OrderAct,
              choices={"action": _ACTIONS}),
    Operation("get", "/api/v1/papers", "listPapers", "The register of papers", query={
        "org": "unit", "year": "year", **_LISTED}),
    Operation("get", "/api/v1/papers/<number>/<kind>", "getPaper", "The file of a paper", choices={"kind": tuple(MEDIA_TYPES)},
              media="application/octet-stream"),
)


def create_blueprint(service: OrderService, queries: OrderQueries, papers: PaperService, register: PaperQueries,
                     reads: ReadLog, now_us: Callable[[], int], actor_of: Callable[[Request], Actor | None],
                     default_area: str) -> Blueprint:
    """Routes under /api/v1/orders and /api/v1/papers. Who may: dashboard/gate.py, and supervision.orders.matters."""
    blueprint = Blueprint("orders", __name__, url_prefix="/api/v1")

    @blueprint.post("/orders")
    def make() -> Response:
        actor = require(actor_of(request), *READERS)
        order_id = made(service, from_json(NewOrder, request.get_data()), actor, default_area)
        return as_json(shown_whole(queries.find(order_id, actor)), 201)

    @blueprint.get("/orders")
    def listed() -> Response:
        actor = require(actor_of(request), *READERS)
        wanted = WantedOrders(request.args.get("kind", ""), request.args.get("standing", ""), request.args.get("q", ""))
        rows, total = queries.listed(actor, wanted, now_us(), _number("limit", 100), _number("offset", 0))
        return as_json({"total": total, "orders": [shown(row) for row in rows]})

    @blueprint.get("/orders/<int:order_id>")
    def show(order_id: int) -> Response:
        return as_json(shown_whole(queries.find(order_id, require(actor_of(request), *READERS))))

    @blueprint.post("/orders/<int:order_id>/<action>")
    def act(order_id: int, action: str) -> Response:
        actor = require(actor_of(request), *READERS)
        perform(service, order_id, action, from_json(OrderAct, request.get_data()), actor)
        return as_json(shown_whole(queries.find(order_id, actor)))

    @blueprint.get("/papers")
    def registered() -> Response:
        actor = require(actor_of(request), *READERS)
        wanted = Wanted(request.args.get("kind", ""), request.args.get("org", ""), _number("year", 0),
                        request.args.get("q", ""))
        rows, total = register.register(actor, wanted, _number("limit", 100), _number("offset", 0))
        return as_json({"total": total, "papers": [asdict(row) | {"issued_at": from_us(row.issued_at).isoformat()}
                                                 for row in rows]})

    @blueprint.get("/papers/<number>/<kind>")
    def download(number: str, kind: str) -> Response:
        """Written down before it is given out, with the address it went to."""
        actor = require(actor_of(request), *READERS)
        row = register.find(number, actor)
        if kind not in MEDIA_TYPES:
            raise NotFound("paper_not_found", number=number)
        content = papers.file(number, "pdf" if kind == "pdf" else "docx")
        reads.note("paper", f"{row.number}.{kind}", actor, request.remote_addr or "")
        response = Response(content, mimetype=MEDIA_TYPES[kind])
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{row.number}.{kind}')}"
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


def made(service: OrderService, told: NewOrder, actor: Actor, default_area: str) -> int:
    """The id of the order or draft."""
    if told.kind == "order":
        return service.dispatch(told.command_id, [(card.id, card.rev) for card in told.cards], told.demand, told.reply_limit,
                                actor)
    area = told.area or actor.area or default_area
    return service.draft(Draft(told.kind, area, told.org, told.title, told.problem, told.demand,
                               told.basis, told.reply_limit, told.origin[:80]), actor)


def perform(service: OrderService, order_id: int, action: str, act: OrderAct, actor: Actor) -> None:
    """One action by its name. Raises InvalidInput for a name that is none."""
    rev, words = act.rev, act.words
    actions: dict[str, Callable[[], object]] = {
        "edit": lambda: service.edit(order_id, rev, actor, **act.fields),
        "submit": lambda: service.submit(order_id, rev, actor),
        "approve": lambda: service.approve(order_id, rev, actor),
        "reject": lambda: service.reject(order_id, rev, actor, words),
        "withdraw": lambda: service.withdraw(order_id, rev, actor, words),
        "reply": lambda: service.reply(order_id, rev, actor, words),
        "accept_reply": lambda: service.accept_reply(order_id, rev, actor, words),
        "reject_reply": lambda: service.reject_reply(order_id, rev, actor, words, act.reply_limit),
        "note": lambda: service.note(order_id, rev, actor, words),
    }
    if action not in actions:
        raise InvalidInput("order_action_unknown", action=action[:32], accepted=", ".join(actions))
    actions[action]()


def shown(row: OrderRow) -> dict[str, Any]:
    """A row as JSON, its instants as ISO 8601."""
    return {name: from_us(value).isoformat() if name.endswith("_at") and value is not None else value
            for name, value in asdict(row).items()}


def shown_whole(detail: OrderDetail) -> dict[str, Any]:
    log = [asdict(entry) | {"at": from_us(entry.at).isoformat()} for entry in detail.log]
    return shown(detail.head) | {"problem": detail.problem, "basis": detail.basis, "demand": detail.demand,
                                 "cards": [asdict(card) for card in detail.cards], "log": log, "may": detail.may}



def _number(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput("number_invalid", name=name)
    return int(text)

