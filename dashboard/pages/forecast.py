"""预测: which open cases are likely to overrun, per department, and beside it how good such forecasts have been.

Nothing here is a fact: cards and figures know nothing of it. Whose cases are shown is decided by the queries behind it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, dcc, html
from flask import g

from core.access import Actor
from dashboard.panels import forecast_views, top_bar
from dashboard.panels.forecast_words import badge
from dashboard.theme import load_theme
from dashboard.words import Words, words_of

PREFIX = "/forecast/"
TITLE = "forecast.title"
SHOWN_MAX = 60


def layout(services: Any) -> html.Div:
    """The frame; what is in it follows the address."""
    t = _words(services)
    return html.Div([dcc.Location(id="forecast-address", refresh=False),
                     top_bar.layout(t, "forecast", services.settings.demo.enabled),
                     html.Main(id="forecast-body", className="forecast-body")], className="staff forecast")


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("forecast-body", "children"), Input("forecast-address", "search"))
    def show(search: str | None) -> Any:
        chosen = parse_qs((search or "").lstrip("?")).get("org", [""])[0]
        return body(services, g.actor, chosen, _words(services))


def body(services: Any, actor: Actor, org: str, t: Words) -> list[Any]:
    """The whole page for a person; `org` narrows the list of cases to one department."""
    queries, names = services.forecasts.queries, services.case_queries
    standing = queries.standing()
    head = html.Div([html.H1([t("forecast.title"), badge(t)]), html.P(t("forecast.no_fact"))], className="forecast-head")
    if standing is None:
        key = "no_model" if services.settings.forecast.enabled else "turned_off"
        return [head, html.Section(html.P(t(f"forecast.{key}"), className="forecast-silent"), className="panel")]
    found = queries.departments(actor)
    shown = org if any(one.org == org for one in found) else ""
    return [html.Div([head, forecast_views.model_line(standing, t)], className="forecast-top"),
            forecast_views.quality(standing, load_theme(), t),
            html.Div([forecast_views.departments(found, shown, names, t), _silent(services, t)], className="forecast-who"),
            forecast_views.cases(queries.at_risk(actor, shown, SHOWN_MAX), shown, names, t)]


def _silent(services: Any, t: Words) -> html.Section:
    """When nothing is said, and why."""
    least = services.settings.forecast.cases_min
    reasons = [html.Li(t(f"forecast.silent.{name}", n=least))
               for name in ("few", "no_limit", "no_calendar", "not_accepted", "overdue")]
    return html.Section([html.H2(t("forecast.when_silent")), html.Ul(reasons, className="forecast-words")], className="panel")


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
