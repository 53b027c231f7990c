"""推送, webhooks: where published results go: subscriptions, a trial of each, and what became of every delivery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g, has_request_context

from core.access import Actor
from core.errors import InvalidInput, SupervisionError
from dashboard.panels import top_bar, webhook_views
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from evaluation.webhooks.kinds import EventType
from evaluation.webhooks.service import Wanted

PREFIX = "/webhooks/"
TITLE = "webhooks_page.title"
REFRESH_MS = 3_000
FIELDS = ("name", "url", "types", "area", "secret")


def layout(services: Any) -> html.Div:
    t = _words(services)
    hidden = [dcc.Store(id="webhooks-changed"), dcc.Interval(id="webhooks-tick", interval=REFRESH_MS)]
    new = html.Section([html.H2(t("webhooks_page.new")), html.P(t("webhooks_page.words"), className="panel-note"),
                        webhook_views.form(_areas(services), t)], className="panel exports-new")
    only = dcc.Checklist([{"label": t("webhooks_page.only_dead"), "value": "dead"}], [], id="webhooks-only",
                         className="edit-check people-check")
    there = html.Section([html.H2(t("webhooks_page.list")), html.Div(id="webhooks-list")], className="panel exports-there")
    sent = html.Section([html.Div([html.H2(t("webhooks_page.deliveries")), only], className="webhooks-line"),
                         html.Div(id="webhooks-deliveries")], className="panel exports-there")
    said = html.P(id="webhooks-done", className="feeds-said", role="status")
    body = html.Main([new, html.Div([said, there, sent], className="webhooks-right")], className="exports-body")
    return html.Div([*hidden, top_bar.layout(t, "webhooks", services.settings.demo.enabled), body],
                    className="staff edit exports webhooks")


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("webhooks-list", "children"), Output("webhooks-deliveries", "children"),
                  Input("webhooks-tick", "n_intervals"), Input("webhooks-changed", "data"), Input("webhooks-only", "value"))
    def listed(_ticks: int | None, _changed: Any, only: list[str] | None) -> tuple[Any, Any]:
        queries, t = services.webhooks.queries, _words(services)
        return (webhook_views.subscriptions(queries.subscriptions(g.actor), _areas(services), t),
                webhook_views.deliveries(queries.deliveries(g.actor, only_dead=bool(only)), t))

    @app.callback(Output("webhooks-said", "children"), Output("webhooks-changed", "data"), Output("webhooks-secret", "value"),
                  Input("webhooks-add", "n_clicks"), [State(f"webhooks-{name}", "value") for name in FIELDS],
                  prevent_initial_call=True)
    def add(clicks: int | None, *values: Any) -> tuple[Any, Any, Any]:
        if not clicks:
            raise PreventUpdate
        return added(services, dict(zip(FIELDS, values[0] if len(values) == 1 else values, strict=True)), _words(services))

    @app.callback(Output("webhooks-done", "children"), Output("webhooks-changed", "data", allow_duplicate=True),
                  Input({"webhook": ALL, "number": ALL}, "n_clicks"), prevent_initial_call=True)
    def act(clicks: list[int | None]) -> tuple[Any, Any]:
        pressed = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        return done(services, str(pressed["webhook"]), int(pressed["number"]), _words(services))


def added(services: Any, form: dict[str, Any], t: Words) -> tuple[Any, Any, Any]:
    """(what is said, what makes the lists read anew, the field of the secret)."""
    try:
        number, secret = services.webhooks.service.add(wanted_of(form), g.actor)
    except SupervisionError as refusal:
        return sentence(refusal, t), no_update, no_update
    return webhook_views.secret_words(number, secret, t), ["added", number], ""


def done(services: Any, what: str, number: int, t: Words) -> tuple[Any, Any]:
    """(what is said, what makes the lists read anew)."""
    service = services.webhooks.service
    acts: dict[str, Callable[[], None]] = {
        "test": lambda: service.test(number, g.actor), "disable": lambda: service.switch(number, g.actor, on=False),
        "enable": lambda: service.switch(number, g.actor, on=True), "retry": lambda: service.retry(number, g.actor),
        "give_up": lambda: service.give_up(number, g.actor)}
    if what not in acts:
        raise PreventUpdate
    try:
        acts[what]()
    except SupervisionError as refusal:
        return sentence(refusal, t), no_update
    return t(f"webhooks_page.{what}_done", number=number), [what, number]


def wanted_of(form: dict[str, Any]) -> Wanted:
    """What the browser sent. Raises InvalidInput for a type there is not."""
    try:
        types = tuple(EventType(one) for one in form["types"] or ())
    except ValueError as unknown:
        raise InvalidInput("webhook_types_missing", key="types", accepted=", ".join(EventType)) from unknown
    name, url, area, secret = (str(form[key] or "") for key in ("name", "url", "area", "secret"))
    return Wanted(name, url, types, area, secret)


def _areas(services: Any) -> dict[str, str]:
    """Those he may choose, by code."""
    actor: Actor | None = g.get("actor") if has_request_context() else None
    bound = actor.area if actor is not None else ""
    return {code: area.name for code, area in services.catalogue.areas.items() if bound in ("", code)}


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
