"""月通报, the monthly bulletins: made in one click, read as it will be printed, submitted, issued, published, taken away."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g, has_request_context

from core.access import Actor
from core.errors import SupervisionError
from core.instants import date_of
from dashboard.panels import bulletin_views as views
from dashboard.panels import top_bar
from dashboard.panels.follow_up import asked, buttons, number_in, words_field
from dashboard.panels.paper_view import sheet
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from evaluation.bulletins.figures import month_before, month_of
from evaluation.bulletins.http import ACTIONS, BulletinAct, perform
from evaluation.bulletins.matters import DRAFTERS
from evaluation.bulletins.queries import Detail

PREFIX = "/bulletins/"
TITLE = "bulletins_page.title"
MONTHS = 24  # offered, those that are over
MAIN = ("submit", "issue", "publish")
REFRESH_MS = 10_000


def layout(services: Any) -> html.Div:
    t, actor = _words(services), _actor()
    hidden = [dcc.Location(id="bulletins-address", refresh=False), dcc.Store(id="bulletins-changed"),
              dcc.Store(id="bulletins-seen"), dcc.Interval(id="bulletins-tick", interval=REFRESH_MS)]
    may_make = actor is not None and actor.has(*DRAFTERS)
    new = html.Section([html.H2(t("bulletins_page.new")), html.P(t("bulletins_page.words"), className="panel-note"),
                        views.form(_months(services), _areas(services, actor, t), t)], className="panel", hidden=not may_make)
    by_itself = html.Section(views.schedule(services.bulletins.schedule, _scheduled(services, actor, t), t), className="panel",
                             hidden=not may_make)
    there = html.Section([html.H2(t("bulletins_page.list")), html.Div(id="bulletins-list")], className="panel")
    act = html.Div([words_field("bulletins", t), buttons("bulletins", ACTIONS, "bulletin_action", t, MAIN)],
                   id="bulletins-form", className="act-form", hidden=True)
    one = html.Section([html.Div(id="bulletins-head"), act, html.P(id="bulletins-said", className="feeds-said", role="status"),
                        html.Div(id="bulletins-corrected"), html.Div(id="bulletins-sheet", className="bulletins-desk")],
                       className="panel bulletins-one")
    bar = top_bar.layout(t, "bulletins", services.settings.demo.enabled)
    left = html.Div([new, by_itself, there], className="bulletins-left")
    return html.Div([*hidden, bar, html.Main([left, one], className="bulletins-body")], className="staff bulletins edit")


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("bulletins-list", "children"), Input("bulletins-address", "search"),
                  Input("bulletins-changed", "data"), Input("bulletins-tick", "n_intervals"))
    def listed(search: str | None, _changed: Any, _ticks: Any) -> Any:
        rows = services.bulletins.queries.listed(g.actor)
        return views.table(rows, number_in(asked(search).get("bulletin", "")), _words(services))

    @app.callback(Output("bulletins-head", "children"), Output("bulletins-corrected", "children"),
                  Output("bulletins-sheet", "children"), Output("bulletins-seen", "data"), Output("bulletins-form", "hidden"),
                  [Output(f"bulletins-do-{action}", "hidden") for action in ACTIONS], Input("bulletins-address", "search"),
                  Input("bulletins-changed", "data"))
    def show(search: str | None, _changed: Any) -> Any:
        return shown(services, asked(search), g.actor, _words(services))

    @app.callback(Output("bulletins-made", "children"), Output("bulletins-changed", "data"),
                  Output("bulletins-address", "search"), Input("bulletins-produce", "n_clicks"),
                  State("bulletins-month", "value"), State("bulletins-area", "value"), prevent_initial_call=True)
    def produce(clicks: int | None, month: Any, area: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        return made(services, str(month or ""), "" if area == views.ALL else str(area or ""), _words(services))

    @app.callback(Output("bulletins-chosen", "children"), Output("bulletins-scheduled", "value"),
                  Output("bulletins-drawn", "data"), Input("bulletins-choose", "n_clicks"),
                  State("bulletins-scheduled", "value"), State("bulletins-drawn", "data"), prevent_initial_call=True)
    def choose(clicks: int | None, wanted: Any, drawn: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        return chosen(services, set(map(str, wanted or ())), set(map(str, drawn or ())), _words(services))

    @app.callback(Output("bulletins-said", "children"), Output("bulletins-changed", "data", allow_duplicate=True),
                  Output("bulletins-words", "value"), [Input(f"bulletins-do-{action}", "n_clicks") for action in ACTIONS],
                  State("bulletins-address", "search"), State("bulletins-words", "value"), State("bulletins-seen", "data"),
                  prevent_initial_call=True)
    def act(*given: Any) -> Any:
        *clicks, search, said, seen = given
        if not any(clicks[0] if len(clicks) == 1 and isinstance(clicks[0], list) else clicks):
            raise PreventUpdate
        action = str(ctx.triggered_id or "").removeprefix("bulletins-do-")
        return acted(services, action, number_in(asked(search).get("bulletin", "")), said or "", seen or {}, _words(services))


def made(services: Any, month: str, area: str, t: Words) -> tuple[Any, Any, Any]:
    """(what is said, what makes the page read anew, the address of the new draft)."""
    try:
        number = services.bulletins.service.produce(area, month, g.actor)
    except SupervisionError as refusal:
        return sentence(refusal, t), no_update, no_update
    return t("bulletins_page.made"), uuid.uuid4().hex, f"?bulletin={number}"


def chosen(services: Any, wanted: set[str], drawn: set[str], t: Words) -> tuple[str, Any, Any]:
    """(what is said, twice those that are on from now on). Only what differs from the page as it was drawn is changed: what
    somebody else chose meanwhile stays, and is shown."""
    try:
        changed = sum(services.bulletins.schedule.choose("" if area == views.ALL else area, g.actor, is_on=area in wanted)
                      for area in sorted(wanted ^ drawn))
    except SupervisionError as refusal:
        return sentence(refusal, t), no_update, no_update
    on = views.areas_on(services.bulletins.schedule, _scheduled(services, g.actor, t))
    return t("bulletins_page.chosen", n=changed), on, on


def acted(services: Any, action: str, number: int, said: str, seen: Mapping[str, int], t: Words) -> tuple[Any, Any, Any]:
    """Nobody signs a text he has not seen: the revision is that of the one shown."""
    rev = seen.get("rev", 0) if seen.get("bulletin") == number else 0
    try:
        perform(services.bulletins.service, number, action, BulletinAct(rev=rev, words=said), g.actor)
    except SupervisionError as refusal:
        return sentence(refusal, t), uuid.uuid4().hex, said
    return t("follow_page.done", action=t(f"bulletin_action.{action}")), uuid.uuid4().hex, ""


def shown(services: Any, query: Mapping[str, str], actor: Actor, t: Words) -> list[Any]:
    """Head, corrections, the paper, what it was drawn from, and which buttons are hidden."""
    number = number_in(query.get("bulletin", ""))
    try:
        detail: Detail = services.bulletins.queries.find(number, actor) if number else None
    except SupervisionError as refusal:
        return [html.P(sentence(refusal, t), className="case-none"), None, None, None, True, *(True for _ in ACTIONS)]
    if detail is None:
        return [html.P(t("bulletins_page.choose"), className="case-none"), None, None, None, True, *(True for _ in ACTIONS)]
    desk = services.bulletins.service
    head = [views.head(detail, desk.hashes(detail.head), t), views.history(detail, t)]
    corrections = views.corrected(desk.corrected(detail), services.evaluation.indicators, t)
    may = [action for action in ACTIONS if action in detail.may]
    return [head, corrections, sheet(desk.paper(detail), t("bulletins_page.unnumbered")),
            {"bulletin": number, "rev": detail.head.rev}, not may, *(action not in may for action in ACTIONS)]


def _months(services: Any) -> list[str]:
    """Months that are over, the newest first."""
    today: date = date_of(services.areas.default.calendar.today(services.clock.now_us()))
    found, day = [], today
    for _ in range(MONTHS):
        found.append(month_before(day))
        day = month_of(found[-1]).first
    return found


def _scheduled(services: Any, actor: Actor | None, t: Words) -> dict[str, str]:
    """Those he may put on and off; also one that is on and that the catalogue has no more, by its code."""
    if actor is None or not actor.has(*DRAFTERS):
        return {}
    known = {"": t("bulletins_page.whole_city"), **{code: area.name for code, area in services.catalogue.areas.items()}}
    return {area: known.get(area, area) for area in services.bulletins.schedule.choices()
            if actor.area in ("", area)}


def _areas(services: Any, actor: Actor | None, t: Words) -> dict[str, str]:
    """Everything and each area, or his own."""
    known = {code: area.name for code, area in services.catalogue.areas.items()}
    if actor is not None and actor.area:
        return {actor.area: known.get(actor.area, actor.area)}
    return {"": t("bulletins_page.whole_city"), **known}


def _actor() -> Actor | None:
    return g.get("actor") if has_request_context() else None


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
