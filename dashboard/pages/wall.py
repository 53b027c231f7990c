"""大屏, the wall of the supervision room. Python lays out the frame once; scripts fill it from the live link.

No callback runs here: the wall is state pushed to a reducer in the browser, and must stay right for months.
"""

from __future__ import annotations

import json
from typing import Any

from dash import Dash, html

from dashboard.panels import camera_scene, card_columns, key_figures, overdue_board, queue_strip, wall_header
from dashboard.panels.marks import part
from dashboard.shell import texts_for
from dashboard.theme import load_theme
from dashboard.words import Words

PREFIX = "/wall/"
TITLE = "wall.title"
LIVE_VIDEO = True


def layout(services: Any) -> html.Div:
    """The whole wall: the canvas of 1920 x 1080 design pixels, empty of data."""
    t = texts_for(services)
    # A card may come before its department stands on the board, or stay after it left: the wall knows every short name.
    short = {org.code: org.short for org in services.catalogue.organisations.values()}
    texts = {"wall": t.tree.get("wall", {}), **camera_scene.texts(t)}
    config = {"texts": texts, "staleAfterMs": services.settings.server.stale_after_s * 1000,
              "shortNames": short}
    return html.Div(
        html.Div(_zones(t), className="wall-canvas", **{"data-live": "screen-care"}),
        className="wall", **{"data-live-root": "wall", "data-config": json.dumps(config, ensure_ascii=False),
                             "data-freshness": "connecting", "data-loaded": "false", "data-demo": "false"},
    )


def _zones(t: Words) -> list[Any]:
    return [
        wall_header.layout(t, t("wall.room")),
        html.Main([key_figures.layout(t), overdue_board.layout(t, load_theme()), card_columns.layout(t), _veil(),
                   camera_scene.layout()], className="wall-main"),
        queue_strip.layout(t),
        html.Div(className="fly", hidden=True, role="status", **{"data-live": "fly-over"}),
        html.Span(t("app.demo_long"), className="demo-mark"),
    ]


def _veil() -> html.Div:
    """Over data that is too old to act on: a hatch, and on each side of the seam the instant at which it stopped."""
    return html.Div([part("stale-words", html.P, "veil-words num"), part("stale-words", html.P, "veil-words num")],
                    className="veil")


def register(app: Dash, services: Any) -> None:
    """Nothing to wire: everything on the wall arrives by the live link, which identifies the screen by its session."""
