"""我的工作: what waits for a member of the approval staff at the window, in hand and to be concluded; claimed from here."""

from __future__ import annotations

import uuid
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g

from core.access import Actor
from core.errors import Conflict, SupervisionError
from dashboard.panels import top_bar, work_lists
from dashboard.panels.follow_up import asked
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.power_words import kind_of
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

PREFIX = "/worklist/"
TITLE = "work.title"
FOUND_MAX = 50


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    hidden = [dcc.Location(id="work-address", refresh=False), dcc.Store(id="work-changed"),
              dcc.Interval(id="work-tick", interval=10_000)]
    search = html.Div([html.Label(t("work.search"), htmlFor="work-search"),
                       dcc.Input(id="work-search", type="search", debounce=0.3, placeholder=t("work.search_hint"),
                                 className="field", autoComplete="off"),
                       html.Label(t("work.kinds"), htmlFor="work-kind"), _kinds(services, t)],
                      className="work-search", role="search")
    main = html.Main([
        html.Div([html.Div(id="work-figures"), search,
                  html.A(t("work.register"), href="/window/", className="button button-main")], className="follow-head"),
        html.P(id="work-said", className="form-said", role="status"),
        html.Section([html.H2(id="work-head"), html.Div(id="work-list", className="work-scroll")], className="panel")],
        className="follow-body")
    return html.Div([*hidden, top_bar.layout(t, "work", services.settings.demo.enabled), main], className="staff work",
                    **{"data-hall": work_lists.script_texts(t)})


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("work-figures", "children"), Output("work-head", "children"), Output("work-list", "children"),
                  Input("work-address", "search"), Input("work-search", "value"), Input("work-kind", "value"),
                  Input("work-changed", "data"), Input("work-tick", "n_intervals"))
    def refresh(search: str | None, text: str | None, kind: str | None, _changed: Any, _ticks: Any) -> Any:
        return listed(services, g.actor, asked(search).get("list", ""), text or "", _words(services), kind or "")

    @app.callback(Output("work-said", "children"), Output("work-changed", "data"), Input({"claim": ALL, "rev": ALL},
                                                                                         "n_clicks"),
                  State("work-address", "search"), prevent_initial_call=True)
    def claim(clicks: list[int | None], _search: str | None) -> Any:
        pressed = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        return claimed(services, g.actor, str(pressed["claim"]), int(pressed["rev"]), _words(services))


def listed(services: Any, actor: Actor, wanted: str, text: str, t: Words, kind: str = "") -> tuple[Any, Any, Any]:
    """Figures, the head of the list and the list: the one asked for, else the first in which something waits. `kind` shows the
    cases of one kind of power only."""
    queries = services.approval.queries
    rows = {name: _of_kind(getattr(queries, name)(actor), kind, services) for name in work_lists.LISTS}
    if text.strip():
        found = _of_kind(queries.search(actor, text, FOUND_MAX), kind, services)
        head = t("work.found", n=len(found), text=text.strip())
        return (work_lists.figures({name: len(one) for name, one in rows.items()}, "", t), head,
                work_lists.table(found, services, actor, t, t("work.found_none")))
    first = next((name for name in work_lists.LISTS if rows[name]), work_lists.LISTS[0])
    chosen = wanted if wanted in rows else first
    return (work_lists.figures({name: len(one) for name, one in rows.items()}, chosen, t),
            t(f"work.list_head.{chosen}"), work_lists.table(rows[chosen], services, actor, t, t(f"work.empty.{chosen}")))


def _of_kind(rows: list[Any], kind: str, services: Any) -> list[Any]:
    return [row for row in rows if not kind or kind_of(services.catalogue.find_item(row.item)) == kind]


def _kinds(services: Any, t: Words) -> dcc.Dropdown:
    """The kinds of power the catalogue has items of."""
    known = dict.fromkeys(item.kind for item in services.catalogue.items.values())
    listed: Any = [{"value": kind, "label": t(f"item_kind.{kind}")} for kind in known]
    return dcc.Dropdown(id="work-kind", options=listed, placeholder=t("work.kind_all"), className="edit-choice work-kind",
                        labels=dropdown_words(t))


def claimed(services: Any, actor: Actor, case_no: str, rev: int, t: Words) -> tuple[Any, Any]:
    """Taken, with the way to the case; or who was faster. Either way the lists are read anew."""
    try:
        services.approval.handling.claim(case_no, rev, actor)
    except SupervisionError as refusal:
        return sentence(refusal, t), uuid.uuid4().hex if isinstance(refusal, Conflict) else no_update
    return [t("work.claimed", no=case_no), " ", html.A(t("work.go_on"), href=f"/hosted/?no={case_no}")], uuid.uuid4().hex


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
