"""Connection, age of the data and server clock of a live staff page; the wall's own modules fill it."""

from __future__ import annotations

from dash import html

from dashboard.panels.marks import part
from dashboard.words import Words


def layout(t: Words) -> html.Div:
    """One line under the top bar, the same parts as in the head of the wall."""
    link = html.Div([html.Span(className="link-dot"), part("state", html.Span, "link-state", t("wall.link.connecting")),
                     part("age", html.Span, "link-age num"), part("build", html.Span, "link-build num")],
                    className="livestrip-link", **{"data-live": "link-strip"})
    clock = html.Div([part("date", html.Span, "num"), part("hms", html.Strong, "num", "--:--"),
                      part("state", html.Span, "chip"),
                      html.Span(t("wall.clock.fast"), className="chip chip-demo", hidden=True, **{"data-part": "rate"})],
                     className="livestrip-clock", **{"data-live": "ticking-clock"})
    return html.Div([clock, part("stale-words", html.Span, "livestrip-stale num"), link], className="livestrip")
