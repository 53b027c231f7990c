"""Cards over HTTP, for programs and for pages without a live link. The same command as over Socket.IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from flask import Blueprint, Request, Response, request

from alerts.acknowledging import AcknowledgeCommand
from alerts.lifecycle import Level
from alerts.queries import PAGE_MAX, CardQueries
from alerts.service import CardService
from core.access import Actor, Role, require
from core.errors import InvalidInput, NotFound

READERS = (Role.WALL_SCREEN, Role.DUTY_OFFICER, Role.INSPECTOR, Role.LEADER, Role.DEPARTMENT_USER, Role.ADMINISTRATOR)
_COMMAND = msgspec.json.Decoder(AcknowledgeCommand)


def create_blueprint(service: CardService, queries: CardQueries,
                     actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Routes under /api/v1/cards. Errors are SupervisionErrors; the application turns them into problem details."""
    blueprint = Blueprint("cards", __name__, url_prefix="/api/v1/cards")

    @blueprint.post("/acknowledge")
    def acknowledge() -> Response:
        return _json(service.acknowledge(_command(request.get_data()), actor_of(request)))

    @blueprint.get("")
    def list_cards() -> Response:
        actor = require(actor_of(request), *READERS)
        own = actor.org if actor.roles == {Role.DEPARTMENT_USER} else None
        return _json(queries.active(_level(request.args.get("level")), _number("limit", 100, PAGE_MAX),
                                    _number("offset", 0, 10**9), own))

    @blueprint.get("/<int:card_id>")
    def show_card(card_id: int) -> Response:
        actor = require(actor_of(request), *READERS)
        found = queries.find(card_id)
        if found is None or not actor.may_see_org(found.card.org):
            raise NotFound("card_not_found", id=card_id)
        return _json(found)

    return blueprint


def _command(body: bytes) -> AcknowledgeCommand:
    try:
        return _COMMAND.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput("message_invalid", problem=str(error)) from error


def _level(name: str | None) -> Level | None:
    if name is None:
        return None
    try:
        return Level[name.upper()]
    except KeyError:
        raise InvalidInput("level_unknown", name=name[:32], accepted="warning, yellow or red") from None


def _number(name: str, default: int, most: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput("number_invalid", name=name)
    return min(int(text), most)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), mimetype="application/json")
