"""Handovers over HTTP. The desk draws them; only the two officers concerned may act."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
from flask import Blueprint, Request, Response, request

from alerts.handover.queries import HandoverQueries
from alerts.handover.service import HandoverService
from core.access import Actor
from core.api_document import Operation
from core.errors import NotFound
from web.json_http import as_json, from_json

ActorOf = Callable[[Request], Actor | None]
T = TypeVar("T")


class HandoverDraft(msgspec.Struct, forbid_unknown_fields=True):
    incoming: str
    area: str = ""


class HandoverNotes(msgspec.Struct, forbid_unknown_fields=True):
    notes: str


class HandoverDecision(msgspec.Struct, forbid_unknown_fields=True):
    items: list[int]
    decision: str
    note: str = ""


_ONE = "/api/v1/handovers/<int:handover_id>"
OPERATIONS = (
    Operation("get", "/api/v1/handovers", "listHandovers", "The last handovers, and one's own that is under way"),
    Operation("post", "/api/v1/handovers", "draftHandover", "Draw up the list of a handover", takes=HandoverDraft),
    Operation("get", _ONE, "getHandover", "A handover with its items"),
    Operation("post", f"{_ONE}/notes", "noteHandover", "Write its notes", takes=HandoverNotes),
    Operation("post", f"{_ONE}/offer", "offerHandover", "Sign and offer it"),
    Operation("post", f"{_ONE}/decide", "decideHandover", "Accept or decline items", takes=HandoverDecision),
    Operation("post", f"{_ONE}/sign", "signHandover", "Take it over"),
    Operation("post", f"{_ONE}/cancel", "cancelHandover", "Take it back"),
)


def create_blueprint(service: HandoverService, queries: HandoverQueries, actor_of: ActorOf) -> Blueprint:
    """Routes under /api/v1/handovers. Every command answers with the handover as it is then."""
    blueprint = Blueprint("handovers", __name__, url_prefix="/api/v1/handovers")

    def answer(handover_id: int) -> Response:
        found = queries.find(handover_id, actor_of(request))
        if found is None:
            raise NotFound("handover_not_found", id=handover_id)
        return as_json(found)

    @blueprint.get("")
    def show_history() -> Response:
        actor = actor_of(request)
        return as_json({"handovers": queries.history(actor=actor),
                      "present": queries.present(actor.name) if actor is not None else None})

    @blueprint.post("")
    def draft() -> Response:
        asked = from_json(HandoverDraft, request.get_data())
        return answer(service.draft(asked.incoming, asked.area, actor_of(request)))

    @blueprint.get("/<int:handover_id>")
    def show(handover_id: int) -> Response:
        return answer(handover_id)

    @blueprint.post("/<int:handover_id>/notes")
    def write_notes(handover_id: int) -> Response:
        service.write_notes(handover_id, from_json(HandoverNotes, request.get_data()).notes, actor_of(request))
        return answer(handover_id)

    @blueprint.post("/<int:handover_id>/decide")
    def decide(handover_id: int) -> Response:
        asked = from_json(HandoverDecision, request.get_data())
        service.decide(handover_id, asked.items, asked.decision, asked.note, actor_of(request))
        return answer(handover_id)

    _add_signatures(blueprint, service, actor_of, answer)
    return blueprint


def _add_signatures(blueprint: Blueprint, service: HandoverService, actor_of: ActorOf,
                    answer: Callable[[int], Response]) -> None:
    """The routes that carry nothing but who acts."""
    def acting(act: Callable[[int, Actor | None], object]) -> Callable[[int], Response]:
        def view(handover_id: int) -> Response:
            act(handover_id, actor_of(request))
            return answer(handover_id)
        return view

    acts: dict[str, Callable[[int, Actor | None], object]] = {"offer": service.offer, "sign": service.sign,
                                                              "cancel": service.cancel}
    for name, act in acts.items():
        blueprint.add_url_rule(f"/<int:handover_id>/{name}", name, acting(act), methods=["POST"])


