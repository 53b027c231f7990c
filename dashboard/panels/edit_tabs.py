"""The pages on which the configuration is edited, as tabs above each of them."""

from __future__ import annotations

from typing import Any

from dash import html
from flask import g, has_request_context

from core.access import Role
from dashboard.words import Words

TABS = (("rules", "/rules/"), ("calendars", "/calendars/"), ("items", "/items/"), ("organisations", "/organisations/"),
        ("migrations", "/migrations/"), ("documents", "/documents/"))


def tabs(here: str, t: Words) -> html.Nav:
    links = [html.A(t(f"rules_page.tab.{name}"), href=address, **({"aria-current": "page"} if name == here else {}))
             for name, address in TABS]
    return html.Nav(links, className="edit-tabs")


def may_edit() -> bool:
    """Whether the person of this request edits; everybody else who may see the page reads."""
    actor: Any = g.get("actor") if has_request_context() else None
    return actor is not None and actor.has(Role.ADMINISTRATOR)
