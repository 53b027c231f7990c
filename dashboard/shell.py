"""The frame every page stands in: one Dash app per page on one Flask server.

Each page is its own small app, so the wall carries no callbacks of the desk and each prefix has one access rule. Scripts,
styles and fonts come from this server only; the content security policy of a page names no other host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from dash import Dash
from flask import Flask, Response, request

from dashboard.headers import PLAIN_POLICY
from dashboard.words import Words, words_of
from video.http import live_address

_SOURCE = re.compile(r"wss?://[\w.\[\]:-]+(/[\w./-]*)?")
ASSETS = Path(__file__).resolve().parent.parent / "assets"
MOUNTED = "yangguang.pages"  # the pages of a server, among the extensions of it
_MAKING_UP = Lock()  # whoever asks for a page while it is made up waits until it is whole; nobody else does
HTML_LANGUAGE = {"zh": "zh-CN", "en": "en"}

INDEX = """<!DOCTYPE html>
<html lang="zh-CN">
<head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""


class Page(Protocol):
    """What a module of dashboard/pages offers. `PREFIX` is `/name/`, `TITLE` the key of its title in the locale files."""

    PREFIX: str
    TITLE: str

    def layout(self, services: Any) -> Any: ...

    def register(self, app: Dash, services: Any) -> None: ...


class PageApp(Dash):
    """A Dash app whose document says which page and which language it is in."""

    page: Page
    services: Any
    is_made_up = False

    def interpolate_index(self, **parts: Any) -> str:
        words = texts_for(self.services)
        parts["title"] = escape(words(self.page.TITLE))
        document = super().interpolate_index(**parts)
        opening = f'<html lang="{HTML_LANGUAGE[words.language]}" class="page-{self.page.PREFIX.strip("/") or "home"}">'
        return document.replace('<html lang="zh-CN">', opening, 1)


def mount(server: Flask, page: Page, services: Any) -> Dash:
    """Put a page on the server under its PREFIX, with its callbacks and its content security policy."""
    app = PageApp(
        __name__, server=server, url_base_pathname=page.PREFIX, assets_folder=str(ASSETS), assets_path_ignore=["^modules$"],
        use_pages=False, serve_locally=True, suppress_callback_exceptions=False, update_title=None, index_string=INDEX,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.page, app.services = page, services
    app.layout = lambda: page.layout(services)
    page.register(app, services)
    mounted: dict[str, PageApp] = server.extensions.setdefault(MOUNTED, {})
    if not mounted:
        server.before_request(lambda: _set_up(mounted))
        server.after_request(lambda response: _with_policy(mounted, response))
    server.before_request_funcs[None].remove(app._setup_server)
    mounted[page.PREFIX] = app
    return app


def _set_up(mounted: Mapping[str, PageApp]) -> None:
    """Before the first request for a page, Dash makes that page up. Left to itself it looks at every request whether any of
    its apps has to be, and makes up all of them at the first: three dozen looks at every act of every clerk."""
    app: Any = _page_of(mounted, request.path)
    if app is not None and not app.is_made_up:
        with _MAKING_UP:
            app._setup_server()
            app.is_made_up = True


def _page_of(mounted: Mapping[str, PageApp], path: str) -> PageApp | None:
    """The first part of a path names the page."""
    return mounted.get(f"/{path[1:].partition('/')[0]}/")


def texts_for(services: Any) -> Words:
    """The words of this request: ?lang= of the page, what was asked for last, or the language of the installation."""
    return words_of(services.texts, services.settings.display.language)


def content_security_policy(app: Dash, live_from: str = "") -> str:
    """The plain policy, and by hash the one inline script that starts the Dash renderer. `live_from`: where the page's live
    pictures come from, which is another port of this host or what the installation names."""
    scripts = " ".join(digest if digest.startswith("'") else f"'{digest}'" for digest in app.csp_hashes())
    policy = PLAIN_POLICY.replace("script-src 'self'", f"script-src 'self' {scripts}")
    return policy.replace("connect-src 'self'", f"connect-src 'self' {live_from}") if live_from else policy


def _with_policy(mounted: Mapping[str, PageApp], response: Response) -> Response:
    app = _page_of(mounted, request.path) if response.mimetype == "text/html" else None
    if app is not None:
        response.headers.setdefault("Content-Security-Policy", content_security_policy(app, _live_from(app)))
    return response


def _live_from(app: PageApp) -> str:
    """For pages that show live pictures. A host that is none names nothing."""
    if not getattr(app.page, "LIVE_VIDEO", False):
        return ""
    given = app.services.settings.video
    address = live_address(request, given.port, given.public_url)
    return address if _SOURCE.fullmatch(address) else ""
