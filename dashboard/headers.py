"""Headers every answer carries: what a page may load, where it may connect, who may keep a copy."""

from __future__ import annotations

from flask import Flask, Response

# Pages made by Dash add the hash of the one inline script that starts its renderer (dashboard/shell.py).
PLAIN_POLICY = "; ".join((
    "default-src 'self'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:",
    "media-src 'self' blob:", "font-src 'self'", "connect-src 'self'", "object-src 'none'", "frame-src 'none'",
    "frame-ancestors 'none'", "base-uri 'self'", "form-action 'self'"))
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), autoplay=(self), fullscreen=(self)",
}


def add_security_headers(server: Flask, *, over_https: bool) -> None:
    """Put the headers on every answer of the server."""

    @server.after_request
    def protect(response: Response) -> Response:
        # Last in line: Flask calls these in reverse order of registration, so pages mounted later have spoken already.
        response.headers.setdefault("Content-Security-Policy", PLAIN_POLICY)
        response.headers.update(FIXED)
        if over_https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        # Nothing private stays in a cache of the browser or of a proxy; static files say for themselves.
        response.headers.setdefault("Cache-Control", "no-store")
        return response
