"""办件: a hosted case with its way, clocks, papers and history; exactly what one may do; and how it stood at any instant."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g, request

from approval.performing import perform
from core.access import Actor
from core.errors import Conflict, InvalidInput, SupervisionError
from dashboard.panels import hosted_acts as acts
from dashboard.panels import hosted_case as seen
from dashboard.panels import hosted_plan as plans
from dashboard.panels import top_bar, work_lists
from dashboard.panels.follow_up import asked
from dashboard.panels.power_words import act_words, kind_of
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

PREFIX = "/hosted/"
TITLE = "hosted.title"


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    hidden = [dcc.Location(id="hosted-address", refresh=False), dcc.Store(id="hosted-changed"), dcc.Store(id="hosted-seen"),
              dcc.Store(id="hosted-kept", data={}), dcc.Interval(id="hosted-tick", interval=8_000),
              dcc.Input(id="hall-station", persistence="hall", persistence_type="local", type="hidden")]
    side = html.Aside([html.Div(id="hosted-acts"), html.P(id="hosted-said", className="form-said", role="status"),
                       html.Div(id="hosted-effect",
                                className="hosted-effect"), html.Div(id="hosted-form")], className="panel hosted-side")
    main = html.Main([html.Div(id="hosted-head"),
                      html.Div([html.Div([plans.layout(services, t), html.Div(id="hosted-body", className="hosted-column")],
                                         className="hosted-column"), side], className="hosted-pair")], className="follow-body")
    return html.Div([*hidden, top_bar.layout(t, "hosted", services.settings.demo.enabled), main], className="staff hosted",
                    **{"data-hall": work_lists.script_texts(t)})


def register(app: Dash, services: Any) -> None:
    _register_reading(app, services)
    _register_acting(app, services)
    _register_plan(app, services)


def _register_reading(app: Dash, services: Any) -> None:
    @app.callback(Output("hosted-head", "children"), Output("hosted-body", "children"), Output("hosted-acts", "children"),
                  Output("hosted-form", "children"), Output("plan", "hidden"), Output("hosted-seen", "data"),
                  Input("hosted-address", "search"), Input("hosted-changed", "data"), Input("hosted-tick", "n_intervals"),
                  State("hosted-seen", "data"), State("hosted-kept", "data"))
    def show(search: str | None, changed: Any, _ticks: Any, looked_at: Any, kept: Any) -> Any:
        return shown(services, g.actor, asked(search), changed, looked_at, kept or {}, _words(services))

    @app.callback(Output("hosted-effect", "children"), Input({"told": ALL}, "value"), Input("hosted-address", "search"),
                  State({"told": ALL}, "id"))
    def effect(values: list[Any], search: str | None, names: list[Any]) -> Any:
        query = asked(search)
        told = {name["told"]: value for name, value in zip(names, values, strict=True) if name}
        return seen.effect(services, g.actor, query.get("no", ""), query.get("act", ""), told, _words(services))


def shown(services: Any, actor: Actor, query: Mapping[str, str], changed: str | None, looked_at: Any, kept: Mapping[str, Any],
          t: Words) -> Any:
    """Head, body, acts, form, whether the plan is hidden, and what it was all drawn from.

    When the very question that `looked_at` answers is asked again, the page only looks for news: what somebody writes stays as
    it is, and what he saw stays what he acts on, so that he cannot act on what he has not seen. The question decides, not what
    triggered it: a tick that falls between a click and its answer takes the place of the click, and must still answer it.
    """
    no = query.get("no", "").strip()
    if not no:
        return seen.nothing(services, actor, t), None, None, None, True, None
    try:
        case = seen.read(services, no, actor)
        question = {"no": no, "act": query.get("act", ""), "at": query.get("at", ""), "changed": changed}
        is_again = bool(looked_at) and looked_at.get("question") == question
        if is_again and looked_at["sign"] == case.sign:
            raise PreventUpdate
        head, body = seen.head(services, case, t), seen.body(services, case, query.get("at", ""), actor, t)
    except SupervisionError as refusal:
        told = html.Section(html.P(sentence(refusal, t), className="case-none"), className="panel")
        return told, None, None, None, True, None
    if not is_again:
        services.read_log.note("hosted_case", no, actor, request.remote_addr or "")
    may = [] if query.get("at") else acts.allowed(case.before)
    act = query.get("act", "") if query.get("act", "") in may else ""
    picture = {"no": no, "rev": case.before.detail.head.rev, "sign": case.sign, "question": question, "act": act}
    if is_again and looked_at["act"]:
        news = html.P(t("hosted.news"), className="hosted-news", role="alert")
        return head, [news, *body], no_update, no_update, no_update, {**looked_at, "sign": case.sign}
    form = acts.form(case.before, act, kept.get(act, {}), lambda: seen.colleagues(services, case, actor), t) if act else None
    return head, body, seen.act_buttons(case, may, act, t), form, act != "dispatch", picture


def _register_acting(app: Dash, services: Any) -> None:
    @app.callback(Output("hosted-said", "children"), Output("hosted-changed", "data"), Output("hosted-address", "search"),
                  Output("hosted-kept", "data"), Output({"amiss": ALL}, "children"), Input({"press": ALL}, "n_clicks"),
                  State({"told": ALL}, "value"), State({"told": ALL}, "id"), State({"amiss": ALL}, "id"),
                  State("hosted-address", "search"), State("hosted-seen", "data"), State("hall-station", "value"),
                  State("plan-parts", "data"), prevent_initial_call=True)
    def act(clicks: list[int | None], values: list[Any], names: list[Any], places: list[Any], search: str | None,
            looked_at: Any, station: str | None, plan: Any) -> Any:
        pressed = ctx.triggered_id
        if not pressed or not any(clicks) or not looked_at or looked_at["no"] != asked(search).get("no"):
            raise PreventUpdate
        told = {name["told"]: value for name, value in zip(names, values, strict=True) if name}
        fields = [place["amiss"] for place in places]
        return acted(services, g.actor, looked_at, str(pressed["press"]), told, station or "", plan or [], fields,
                     _words(services))

    @app.callback(Output("hosted-said", "children", allow_duplicate=True), Input("hosted-address", "search"),
                  prevent_initial_call=True)
    def turn(_search: str | None) -> Any:
        """What was said of one case is not said of the next; what has just been done stays to be read."""
        if ctx.triggered and _search and "act=" in _search:
            return ""
        raise PreventUpdate


def acted(services: Any, actor: Actor, looked_at: Mapping[str, Any], act: str, values: Mapping[str, Any], station: str,
          plan: plans.Plan, fields: list[str], t: Words) -> Any:
    """What is said, what makes the page read anew, the address, what had been written, and the error of every field."""
    no, blank = looked_at["no"], [""] * len(fields)
    try:
        if act not in acts.FIELDS:
            raise InvalidInput("act_unknown", act=act[:32], accepted=", ".join(acts.FIELDS))
        told = acts.told(act, values, looked_at["rev"], station, plans.parts_of(plan) if act == "dispatch" else ())
        perform(services.approval, no, act, told, actor, services.accounts.actor_of)
    except Conflict as refusal:
        # Somebody was faster: told in words, the new state is shown, and what was written is still there.
        return sentence(refusal, t), uuid.uuid4().hex, no_update, {act: dict(values)}, blank
    except SupervisionError as refusal:
        key = {"opinion": "words", "finding": "words", "collector": "words", "ground": "reason"}.get(
            str(refusal.details.get("key", "")), str(refusal.details.get("key", "")))
        said = sentence(refusal, t)
        at_field = [said if name == key else "" for name in fields]
        return "" if key in fields else said, no_update, no_update, {act: dict(values)}, at_field
    kind = kind_of(services.catalogue.find_item(services.approval.queries.find(no, actor).head.item))
    return t("hosted.done", act=act_words(act, kind, t)), uuid.uuid4().hex, f"?no={no}", {}, blank


def _register_plan(app: Dash, services: Any) -> None:
    @app.callback(Output("plan-parts", "data"), Output("plan-said", "children"), Output("plan-item", "value"),
                  Input("plan-add", "n_clicks"), Input({"remove": ALL}, "n_clicks"), Input({"waits": ALL}, "value"),
                  State({"waits": ALL}, "id"), State("plan-item", "value"), State("plan-stage", "value"),
                  State("plan-after", "value"), State("plan-silent", "value"), State("plan-parts", "data"),
                  prevent_initial_call=True)
    def change(_adds: int | None, removals: list[int | None], waits: list[Any], names: list[Any], code: str | None, stage: Any,
               after: list[str] | None, silent: list[str] | None, plan: Any) -> Any:
        t, pressed, plan = _words(services), ctx.triggered_id, plan or []
        if pressed == "plan-add":
            item = services.catalogue.find_item(code or "")
            if item is None:
                return no_update, t("window.item_missing"), no_update
            plan = plans.added(plan, item, services.catalogue.organisations[item.org].short, stage, after or [], bool(silent))
            return plan, plans.fault(plan, t), None
        if isinstance(pressed, dict) and "remove" in pressed and any(removals):
            plan = plans.removed(plan, pressed["remove"])
        elif isinstance(pressed, dict) and "waits" in pressed:
            plan = plans.waiting_for(plan, {name["waits"]: value or [] for name, value in zip(names, waits, strict=True)})
        else:
            raise PreventUpdate
        return plan, plans.fault(plan, t), no_update

    @app.callback(Output("plan-table", "children"), Output("plan-after", "options"), Input("plan-parts", "data"))
    def draw(plan: Any) -> Any:
        plan = plan or []
        return plans.table(plan, services, _words(services)), [{"label": part["node"], "value": part["node"]} for part in plan]


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
