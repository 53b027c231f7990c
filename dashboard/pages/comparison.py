"""比较, the leaders' comparison: departments side by side with places, funnel and words; one over time; down to cases.

Every choice stands in the address, so a view is a link. What may be seen is decided by the queries behind it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate
from flask import Response, g, request

from core.access import Actor
from dashboard.comparison_files import VIEWS, file_of
from dashboard.comparison_views import (
    ITEM_COLUMNS,
    asked_of,
    compared,
    corrected_after,
    happened,
    happening_words,
    may_see,
    subject_of,
)
from dashboard.panels import comparison_choices as choices
from dashboard.panels import counted_views, top_bar
from dashboard.panels.comparison_persons import SHOWN as PERSON_COLUMNS
from dashboard.panels.comparison_persons import offer, persons_table
from dashboard.panels.comparison_pictures import PICTURE_GRAPH, course_figure, empty, funnel_figure
from dashboard.panels.comparison_table import table
from dashboard.panels.downloads import KINDS
from dashboard.theme import load_theme
from dashboard.words import Words, words_of
from evaluation import wording
from evaluation.comparison import WITHIN, SideBySide, is_limited
from evaluation.counted import Part, listed_part
from evaluation.happenings import Happening
from evaluation.over_time import Grain
from evaluation.persons import DAYS_MOST, PERSONS_LOOK
from evaluation.statistics import Shape
from evaluation.wish import Wish

PREFIX = "/comparison/"
TITLE = "comparison_page.title"
CASES_SHOWN, CASES_DAYS = 20, 92  # of the list behind the figure, whose page has all of it; in longer periods it is there alone


def layout(services: Any) -> html.Div:
    """The frame; both graphs are there from the start, so that clicks on them can be answered."""
    t, nothing = _words(services), empty(load_theme())
    side = html.Section([html.Div(id="comparison-side"), html.Div([
        dcc.Graph(id="comparison-funnel", figure=nothing, config=PICTURE_GRAPH, className="comparison-picture"),
        html.Div(id="comparison-funnel-words")], className="comparison-beside")], className="panel comparison-pair")
    course = html.Section([html.Div(id="comparison-course-head"), dcc.Graph(
        id="comparison-course", figure=nothing, config=PICTURE_GRAPH, className="comparison-picture"),
        html.Div(id="comparison-course-words")], className="panel comparison-over-time")
    below = html.Section(id="comparison-below", className="panel", hidden=True)
    head = html.Div(id="comparison-head", className="comparison-head")
    body = html.Main([head, side, course, below], className="comparison-body")
    return html.Div([dcc.Location(id="comparison-address", refresh=False),
                     top_bar.layout(t, "comparison", services.settings.demo.enabled), body],
                    className="staff comparison", **{"data-comparison": "true"})


def register(app: Dash, services: Any) -> None:
    for kind in KINDS:
        app.server.add_url_rule(f"{PREFIX}export.{kind}", f"comparison_{kind}", lambda kind=kind: export(services, kind))

    @app.callback(Output("comparison-head", "children"), Output("comparison-side", "children"),
                  Output("comparison-funnel", "figure"), Output("comparison-funnel-words", "children"),
                  Input("comparison-address", "search"))
    def show(search: str | None) -> tuple[Any, Any, Any, Any]:
        t = _words(services)
        wish = _wish(services, search, g.actor)
        return _head(services, wish, g.actor, t), *_side(services, wish, g.actor, t)

    @app.callback(Output("comparison-course-head", "children"), Output("comparison-course", "figure"),
                  Output("comparison-course-words", "children"), Output("comparison-below", "children"),
                  Output("comparison-below", "hidden"), Input("comparison-address", "search"))
    def follow(search: str | None) -> tuple[Any, Any, Any, Any, bool]:
        t = _words(services)
        wish = _wish(services, search, g.actor)
        below = _below(services, wish, g.actor, t)
        return *_course(services, wish, g.actor, t), below, not below

    @app.callback(Output("comparison-address", "search"), Input("comparison-funnel", "clickData"),
                  State("comparison-address", "search"), prevent_initial_call=True)
    def choose(clicked: Any, search: str | None) -> str:
        key = _clicked(clicked)
        wish = _wish(services, search, g.actor)
        if not key or wish.question.by in WITHIN:
            raise PreventUpdate
        by_area = wish.question.by == "area"
        return wish.address(area=key, by="") if by_area else wish.address(org=key, item="")


def export(services: Any, kind: str) -> Response:
    """A view of the address as a file."""
    wish = _wish(services, request.query_string.decode(errors="replace"), g.actor)
    return file_of(services, wish, g.actor, request.args.get("view", next(iter(VIEWS))), kind, _words(services))


# Parts of the page -----------------------------------------------------------------------------------------------------------


def _head(services: Any, wish: Wish, actor: Actor, t: Words) -> Any:
    question, queries = wish.question, services.case_queries
    area = services.catalogue.areas.get(question.area)
    names = {"area": area.name if area else question.area, "org": queries.org_name(question.org) if question.org else "",
             "item": queries.item_name(question.item) if question.item else ""}
    areas = [] if actor.area else [(code, one.name) for code, one in services.catalogue.areas.items()]
    return choices.head(wish, services.evaluation.indicators, areas, names, t, is_limited=is_limited(actor))


def _side(services: Any, wish: Wish, actor: Actor, t: Words) -> tuple[Any, Any, Any]:
    shown, columns = compared(services, wish, actor)
    label = shown.indicator.label.in_language(t.language)
    note = [html.P(t("comparison_page.anonymous"), className="panel-note")] if shown.is_anonymous else []
    rows = table(shown, wish, services.evaluation.indicators, columns, wish.question.by, t,
                 _lists(services, wish, actor, wish.question.by))
    side = [html.H2(t("comparison_page.side_by_side", indicator=label)), _sentences(wording.about_ranks(shown, t)), *note,
            html.Div(rows, className="comparison-scroll")]
    is_mean, is_median = shown.shape is Shape.MEAN, shown.indicator.spread is not None
    means = t(f"comparison_page.{'median_plot' if is_median else 'mean_plot' if is_mean else 'funnel'}_means")
    words = [html.H2(t("comparison_page.intervals" if is_mean else "comparison_page.funnel")),
             _sentences(wording.about_funnel(shown, t)), _widening(shown, wish, t), html.P(means, className="panel-note")]
    return side, funnel_figure(shown, load_theme(), t), words


def _widening(shown: SideBySide, wish: Wish, t: Words) -> Any:
    """Offered where units differ more than chance: limits by the spread there is."""
    if not shown.is_over_dispersed:
        return None
    is_wide = wish.question.widened
    return html.P(choices.link(t("comparison_page.narrow" if is_wide else "comparison_page.widen"),
                               wish.address(limits="" if is_wide else "wide")))


def _course(services: Any, wish: Wish, actor: Actor, t: Words) -> tuple[Any, Any, Any]:
    """The chart of what was drilled down to: item, department, area, or everything."""
    over_time, question = services.evaluation.over_time, wish.question
    course = over_time.course(actor, question, wish.grain)
    indicator = course.indicator.label.in_language(t.language)
    grains = html.Nav([choices.link(t(f"comparison_page.grain.{grain}"), wish.address(grain=grain), grain is wish.grain)
                       for grain in Grain], className="choice-group")
    head = html.Div([html.H2([t("comparison_page.over_time", name=subject_of(services, wish, t), indicator=indicator),
                              choices.files(wish, "course", t)]), grains], className="comparison-line")
    marks = happened(services, question, course)
    figure = course_figure(course, marks, lambda one: happening_words(services, one, t), load_theme(), t)
    seasons = over_time.seasons(actor, question, wish.span)
    words = html.Div([_sentences(wording.about_course(course, t)),
                      html.Div([html.H3([t("comparison_page.seasons"), choices.files(wish, "seasons", t)]),
                                _sentences(wording.about_seasons(course.indicator, seasons, t))]),
                      html.Div([_marks(services, marks, t), corrected_after(services, wish, actor, t)],
                               className="comparison-stack")],
                     className="comparison-columns")
    return head, figure, words


def _marks(services: Any, marks: list[Happening], t: Words) -> Any:
    """The same in words, for whoever cannot see the shading, and on paper."""
    if not marks:
        return None
    lines = [html.Li([html.Span(one.first.isoformat() if one.first == one.last else f"{one.first} – {one.last:%m-%d}",
                                className="num is-quiet"), " ", happening_words(services, one, t)]) for one in reversed(marks)]
    return html.Div([html.H3(t("comparison_page.marks")), html.Ul(lines, className="comparison-marks")])


def _below(services: Any, wish: Wish, actor: Actor, t: Words) -> Any:
    """The items of the department, and the cases of the item or department."""
    question = wish.question
    if not question.org or not may_see(services, actor, question.org):
        return None
    of_items = replace(question, by="item")
    codes = [code for code in ITEM_COLUMNS if code in services.evaluation.indicators.indicators]
    shown = services.evaluation.comparison.side_by_side(actor, of_items, codes)
    name = services.case_queries.org_name(question.org)
    items = [html.H2([t("comparison_page.items", name=name), choices.files(wish, "items", t)]),
             html.Div(table(shown, wish, services.evaluation.indicators, codes, "item", t,
                            _lists(services, wish, actor, "item")), className="comparison-scroll")]
    subject = services.case_queries.item_name(question.item) if question.item else name
    beside = html.Div([html.Div(items), _cases(services, wish, actor, subject, t)], className="comparison-below")
    return html.Div([beside, _persons(services, wish, actor, name, t)])


def _persons(services: Any, wish: Wish, actor: Actor, name: str, t: Words) -> Any:
    """Who concluded the department's cases; a look at it is written down before it is shown."""
    persons, question = services.evaluation.persons, wish.question
    if question.item or not persons.may_see(actor, question.org):
        return None
    head = html.H2(t("comparison_page.persons", name=name))
    if not wish.given.get("persons"):
        return html.Div([head, offer(wish, t)])
    first, last = question.period.days
    if last - first >= DAYS_MOST:
        return html.Div([head, html.P(t("comparison_page.persons_too_long", n=DAYS_MOST), className="panel-note")])
    subject = f"{question.org} {question.period.first} {question.period.last}"
    services.read_log.note(PERSONS_LOOK, subject, actor, request.remote_addr or "")
    codes = [code for code in PERSON_COLUMNS if code in persons.codes]
    found = persons.figures(actor, question.period, question.org, codes, question.basis)
    indicators = services.evaluation.indicators
    rows = persons_table(found, [indicators.find(code) for code in codes], indicators, t)
    return html.Div([head, html.P(choices.files(wish, "persons", t)), rows])


