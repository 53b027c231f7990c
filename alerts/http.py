"""Cards over HTTP, for programs and for pages without a live link. The same command as over Socket.IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

import msgspec
from flask import Blueprint, Request, Response, request

from alerts.attachments import AttachmentStore
from alerts.card_commands import CardCommand, CommandResult, CommandType
from alerts.lifecycle import Disposition, Level
from alerts.queries import PAGE_MAX, CardPage, CardQueries
from alerts.service import CardService
from core.access import Actor, Role, require
from core.api_document import Operation
from core.errors import InvalidInput, NotFound, TooLarge
from core.read_log import ReadLog
from web.json_http import as_json, from_json

READERS = (Role.WALL_SCREEN, Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.DEPARTMENT_USER,
           Role.ADMINISTRATOR)
STAFF = tuple(role for role in READERS if role is not Role.WALL_SCREEN)
T = TypeVar("T")


_CARDS = "/api/v1/cards"
OPERATIONS = (
    Operation("get", _CARDS, "listCards", "Active or closed cards", answers=CardPage, query={
        "level": "warning, yellow or red", "org": "code of the unit", "state": "closed: those instead of the active ones",
        "disposition": "where they stand", "limit": "at most", "offset": "after so many"}),
    Operation("get", f"{_CARDS}/<int:card_id>", "getCard", "A card with what happened to it"),
    Operation("post", f"{_CARDS}/acknowledge", "acknowledgeCards", "Acknowledge cards", takes=CardCommand,
              answers=CommandResult),
    Operation("post", f"{_CARDS}/commands", "commandCards", "Any command on cards", takes=CardCommand, answers=CommandResult),
    Operation("get", f"{_CARDS}/<int:card_id>/attachments", "listAttachments", "Files of a card"),
    Operation("post", f"{_CARDS}/<int:card_id>/attachments", "keepAttachment", "Keep a file with a card", query={
        "name": "the file's name"}, takes_media="application/octet-stream"),
    Operation("get", f"{_CARDS}/<int:card_id>/attachments/<sha256>", "openAttachment", "A file of a card",
              media="application/octet-stream"),
)


def create_blueprint(service: CardService, queries: CardQueries,
                     actor_of: Callable[[Request], Actor | None], reads: ReadLog | None = None) -> Blueprint:
    """Routes under /api/v1/cards. Who opens a card's evidence is written into `reads`.

    Errors are SupervisionErrors; the application turns them into problem details."""
    blueprint = Blueprint("cards", __name__, url_prefix="/api/v1/cards")

    @blueprint.post("/acknowledge")
    def acknowledge() -> Response:
        command = msgspec.structs.replace(from_json(CardCommand, request.get_data()), type=CommandType.ACKNOWLEDGE.value)
        return as_json(service.execute(command, actor_of(request)))

    @blueprint.post("/commands")
    def execute() -> Response:
        return as_json(service.execute(from_json(CardCommand, request.get_data()), actor_of(request)))

    @blueprint.get("")
    def list_cards() -> Response:
        actor = require(actor_of(request), *READERS)
        limit, offset = _number("limit", 100, PAGE_MAX), _number("offset", 0, 10**9)
        org = request.args.get("org")
        if request.args.get("state") == "closed":
            return as_json(queries.closed(require(actor, *STAFF), limit, offset, org))
        disposition = _disposition(request.args.get("disposition"))
        if disposition is Disposition.TO_CONFIRM:  # no accusation that nobody has looked at goes to a wall
            require(actor, *STAFF)
        return as_json(queries.active(_level(request.args.get("level")), limit, offset, org, actor, disposition))

    @blueprint.get("/<int:card_id>")
    def show_card(card_id: int) -> Response:
        actor = require(actor_of(request), *READERS)
        if not actor.has(*STAFF):  # a wall, and whoever passes it, sees the card and not what people wrote on it
            return as_json({"card": _there(queries.find_view(card_id, actor), card_id)})
        found = _there(queries.find(card_id, actor), card_id)
        if reads is not None:
            reads.note("card_evidence", str(card_id), actor, request.remote_addr or "")
        return as_json(found)

    return blueprint


def create_attachment_blueprint(store: AttachmentStore, queries: CardQueries, reads: ReadLog,
                                actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Files of a card. A file is the whole body of a request, named in the query: no form, so its progress can be shown."""
    blueprint = Blueprint("attachments", __name__, url_prefix="/api/v1/cards/<int:card_id>/attachments")

    def allowed(card_id: int) -> Actor:
        actor = require(actor_of(request), *STAFF)
        if queries.find(card_id, actor) is None:
            raise NotFound("card_not_found", id=card_id)
        return actor

    @blueprint.get("")
    def list_attachments(card_id: int) -> Response:
        allowed(card_id)
        return as_json({"attachments": store.of_card(card_id), "max_bytes": store.rules.max_bytes, "types": store.rules.types})

    @blueprint.post("")
    def keep(card_id: int) -> Response:
        actor = allowed(card_id)
        if (request.content_length or 0) > store.rules.max_bytes:
            raise TooLarge("attachment_too_large", name=request.args.get("name", "")[:80],
                           max_mb=round(store.rules.max_bytes / 1024 / 1024, 1))
        return as_json(store.keep(card_id, request.args.get("name", ""), request.get_data(), actor))

    @blueprint.get("/<sha256>")
    def open_attachment(card_id: int, sha256: str) -> Response:
        actor = allowed(card_id)
        attachment, content = store.open(card_id, sha256)
        reads.note("attachment", f"{card_id}/{sha256}", actor, request.remote_addr or "")
        response = Response(content, mimetype=attachment.media_type)
        # Never shown in place: a file somebody sent in must not run as a page of ours.
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(attachment.name)}"
        return response

    return blueprint


def _level(name: str | None) -> Level | None:
    if name is None:
        return None
    try:
        return Level[name.upper()]
    except KeyError:
        raise InvalidInput("level_unknown", name=name[:32], accepted="warning, yellow or red") from None


def _disposition(name: str | None) -> Disposition | None:
    if name is None:
        return None
    try:
        return Disposition(name)
    except ValueError:
        raise InvalidInput("disposition_unknown", name=name[:32], accepted=", ".join(Disposition)) from None


def _number(name: str, default: int, most: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput("number_invalid", name=name)
    return min(int(text), most)


def _there(found: T | None, card_id: int) -> T:
    if found is None:
        raise NotFound("card_not_found", id=card_id)
    return found

