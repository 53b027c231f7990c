"""Centre of the wall: the heat map of open cases per department, one figure in two blocks either side of the seam."""

from __future__ import annotations

import json

from dash import dcc, html

from dashboard.figures import GRAPH_CONFIG, Figure, heat_map_frame
from dashboard.panels.marks import mark, part
from dashboard.theme import Theme
from dashboard.words import Words

GRAPH_ID = "wall-heat-map"


def layout(t: Words, theme: Theme) -> html.Section:
    """The headings and the empty figure; the script fills it."""
    frame = render(theme)
    return html.Section([
        html.Div([_headings(t, t("wall.board.title")), _headings(t, None)], className="board-heads"),
        dcc.Graph(id=GRAPH_ID, figure=frame, config=GRAPH_CONFIG, className="board-graph"),
    ], className="wall-board", **{"data-live": "heat-map", "data-graph": GRAPH_ID, "data-frame": json.dumps(frame)})


def render(theme: Theme) -> Figure:
    """The figure before any data."""
    return heat_map_frame(theme)


def _headings(t: Words, title: str | None) -> html.Div:
    """Headings of one block: over the names the title, or on the right the rule of the order, which is the switch of it too."""
    return html.Div([
        html.H2(title, className="board-title") if title else _order(t),
        part("first-head", html.Span, "board-head", t("wall.board.open")),
        *(html.Span(mark(level, t), className="board-head") for level in ("warning", "yellow", "red")),
    ], className="board-block")


def _order(t: Words) -> html.Button:
    """From the order by severity to that by forecast and back; the key F does the same."""
    words = [part("more", html.Span, "", t("wall.board.sorted")), html.Kbd("F")]
    return html.Button(words, type="button", className="board-rule", title=t("wall.forecast.switch"),
                       **{"data-live": "forecast-order", "aria-pressed": "false"})
