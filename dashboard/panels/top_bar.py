"""The bar every staff page begins with: whose product, which pages this person may use, his inbox, who he is, the way out."""

from __future__ import annotations

from typing import Any

from dash import html
from flask import g, has_request_context, session

from core.access import Actor
from dashboard.forgery import FIELD
from dashboard.gate import FACTOR_PAGE, PASSWORD_PAGE, SESSIONS_PAGE
from dashboard.navigation import Place, places_for
from dashboard.panels import inbox
from dashboard.words import Words


def layout(t: Words, page: str, demo: bool) -> html.Header:
    """The bar for the actor of this request; without one (a test that only looks at the frame) it greets nobody."""
    actor = g.get("actor") if has_request_context() else None
    return html.Header([_brand(t, demo), _pages(t, page, actor), _language(t), _person(t, actor)], className="topbar")


def _brand(t: Words, demo: bool) -> html.Div:
    chip = [html.Span(t("app.demo"), className="chip chip-demo", title=t("app.demo_long"))] if demo else []
    return html.Div([html.Span(className="topbar-sun", **{"aria-hidden": "true"}), html.Strong(t("app.name")), *chip],
                    className="topbar-brand")


def _pages(t: Words, page: str, actor: Actor | None) -> html.Nav:
    groups = [_group(t, name, places, page) for name, places in places_for(actor)]
    return html.Nav(groups, className="topbar-pages", **{"aria-label": t("staff.navigation")})


def _group(t: Words, name: str, places: list[Place], page: str) -> Any:
    """One page is a link, several are a menu that opens under pointer and keyboard alike, without a script."""
    links = [_page_link(t, place, place.name == page) for place in places]
    if len(links) == 1:
        return links[0]
    here = next((place for place in places if place.name == page), None)
    words = t(f"staff.group.{name}") if here is None else t(f"staff.page.{here.name}")
    opener = html.Button([words, html.Span("▾", className="menu-sign", **{"aria-hidden": "true"})], type="button",
                         className="topbar-opener is-here" if here else "topbar-opener", **{"aria-haspopup": "true"})
    return html.Div([opener, html.Div(links, className="topbar-menu")], className="topbar-group")


def _page_link(t: Words, place: Place, is_here: bool) -> html.A:
    current = {"aria-current": "page"} if is_here else {}
    return html.A(t(f"staff.page.{place.name}"), href=place.address, **current)


def _language(t: Words) -> html.A:
    other = "en" if t.language == "zh" else "zh"
    return html.A(t("staff.other_language"), href=f"?lang={other}", className="topbar-language")


def _person(t: Words, actor: Actor | None) -> html.Div:
    if actor is None:
        return html.Div(className="topbar-person")
    roles = "、".join(t(f"role.{role.value}") for role in sorted(actor.roles))
    return html.Div([inbox.layout(t), _own_menu(t, actor.display_name or actor.name, roles), _way_out(t)],
                    className="topbar-person")


def _own_menu(t: Words, name: str, roles: str) -> html.Div:
    """Who he is, and what he may do with his own account."""
    who = html.Span([html.Strong(name), html.Span(roles)], className="topbar-who")
    sign = html.Span("▾", className="menu-sign", **{"aria-hidden": "true"})
    opener = html.Button([who, sign], type="button", className="topbar-opener", **{"aria-haspopup": "true"})
    links = [html.A(t("password_page.title"), href=PASSWORD_PAGE), html.A(t("factor_page.title"), href=FACTOR_PAGE),
             html.A(t("sessions_page.title"), href=SESSIONS_PAGE)]
    return html.Div([opener, html.Div(links, className="topbar-menu")], className="topbar-group topbar-own")


def _way_out(t: Words) -> html.Form:
    """A form, so that signing out is a POST; its token rides in the address of a button's name and value."""
    token: Any = session.get("csrf", "") if has_request_context() else ""
    return html.Form(html.Button(t("staff.sign_out"), type="submit", name=FIELD, value=token, className="button"),
                     action="/sign-out/", method="POST")
