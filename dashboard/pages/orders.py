"""督办文书, what people do about cards: orders and proposals, the register of papers, liability, samples."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html
from dash.exceptions import PreventUpdate
from flask import g, has_request_context

from core.access import Actor
from core.errors import SupervisionError
from dashboard.gate import JUDGES, WATCHERS
from dashboard.panels import liability_form, order_draft, top_bar
from dashboard.panels import order_views as seen
from dashboard.panels.follow_up import asked, buttons, choice, number_in, views, words_field
from dashboard.panels.form_fields import dropdown_words
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from papers.queries import Wanted
from supervision.orders.http import OrderAct, perform
from supervision.orders.queries import WantedOrders
from supervision.sampling import CallResult

PREFIX = "/orders/"
TITLE = "orders_page.title"
ACTIONS = ("submit", "approve", "reject", "withdraw", "reply", "accept_reply", "reject_reply", "note")
MAIN = ("submit", "approve", "reply", "accept_reply")
VERDICTS = ("accepted", "rejected")
# The parts of the right side and the ids that are hidden with them.
PARTS = {"form": ("orders-form",), "draft": ("orders-draft",), "sample": ("orders-sample",),
         "calling": ("sample-calling", "sample-result-field"), "propose": ("orders-propose",),
         "change": ("orders-change",), "edit": ("orders-edit",)}
PAGE = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """The right side: a picture, the parts to be seen below it, and the buttons. `seen` is what the picture was drawn from."""

    picture: Any
    parts: tuple[str, ...] = ()
    may: Collection[str] = ()
    is_decided: bool = True
    seen: dict[str, int] | None = None
    card: int | None = None
    rows: Any = None
    fields: Any = None


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    actor = g.get("actor") if has_request_context() else None
    hidden = [dcc.Location(id="orders-address", refresh=False), dcc.Store(id="orders-changed"), dcc.Store(id="orders-seen"),
              dcc.Interval(id="orders-tick", interval=10_000)]
    side = html.Section([html.Div(id="orders-detail"), liability_form.change_form(t), order_draft.edit_form(t), _form(t),
                         order_draft.new_form(services, t), _sample_form(services, t), liability_form.propose_form(t)],
                        className="panel follow-side")
    pair = html.Div([html.Section(html.Div(id="orders-list"), className="panel"), side], className="follow-pair")
    main = html.Main([html.Div(id="orders-head", className="follow-head"), pair], className="follow-body")
    bar = top_bar.layout(t, "orders", services.settings.demo.enabled)
    return html.Div([*hidden, bar, main], className="staff follow", **{"data-actor": actor.name if actor else ""})


def _form(t: Words) -> html.Div:
    verdicts = [html.Button(t(f"orders_page.verdict.{name}"), id=f"orders-verdict-{name}", hidden=True,
                            className="button button-main" if name == "accepted" else "button") for name in VERDICTS]
    return html.Div([words_field("orders", t), buttons("orders", ACTIONS, "order_action", t, MAIN),
                     html.Div(verdicts, className="act-buttons"), html.P(id="orders-said", className="feeds-said",
                                                                         role="status")],
                    id="orders-form", className="act-form", hidden=True)


def _sample_form(services: Any, t: Words) -> html.Div:
    units: Any = [{"label": one.name, "value": one.code} for one in services.catalogue.organisations.values()]
    return html.Div([
        html.H2(t("orders_page.draw")), html.P(t("orders_page.draw_words"), className="panel-note"),
        html.Div([html.Label(t("orders_page.sample.month")), dcc.Input(id="sample-month", className="field",
                                                                       placeholder="2026-03")],
                 className="act-field"),
        html.Div([html.Label(t("orders_page.sample.unit")), dcc.Dropdown(units, id="sample-org",
                                                                         placeholder=t("complaints_page.choose_unit"),
                                                                         labels=dropdown_words(t))],
                 className="act-field"),
        html.Div(html.Button(t("orders_page.draw"), id="sample-draw", className="button button-main"), className="act-buttons"),
        html.Div([html.Div([html.Label(t("orders_page.call.place")), dcc.Input(id="sample-place", type="number", min=1, value=1,
                                                                              className="field")], className="act-field"),
                  choice("sample", "result", "sample_result", CallResult, t),
                  html.Div([html.Label(t("follow_page.words")), dcc.Input(id="sample-note", className="field")],
                           className="act-field"),
                  html.Div(html.Button(t("orders_page.record_call"), id="sample-record", className="button"),
                           className="act-buttons")], id="sample-calling", hidden=True),
        html.P(id="sample-said", className="feeds-said", role="status")], id="orders-sample", className="act-form", hidden=True)


def register(app: Dash, services: Any) -> None:
    def words() -> Words:
        return words_of(services.texts, services.settings.display.language)

    @app.callback(Output("orders-head", "children"), Output("orders-list", "children"), Input("orders-address", "search"),
                  Input("orders-changed", "data"), Input("orders-tick", "n_intervals"))
    def refresh(search: str | None, _changed: Any, _ticks: Any) -> tuple[Any, Any]:
        return head(services, g.actor, asked(search), words()), listed(services, g.actor, asked(search), words())

    @app.callback(Output("orders-detail", "children"), Output("orders-seen", "data"), Output("propose-card", "value"),
                  Output("liability-rows", "children"), Output("order-edit-fields", "children"),
                  [Output(name, "hidden") for names in PARTS.values() for name in names],
                  [Output(f"orders-do-{action}", "hidden") for action in ACTIONS],
                  [Output(f"orders-verdict-{name}", "hidden") for name in VERDICTS],
                  Input("orders-address", "search"), Input("orders-changed", "data"))
    def show(search: str | None, _changed: Any) -> Any:
        found = shown(services, g.actor, asked(search), words())
        return [found.picture, found.seen, found.card, found.rows, found.fields,
                *(part not in found.parts for part, names in PARTS.items() for _ in names),
                *(action not in found.may for action in ACTIONS), *(found.is_decided for _ in VERDICTS)]

    @app.callback(Output("orders-said", "children"), Output("orders-changed", "data"), Output("orders-words", "value"),
                  [Input(f"orders-do-{action}", "n_clicks") for action in ACTIONS],
                  [Input(f"orders-verdict-{name}", "n_clicks") for name in VERDICTS],
                  State("orders-address", "search"), State("orders-words", "value"), State("orders-seen", "data"),
                  prevent_initial_call=True)
    def handle(*given: Any) -> Any:
        *clicks, search, said, looked_at = given
        button, query = str(ctx.triggered_id or ""), asked(search)
        if not any(clicks):
            raise PreventUpdate
        try:
            done = _do(services, button, query, said or "", looked_at or {}, words())
        except SupervisionError as refusal:
            return sentence(refusal, words()), uuid.uuid4().hex, said
        return done, uuid.uuid4().hex, ""

    _register_samples(app, services, words)
    liability_form.register(app, services, words)
    order_draft.register(app, services, words)


def _register_samples(app: Dash, services: Any, words: Any) -> None:
    @app.callback(Output("sample-said", "children"), Input("sample-draw", "n_clicks"), Input("sample-record", "n_clicks"),
                  [State(f"sample-{name}", "value") for name in ("month", "org", "place", "result", "note")],
                  State("orders-address", "search"), prevent_initial_call=True)
    def sample(_draws: int | None, _records: int | None, *given: Any) -> Any:
        month, org, place, result, note, search = given
        desk = services.follow_up.samples
        try:
            if ctx.triggered_id == "sample-draw":
                number = desk.draw((month or "").strip(), org or "", g.actor)
                return dcc.Link(words()("orders_page.drawn"), href=f"?view=samples&sample={number}", refresh=False)
            number = number_in(asked(search).get("sample", ""))
            case_id = next((call.case_id for call in desk.calls(number, g.actor) if call.place == place), 0)
            desk.record(number, case_id, result or "", note or "", g.actor)
        except SupervisionError as refusal:
            return sentence(refusal, words())
        return words()("orders_page.recorded")


def _do(services: Any, button: str, query: dict[str, str], said: str, looked_at: dict[str, int], t: Words) -> str:
    """Carry out what a button asks of the order as it was shown; returns what the person is told."""
    if button.startswith("orders-verdict-"):
        verdict = button.removeprefix("orders-verdict-")
        services.follow_up.liability.decide(number_in(query.get("proposal", "")), g.actor, verdict, said)
        return t(f"liability.state.{verdict}")
    action, order_id = button.removeprefix("orders-do-"), number_in(query.get("order", ""))
    rev = looked_at.get("rev", 0) if looked_at.get("order") == order_id else 0  # nobody approves a text he has not seen
    perform(services.follow_up.orders, order_id, action, OrderAct(rev=rev, words=said), g.actor)
    return t("follow_page.done", action=t(f"order_action.{action}"))


def head(services: Any, actor: Actor, query: dict[str, str], t: Words) -> list[Any]:
    """Tabs of what this person may look at, and the figures of the orders."""
    names = ["", "papers", *(["new", "liability"] if actor.has(*JUDGES) else []),
             *(["samples"] if actor.has(*WATCHERS) else [])]
    view = query.get("view", "")
    parts: list[Any] = [views([(name, t(f"orders_page.view.{name or 'orders'}")) for name in names], view)]
    if view in ("", "new"):
        counts = services.follow_up.order_queries.counts(actor, services.clock.now_us())
        parts.append(seen.figure_row(counts, query.get("standing", ""), t))
    return parts


def listed(services: Any, actor: Actor, query: dict[str, str], t: Words) -> Any:
    desk, org_name, view = services.follow_up, services.case_queries.org_name, query.get("view", "")
    if view == "papers":
        rows, total = desk.register.register(actor, Wanted(query.get("kind", ""), text=query.get("q", "")), PAGE)
        return seen.register(rows, total, org_name, t)
    if view == "liability" and actor.has(*JUDGES):
        return seen.liabilities(desk.liability.listed(actor), query.get("proposal", ""), org_name, t)
    if view == "samples" and actor.has(*WATCHERS):
        return seen.samples(desk.samples.listed(actor), query.get("sample", ""), org_name, t)
    now = services.clock.now_us()
    rows, total = desk.order_queries.listed(actor, WantedOrders(query.get("kind", ""), query.get("standing", "")), now, PAGE)
    return seen.table(rows, total, query, now, org_name, t)


def shown(services: Any, actor: Actor, query: dict[str, str], t: Words) -> Shown:
    """The right side of what the address asks for."""
    view = query.get("view", "")
    if view == "samples" and actor.has(*WATCHERS):
        calls = services.follow_up.samples.calls(number_in(query.get("sample", "")), actor)
        picture = seen.calls(calls, services.case_queries.item_name, t) if calls else None
        return Shown(picture, ("sample", "calling") if calls else ("sample",))
    if view == "liability" and actor.has(*JUDGES):
        return _liability(services, actor, query, t)
    if view == "new" and actor.has(*JUDGES):
        return Shown(None, ("draft",))
    if not query.get("order") or view:
        return Shown(html.P(t("orders_page.select"), className="case-none"))
    return _order(services, actor, number_in(query["order"]), t)


def _order(services: Any, actor: Actor, number: int, t: Words) -> Shown:
    try:
        found = services.follow_up.order_queries.find(number, actor)
    except SupervisionError as refusal:
        return Shown(html.P(sentence(refusal, t), className="case-none"))
    picture = seen.detail(found, services.clock.now_us(), services, t, may_propose=actor.has(*JUDGES))
    fields = order_draft.edit_fields(found, t) if "edit" in found.may else None
    parts = (*(["form"] if found.may else []), *(["edit"] if fields else []))
    return Shown(picture, parts, found.may, seen={"order": number, "rev": found.head.rev}, fields=fields)


def _liability(services: Any, actor: Actor, query: dict[str, str], t: Words) -> Shown:
    """One proposal; without one, the form in which a new one begins."""
    number = number_in(query.get("proposal", ""))
    if not number:
        return Shown(None, ("propose",), card=number_in(query.get("card", "")) or None)
    row = next((row for row in services.follow_up.liability.listed(actor) if row.id == number), None)
    if row is None:
        return Shown(html.P(t("error.liability_not_found", id=number), className="case-none"))
    is_open = row.state == "proposed"
    return Shown(seen.liability_detail(row, t), ("form", "change") if is_open else (), is_decided=not is_open,
                 rows=liability_form.change_rows(row.proposal.persons, t) if is_open else None)
