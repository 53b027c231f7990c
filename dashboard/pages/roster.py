"""值班表, the duty roster: the week as a grid, its plan and exceptions, the people to be told, and who changed what.

Read by all on watch; edited by administrators and shift leaders. The server refuses the others, whatever a page shows.
"""

from __future__ import annotations

from typing import Any

from dash import Dash, dcc, html
from flask import g, has_request_context

from alerts.roster.service import EDITORS
from dashboard.panels import roster_contacts, roster_plan, roster_week, top_bar
from dashboard.words import words_of

PREFIX = "/roster/"
TITLE = "roster.title"


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    actor = g.get("actor") if has_request_context() else None
    may_edit = actor is not None and actor.has(*EDITORS)
    hidden = [dcc.Location(id="roster-address", refresh=False), dcc.Store(id="roster-plan-changed"),
              dcc.Store(id="roster-contacts-changed")]
    panels = [roster_week.layout(t), roster_plan.layout(services, t, may_edit=may_edit),
              roster_contacts.layout(services, t, may_edit=may_edit)]
    return html.Div([top_bar.layout(t, "roster", services.settings.demo.enabled), *hidden,
                     html.Main(panels, className="roster-body")], className="staff roster")


def register(app: Dash, services: Any) -> None:
    roster_week.register(app, services)
    roster_plan.register(app, services)
    roster_contacts.register(app, services)
