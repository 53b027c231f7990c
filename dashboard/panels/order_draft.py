"""A paper before it is sent on: begun here, and corrected here until a leader has signed it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g

from core.errors import SupervisionError
from dashboard.panels.follow_up import asked, number_in
from dashboard.panels.form_fields import dropdown_words
from dashboard.refusals import sentence
from dashboard.words import Words
from supervision.orders.matters import Draft

LONG = ("problem", "basis", "demand")
EDITED = ("title", *LONG, "reply_limit")


def new_form(services: Any, t: Words) -> html.Div:
    """A proposal begins here; it is edited until it is submitted to a leader."""
    kinds: Any = [{"label": t(f"order_kind.{kind}"), "value": kind} for kind in ("proposal", "rectification")]
    units: Any = [{"label": one.name, "value": one.code} for one in services.catalogue.organisations.values()]
    texts = [_field(t(f"orders_page.{name}"), dcc.Textarea(id=f"draft-{name}", className="act-words"))
             for name in ("problem", "basis", "demand")]
    return html.Div([
        html.H2(t("orders_page.new")),
        _field(t("orders_page.fact.kind"), dcc.RadioItems(kinds, "proposal", id="draft-kind", className="act-choice")),
        _field(t("orders_page.fact.unit"), dcc.Dropdown(
            units, id="draft-org", placeholder=t("complaints_page.choose_unit"), labels=dropdown_words(t))),
        _field(t("orders_page.fact.title"), dcc.Input(id="draft-title", className="field", autoComplete="off")), *texts,
        html.Div(html.Button(t("orders_page.save_draft"), id="draft-save", className="button button-main"),
                 className="act-buttons"), html.P(id="draft-said", className="feeds-said", role="status")],
        id="orders-draft", className="act-form", hidden=True)


def edit_form(t: Words) -> html.Div:
    """Where a draft is corrected by whoever may; its fields come with the draft shown."""
    button = html.Button(t("orders_page.save_draft"), id="order-edit-save", className="button")
    return html.Div(html.Details([
        html.Summary(t("orders_page.edit_draft")), html.Div(id="order-edit-fields", className="act-fields"),
        html.Div(button, className="act-buttons"), html.P(id="order-edit-said", className="feeds-said", role="status")],
        className="liability-known"), id="orders-edit", hidden=True)


def edit_fields(found: Any, t: Words) -> list[html.Div]:
    """The words of a draft as they stand."""
    head = found.head
    values = {"title": head.title, "problem": found.problem, "basis": found.basis, "demand": found.demand,
              "reply_limit": head.reply_limit}
    labels = {"title": "orders_page.fact.title", "reply_limit": "orders_page.fact.limit"}
    return [_field(t(labels.get(name, f"orders_page.{name}")), _control(name, values[name] or "")) for name in EDITED]


def _control(name: str, value: str) -> Any:
    key = {"order_edit": name}
    if name in LONG:
        return dcc.Textarea(id=key, value=value, className="act-words")
    return dcc.Input(id=key, value=value, className="field", autoComplete="off")


def _field(label: str, control: Any) -> html.Div:
    return html.Div([html.Label(label), control], className="act-field")


def register(app: Dash, services: Any, words: Callable[[], Words]) -> None:
    @app.callback(Output("draft-said", "children"), Input("draft-save", "n_clicks"),
                  [State(f"draft-{name}", "value") for name in ("kind", "org", "title", "problem", "demand", "basis")],
                  prevent_initial_call=True)
    def save(clicks: int | None, *values: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        kind, org, title, problem, demand, basis = [(value or "").strip() for value in values]
        try:
            area = g.actor.area or services.catalogue.default_area
            number = services.follow_up.orders.draft(
                Draft(kind, area, org, title, problem, demand, basis, origin="manual"), g.actor)
        except SupervisionError as refusal:
            return sentence(refusal, words())
        return dcc.Link(words()("orders_page.draft_saved"), href=f"?order={number}", refresh=False)

    @app.callback(Output("order-edit-said", "children"), Output("orders-changed", "data", allow_duplicate=True),
                  Input("order-edit-save", "n_clicks"), State({"order_edit": ALL}, "value"),
                  State("orders-address", "search"), State("orders-seen", "data"), prevent_initial_call=True)
    def edit(clicks: int | None, values: list[str | None], search: str | None, looked_at: dict[str, int] | None) -> Any:
        if not clicks:
            raise PreventUpdate
        order_id, shown = number_in(asked(search).get("order", "")), looked_at or {}
        rev = shown.get("rev", 0) if shown.get("order") == order_id else 0
        texts = {name: (value or "").strip() for name, value in zip(EDITED, values, strict=True)}
        try:
            services.follow_up.orders.edit(order_id, rev, g.actor, **texts)
        except SupervisionError as refusal:
            return sentence(refusal, words()), no_update
        return words()("orders_page.draft_saved"), uuid.uuid4().hex
