"""Figures as plain dicts: a dict costs microseconds where a figure object costs milliseconds.

The heat map is laid out here once, empty and styled from the tokens; the browser fills it (assets/js/modules/heat_map.mjs)
each time the board changes. Lengths are pixels of the 1920 x 1080 design; the browser multiplies them by the real scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.theme import Theme

Figure = dict[str, Any]

FIELD_WIDTH = 944
FIELD_HEIGHT = 744
COUNT_SIZE = 24
NAME_SIZE = 24
EDGE = 2

GRAPH_CONFIG: dict[str, Any] = {
    "displayModeBar": False,
    "displaylogo": False,
    "modeBarButtonsToRemove": ["sendDataToCloud", "sendChartToCloud"],
    "showSendToCloud": False,
    "staticPlot": True,
    "responsive": False,
    "plotlyServerURL": "",
}


_HOVER = "%{x}<br>%{y}<extra></extra>"
QUIET_GRAPH: dict[str, Any] = {**GRAPH_CONFIG, "responsive": True}


def trend(theme: Theme, labels: Sequence[str], values: Sequence[int | None], limit: float | None = None) -> Figure:
    """A line over time with its limit; labels are category names, so that no date is guessed from them."""
    line = {"type": "scatter", "mode": "lines", "x": list(labels), "y": list(values), "hovertemplate": _HOVER,
            "line": {"color": theme.color("info"), "width": 2}}
    shapes = [] if limit is None else [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": limit, "y1": limit,
                                        "line": {"color": theme.color("due-soon"), "width": 1, "dash": "dash"}}]
    return {"data": [line], "layout": _small(theme) | {"shapes": shapes}}


def bars(theme: Theme, labels: Sequence[str], values: Sequence[int]) -> Figure:
    """A bar per label."""
    return {"data": [{"type": "bar", "x": list(labels), "y": list(values), "hovertemplate": _HOVER,
                      "marker": {"color": theme.color("load-5")}}], "layout": _small(theme)}


def _small(theme: Theme) -> Figure:
    """The layout of a picture beside a table: no title, quiet axes, few labels."""
    axis = {"color": theme.color("text-low"), "gridcolor": theme.color("line-faint"), "zeroline": False, "fixedrange": True}
    return {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "font": {"family": theme.font, "size": 12},
            "margin": {"l": 48, "r": 12, "t": 8, "b": 32}, "showlegend": False, "height": 200,
            "xaxis": axis | {"type": "category", "nticks": 8}, "yaxis": axis | {"rangemode": "tozero", "nticks": 5}}


def heat_map_frame(theme: Theme) -> Figure:
    """The empty heat map: one trace per light, one for zeros, one for names. Traces are found by name."""
    return {"data": [*_lights(theme), _zeros(theme), _names(theme)], "layout": _layout(theme)}


def _lights(theme: Theme) -> list[Figure]:
    ground = theme.color("bg-1")
    load = _cells("load", theme, ink=theme.color("text-hi"), fill=theme.color("load-1"))
    load["meta"] = {"ramp": theme.ramp("load")}
    soon = _cells("soon", theme, ink=theme.color("due-soon"), fill=ground, edge=theme.color("due-soon"))
    yellow = _cells("yellow", theme, ink=theme.color("on-yellow"), fill=theme.color("card-yellow"))
    red = _cells("red", theme, ink=theme.color("on-red"), fill=theme.color("card-red"), edge=theme.color("red-ink"))
    red["marker"]["pattern"] = {
        "shape": "/", "fillmode": "replace", "bgcolor": theme.color("card-red"), "fgcolor": theme.color("red-hatch"),
        "size": 9, "solidity": 0.32,
    }
    return [load, soon, yellow, red]


def _cells(name: str, theme: Theme, *, ink: str, fill: str, edge: str | None = None) -> Figure:
    """Horizontal bars used as cells: bars are the only shape to which Plotly gives a hatch and a centred text."""
    return {
        "type": "bar", "orientation": "h", "name": name, "hoverinfo": "skip", "showlegend": False, "cliponaxis": False,
        "base": [], "x": [], "y": [], "width": [], "text": [],
        "textposition": "inside", "insidetextanchor": "middle", "textangle": 0, "constraintext": "none",
        "textfont": {"family": theme.font, "size": COUNT_SIZE, "color": ink, "weight": 700},
        "marker": {"color": fill, "line": {"color": edge or fill, "width": EDGE if edge else 0}},
    }


def _zeros(theme: Theme) -> Figure:
    """A faint dot says "looked at, none"; an empty cell could mean "not known"."""
    return {
        "type": "scatter", "mode": "markers", "name": "zero", "hoverinfo": "skip", "showlegend": False, "cliponaxis": False,
        "x": [], "y": [], "marker": {"symbol": "circle", "size": 5, "color": theme.color("line-faint")},
    }


def _names(theme: Theme) -> Figure:
    return {
        "type": "scatter", "mode": "text", "name": "names", "hoverinfo": "skip", "showlegend": False, "cliponaxis": False,
        "x": [], "y": [], "text": [], "textposition": "middle right",
        "textfont": {"family": theme.font, "size": NAME_SIZE, "color": theme.color("text-mid")},
        "meta": {"ink": {"red": theme.color("text-hi"), "yellow": theme.color("text-hi"), "calm": theme.color("text-mid")}},
    }


def _layout(theme: Theme) -> Figure:
    hidden = {"visible": False, "fixedrange": True, "autorange": False}
    return {
        "width": FIELD_WIDTH, "height": FIELD_HEIGHT, "autosize": False, "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "showlegend": False, "hovermode": False,
        "dragmode": False, "barmode": "overlay", "bargap": 0, "font": {"family": theme.font},
        "xaxis": {**hidden, "range": [0, FIELD_WIDTH]}, "yaxis": {**hidden, "range": [FIELD_HEIGHT, 0]},
    }
