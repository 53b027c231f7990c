"""审计: who looked at which case when, and who did what. Looking and exporting are themselves on record."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, dcc, html
from flask import Response, g, request

from dashboard.panels import audit_list, top_bar
from dashboard.words import Words, words_of
from supervision.audit import EXPORT_MAX

PREFIX = "/audit/"
TITLE = "audit_page.title"


def layout(services: Any) -> html.Div:
    t = _words(services)
    body = html.Main(html.Section([html.H2(t("audit_page.title")), html.P(t("audit_page.words"), className="panel-note"),
                                   html.Div(id="audit-form"), html.Div(id="audit-lines")], className="panel"),
                     className="notices-body")
    return html.Div([dcc.Location(id="audit-address", refresh=False),
                     top_bar.layout(t, "audit", services.settings.demo.enabled), body], className="staff notices audit")


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("audit-form", "children"), Output("audit-lines", "children"), Input("audit-address", "search"))
    def show(search: str | None) -> tuple[Any, Any]:
        t, wish = _words(services), audit_list.wish_of(search)
        lines = services.audit.lines(audit_list.asked_of(wish), g.actor)
        _note(services, "audit", wish)
        return audit_list.form(wish, t), audit_list.table(lines, t)


def export(services: Any) -> Response:
    """What was asked for, as CSV; written down before it is given out."""
    wish, t = audit_list.wish_of(request.query_string.decode()), _words(services)
    lines = services.audit.lines(audit_list.asked_of(wish), g.actor, EXPORT_MAX)
    _note(services, "audit_export", wish)
    response = Response(audit_list.as_csv(lines, t), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=audit.csv"
    return response


def _note(services: Any, what: str, wish: dict[str, str]) -> None:
    asked = " ".join(f"{name}={value}" for name, value in wish.items())
    services.read_log.note(what, asked, g.actor, request.remote_addr or "")


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
