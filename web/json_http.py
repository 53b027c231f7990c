"""JSON in and out of the interfaces under /api: one answer nobody may keep, and one error for a body that cannot be read."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from flask import Response

from core.errors import InvalidInput
from web.characters import check_json

JSON = "application/json"
Shape = TypeVar("Shape")


def as_json(value: object, status: int = 200, mimetype: str = JSON) -> Response:
    """The value as an answer that is stored nowhere: what it says may be for one person only."""
    response = Response(msgspec.json.encode(value), status, mimetype=mimetype)
    response.headers["Cache-Control"] = "no-store"
    return response


def from_json(shape: type[Shape], body: bytes) -> Shape:
    """A body as this shape. Raises InvalidInput (`message_invalid`, `control_characters`) naming field and problem; the body is
    not repeated."""
    check_json(body)
    try:
        decoded: Shape = _decoder_of(cast("Hashable", shape)).decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput("message_invalid", problem=str(error)) from error
    return decoded


@cache
def _decoder_of(shape: Hashable) -> Any:
    return msgspec.json.Decoder(shape)
