"""区域图, the map: the areas coloured by one indicator of one period, and the same as a table. A sketch, never a boundary.

Every choice stands in the address as on the comparison page, where a click on an area leads. What may be seen is decided by the
queries behind it: whoever is bound to an area sees that one, the others as bare shapes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate
from flask import Response, g, request

from core.access import Actor
from core.instants import date_of
from dashboard.comparison_views import corrected_after
from dashboard.panels import comparison_choices as choices
from dashboard.panels import top_bar
from dashboard.panels.comparison_export import Head, definitions, sheet
from dashboard.panels.comparison_pictures import PICTURE_GRAPH, empty
from dashboard.panels.downloads import KINDS, as_file
from dashboard.panels.map_picture import Drawn, map_figure
from dashboard.panels.map_table import address_of, map_table
from dashboard.theme import load_theme
from dashboard.words import Words, words_of
from evaluation import wording
from evaluation.comparison import Row, SideBySide
from evaluation.corrected import of_units
from evaluation.wish import Wish, columns_of, wish_of

PREFIX = "/map/"
TITLE = "map_page.title"
KEPT = ("period", "indicator", "basis", "limits")


def layout(services: Any) -> html.Div:
    """The frame; the picture is there from the start, so that clicks on it can be answered."""
    t = _words(services)
    picture = dcc.Graph(id="map-picture", figure=empty(load_theme()), config=PICTURE_GRAPH, className="map-picture")
    pair = html.Section([html.Div([picture, html.P(t("map_page.sketch_means"), className="panel-note")]),
                         html.Div(id="map-side", className="map-side")], className="panel map-pair")
    body = html.Main([html.Div(id="map-head", className="comparison-head"), pair], className="comparison-body map-body")
    return html.Div([dcc.Location(id="map-address", refresh=False), dcc.Location(id="map-onward", refresh=True),
                     top_bar.layout(t, "map", services.settings.demo.enabled), body],
                    className="staff comparison map", **{"data-comparison": "true"})


def register(app: Dash, services: Any) -> None:
    for kind in KINDS:
        app.server.add_url_rule(f"{PREFIX}export.{kind}", f"map_{kind}", lambda kind=kind: export(services, kind))

    @app.callback(Output("map-head", "children"), Output("map-picture", "figure"), Output("map-side", "children"),
                  Input("map-address", "search"))
    def show(search: str | None) -> tuple[Any, Any, Any]:
        t = _words(services)
        wish = _wish(services, search, g.actor)
        shown = compared(services, wish, g.actor, [])
        return _head(services, wish, t), _picture(services, wish, shown, t), _side(services, wish, shown, g.actor, t)

    @app.callback(Output("map-onward", "href"), Input("map-picture", "clickData"), State("map-picture", "figure"),
                  State("map-address", "search"), prevent_initial_call=True)
    def onward(clicked: Any, figure: Any, search: str | None) -> str:
        area = clicked_area(clicked, figure)
        if not area:
            raise PreventUpdate
        return address_of(_wish(services, search, g.actor), area)


def export(services: Any, kind: str) -> Response:
    """The table of the address as a file, with the other indicators beside; written down before it is given out."""
    t, actor = _words(services), g.actor
    query = request.query_string.decode(errors="replace")
    wish = _wish(services, query, actor)
    columns = columns_of(list(services.evaluation.indicators.indicators), wish)
    shown = compared(services, wish, actor, columns)
    said = [*wording.about_funnel(shown, t), *wording.about_ranks(shown, t)]
    services.read_log.note("map_export", query, actor, request.remote_addr or "")
    indicators = services.evaluation.indicators
    known = of_units(services.evaluation.queries, actor, wish.question)
    head = Head(wish, indicators, "", actor, services.clock.now_us(), known)
    made = sheet(shown, head, columns, said, t)
    return as_file(services, made, "map", kind, t, definitions([shown.indicator.code, *columns], indicators, t))


def compared(services: Any, wish: Wish, actor: Actor, columns: list[str]) -> SideBySide:
    """The areas the person sees, also those in which nothing was counted."""
    shown = services.evaluation.comparison.side_by_side(actor, wish.question, columns)
    there = {row.key for row in shown.rows}
    missing = [_nothing(code, one.name) for code, one in services.catalogue.areas.items()
               if code not in there and actor.area in ("", code)]
    return replace(shown, rows=(*shown.rows, *missing))


def clicked_area(clicked: Any, figure: Any) -> str:
    """The area whose fill was clicked: a fill tells which trace it is, and the trace whose."""
    point = ((clicked or {}).get("points") or [{}])[0]
    traces, at = (figure or {}).get("data") or [], point.get("curveNumber")
    area = traces[at].get("meta") if isinstance(at, int) and 0 <= at < len(traces) else ""
    return area if isinstance(area, str) else ""


# Parts of the page ----------------------------------------------------------------------------------------------------------


def _head(services: Any, wish: Wish, t: Words) -> list[Any]:
    files = choices.exports(wish, t, PREFIX, ["map-picture"])
    chosen = [choices.periods(wish, t), choices.dates(wish, t, PREFIX), choices.basis(wish, t)]
    way = html.A(t("map_page.to_comparison"), href=f"/comparison/{wish.address(by='area')}")
    title = html.Nav([html.H1(t("map_page.title")), html.Div(way, className="comparison-trail")])
    return [html.Div([title, files], className="comparison-line"), html.Div(chosen, className="comparison-choices"),
            choices.indicator_choice(wish, services.evaluation.indicators, t)]


def _picture(services: Any, wish: Wish, shown: SideBySide, t: Words) -> Any:
    drawn, theme = services.evaluation.map, load_theme()
    if drawn is None:
        return empty(theme)
    label = shown.indicator.label.in_language(t.language)
    title = " · ".join((label, choices.period_name(wish, t), t(f"comparison_page.basis_{wish.question.basis.word}")))
    return map_figure(Drawn(drawn, shown, title), theme, t)


def _side(services: Any, wish: Wish, shown: SideBySide, actor: Actor, t: Words) -> list[Any]:
    drawn = services.evaluation.map
    label = shown.indicator.label.in_language(t.language)
    none = [html.P(t("map_page.no_map"), className="panel-note")] if drawn is None else []
    said = [*wording.about_ranks(shown, t), *wording.about_funnel(shown, t)]
    table = map_table(shown, wish, drawn.regions if drawn else (), t)
    return [html.H2(t("map_page.by_area", indicator=label)), *none,
            html.Ul([html.Li(one) for one in said], className="comparison-says"), _widening(shown, wish, t),
            html.Div(table, className="comparison-scroll"), html.P(t("map_page.reading"), className="panel-note"),
            corrected_after(services, wish, actor, t)]


def _widening(shown: SideBySide, wish: Wish, t: Words) -> Any:
    """Offered where areas differ more than chance: limits by the spread there is."""
    if not shown.is_over_dispersed:
        return None
    is_wide = wish.question.widened
    return html.P(choices.link(t("comparison_page.narrow" if is_wide else "comparison_page.widen"),
                               wish.address(limits="" if is_wide else "wide")))


def _nothing(code: str, name: str) -> Row:
    return Row(code, name, {}, None, None, None, 0, "none", is_own=False)


def _wish(services: Any, search: str | None, actor: Actor) -> Wish:
    """The choices of the comparison, always by area and of the whole city."""
    today = date_of(services.areas.default.calendar.today(services.clock.now_us()))
    wish = wish_of(search, actor, today, list(services.evaluation.indicators.indicators))
    question = replace(wish.question, by="area", area="", org="", item="")
    return replace(wish, question=question, given={name: value for name, value in wish.given.items() if name in KEPT})


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
