"""抽查: the random looks as a list by round, one of them with its picture, and the form an inspector fills. Pure but for
reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from dash import dcc, html

from core.access import Actor
from core.errors import SupervisionError
from dashboard.footage_day import why_words
from dashboard.panels.follow_up import link
from dashboard.panels.tables import facts
from dashboard.refusals import sentence
from dashboard.times import day_text, stamp
from dashboard.words import Words
from video.footage.rights import MARKERS
from video.footage.sampling import POINTS, Mark

EMPTY = (*(None for _ in POINTS), "")   # the form as nobody has filled it: the points, the comment


def chosen(query: Mapping[str, str]) -> int | None:
    """The look in the address: ?view=sampling&look=17."""
    text = query.get("look", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def listing(services: Any, actor: Actor, query: Mapping[str, str], t: Words) -> list[Any]:
    """The rounds, the latest first; each window with what was found."""
    queries = services.footage.queries
    rows = queries.samplings(actor, only_open=query.get("only") == "open")
    cameras = {one.id: one for one in queries.cameras(actor, {row.camera_id for row in rows})}
    waiting = sum(not row.done_name for row in rows)
    filters = html.Nav([link(t("footage_page.sampling_all"), _tab(query.get("only") != "open"), view="sampling"),
                        link(t("footage_page.sampling_open", n=waiting), _tab(query.get("only") == "open"), view="sampling",
                             only="open")], className="tabs")
    if not rows:
        return [filters, html.P(t("footage_page.no_samplings"), className="case-none")]
    rounds = groupby(rows, key=lambda row: (row.area, row.day, row.round))
    return [filters, *(_round(key, list(of_round), cameras, query, t) for key, of_round in rounds)]


def _tab(is_chosen: bool) -> str:
    return "tab is-chosen" if is_chosen else "tab"


def _round(key: tuple[str, int, int], rows: list[Any], cameras: Mapping[int, Any], query: Mapping[str, str],
           t: Words) -> html.Div:
    _, day, round_no = key
    drawn = t("footage_page.round_at", at=stamp(rows[0].drawn)[11:], of=rows[0].drawn_from)
    assumed = [html.P(t("footage_page.calendar_assumed"), className="panel-note")] if rows[0].calendar_assumed else []
    head = html.H3([html.Span(t("footage_page.round", day=day_text(day), n=round_no + 1)), html.Span(drawn, className="num")])
    lines = html.Ol([_line(row, cameras.get(row.camera_id), query, t) for row in rows])
    return html.Div([head, *assumed, lines], className="sampling-round")


def _line(row: Any, camera: Any, query: Mapping[str, str], t: Words) -> html.Li:
    name = [html.Strong(camera.window if camera else "—", className="num"), html.Span(camera.name if camera else "")]
    is_here = query.get("look") == str(row.id)
    words = [*name, result(row, t)]
    return html.Li(link(words, f"sampling-line{' is-here' if is_here else ''}", view="sampling", only=query.get("only", ""),
                        look=str(row.id)))


def result(row: Any, t: Words) -> html.Span:
    """How a look stands: to be looked at, nothing found, or what was."""
    if not row.done_name:
        return html.Span(t("footage_page.sampling_waits"), className="chip sampling-waits")
    bad = [t(f"footage_page.point_{name}") for name in POINTS if getattr(row, name) == Mark.BAD]
    if bad:
        return html.Span("、".join(bad), className="chip sampling-bad")
    return html.Span(t("footage_page.sampling_good"), className="chip sampling-good")


def detail(services: Any, actor: Actor, query: Mapping[str, str], t: Words) -> tuple[Any, bool, dict[str, Any]]:
    """One look, whether its form is hidden, and what the browser keeps of it: which it is, and a mark that changes with it."""
    number = chosen(query)
    if number is None:
        return html.P(t("footage_page.choose_sampling"), className="case-none"), True, _shown()
    try:
        row = services.footage.queries.sampling(number, actor)
        camera = services.footage.queries.camera(number=row.camera_id)
    except SupervisionError as refusal:
        return html.P(sentence(refusal, t), className="case-none"), True, _shown(f"none {number}")
    head = html.H2(" · ".join(filter(None, (camera.hall, camera.window, camera.name))))
    org = services.case_queries.org_name(camera.org) if camera.org else ""
    known = facts([(t("footage_page.sampling_org"), org), (t("footage_page.sampling_due"), stamp(row.due, seconds=True)),
                   (t("footage_page.sampling_drawn"), stamp(row.drawn, seconds=True)),
                   (t("footage_page.sampling_picture_at"), stamp(row.picture_at, seconds=True) if row.picture_at else ""),
                   (t("footage_page.sampling_hash"), row.picture_sha256[:16])])
    there = f"/footage/?camera={camera.code}&day={day_text(row.day)}&at={row.due // 1000}"
    back = html.A(t("footage_page.to_day"), href=there, className="button")
    is_open = not row.done_name and actor.has(*MARKERS)
    body = html.Div([head, _picture(row, t), known, back, *([] if not row.done_name else [_found(row, t)])])
    return body, not is_open, _shown(f"look {row.id}", f"{row.done_name} {row.picture_sha256} {row.reason}", row.id)


def _shown(of: str = "", mark: str = "", look: int | None = None) -> dict[str, Any]:
    return {"of": of, "mark": mark, "look": look}


def _picture(row: Any, t: Words) -> Any:
    if not row.picture_sha256 or row.reason:  # a reason beside a hash: the picture is past its time
        return html.P(t("footage_page.sampling_no_picture", why=why_words(row.reason, t)), className="case-none")
    return html.Img(src=f"/api/v1/footage/samplings/{row.id}/picture.jpg", alt=t("footage_page.sampling_picture"),
                    className="sampling-picture")


def _found(row: Any, t: Words) -> html.Div:
    points = facts([(t(f"footage_page.point_{name}"), t(f"footage_page.mark_{getattr(row, name)}")) for name in POINTS])
    words = t("footage_page.sampling_by", name=row.done_name, at=stamp(row.done))
    return html.Div([points, html.P(row.comment) if row.comment else None, html.P(words, className="panel-note")],
                    className="sampling-found")


def form(t: Words) -> html.Div:
    """The ids are there for everybody; who may not fill it does not see it, and the service refuses it."""
    options: Any = [{"label": t(f"footage_page.mark_{mark.value}"), "value": mark.value} for mark in Mark]
    points = [html.Div([html.Label(t(f"footage_page.point_{name}")), dcc.RadioItems(options, id=f"sampling-{name}",
                                                                                     className="act-choice")],
                       className="act-field sampling-point") for name in POINTS]
    comment = html.Div([html.Label(t("footage_page.sampling_comment"), htmlFor="sampling-comment"),
                        dcc.Textarea(id="sampling-comment", className="act-words", spellCheck=False)], className="act-field")
    save = html.Button(t("footage_page.sampling_save"), id="sampling-save", className="button button-main")
    fields = html.Div([*points, comment, html.Div(save, className="act-buttons")], id="sampling-form", className="act-form",
                      hidden=True)
    return html.Div([fields, html.P(id="sampling-said", className="feeds-said", role="status")])
