"""Left of the wall: the figures of the day, with the legend of the lights as part of them."""

from __future__ import annotations

from dash import html

from dashboard.panels.marks import LEVELS, mark
from dashboard.words import Words

COUNT = "count"
PERCENT = "percent"


def layout(t: Words) -> html.Section:
    """Load first, then today, the three lights, the two rates, and what cannot be judged."""
    return html.Section([
        _hero("open", t),
        html.Div([_figure("accepted_today", t), _figure("concluded_today", t)], className="figure-pair"),
        html.Ul([_light(level, t) for level in LEVELS], className="lights"),
        html.Div([_rate("ontime_rate", t), _rate("early_rate", t)], className="figure-pair"),
        html.Div([_figure("suspended", t), _figure("unjudgeable", t)], className="figure-pair figure-minor"),
    ], className="wall-figures", **{"data-live": "key-figures"})


def _hero(name: str, t: Words) -> html.Div:
    return html.Div([_label(name, t), _number(name, COUNT, "figure-hero")], className="figure figure-first")


def _figure(name: str, t: Words) -> html.Div:
    return html.Div([_label(name, t), _number(name, COUNT, "figure-number")], className=f"figure figure-{name}")


def _rate(name: str, t: Words) -> html.Div:
    number = html.Span([_number(name, PERCENT, "figure-number"), html.Span("%", className="figure-unit")])
    return html.Div([_label(name, t), number, html.I(className="rate-bar", **{"data-bar": name})], className="figure")


def _light(level: str, t: Words) -> html.Li:
    """A light is its own legend: the mark, what it means, how many cases stand in it now."""
    return html.Li([
        mark(level, t), html.Span(t(f"wall.level.{level}.meaning"), className="light-meaning"),
        _number(level, COUNT, f"light-number light-{level}"),
    ], className="light")


def _label(name: str, t: Words) -> html.Span:
    return html.Span(t(f"wall.figures.{name}"), className="figure-label")


def _number(name: str, form: str, class_name: str) -> html.Span:
    return html.Span("—", className=f"num {class_name}", **{"data-figure": name, "data-form": form})
