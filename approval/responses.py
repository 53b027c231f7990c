"""Answers that carry a file, with the headers that keep it what it is."""

from __future__ import annotations

from typing import IO
from urllib.parse import quote

from flask import Response

from approval.materials import pieces


def as_download(content: bytes | IO[bytes], media_type: str, name: str) -> Response:
    """A file to be saved: a browser must not run what somebody sent in as if it were ours."""
    response = Response(content if isinstance(content, bytes) else pieces(content), mimetype=media_type)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "no-store"
    return response


def as_picture(png: bytes) -> Response:
    """A picture we drew ourselves, for a page of ours; nobody keeps a copy."""
    response = Response(png, mimetype="image/png")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "no-store"
    return response
