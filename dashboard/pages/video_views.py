"""视频调阅登记: who looked at which camera when, why and from where. Inspectors and administrators read it."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, dcc, html
from flask import g

from dashboard.panels import top_bar, view_list
from dashboard.words import Words, words_of

PREFIX = "/video-views/"
TITLE = "views_page.title"


def layout(services: Any) -> html.Div:
    t = _words(services)
    body = html.Main(html.Section([html.H2(t("views_page.title")), html.P(t("views_page.words"), className="panel-note"),
                                   html.Div(id="views-form"), html.Div(id="views-lines")], className="panel"),
                     className="notices-body")
    return html.Div([dcc.Location(id="views-address", refresh=False),
                     top_bar.layout(t, "video_views", services.settings.demo.enabled), body], className="staff notices audit")


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("views-form", "children"), Output("views-lines", "children"), Input("views-address", "search"))
    def show(search: str | None) -> tuple[Any, Any]:
        t, wish = _words(services), view_list.wish_of(search)
        return view_list.form(wish, t), view_list.table(services.video.views.views(view_list.asked_of(wish), g.actor), t)


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
