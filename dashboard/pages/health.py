"""系统健康, how the supervision itself is: load of the alarms, clocks that cannot be judged, screens, jobs, the canary.

It judges the system and not the departments: a room that drowns in alarms, a screen nobody sees go dark or a clock without a
limit hides faults as surely as a missed card does.
"""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, dcc, html

from dashboard.panels import health_checks, health_load, health_screens, health_unjudgeable, top_bar
from dashboard.words import words_of

PREFIX = "/health/"
TITLE = "health.title"
REFRESH_MS = 10_000
PANELS = (health_checks, health_load, health_screens, health_unjudgeable)


def layout(services: Any) -> html.Div:
    """Frames only; each is filled at once and then every ten seconds."""
    t = words_of(services.texts, services.settings.display.language)
    frames = [html.Section(id=panel.ID, className=f"panel {panel.ID}") for panel in PANELS]
    return html.Div([top_bar.layout(t, "health", services.settings.demo.enabled), html.Main(frames, className="health-body"),
                     dcc.Interval(id="health-tick", interval=REFRESH_MS)], className="staff health")


def register(app: Dash, services: Any) -> None:
    for panel in PANELS:
        _register(app, services, panel)


def _register(app: Dash, services: Any, panel: Any) -> None:
    @app.callback(Output(panel.ID, "children"), Input("health-tick", "n_intervals"))
    def refresh(_ticks: int | None) -> Any:
        return panel.render(panel.view_of(services), words_of(services.texts, services.settings.display.language))
