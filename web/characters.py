"""Characters no person types (core/characters.py) are refused where they come in: in addresses, forms, names of files, pages'
input and JSON; so that they never become somebody's undrawable name, nor an error of the database.

The body of a feed is not asked here: one such event is refused by itself, not its delivery.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Request

from core.characters import has_control, json_has_control, without_control
from core.errors import InvalidInput

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_READ_ONLY = ("GET", "HEAD", "OPTIONS")
# A page's callback is given the address as the browser writes it.
_ESCAPED = re.compile(rb"%(?:0[0-8bcef]|1[0-9a-f]|7f|ef%bf%b[ef])", re.IGNORECASE)
_OF_ADDRESS = frozenset({"pathname", "search", "href", "hash"})
DASH_CALLBACK = "/_dash-update-component"


def check_characters(request: Request) -> None:
    """Raises InvalidInput (`control_characters`) for a request whose address, form, page input or JSON holds one."""
    check_address(request)
    if request.method in _READ_ONLY:
        return
    if request.mimetype in _FORMS:
        _check_form(request)
    elif request.path.endswith(DASH_CALLBACK):
        _check_page_input(request.get_data(cache=True))
    elif request.is_json:
        check_json(request.get_data(cache=True))


def check_address(request: Request) -> None:
    """The path and the query, as they were sent and as they are read. Raises InvalidInput."""
    if has_control(request.path) or _is_escaped(request.query_string):
        raise InvalidInput("control_characters", field="?")


def check_json(body: bytes) -> None:
    """Raises InvalidInput for a body with one, also where it is written as an escape."""
    if json_has_control(body) or b"\0" in body:  # the latter: JSON in UTF-16
        raise InvalidInput("control_characters", field="JSON")


def _is_escaped(address: bytes) -> bool:
    return has_control(unquote_to_bytes(address).decode("utf-8", "replace"))


def _check_form(request: Request) -> None:
    given = [*request.form.lists(), *((field, [one.filename or "" for one in files]) for field, files in request.files.lists())]
    for field, texts in given:
        if any(map(has_control, (field, *texts))):
            raise InvalidInput("control_characters", field=without_control(field)[:64])


def _check_page_input(body: bytes) -> None:
    check_json(body)
    if _ESCAPED.search(body) is None:
        return
    for address in _addresses_in(body):
        if _is_escaped(address.encode()):
            raise InvalidInput("control_characters", field="?")


def _addresses_in(body: bytes) -> Iterator[str]:
    """What a callback is told of the page's address; of anything else a percent sign is a percent sign."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return
    for part in _flat([told.get("inputs"), told.get("state")] if isinstance(told, dict) else []):
        if part.get("property") in _OF_ADDRESS and isinstance(part.get("value"), str):
            yield part["value"]


def _flat(parts: Any) -> Iterator[dict[str, Any]]:
    if isinstance(parts, dict):
        yield parts
    elif isinstance(parts, list):
        for part in parts:
            yield from _flat(part)
