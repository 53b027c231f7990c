"""Head of the wall: whose room this is, the clock of the room, and how fresh the data on the screen is."""

from __future__ import annotations

from dash import html

from dashboard.panels import camera_scene
from dashboard.panels.marks import part
from dashboard.words import Words


def layout(t: Words, room: str) -> html.Header:
    """Left of the seam the name, right of it the time and the link."""
    return html.Header([_brand(t, room), _clock(t), _link(t)], className="wall-header")


def _brand(t: Words, room: str) -> html.Div:
    return html.Div([
        html.Span(t("app.name"), className="brand-name"),
        html.H1(room, className="brand-room"),
        html.Span(t("app.demo"), className="chip chip-demo"),
        camera_scene.switch(t),
    ], className="brand")


def _clock(t: Words) -> html.Div:
    return html.Div([
        part("hms", html.Span, "clock-time num", "--:--"),
        html.Div([
            part("date", html.Span, "clock-date num"),
            html.Div([part("state", html.Span, "chip"), html.Span(t("wall.clock.fast"), className="chip chip-demo",
                                                                 hidden=True, **{"data-part": "rate"})],
                     className="clock-chips"),
        ], className="clock-day"),
    ], className="clock", **{"data-live": "ticking-clock"})


def _link(t: Words) -> html.Div:
    return html.Div([
        html.Div([html.Span(className="link-dot"), part("state", html.Span, "link-state", t("wall.link.connecting"))],
                 className="link-line"),
        html.Div([part("latency", html.Span, "link-latency num"), part("age", html.Span, "num"),
                  part("build", html.Span, "link-build num")], className="link-line"),
    ], className="link", **{"data-live": "link-strip"})
