"""Right of the wall: red and yellow cards, the oldest unacknowledged first."""

from __future__ import annotations

from dash import html

from dashboard.panels.marks import mark, part
from dashboard.words import Words


def layout(t: Words) -> html.Section:
    """Two lists under their headings and one line that counts what does not fit; a script fills all three."""
    return html.Section([
        _column("red", t), _column("yellow", t), part("more", html.P, "cards-more num"),
    ], className="wall-cards", **{"data-live": "card-columns"})


def _column(level: str, t: Words) -> html.Div:
    heading = html.H2([
        mark(level, t), html.Span(t(f"wall.level.{level}.cards"), className="cards-title"),
        part("count", html.Span, "cards-count num", "—"), part("unack", html.Span, "cards-unack num"),
    ], className="cards-head")
    return html.Div([
        heading,
        html.P(t(f"wall.level.{level}.empty"), className="cards-empty", hidden=True, **{"data-part": "empty"}),
        part("list", html.Ul, "cards-list"),
    ], className=f"cards cards-{level}", **{"data-level": level})
