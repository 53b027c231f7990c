"""交接班, handing a shift over: the drafted list, the outgoing officer's words, acceptance item by item, two signatures, A4."""

from __future__ import annotations

import json
from typing import Any

from dash import Dash, html
from flask import g, has_request_context

from alerts.handover.service import OFFICERS
from core.access import Actor
from dashboard.panels import top_bar
from dashboard.panels.marks import part
from dashboard.words import Words, words_of

PREFIX = "/handover/"
TITLE = "handover_page.title"
SECTIONS = ("wall", "desk", "level", "alarm", "handover", "handover_page")
KEYS = (("↑ ↓", "move"), ("A", "accept"), ("D", "decline"), ("*", "rest"), ("S", "sign"), ("P", "print"))


def layout(services: Any) -> html.Div:
    """The frame for the person of this request."""
    t = words_of(services.texts, services.settings.display.language)
    actor = g.get("actor") if has_request_context() else None
    texts = {name: t.tree.get(name, {}) for name in SECTIONS}
    return html.Div(
        [top_bar.layout(t, "handover", services.settings.demo.enabled), _main(t)],
        className="staff handover",
        **{
            "data-plain-root": "handover-page",
            "data-config": json.dumps({"texts": texts}, ensure_ascii=False),
            "data-places": _places(services, actor),
            "data-loaded": "false",
        },
    )


def _main(t: Words) -> html.Main:
    items = html.Ol(
        className="handover-items",
        tabIndex=0,
        role="listbox",
        **{"data-part": "items", "aria-label": t("handover_page.items")},
    )
    keys = html.Div(
        [html.Span([html.Kbd(key), t(f"handover_page.keys.{name}")]) for key, name in KEYS], className="desk-keys"
    )
    said = html.P(className="desk-said", role="status", **{"data-part": "said", "aria-live": "polite"})
    sheet = html.Section(
        [
            html.H1(t("handover_page.title")),
            part("head", html.Div, "handover-head"),
            html.H2(t("handover_page.items")),
            items,
            part("empty", html.P, "handover-empty", t("handover_page.empty")),
            part("notes", html.Div, "handover-notes"),
            html.H2(t("handover_page.signatures")),
            part("sign", html.Div, "handover-sign"),
        ],
        className="handover-sheet panel",
    )
    past = html.Aside(
        [html.H2(t("handover_page.past")), part("past", html.Ul, "handover-history")], className="panel handover-aside"
    )
    return html.Main([sheet, past, html.Div([said, keys], className="desk-foot handover-foot")], className="handover-main")


def _places(services: Any, actor: Actor | None) -> str:
    """Who works here, to whom he may hand over, and the names of departments and items. Nobody signed in is told nobody."""
    if actor is None:
        return json.dumps({"me": {"name": "", "mayHandOver": False}, "people": [], "names": {"orgs": {}, "items": {}}})
    people = [
        {"username": one.username, "name": one.display_name}
        for one in services.accounts.list()
        if one.is_active and one.username != actor.name and not one.roles.isdisjoint(OFFICERS)
    ]
    catalogue = services.catalogue
    names = {
        "orgs": {org.code: org.name for org in catalogue.organisations.values()},
        "items": {item.code: item.name for item in catalogue.items.values()},
    }
    me = {"name": actor.name, "mayHandOver": actor.has(*OFFICERS)}
    return json.dumps({"me": me, "people": people, "names": names}, ensure_ascii=False)


def register(app: Dash, services: Any) -> None:
    """Nothing to wire: the page works on /api/v1/handovers (assets/js/modules/handover_page.mjs)."""
