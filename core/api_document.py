"""What an interface says of itself: each module of routes lists its operations, and the OpenAPI document is drawn from them.

The types named here are those that decode and encode, so the document cannot promise what is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

_PLACE = re.compile(r"<(?:(\w+):)?(\w+)>")
SCHEMES = ("session", "token", "probe", "admin", "read")
READERS = ("session", "read")  # people signed in, and tokens of readers
_PROBLEMS = {"400": "What was sent cannot be read or does not fit; `code` and `details` say what.",
             "401": "Nobody is signed in, or no valid token.", "403": "Not permitted.", "404": "There is no such thing.",
             "409": "It has changed meanwhile, or does not stand where that can be done."}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one route, its path as Flask writes it. `by`: who may, as the access rules of the route say (SCHEMES).

    `takes` decodes the body (one of several, of a tuple) and `answers` encodes what comes back, where types do; `media` and
    `takes_media` name an answer and a body that are no JSON. `choices` are the values of a place of the path, `query` the
    names of the query with a word on each.
    """

    method: str
    path: str
    name: str
    summary: str
    by: tuple[str, ...] = ("session",)
    takes: type | tuple[type, ...] = ()
    answers: Any = None
    status: int = 200
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    media: str = "application/json"
    takes_media: str = ""


def document_path(route: str) -> str:
    """`/cards/<int:card_id>` as the document writes it."""
    return _PLACE.sub(lambda place: "{" + place[2] + "}", route)


def paths_of(operations: Iterable[Operation]) -> dict[str, dict[str, Any]]:
    """The `paths` of these operations."""
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(document_path(one.path), {})[one.method] = _drawn(one)
    return paths


def types_of(operations: Iterable[Operation]) -> list[Any]:
    """Every type they name, for the schemas."""
    return [shape for one in operations for shape in (*_taken(one), one.answers) if shape is not None]


def _drawn(one: Operation) -> dict[str, Any]:
    drawn: dict[str, Any] = {"operationId": one.name, "summary": one.summary, "security": [{scheme: []} for scheme in one.by]}
    parameters = _places(one) + [{"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
                                 for name, words in one.query.items()]
    if parameters:
        drawn["parameters"] = parameters
    bodies = [_schema(shape) for shape in _taken(one)]
    if bodies:
        schema = bodies[0] if len(bodies) == 1 else {"oneOf": bodies}
        drawn["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif one.takes_media:
        drawn["requestBody"] = {"required": True, "content": {one.takes_media: {}}}
    content = {"application/json": {"schema": _schema(one.answers)}} if one.answers is not None else {one.media: {}}
    drawn["responses"] = {str(one.status): {"description": one.summary, "content": content}, **_problems()}
    return drawn


def _taken(one: Operation) -> tuple[type, ...]:
    return one.takes if isinstance(one.takes, tuple) else (one.takes,)


def _places(one: Operation) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True,
             "schema": {"type": "integer" if kind == "int" else "string",
                        **({"enum": list(one.choices[name])} if name in one.choices else {})}}
            for kind, name in _PLACE.findall(one.path)]


def _problems() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {status: {"description": words, "content": {"application/problem+json": {"schema": schema}}}
            for status, words in _PROBLEMS.items()}


def _schema(shape: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([shape], ref_template="#/components/schemas/{name}")
    return schema
