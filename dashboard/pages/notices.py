"""通知记录, the delivery log: who was told of what by which way, who was not and why, and what has to be sent again."""

from __future__ import annotations

from typing import Any

from dash import Dash, html
from flask import g, has_request_context

from alerts.notices.actions import RESENDERS
from dashboard.panels import notices_log, top_bar
from dashboard.words import words_of

PREFIX = "/notices/"
TITLE = "notices_page.title"


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    actor = g.get("actor") if has_request_context() else None
    may_resend = actor is not None and actor.has(*RESENDERS)
    body = html.Main(notices_log.layout(t, may_resend=may_resend), className="notices-body")
    return html.Div([top_bar.layout(t, "notices", services.settings.demo.enabled), body], className="staff notices")


def register(app: Dash, services: Any) -> None:
    notices_log.register(app, services)
