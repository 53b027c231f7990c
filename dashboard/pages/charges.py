"""收费对账: what was charged beside what was paid, for the cases a person may see, and what of the one is without the other."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, dcc, html
from flask import Response, g, request

from approval.charging.queries import Line
from core.errors import SupervisionError
from dashboard.panels import charge_list, top_bar
from dashboard.panels.downloads import KINDS, as_file
from dashboard.panels.hosted_acts import fee_name
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

PREFIX = "/charges/"
TITLE = "charges.title"


def layout(services: Any) -> html.Div:
    t = _words(services)
    body = html.Main(html.Section([html.H2(t("charges.title")), html.P(t("charges.words"), className="panel-note"),
                                   html.Div(id="charges-form"), html.Div(id="charges-lines")], className="panel"),
                     className="notices-body")
    return html.Div([dcc.Location(id="charges-address", refresh=False),
                     top_bar.layout(t, "charges", services.settings.demo.enabled), body], className="staff notices audit")


def register(app: Dash, services: Any) -> None:
    for kind in KINDS:
        app.server.add_url_rule(f"{PREFIX}export.{kind}", f"charges_{kind}", lambda kind=kind: export(services, kind))

    @app.callback(Output("charges-form", "children"), Output("charges-lines", "children"), Input("charges-address", "search"))
    def show(search: str | None) -> tuple[Any, Any]:
        t, wish = _words(services), _wish(services, search)
        try:
            lines = _lines(services, wish)
        except SupervisionError as refusal:
            return charge_list.form(wish, t), html.P(sentence(refusal, t), className="case-none", role="alert")
        return charge_list.form(wish, t), [charge_list.sums(lines, t), charge_list.table(lines, _named(services), t)]


def export(services: Any, kind: str) -> Response:
    """What was asked for as a file; written down before it is given out."""
    wish, t = _wish(services, request.query_string.decode()), _words(services)
    lines = _lines(services, wish)
    services.read_log.note("charges_export", " ".join(wish.values()), g.actor, request.remote_addr or "")
    return as_file(services, charge_list.sheet(lines, _named(services), wish, t), "charges", kind, t)


def _wish(services: Any, search: str | None) -> dict[str, str]:
    return charge_list.wish_of(search, services.approval.desk.today(services.catalogue.default_area, services.clock.now_us()))


def _lines(services: Any, wish: dict[str, str]) -> list[Line]:
    found: list[Line] = services.approval.charges.lines(g.actor, *charge_list.span_of(wish), only_open=wish["show"] == "open")
    return found


def _named(services: Any) -> charge_list.FeeName:
    def named(line: Line) -> tuple[str, str, str]:
        item = services.catalogue.find_item(line.item)
        return (services.case_queries.org_name(line.org), services.case_queries.item_name(line.item),
                fee_name(item, line.code))
    return named


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
