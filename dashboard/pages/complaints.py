"""投诉咨询, consultations, complaints and bad ratings: the list, one of them, what is done about it, and taking one in."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html
from dash.exceptions import PreventUpdate
from flask import g, has_request_context, request

from core.access import Actor, Role
from core.errors import SupervisionError
from dashboard.panels import complaint_views as seen
from dashboard.panels import top_bar
from dashboard.panels.follow_up import asked, buttons, choice, flat, views, words_field
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from supervision.complaints.http import ComplaintAct, perform
from supervision.complaints.matters import OFFICERS, Filing, Finding, Reporter, Satisfaction
from supervision.complaints.queries import WantedComplaints

PREFIX = "/complaints/"
TITLE = "complaints_page.title"
ACTIONS = ("accept", "refuse", "transfer", "answer", "call_back", "ask_extension", "grant_extension", "deny_extension", "note")
MAIN = ("accept", "answer", "call_back", "grant_extension")
IDENTITY = (Role.INSPECTOR, Role.LEADER)
PAGE = 100
# Which further field an action needs.
NEEDS = {"transfer": "route", "answer": "finding", "call_back": "satisfaction", "ask_extension": "days"}


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    actor = g.get("actor") if has_request_context() else None
    may_file = actor is not None and actor.has(*OFFICERS, Role.ADMINISTRATOR)
    tabs = [("", t("complaints_page.list")), *([("new", t("complaints_page.new"))] if may_file else [])]
    hidden = [dcc.Location(id="complaints-address", refresh=False), dcc.Store(id="complaints-changed"),
              dcc.Store(id="complaints-seen"), dcc.Interval(id="complaints-tick", interval=10_000),
              dcc.Store(id="complaints-tabs", data=tabs)]
    pair = html.Div([html.Section(html.Div(id="complaints-list"), className="panel"),
                     html.Section([html.Div(id="complaints-detail"), _form(services, t)], className="panel follow-side")],
                    id="complaints-pair", className="follow-pair")
    new = html.Section(_filing(services, t), id="complaints-new", className="panel", hidden=True)
    main = html.Main([html.Div(id="complaints-head", className="follow-head"), pair, new], className="follow-body")
    return html.Div([*hidden, top_bar.layout(t, "complaints", services.settings.demo.enabled), main], className="staff follow")


def _form(services: Any, t: Words) -> html.Div:
    """The ids are there for everybody; what a person may not do now is hidden, and refused by the service."""
    routes = services.follow_up.rules.complaints.bodies
    days = html.Div([html.Label(t("follow_page.days")), dcc.Input(id="complaints-days", type="number", min=1, max=60, value=3,
                                                                  className="field")],
                    id="complaints-days-field", className="act-field", hidden=True)
    fields = [words_field("complaints", t), choice("complaints", "route", "complaint_body", routes, t),
              choice("complaints", "finding", "complaint_finding", Finding, t),
              choice("complaints", "satisfaction", "complaint_satisfaction", Satisfaction, t), days,
              buttons("complaints", ACTIONS, "complaint_action", t, MAIN),
              html.Button(t("complaints_page.read_identity"), id="complaints-identity", className="button", hidden=True),
              html.Div(id="complaints-reporter"), html.P(id="complaints-said", className="feeds-said", role="status")]
    return html.Div(fields, id="complaints-form", className="act-form", hidden=True)


def _filing(services: Any, t: Words) -> html.Div:
    organisations = services.catalogue.organisations.values()
    return seen.filing_form([(one.code, one.name) for one in organisations], _categories(services), t)


def _categories(services: Any) -> dict[str, list[str]]:
    known = services.follow_up.rules.complaints.categories
    return {kind: [code for code, category in known.items() if kind in category.kinds] for kind in ("complaint",
                                                                                                    "consultation")}


def register(app: Dash, services: Any) -> None:
    def words() -> Words:
        return words_of(services.texts, services.settings.display.language)

    @app.callback(Output("complaints-head", "children"), Output("complaints-list", "children"),
                  Output("complaints-pair", "hidden"), Output("complaints-new", "hidden"),
                  Input("complaints-address", "search"), Input("complaints-changed", "data"),
                  Input("complaints-tick", "n_intervals"), State("complaints-tabs", "data"))
    def refresh(search: str | None, _changed: Any, _ticks: Any, tabs: Any) -> tuple[Any, Any, bool, bool]:
        return listed(services, g.actor, asked(search), tabs, words())

    @app.callback(Output("complaints-detail", "children"), Output("complaints-seen", "data"),
                  Output("complaints-form", "hidden"), Output("complaints-identity", "hidden"),
                  [Output(f"complaints-{name}-field", "hidden") for name in ("route", "finding", "satisfaction", "days")],
                  [Output(f"complaints-do-{action}", "hidden") for action in ACTIONS],
                  Input("complaints-address", "search"), Input("complaints-changed", "data"))
    def show(search: str | None, _changed: Any) -> Any:
        picture, looked_at, *hidden = shown(services, g.actor, asked(search).get("no", ""), words())
        return [picture, looked_at, *flat(hidden)]

    @app.callback(Output("complaints-said", "children"), Output("complaints-changed", "data"), Output("complaints-words",
                                                                                                      "value"),
                  [Input(f"complaints-do-{action}", "n_clicks") for action in ACTIONS],
                  State("complaints-address", "search"), State("complaints-words", "value"), State("complaints-route", "value"),
                  State("complaints-finding", "value"), State("complaints-satisfaction", "value"),
                  State("complaints-days", "value"), State("complaints-seen", "data"), prevent_initial_call=True)
    def handle(*given: Any) -> Any:
        clicks, (search, said, route, finding, satisfaction, days, looked_at) = given[:len(ACTIONS)], given[len(ACTIONS):]
        no, action = asked(search).get("no", ""), str(ctx.triggered_id or "").removeprefix("complaints-do-")
        if not no or action not in ACTIONS or not any(clicks):
            raise PreventUpdate
        try:
            # As it was shown: nobody acts on what he has not seen.
            rev = looked_at["rev"] if looked_at and looked_at["no"] == no else -1
            told = ComplaintAct(rev=rev, words=said or "", route=route or "", days=int(days or 0), finding=finding or "",
                       satisfaction=satisfaction or "")
            perform(services.follow_up.complaints, no, action, told, g.actor)
        except SupervisionError as refusal:
            return sentence(refusal, words()), list(clicks), said
        return words()("follow_page.done", action=words()(f"complaint_action.{action}")), list(clicks), ""

    @app.callback(Output("complaints-reporter", "children"), Input("complaints-identity", "n_clicks"),
                  Input("complaints-address", "search"), State("complaints-words", "value"), prevent_initial_call=True)
    def identity(clicks: int | None, search: str | None, reason: str | None) -> Any:
        """Gone again as soon as another complaint is looked at."""
        if ctx.triggered_id != "complaints-identity" or not clicks:
            return None
        no = asked(search).get("no", "")
        try:
            told = services.follow_up.complaints.read_identity(no, g.actor, reason or "")
        except SupervisionError as refusal:
            return html.P(sentence(refusal, words()), className="feeds-said")
        services.read_log.note("reporter", no, g.actor, request.remote_addr or "")
        return seen.reporter(told, words())

    _register_filing(app, services, words)


def _register_filing(app: Dash, services: Any, words: Any) -> None:
    @app.callback(Output("complaint-category", "options"), Output("complaint-category", "value"), Input("complaint-kind",
                                                                                                        "value"))
    def categories(kind: str | None) -> Any:
        return seen.categories_of(kind or "complaint", _categories(services), words()), None

    @app.callback(Output("complaint-filed", "children"), Input("complaint-file", "n_clicks"),
                  [State(f"complaint-{name}", "value") for name in (
                      "kind", "channel", "category", "org", "title", "case", "content", "name", "phone", "address")],
                  prevent_initial_call=True)
    def file(clicks: int | None, *values: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        kind, channel, category, org, title, case, content, *who = [(value or "").strip() for value in values]
        filing = Filing(kind, category, org, title, content, about_case=case, channel=channel)
        try:
            no = services.follow_up.complaints.file(filing, Reporter(*who), g.actor)
        except SupervisionError as refusal:
            return sentence(refusal, words())
        return dcc.Link(words()("complaints_page.filed", no=no), href=f"?no={no}", refresh=False)


def listed(services: Any, actor: Actor, query: dict[str, str], tabs: Any, t: Words) -> tuple[Any, Any, bool, bool]:
    """Head, list, and which of the two parts is hidden."""
    now, queries = services.clock.now_us(), services.follow_up.complaint_queries
    is_new = query.get("view") == "new" and len(tabs) > 1
    head = [views([tuple(tab) for tab in tabs], "new" if is_new else "")]
    if is_new:
        return head, None, True, False
    standing = query.get("standing", "")
    rows, total = queries.listed(actor, WantedComplaints(query.get("kind", ""), standing, query.get("q", "")), now, PAGE)
    head.append(seen.figure_row(queries.counts(actor, now), standing, t))
    return head, seen.table(rows, total, query, now, services.case_queries.org_name, t), False, True


def shown(services: Any, actor: Actor, no: str, t: Words) -> Any:
    """The detail, what it was drawn from, and which parts of its form are hidden."""
    nothing = [True] * 4, [True] * len(ACTIONS)
    if not no:
        return html.P(t("complaints_page.select"), className="case-none"), None, True, True, *nothing
    try:
        found = services.follow_up.complaint_queries.find(no, actor)
    except SupervisionError as refusal:
        return html.P(sentence(refusal, t), className="case-none"), None, True, True, *nothing
    may_read = found.has_reporter and actor.has(*IDENTITY)
    needed = {NEEDS.get(action) for action in found.may}
    if found.head.kind != "complaint":
        needed.discard("finding")
    fields = [name not in needed for name in ("route", "finding", "satisfaction", "days")]
    view = seen.detail(found, services.clock.now_us(), services.case_queries.org_name, t, may_read)
    looked_at = {"no": no, "rev": found.head.rev}
    hidden = not found.may and not may_read, not may_read, fields, [action not in found.may for action in ACTIONS]
    return view, looked_at, *hidden
