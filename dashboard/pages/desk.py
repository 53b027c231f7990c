"""值班席, the duty desk: the active cards, live, and signing for them.

Cards arrive by the same live link as on the wall and are signed by a command on it; no Dash callback runs here.
"""

from __future__ import annotations

import json
from typing import Any

from dash import Dash, html
from flask import g, has_request_context

from core.access import Actor
from dashboard.panels import desk_console, live_strip, top_bar
from dashboard.words import Words, words_of

PREFIX = "/desk/"
TITLE = "desk.title"
DAY_MIN = 24 * 60
SECTIONS = ("wall", "desk", "level", "card_closing", "card_state", "card_action")


def layout(services: Any) -> html.Div:
    """The frame for the person of this request."""
    t = words_of(services.texts, services.settings.display.language)
    actor = g.get("actor") if has_request_context() else None
    demo = services.settings.demo.enabled
    return html.Div(
        [top_bar.layout(t, "desk", demo), live_strip.layout(t, services.settings.room.silence_max_min),
         desk_console.layout(t, _person(actor), _places(services, actor), _rules(services))],
        className="staff desk",
        **{"data-live-root": "desk", "data-config": _config(services, t), "data-freshness": "connecting",
           "data-loaded": "false", "data-demo": str(demo).lower()})


def _config(services: Any, t: Words) -> str:
    return json.dumps({"texts": {name: t.tree.get(name, {}) for name in SECTIONS},
                       "staleAfterMs": services.settings.server.stale_after_s * 1000}, ensure_ascii=False)


def _person(actor: Actor | None) -> str:
    """Who works here, so that the page offers what he may do; the server checks every command anew."""
    if actor is None:
        return json.dumps({"name": "", "display_name": "", "roles": []})
    roles = sorted(role.value for role in actor.roles)
    return json.dumps({"name": actor.name, "display_name": actor.display_name, "roles": roles}, ensure_ascii=False)


def _places(services: Any, actor: Actor | None) -> str:
    """The departments and items a manual card may name: those this person may see."""
    catalogue, area = services.catalogue, services.catalogue.default_area
    seen = {org.code: org for org in catalogue.organisations.values() if actor is None or actor.may_see(area, org.code)}
    orgs = [{"code": org.code, "name": org.name} for org in seen.values()]
    items = [{"code": item.code, "name": item.name, "org": item.org} for item in catalogue.items.values() if item.org in seen]
    return json.dumps({"orgs": orgs, "items": items}, ensure_ascii=False)


def _rules(services: Any) -> str:
    """`until`: by command, the most minutes for which a card may be put aside; the page offers no more (alerts/handling.py).
    `flood`: how many new cards in how many minutes are folded, the same as `alerts/flood.py` marks."""
    cards = services.settings.cards
    return json.dumps({"until": {
        "shelve": cards.shelve_max_minutes, "take_out_of_service": cards.out_of_service_max_days * DAY_MIN,
        "stop_by_law": cards.stopped_by_law_max_days * DAY_MIN},
        "flood": {"cards": cards.flood_cards, "minutes": cards.flood_minutes}})


def register(app: Dash, services: Any) -> None:
    """Nothing to wire: the desk lives on the live link (assets/js/modules/desk_console.mjs)."""
