"""Connection, age of the data and server clock of a live staff page; the wall's own modules fill it."""

from __future__ import annotations

from dash import html

from dashboard.panels.marks import part
from dashboard.words import Words

ROOM = "main"  # the room whose horn this page silences; others by the API


def layout(t: Words, silence_max_min: int) -> html.Div:
    """One line under the top bar, the same parts as in the head of the wall, and the horn of the room."""
    return html.Div([_clock(t, silence_max_min), part("stale-words", html.Span, "livestrip-stale num"), _link(t)],
                    className="livestrip")


def _clock(t: Words, silence_max_min: int) -> html.Div:
    fast = html.Span(t("wall.clock.fast"), className="chip chip-demo", hidden=True, **{"data-part": "rate"})
    clock = html.Div([part("date", html.Span, "num"), part("hms", html.Strong, "num", "--:--"),
                      part("state", html.Span, "chip"), fast],
                     className="livestrip-clock", **{"data-live": "ticking-clock"})
    horn = html.Button(t("desk.horn.silence", n=silence_max_min), type="button", className="horn num", disabled=True,
                       **{"data-live": "horn-button", "data-room": ROOM, "data-most": str(silence_max_min)})
    return html.Div([clock, horn], className="livestrip-clock")


def _link(t: Words) -> html.Div:
    parts = [part(name, html.Span, f"link-{name} num") for name in ("latency", "age", "build")]
    state = part("state", html.Span, "link-state", t("wall.link.connecting"))
    return html.Div([html.Span(className="link-dot"), state, *parts],
                    className="livestrip-link", **{"data-live": "link-strip"})
