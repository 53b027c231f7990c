"""Requests that change something must come from our own pages (cross-site request forgery).

Decision (docs/security.md): a browser tells where a request comes from, in `Sec-Fetch-Site` over HTTPS and on the
machine itself, in `Origin` everywhere else. Whatever names another site is refused. What names ours is accepted; what
names nothing must carry the session's token. A plain form must always carry it, because forms are what an attacker can
submit without a script.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import request

from core.errors import NotPermitted

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER = "X-CSRFToken"  # the name Dash uses
FIELD = "csrf"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


def check_same_site(expected_token: str) -> None:
    """Raises NotPermitted("cross_site_request") unless the request may change something."""
    if request.method in SAFE_METHODS:
        return
    origin = _named_origin()
    if origin is False:
        raise NotPermitted("cross_site_request")
    if (origin is None or request.mimetype in _FORMS) and not _carries(expected_token):
        raise NotPermitted("cross_site_request")


def _named_origin() -> bool | None:
    """True: our own page; False: another site; None: the client does not say."""
    fetch_site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if fetch_site is not None and fetch_site != "same-origin":
        return False
    if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        return False
    return None if fetch_site is None and origin is None else True


def _carries(expected: str) -> bool:
    given = request.headers.get(HEADER) or request.form.get(FIELD) or ""
    return hmac.compare_digest(given.encode(), expected.encode())
