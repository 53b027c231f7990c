"""The head of a card page: what happened in words, how the card stands, and where to go from here. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from dash import html

from core.access import Actor
from core.instants import written_due
from dashboard.gate import WALL, WATCHERS
from dashboard.panels.marks import mark
from dashboard.panels.tables import facts
from dashboard.words import Words

OVER = "closed"


def render(evidence: Any, actor: Actor, t: Words) -> html.Aside:
    """Left column: signal, what it is about, what is demanded, its axes, its links."""
    card = evidence.card.in_language(t.language)
    return html.Aside(
        [_head(card, t), _links(card, actor, t), _demand(card, t), _facts(card, evidence.on_duty, t)],
        className="panel card-facts",
    )


def _head(card: Any, t: Words) -> html.Header:
    words = html.Div(
        [
            html.Span(t(f"level.{card.level}"), className=f"light-words words-{card.level}"),
            html.Span(t(f"card_state.{card.state}"), className="chip"),
            *[html.Span(words, className="chip chip-info") for words in notes(card, t)],
        ],
        className="case-light-words",
    )
    return html.Header(
        [
            html.Div([mark(card.level, t), words], className="case-light"),
            html.H1(card.item_name or card.rule),
            html.P(t("card.number", id=card.id), className="case-number num"),
        ]
    )


def notes(card: Any, t: Words) -> list[str]:
    """The axes beside the shown state that are not at rest."""
    said = [t(f"card.appeal.{card.appeal}")] if card.appeal != "none" else []
    disposition = card.disposition
    if disposition in ("under_order", "replied", "written_off", "revoked", "dismissed"):
        said.append(t(f"disposition.{disposition}"))
    if card.escalation:
        said.append(t("card.escalated", n=card.escalation))
    return said


def _links(card: Any, actor: Actor, t: Words) -> html.Nav:
    links = []
    if actor.has(*WATCHERS) and card.state != OVER:
        links.append(html.A(t("card.to_desk"), href=f"/desk/?card={card.id}", className="button button-main"))
    links.append(
        html.A(t("card.pdf"), href=f"/card/{card.id}/evidence.pdf", className="button", download=f"card-{card.id}.pdf")
    )
    if card.camera and actor.has(*WALL):
        address = f"/wall/?{urlencode({'scene': 'cameras', 'camera': card.camera, 'card': card.id})}"
        links.append(html.A(t("card.to_camera"), href=address, className="button"))
    if card.case_no:
        links.append(html.A(t("card.to_case"), href=f"/case/{card.area}/{card.case_no}", className="button"))
    return html.Nav(links, className="card-links", **{"aria-label": t("card.links")})


def _demand(card: Any, t: Words) -> html.P | None:
    if not card.demanded_action:
        return None
    return html.P(
        [html.Span(t("desk.detail.demanded"), className="detail-label"), html.Span(card.demanded_action)],
        className="detail-action",
    )


def _facts(card: Any, on_duty: str, t: Words) -> html.Dl:
    quiet, first = card.suppression, card.first
    rows = [
        ("org", card.org_name),
        ("case_no", card.case_no),
        ("rule", card.rule),
        ("late", card.late_text),
        ("limit", card.limit_text),
        ("level_at", when(card.level_at)),
        ("raised_at", when(card.raised_at)),
        ("on_duty", on_duty),
        ("due_at", due(card.due_at)),
        ("first", _signed(first, t)),
        ("acked", _signed(card.acked, t)),
        ("shelved" if quiet is None else quiet.kind,
         "" if quiet is None else t("card.shelved_until", at=when(quiet.until), reason=quiet.reason)),
        ("order_no", card.order_no),
        ("reply_due_at", due(card.reply_due_at)),
        ("cleared_at", when(card.cleared_at)),
        ("closed_at", when(card.closed_at)),
        ("closed_reason", closing(card, t)),
        ("stale", t("desk.detail.stale_words") if card.stale else ""),
    ]
    return facts((t(f"card.fact.{name}"), value) for name, value in rows)


def _signed(signed: Any, t: Words) -> str:
    if signed is None:
        return ""
    said = t("card.signed_by", by=signed.by, at=when(signed.at))
    return f"{said}：{signed.comment}" if signed.comment else said


def closing(card: Any, t: Words) -> str:
    """The code of a closing in words, with what was added behind its colon."""
    if not card.closed_reason:
        return ""
    code, _, more = card.closed_reason.partition(":")
    return "：".join(filter(None, (t.first(f"card_closing.{code}", code), more.strip())))


def due(iso: str | None) -> str:
    """A due instant on the wire as notices and orders write it, `2026-03-16 24:00`; empty for none."""
    return "" if not iso else written_due(datetime.fromisoformat(iso))


def when(iso: str | None) -> str:
    """`2026-03-16 09:20:05` of an instant on the wire; empty for none."""
    return "" if not iso else iso[:19].replace("T", " ")
