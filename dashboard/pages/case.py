"""办件, the page of one case: what is known of it and why its light is what it is; and the search for one."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote

from dash import Dash, Input, Output, dcc, html
from flask import g, has_request_context, request

from cases.explain import explain
from core.access import OF_ONE_UNIT, Actor
from dashboard.navigation import may_open
from dashboard.panels import case_clocks, case_facts, case_forecast, case_search, top_bar
from dashboard.words import Words, words_of

PREFIX = "/case/"
TITLE = "case.title"
FOUND_MAX = 50
SIGNALS = ("red", "yellow", "warning")


def layout(services: Any) -> html.Div:
    """Frame and search; the body follows the address."""
    t = words_of(services.texts, services.settings.display.language)
    bar = top_bar.layout(t, "case", services.settings.demo.enabled)
    return html.Div([dcc.Location(id="case-address", refresh=False), bar, case_search.layout(t),
                     html.Main(id="case-body", className="case-body")], className="staff case")


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("case-body", "children"), Input("case-address", "pathname"), Input("case-address", "search"))
    def show(pathname: str | None, search: str | None) -> Any:
        t = words_of(services.texts, services.settings.display.language)
        return body(services, g.actor, pathname or PREFIX, parse_qs((search or "").lstrip("?")), t)


def body(services: Any, actor: Actor, pathname: str, query: dict[str, list[str]], t: Words) -> Any:
    """One case when the address names one, else what was searched for."""
    parts = [unquote(part) for part in pathname.removeprefix(PREFIX).split("/", 1)]
    if len(parts) == 2 and parts[1]:
        return _case(services, actor, parts[0], parts[1].rstrip("/"), query.get("clock", [""])[0], t)
    return _search(services, actor, query.get("q", [""])[0].strip(), t)


def _search(services: Any, actor: Actor, text: str, t: Words) -> Any:
    """What was searched for; before that, a department user's own cases that need attention."""
    own = actor.org if is_limited(actor) else None
    if not text:
        needy = services.case_queries.list_cases(own, SIGNALS, area=actor.area) if own is not None else []
        return case_search.render_own(needy, t) if own is not None else case_search.render(text, [], t)
    rows = services.case_queries.search(text, FOUND_MAX + 1, own, actor.area)
    if [row.case_no for row in rows] == [text]:
        return _case(services, actor, rows[0].area, text, "", t)
    return case_search.render(text, rows[:FOUND_MAX], t, has_more=len(rows) > FOUND_MAX)


def is_limited(actor: Actor) -> bool:
    """Whether the person sees his own unit only."""
    return not actor.roles - OF_ONE_UNIT


def _case(services: Any, actor: Actor, area: str, case_no: str, clock: str, t: Words) -> Any:
    case = services.case_queries.find_case(case_no, services.clock.now_us(), area)
    if case is None or not _may_read(services, actor, case):
        return _refusal(actor, t)
    services.read_log.note("case", f"{case.area}/{case.case_no}", actor, _address())
    clocks = explain(case, services.areas)
    main = [case_clocks.render(clocks, clock, case.as_of, services.presets, t), _forecast(services, actor, case, t),
            case_facts.events(case, actor, t)]
    return html.Div([case_facts.render(case, actor, t), html.Div(main, className="case-main")], className="case-view")


def _may_read(services: Any, actor: Actor, case: Any) -> bool:
    """Whoever reads a hosted case reads how its clocks were explained, too."""
    return actor.may_see(case.area, case.org) or services.approval.queries.may_read(case.case_id, actor)


def _forecast(services: Any, actor: Actor, case: Any, t: Words) -> Any:
    queries = services.forecasts.queries
    found = queries.of_case(actor, case.area, case.case_no)
    tried = queries.tried(found.chance) if found is not None else None
    return case_forecast.render(found, tried, services.case_queries, services.settings.forecast.cases_min,
                                leads_on=may_open(actor, "/forecast/"), t=t)


def _address() -> str:
    return (request.remote_addr or "") if has_request_context() else ""


def _refusal(actor: Actor, t: Words) -> html.Section:
    """A department user gets one answer for a case of another unit and for one that does not exist."""
    words = t("case.not_permitted" if is_limited(actor) else "case.not_found")
    return html.Section([html.P(words), html.A(t("case.back"), href=PREFIX)], className="panel case-none")
