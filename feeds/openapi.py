"""The OpenAPI 3.1 document of the interface, made from the structs that decode it: the feeds' part here, the others' from
the operations their routes list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from cases.events import Status
from core.api_document import Operation, paths_of, types_of
from feeds.limits import FeedLimits
from feeds.public_event import PublicEvent
from feeds.reasons import REMEDIES


class AlsoWrong(msgspec.Struct, omit_defaults=True):
    """What else is wrong with a refused record, with the remedy in its detail."""

    code: str
    detail: dict[str, str] = {}


class Result(msgspec.Struct, omit_defaults=True, gc=False):
    """The acknowledgement of one record, in the order of the delivery; what an accepted one has nothing to say about is left
    out."""

    index: int
    status: Status
    code: str = ""
    detail: dict[str, str] = {}
    others: list[AlsoWrong] = []


class EventsAcknowledgement(msgspec.Struct):
    """What became of a delivery."""

    source: str
    accepted: int
    duplicates: int
    rejected: int
    results: list[Result]


class Problem(msgspec.Struct):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    code: str
    details: dict[str, Any]
    instance: str


class SourceHealth(msgspec.Struct):
    """How a source stands. `state`: ok, late, silent or never; times are ISO 8601 UTC."""

    source: str
    name: str
    kind: str
    state: str
    last_event_at: str | None
    last_received_at: str | None
    lag_s: float | None
    accepted: int
    duplicates: int
    rejected: int
    open_quarantined: int


class EventBatch(msgspec.Struct):
    """Events under a key, for senders whose tools cannot send an array."""

    events: list[PublicEvent]


_STRUCTS = (PublicEvent, EventBatch, EventsAcknowledgement, Problem, SourceHealth)
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "One token per source, issued by an administrator."},
    "probe": {"type": "http", "scheme": "bearer", "description": "The token of a monitor."},
    "admin": {"type": "http", "scheme": "bearer", "description": "A token of an administrator's account, for his programs."},
    "read": {"type": "http", "scheme": "bearer", "description":
             "A reader's token (app.py read-token): of some interfaces, of an area or department, for a while. It reads only."},
    "session": {"type": "apiKey", "in": "cookie", "name": "yangguang_session", "description":
                "A person signed in. Whatever changes something is sent from this site: with its Origin."}}
_PROBLEMS = {"400": "The body is not readable; nothing was recorded.", "401": "No valid token.",
             "408": "The sender stopped in the middle of the body; nothing was recorded.",
             "413": "The body or the number of events is larger than a setting allows.",
             "415": "Not JSON or JSON Lines, or packed otherwise than gzip.",
             "429": "Too many deliveries of this source at once: wait Retry-After seconds, then send again.",
             "503": "Busy: wait Retry-After seconds, then send the same delivery again."}


def openapi_document(limits: FeedLimits, others: Sequence[Operation] = ()) -> dict[str, Any]:
    """The document as JSON-safe values; `others` are the operations of the other modules."""
    _, schemas = msgspec.json.schema_components([*_STRUCTS, *types_of(others)], ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Yangguang 阳光监察", "version": "1",
                 "description": f"Feeds: at most {limits.max_events_per_request} events and {limits.max_body_bytes} bytes per "
                                "request. Deliveries are idempotent: send again whatever was not acknowledged. Reasons "
                                f"of refusal: {', '.join(sorted(REMEDIES))}."},
        "paths": {"/api/v1/events": {"post": _post_events()},
                  "/api/v1/sources/{source}/health": {"get": _source_health()},
                  "/api/v1/openapi.json": {"get": _openapi()}, **paths_of(others)},
        "components": {"schemas": schemas, "securitySchemes": _SCHEMES},
        "security": [{"token": []}],
    }


def _post_events() -> dict[str, Any]:
    event = _ref("PublicEvent")
    return {
        "operationId": "postEvents", "summary": "Deliver events; each is acknowledged on its own",
        "parameters": [{"name": "Content-Encoding", "in": "header", "schema": {"enum": ["identity", "gzip"]}}],
        "requestBody": {"required": True, "content": {
            "application/json": {"schema": {"oneOf": [{"type": "array", "items": event}, _ref("EventBatch")]}},
            "application/x-ndjson": {"schema": {**event, "description": "One event per line."}}}},
        "responses": {"200": _answer("Recorded after commit; every record has a result.", "EventsAcknowledgement"),
                      **{status: _problem(text) for status, text in _PROBLEMS.items()}}}


def _source_health() -> dict[str, Any]:
    return {"operationId": "getSourceHealth", "summary": "How the source of this token stands",
            "parameters": [{"name": "source", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"200": _answer("The source.", "SourceHealth"), "401": _problem("No valid token."),
                          "403": _problem("Another source's token."), "404": _problem("It never delivered.")}}


def _openapi() -> dict[str, Any]:
    return {"operationId": "getOpenapi", "summary": "This document", "security": [],
            "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {}}}}}


def _answer(text: str, struct: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _ref(struct)}}}


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/problem+json": {"schema": _ref("Problem")}}}


def _ref(struct: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{struct}"}
