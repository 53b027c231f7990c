"""The log of video views with its filters and lines. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from dash import dcc, html

from core.instants import MINUTE_US
from dashboard.panels.tables import grid, num
from dashboard.times import begin_of, day_in, stamp
from dashboard.words import Words
from video.view_log import LATEST, View, ViewFilter, ViewKind, ViewReason

FIELDS = ("camera", "viewer", "what", "reason", "since", "until")
CHOICES = {"what": tuple(ViewKind), "reason": tuple(ViewReason)}
HEADS = ("at", "camera", "viewer", "what", "reason", "address")


def wish_of(search: str | None) -> dict[str, str]:
    """The filters named in the address, those that can be."""
    given = {name: values[0].strip()[:64] for name, values in parse_qs((search or "").lstrip("?")).items() if name in FIELDS}
    return {name: value for name, value in given.items() if _can_be(name, value)}


def asked_of(wish: Mapping[str, str]) -> ViewFilter:
    """Days are those of Beijing, the last one included."""
    return ViewFilter(wish.get("camera", ""), wish.get("viewer", ""), wish.get("what", ""), wish.get("reason", ""),
                      begin_of(wish.get("since"), 0), begin_of(wish.get("until"), 1))


def form(wish: Mapping[str, str], t: Words) -> html.Form:
    """A plain GET form, so that an address of what was found can be kept."""
    fields = [html.Label([html.Span(t(f"views_page.{name}")), _control(name, wish, t)]) for name in FIELDS]
    return html.Form(html.Div([*fields, html.Button(t("views_page.go"), type="submit", className="button button-main")],
                              className="audit-filters"), action="/video-views/", method="GET", className="audit-form")


def table(views: Sequence[View], t: Words) -> Any:
    if not views:
        return html.P(t("views_page.none"), className="case-none")
    more = [html.P(t("views_page.more", n=LATEST), className="panel-note")] if len(views) == LATEST else []
    return html.Div([grid([t(f"views_page.head.{head}") for head in HEADS], (_line(view, t) for view in views)), *more])


def _line(view: View, t: Words) -> html.Tr:
    when = [html.Span(stamp(view.at, seconds=True))]
    if view.until_at - view.at >= MINUTE_US:
        when.append(html.Small(t("views_page.lasting", until=stamp(view.until_at))))
    who = view.viewer if view.viewer_name in ("", view.viewer) else f"{view.viewer_name} {view.viewer}"
    why = t(f"view_reason.{view.reason}")
    return html.Tr([html.Td(when, className="num view-when"), html.Td([view.camera_name, " ", html.Small(view.camera)],
                                                                      className="view-when"),
                    html.Td(who), html.Td(t(f"view_kind.{view.what}")), html.Td(f"{why}：{view.note}" if view.note else why),
                    num(view.address)])


def _control(name: str, wish: Mapping[str, str], t: Words) -> Any:
    if name not in CHOICES:
        kind = "date" if name in ("since", "until") else "text"
        return dcc.Input(name=name, value=wish.get(name, ""), type=kind, className="field", id=f"views-{name}")
    group = "view_kind" if name == "what" else "view_reason"
    # A select of the browser's own, because it is part of a plain form.
    options = [html.Option(t("views_page.all"), value=""),
               *(html.Option(t(f"{group}.{one.value}"), value=one.value, selected=wish.get(name) == one.value)
                 for one in CHOICES[name])]
    return html.Select(options, name=name, className="field", id=f"views-{name}")


def _can_be(name: str, value: str) -> bool:
    if name in ("since", "until"):
        return day_in(value) is not None
    return bool(value) and (name not in CHOICES or value in CHOICES[name])