def _cases(services: Any, wish: Wish, actor: Actor, subject: str, t: Words) -> html.Div | None:
    """The first of what is behind the figure, and the way to all of it."""
    part = listed_part(services.evaluation.indicators.find(wish.question.indicator), Part.ABOVE)
    if part is None:
        return None
    head, address = html.H2(t("comparison_page.cases", name=subject)), counted_views.address_of(wish, part, by="")
    first, last = wish.question.period.days
    if last - first >= CASES_DAYS:
        return html.Div([head, html.P(html.A(t("comparison_page.list_long"), href=address))], className="comparison-cases")
    found = services.evaluation.counted.behind(actor, wish.question, part, CASES_SHOWN)
    whole = html.P(html.A(t("comparison_page.list_whole", n=f"{found.things:,}"), href=address)) if found.things else None
    said = html.Ul([html.Li(one) for one in counted_views.about(found, t)], className="comparison-says")
    rows = counted_views.lines_table(found, services.case_queries.item_name, t)
    return html.Div([head, said, whole, rows], className="comparison-cases")


def _lists(services: Any, wish: Wish, actor: Actor, drill: str) -> counted_views.Lists:
    return counted_views.lists_of(wish, drill, services.evaluation.indicators, lambda org: may_see(services, actor, org))


# ----------------------------------------------------------------------------------------------------------------------------


def _sentences(said: list[str]) -> html.Ul:
    return html.Ul([html.Li(one) for one in said], className="comparison-says")


def _clicked(data: Any) -> str:
    points = (data or {}).get("points") or [{}]
    key = points[0].get("customdata")
    return key if isinstance(key, str) else ""


def _wish(services: Any, search: str | None, actor: Actor) -> Wish:
    return asked_of(services, search, actor)


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
