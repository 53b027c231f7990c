"""部门, the page of a department: its cards, what it owes and until when; reply with files, appeal, history. Also on a phone.

The page lives on plain requests (assets/js/modules/unit_page.mjs), not on the live link: that tells of every department.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec
from dash import Dash, html
from flask import Response, g, has_request_context

from alerts.roster.contacts import Addressee
from core.access import Actor
from core.instants import DAY_US
from dashboard.panels import top_bar
from dashboard.panels.marks import part
from dashboard.words import Words, words_of

PREFIX = "/unit/"
TITLE = "unit.title"
SECTIONS = ("wall", "desk", "unit", "level", "card", "card_action", "disposition", "appeal")
CLOSED_SHOWN = 100


def layout(services: Any) -> html.Div:
    """The frame for the person of this request."""
    t = words_of(services.texts, services.settings.display.language)
    actor = g.get("actor") if has_request_context() else None
    texts = {name: t.tree.get(name, {}) for name in SECTIONS}
    return html.Div(
        [top_bar.layout(t, "unit", services.settings.demo.enabled), _head(services, actor, t), _main(t)],
        className="staff unit",
        **{
            "data-plain-root": "unit-page",
            "data-config": json.dumps({"texts": texts}, ensure_ascii=False),
            "data-loaded": "false",
        },
    )


def _head(services: Any, actor: Actor | None, t: Words) -> html.Header:
    org = services.catalogue.find_organisation(actor.org) if actor is not None else None
    name = html.H1(org.name if org is not None else t("unit.title"))
    figures = [
        html.Div([html.Span(t(f"unit.{kind}")), part(kind, html.Strong, f"unit-{kind} num", "—")], className="unit-figure")
        for kind in ("owed", "over")
    ]
    liaison = html.P(liaison_words(services, actor, t), className="unit-liaison")
    offline = part("offline", html.P, "unit-offline")
    return html.Header(
        [html.Div([name, liaison]), html.Div(figures, className="unit-figures"), offline], className="unit-top"
    )


def liaison_words(services: Any, actor: Actor | None, t: Words) -> str:
    """Through whom this department is told (联络员); says aloud when nobody is named."""
    if actor is None or not actor.org:
        return ""
    named = [
        contact for contact in services.roster.contacts() if contact.org == actor.org and contact.role is Addressee.LIAISON
    ]
    if not named:
        return t("unit.no_liaison")
    return t("unit.liaison", names="、".join(" ".join(filter(None, (one.name, one.phone))) for one in named))


def _main(t: Words) -> html.Main:
    cards = [part("list", html.Div, "unit-list"), part("empty", html.P, "unit-empty", t("unit.calm"))]
    detail = html.Section(
        className="unit-detail panel", tabIndex=-1, **{"data-part": "detail", "aria-label": t("desk.detail.label")}
    )
    return html.Main([html.Nav(cards, **{"aria-label": t("unit.cards")}), detail], className="unit-main")


def register(app: Dash, services: Any) -> None:
    app.server.add_url_rule(f"{PREFIX}cards", "unit_cards", lambda: _answer(own_cards(services, g.actor)))


def own_cards(services: Any, actor: Actor) -> dict[str, Any]:
    """The open and the last closed cards this person may see, each with the working days left until its reply is due."""
    queries = services.alert_queries
    found = [*queries.active(limit=500, actor=actor).cards, *queries.closed(actor, CLOSED_SHOWN).cards]
    return {"cards": [_with_time_left(services, card) for card in found], "rules": _rules(services)}


def _with_time_left(services: Any, card: Any) -> dict[str, Any]:
    left, is_over = time_left(services, card)
    return {**msgspec.to_builtins(card), "left": left, "overdue": is_over}


def time_left(services: Any, card: Any) -> tuple[int | None, bool]:
    """Working days from today to the last day for the reply (0: today; negative: since it), and whether it is late."""
    if card.reply_due_at is None or card.state == "closed":
        return None, False
    calendar = services.areas.for_area(card.area).assuming_plain_weeks()  # as the date itself does (alerts.terms)
    now, due = services.clock.now_us(), _us_of(card.reply_due_at)
    today, last = calendar.today(now), calendar.to_local(due - 1) // DAY_US
    return calendar.working_days_between(today, last), now >= due


def _us_of(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp() * 1_000_000)


def _rules(services: Any) -> dict[str, Any]:
    rules = services.attachments.rules
    return {"max_bytes": rules.max_bytes, "types": rules.types}


def _answer(body: Any) -> Response:
    return Response(msgspec.json.encode(body), mimetype="application/json")
