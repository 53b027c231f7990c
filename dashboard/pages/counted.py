"""清单, the very cases, cards or duties behind a figure of the comparison: all of them, page by page, and as a file.

The address is that of the comparison with the number asked for, so a list is a link. Whose cases are shown is decided by the
query behind it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, dcc, html
from flask import Response, g, request

from core.access import Actor
from core.errors import InvalidInput, NotPermitted
from dashboard.comparison_files import LOOK
from dashboard.comparison_views import asked_of, corrected_after, may_see, subject_of
from dashboard.panels import counted_views as views
from dashboard.panels import top_bar
from dashboard.panels.comparison_choices import PAGE as COMPARISON
from dashboard.panels.comparison_choices import definition, period_name
from dashboard.panels.comparison_export import Head, definitions
from dashboard.panels.counted_export import sheet
from dashboard.panels.downloads import KINDS, as_file
from dashboard.times import stamp
from dashboard.words import Words, words_of
from evaluation.bulletins.figures import worked_out
from evaluation.comparison import WITHIN
from evaluation.corrected import of_subject
from evaluation.counted import Behind, Part, listed_part
from evaluation.period import Basis
from evaluation.seasons import Span
from evaluation.wish import Wish

PREFIX = views.PAGE
TITLE = "counted_page.title"


def layout(services: Any) -> html.Div:
    """The frame; what is in it follows the address."""
    t = _words(services)
    return html.Div([dcc.Location(id="counted-address", refresh=False),
                     top_bar.layout(t, "comparison", services.settings.demo.enabled),
                     html.Main(id="counted-body", className="comparison-body")], className="staff comparison")


def register(app: Dash, services: Any) -> None:
    for kind in KINDS:
        app.server.add_url_rule(f"{PREFIX}export.{kind}", f"counted_{kind}", lambda kind=kind: export(services, kind))

    @app.callback(Output("counted-body", "children"), Input("counted-address", "search"))
    def show(search: str | None) -> Any:
        return body(services, asked_of(services, search, g.actor), _more(search), g.actor, _words(services))


def body(services: Any, wish: Wish, more: dict[str, str], actor: Actor, t: Words) -> list[Any]:
    """The whole page for a person."""
    way_back = html.A(t("counted_page.back"), href=f"{COMPARISON}{wish.address()}")
    indicators, (part, unit, after) = services.evaluation.indicators, _asked(services, wish, more)
    is_open = bool(wish.question.org) and may_see(services, actor, wish.question.org)
    if part is None or not is_open:
        key = "nothing_listed" if is_open else "not_yours" if wish.question.org else "choose"
        return [html.Section([html.P(t(f"counted_page.{key}"), className="case-none"), html.P(way_back)], className="panel")]
    size = services.settings.evaluation.counted_page
    found = services.evaluation.counted.behind(actor, wish.question, part, size, unit=unit, after=after)
    said = [*views.about(found, t), *_frozen(services, wish, actor, part, unit, found, t)]
    listed = [views.lines_table(found, services.case_queries.item_name, t), views.pager(found, wish, part, unit, after, t)]
    return [html.Div([html.Div([_head(services, wish, unit, t), _files(wish, part, unit, t)], className="comparison-line"),
                      views.parts(wish, indicators, part, unit, t),
                      html.P(definition(found.indicator, indicators, t), className="panel-note"), html.P(way_back)],
                     className="comparison-head"),
            html.Section([html.Ul([html.Li(one) for one in said], className="comparison-says"),
                          html.Div(listed, className="comparison-scroll")], className="panel"),
            _corrected(services, wish, actor, t)]


def export(services: Any, kind: str) -> Response:
    """The whole list as a file, up to the lines one may have; written down before it is given out."""
    t, actor, query = _words(services), g.actor, request.query_string.decode(errors="replace")
    wish = asked_of(services, query, actor)
    if not wish.question.org:
        raise InvalidInput("org_missing")
    if not may_see(services, actor, wish.question.org):
        raise NotPermitted("not_permitted")
    part, unit, _ = _asked(services, wish, _more(query))
    if part is None:
        raise InvalidInput("nothing_listed", indicator=wish.question.indicator)
    indicators, most = services.evaluation.indicators, services.settings.evaluation.counted_file_max
    found = services.evaluation.counted.behind(actor, wish.question, part, most, unit=unit)
    head = Head(wish, indicators, subject_of(services, wish, t), actor, services.clock.now_us(),
                of_subject(services.evaluation.queries, actor, wish.question))
    said = [*views.about(found, t), *_frozen(services, wish, actor, part, unit, found, t)]
    made = sheet(found, head, views.part_name(found.indicator, part, indicators, t), said, services.case_queries.item_name, t)
    services.read_log.note(LOOK, query, actor, request.remote_addr or "")
    return as_file(services, made, "counted", kind, t, definitions([found.indicator.code], indicators, t))


# Parts of the page -----------------------------------------------------------------------------------------------------------


def _more(search: str | None) -> dict[str, str]:
    return {name: values[0][:200] for name, values in parse_qs((search or "").lstrip("?")).items()}


def _asked(services: Any, wish: Wish, more: dict[str, str]) -> tuple[Part | None, str, str]:
    """Which number (None: it has no list), of which channel or power, from where on; what cannot be is the beginning."""
    one = services.evaluation.indicators.find(wish.question.indicator)
    part = listed_part(one, Part.BELOW if more.get("part") == Part.BELOW.value else Part.ABOVE)
    return part, more.get("unit", "") if wish.question.by in WITHIN else "", more.get("after", "")


def _head(services: Any, wish: Wish, unit: str, t: Words) -> html.Div:
    label = services.evaluation.indicators.find(wish.question.indicator).label.in_language(t.language)
    basis = t(f"comparison_page.basis_{wish.question.basis.word}")
    names = services.evaluation.queries.unit_name(wish.question.by, unit) if unit else ""
    parts = [subject_of(services, wish, t), names, period_name(wish, t), basis]
    return html.Div([html.H1(t("counted_page.head", indicator=label)),
                     html.P(" · ".join(filter(None, parts)), className="comparison-trail")])


def _files(wish: Wish, part: Part, unit: str, t: Words) -> html.Div:
    files = [html.A(t(f"file_page.{kind}"), className="button",
                    href=views.address_of(wish, part, unit, page=f"{PREFIX}export.{kind}")) for kind in KINDS]
    paper = html.Button(t("comparison_page.print"), type="button", className="button", **{"data-print": "true"})
    return html.Div([*files, paper], className="comparison-exports", title=t("comparison_page.link"))


def _frozen(services: Any, wish: Wish, actor: Actor, part: Part, unit: str, found: Behind, t: Words) -> list[str]:
    """What issued bulletins of the month say of the same number."""
    question = wish.question
    if wish.span is not Span.MONTH or question.basis is not Basis.EVENT or question.item or unit:
        return []
    said = []
    for row, figures in services.bulletins.queries.frozen(actor, f"{question.period.first:%Y-%m}", question.area):
        own = next((one for one in figures.units if one.org == question.org), None)
        then = None if own is None else worked_out(found.indicator, own.counts)[0 if part is Part.ABOVE else 1]
        if then is not None:
            said.append((row.number or str(row.id), stamp(row.issued_at)[:10], float(then)))
    return views.told_frozen(said, found.figure, t)


def _corrected(services: Any, wish: Wish, actor: Actor, t: Words) -> Any:
    told = corrected_after(services, wish, actor, t)
    return None if told is None else html.Section(told, className="panel")


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
