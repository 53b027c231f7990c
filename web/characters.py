"""Characters no person types: control characters in forms, addresses and JSON. PostgreSQL stores no NUL and papers can show
none of them, so they are refused where they come in, and never become somebody's undrawable name.

Tab and the ends of lines are no such characters. Feeds are not asked here: one such event is refused by itself, not its
delivery.
"""

from __future__ import annotations

import re

from flask import Request

from core.errors import InvalidInput

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_IN_ADDRESS = re.compile(rb"%(?:0[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF])")
_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u00(?:0[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF])")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
DASH_CALLBACK = "/_dash-update-component"


def check_characters(request: Request) -> None:
    """Raises InvalidInput (`control_characters`) for a request whose address, form or page input holds one."""
    if _IN_ADDRESS.search(request.query_string):
        raise InvalidInput("control_characters", field="?")
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if request.mimetype in _FORMS:
        for field, values in request.form.lists():
            if any(map(_CONTROL.search, values)):
                raise InvalidInput("control_characters", field=_CONTROL.sub("", field)[:64])
    elif request.path.endswith(DASH_CALLBACK):
        check_json(request.get_data(cache=True))


def check_json(body: bytes) -> None:
    """Raises InvalidInput for a body with an escaped control character; a bare one is no JSON at all."""
    if _IN_JSON.search(body):
        raise InvalidInput("control_characters", field="JSON")
