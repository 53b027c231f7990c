"""值班席, the duty desk: the active cards, live, and signing for them.

Cards arrive by the same live link as on the wall and are signed by a command on it; no Dash callback runs here.
"""

from __future__ import annotations

import json
from typing import Any

from dash import Dash, html
from flask import g, has_request_context

from core.access import Role
from dashboard.panels import desk_console, live_strip, top_bar
from dashboard.words import Words, words_of

PREFIX = "/desk/"
TITLE = "desk.title"
SECTIONS = ("wall", "desk", "level", "card_closing")
ACKNOWLEDGERS = (Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.ADMINISTRATOR)


def layout(services: Any) -> html.Div:
    """The frame for the person of this request."""
    t = words_of(services.texts, services.settings.display.language)
    actor = g.get("actor") if has_request_context() else None
    demo = services.settings.demo.enabled
    return html.Div(
        [top_bar.layout(t, "desk", demo), live_strip.layout(t),
         desk_console.layout(t, may_acknowledge=actor is not None and actor.has(*ACKNOWLEDGERS))],
        className="staff desk",
        **{"data-live-root": "desk", "data-config": _config(services, t), "data-freshness": "connecting",
           "data-loaded": "false", "data-demo": str(demo).lower()})


def _config(services: Any, t: Words) -> str:
    return json.dumps({"texts": {name: t.tree.get(name, {}) for name in SECTIONS},
                       "staleAfterMs": services.settings.server.stale_after_s * 1000}, ensure_ascii=False)


def register(app: Dash, services: Any) -> None:
    """Nothing to wire: the desk lives on the live link (assets/js/modules/desk_console.mjs)."""
