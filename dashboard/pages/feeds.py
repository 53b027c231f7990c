"""数据接入, the health of the feeds: every source with its state, and what was refused with the means to repair it."""

from __future__ import annotations

from typing import Any

from dash import Dash, html
from flask import g, has_request_context

from core.access import Role
from dashboard.panels import feeds_quarantine, feeds_sources, top_bar
from dashboard.words import words_of

PREFIX = "/feeds/"
TITLE = "feeds_page.title"


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    actor = g.get("actor") if has_request_context() else None
    may_repair = actor is not None and actor.has(Role.ADMINISTRATOR)
    panels = [feeds_sources.layout(t), feeds_quarantine.layout(t, may_repair=may_repair)]
    return html.Div([top_bar.layout(t, "feeds", services.settings.demo.enabled), html.Main(panels, className="feeds-body")],
                    className="staff feeds")


def register(app: Dash, services: Any) -> None:
    feeds_sources.register(app, services)
    feeds_quarantine.register(app, services)
