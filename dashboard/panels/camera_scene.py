"""The place of the camera scene on the wall, and the way to it; a script fills it (assets/js/modules/camera_scene.mjs)."""

from __future__ import annotations

from typing import Any

from dash import html
from flask import g, has_request_context

from core.access import Role
from dashboard.words import Words

ERRORS = ("camera_", "video_", "view_")


def layout() -> html.Section:
    """Empty until somebody switches to it. A person must say why he looks; a screen is there to show."""
    asks = "true" if _is_person() else "false"
    return html.Section(className="camera-scene", hidden=True, **{"data-live": "camera-scene", "data-asks": asks})


def switch(t: Words) -> html.Button:
    """The fixed place from which one goes from the board to the cameras; the key V does the same."""
    return html.Button([html.Span(t("wall.cameras.switch")), html.Kbd("V")], type="button", className="scene-switch",
                       **{"data-scene-act": "cameras"})


def texts(t: Words) -> dict[str, Any]:
    """The groups of texts the scene speaks with."""
    errors = {code: words for code, words in t.tree.get("error", {}).items() if code.startswith(ERRORS)}
    return {"video": t.tree.get("video", {}), "view_reason": t.tree.get("view_reason", {}), "error": errors}


def _is_person() -> bool:
    actor = g.get("actor") if has_request_context() else None
    return actor is not None and actor.roles != {Role.WALL_SCREEN}
