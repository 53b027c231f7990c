"""Severity marks: shape, word and bars together, the same on every page (assets/css/10-base.css draws them)."""

from __future__ import annotations

from dash import html

from dashboard.words import Words

LEVELS = ("red", "yellow", "warning")


def mark(level: str, t: Words) -> html.Span:
    """The mark of one level. `level` is red, yellow or warning."""
    return html.Span([html.B(t(f"wall.level.{level}.sign")), html.I()], className=f"mark mark-{level}")


def part(name: str, tag: type = html.Span, class_name: str = "", children: object = None) -> object:
    """A place that a script fills, found by its part name."""
    return tag(children, className=class_name, **{"data-part": name})
