"""Liability and samples over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from flask import Blueprint, Request, Response, request
from msgspec import Meta

from core.access import Actor, Role, require
from core.api_document import Operation
from core.errors import NotFound
from core.instants import from_us
from supervision.liability import Proposed
from supervision.liability_service import DECIDERS, Circumstances, LiabilityRow, LiabilityService
from supervision.sampling import CALLERS, SampleService
from web.json_http import as_json, from_json

VIEWERS = (*CALLERS, Role.ADMINISTRATOR)


class Propose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /api/v1/liabilities takes."""

    card: int
    circumstances: Circumstances = Circumstances()


class Decide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /api/v1/liabilities/<id>/decision takes: accepted, changed (with the persons as decided) or rejected."""

    verdict: str
    reason: str
    persons: tuple[Proposed, ...] | None = None


class Draw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    month: str
    org: str


class Called(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case_id: Annotated[str, Meta(pattern="^[0-9]{1,19}$")]  # too large for a browser to keep as a number
    result: str
    note: str = ""


OPERATIONS = (
    Operation("get", "/api/v1/liabilities", "listLiabilities", "Proposals of liability"),
    Operation("post", "/api/v1/liabilities", "proposeLiability", "Propose from a card and the journal", takes=Propose,
              status=201),
    Operation("post", "/api/v1/liabilities/<int:liability_id>/decision", "decideLiability", "Accept, change or reject",
              takes=Decide),
    Operation("get", "/api/v1/samples", "listSamples", "Samples of concluded cases"),
    Operation("post", "/api/v1/samples", "drawSample", "Draw one for a unit and month", takes=Draw, status=201),
    Operation("get", "/api/v1/samples/<int:sample_id>", "getSample", "The calls of a sample"),
    Operation("post", "/api/v1/samples/<int:sample_id>/calls", "recordCall", "The result of a call", takes=Called),
)


def create_blueprint(liability: LiabilityService, samples: SampleService,
                     actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Routes under /api/v1/liabilities and /api/v1/samples. Who may: dashboard/gate.py."""
    blueprint = Blueprint("follow_up", __name__, url_prefix="/api/v1")

    @blueprint.get("/liabilities")
    def listed() -> Response:
        actor = require(actor_of(request), *DECIDERS)
        return as_json([shown(row) for row in liability.listed(actor)])

    @blueprint.post("/liabilities")
    def propose() -> Response:
        actor = require(actor_of(request), *DECIDERS)
        told = from_json(Propose, request.get_data())
        number = liability.propose(told.card, told.circumstances, actor)
        return as_json(shown(next(row for row in liability.of_card(told.card) if row.id == number)), 201)

    @blueprint.post("/liabilities/<int:liability_id>/decision")
    def decide(liability_id: int) -> Response:
        actor = require(actor_of(request), *DECIDERS)
        told = from_json(Decide, request.get_data())
        liability.decide(liability_id, actor, told.verdict, told.reason, told.persons)
        return as_json({"id": liability_id, "state": told.verdict})

    @blueprint.get("/samples")
    def drawn() -> Response:
        return as_json([asdict(sample) for sample in samples.listed(require(actor_of(request), *VIEWERS))])

    @blueprint.post("/samples")
    def draw() -> Response:
        told = from_json(Draw, request.get_data())
        return as_json({"id": samples.draw(told.month, told.org, require(actor_of(request), *CALLERS))}, 201)

    @blueprint.get("/samples/<int:sample_id>")
    def calls(sample_id: int) -> Response:
        found = samples.calls(sample_id, require(actor_of(request), *VIEWERS))
        if not found:
            raise NotFound("sample_call_not_found", id=sample_id)
        return as_json([asdict(call) | {"case_id": str(call.case_id)} for call in found])

    @blueprint.post("/samples/<int:sample_id>/calls")
    def called(sample_id: int) -> Response:
        told = from_json(Called, request.get_data())
        samples.record(sample_id, int(told.case_id), told.result, told.note, require(actor_of(request), *CALLERS))
        return as_json({"id": sample_id})

    return blueprint


def shown(row: LiabilityRow) -> dict[str, Any]:
    """A proposal as JSON."""
    at = None if row.decided_at is None else from_us(row.decided_at).isoformat()
    return {"id": row.id, "card": row.card_id, "case_no": row.case_no, "area": row.area, "org": row.org, "state": row.state,
            "proposed_at": from_us(row.proposed_at).isoformat(), "proposal": row.proposal, "decision": row.decision,
            "decided_by": row.decided_name, "decided_at": at, "reason": row.reason}


