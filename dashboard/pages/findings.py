"""线索, what the detectors found: a list by unit and detector, one with its figures, peers and evidence, and the decision."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, State, ctx, dcc, html
from dash.exceptions import PreventUpdate
from flask import g

from alerts.detectors.findings import JUDGES
from core.access import Role
from core.errors import SupervisionError
from dashboard.panels import findings_catalogue, findings_detail, findings_list, top_bar
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

PREFIX = "/findings/"
TITLE = "findings_page.title"
REFRESH_MS = 30_000


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    right = html.Div([html.Div(id="finding-detail"), findings_detail.form(t)], className="finding-side")
    left = html.Section(html.Div(id="finding-list"), className="panel finding-index")
    hidden = [dcc.Location(id="finding-address", refresh=False), dcc.Store(id="finding-changed"),
              dcc.Interval(id="finding-tick", interval=REFRESH_MS)]
    body = html.Main([*hidden, html.Div([left, right], className="finding-pair"),
                      findings_catalogue.render(services.detectors.settings, t)], className="findings-body")
    return html.Div([top_bar.layout(t, "findings", services.settings.demo.enabled), body], className="staff findings")


def register(app: Dash, services: Any) -> None:
    def words() -> Words:
        return words_of(services.texts, services.settings.display.language)

    @app.callback(Output("finding-list", "children"), Input("finding-address", "search"), Input("finding-changed", "data"),
                  Input("finding-tick", "n_intervals"))
    def show_list(search: str | None, _changed: Any, _ticks: int | None) -> Any:
        return list_of(services, g.actor, asked(search), words())

    @app.callback(Output("finding-detail", "children"), Output("finding-form", "hidden"), Output("finding-note", "value"),
                  Output("finding-judge", "hidden"), Input("finding-address", "search"), Input("finding-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, bool, str, bool]:
        t, number = words(), chosen(asked(search))
        if number is None:
            return html.Section(html.P(t("findings_page.select"), className="case-none"), className="panel"), True, "", True
        try:
            detail = services.detectors.queries.find(number, g.actor)
        except SupervisionError as refusal:
            return html.Section(html.P(sentence(refusal, t), className="case-none"), className="panel"), True, "", True
        may_judge = g.actor.has(*JUDGES) and detail.row.state == "open"
        may_note = g.actor.has(*JUDGES, Role.ADMINISTRATOR)
        return findings_detail.render(detail, services, t), not may_note, detail.note, not may_judge

    @app.callback(Output("finding-said", "children"), Output("finding-changed", "data"), Output("finding-reason", "value"),
                  Input("finding-confirm", "n_clicks"), Input("finding-dismiss", "n_clicks"), Input("finding-keep", "n_clicks"),
                  State("finding-reason", "value"), State("finding-note", "value"), State("finding-address", "search"),
                  prevent_initial_call=True)
    def decide(confirms: int | None, dismissals: int | None, notes: int | None, reason: str | None, note: str | None,
               search: str | None) -> tuple[str, Any, str]:
        number = chosen(asked(search))
        if number is None or not (confirms or dismissals or notes):
            raise PreventUpdate
        try:
            said = _decide(services, str(ctx.triggered_id), number, reason or "", note or "", words())
        except SupervisionError as refusal:
            return sentence(refusal, words()), [confirms, dismissals, notes], reason or ""
        return said, [confirms, dismissals, notes], ""


def _decide(services: Any, button: str, number: int, reason: str, note: str, t: Words) -> str:
    findings = services.detectors.findings
    if button == "finding-confirm":
        findings.confirm(number, g.actor, reason)
        return t("findings_page.confirmed")
    if button == "finding-dismiss":
        findings.dismiss(number, g.actor, reason)
        return t("findings_page.dismissed")
    findings.note(number, g.actor, note)
    return t("findings_page.noted")


def list_of(services: Any, actor: Any, wanted: dict[str, str], t: Words) -> Any:
    """The filters with their counts, and the findings that pass them."""
    queries = services.detectors.queries
    state = wanted.get("state", "open")
    rows = queries.listed(actor, state="" if state in ("all", "gone") else state, detector=wanted.get("detector", ""),
                          org=wanted.get("org", ""))
    shown = [row for row in rows if state == "all" or row.holds is (state != "gone")]
    return findings_list.render(shown, queries.counts(actor), queries.last_run(), wanted, services, t)


def asked(search: str | None) -> dict[str, str]:
    """What the address asks for: state, detector, org, finding."""
    return {name: values[0] for name, values in parse_qs((search or "").lstrip("?")).items()}


def chosen(wanted: dict[str, str]) -> int | None:
    """The finding in the address: ?finding=17."""
    text = wanted.get("finding", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
