"""牌证, the page of one card: what happened, why, from which record, what became of it and who was told; and its PDF."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec
from dash import Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate
from flask import Response, g, request

from alerts.notices.queries import NoticeQueries
from core.access import Actor
from core.errors import InvalidInput, NotFound
from core.instants import to_us
from dashboard import evidence_paper
from dashboard.card_evidence import Material, gather, material
from dashboard.panels import card_head, card_story, top_bar
from dashboard.words import Words, words_of
from video.onsite.http import HttpParts as SignalParts
from video.view_log import ViewReason
from web.json_http import from_json

PREFIX = "/card/"
TITLE = "card.title"
LOOK_AGAIN_MS = 10_000


class ClipWish(msgspec.Struct, frozen=True):
    """A camera by its code, and an instant as it stands on the clock of its area."""

    camera: str = ""
    at: str = ""


def layout(services: Any) -> html.Div:
    """The frame; the body follows the address and is drawn anew when the card has changed."""
    t = words_of(services.texts, services.settings.display.language)
    return html.Div(
        [
            dcc.Location(id="card-address", refresh=False),
            dcc.Interval(id="card-again", interval=LOOK_AGAIN_MS),
            dcc.Store(id="card-shown"),
            top_bar.layout(t, "card", services.settings.demo.enabled),
            html.Main(id="card-body", className="case-body"),
        ],
        className="staff case",
    )


def register(app: Dash, services: Any) -> None:
    @app.callback(
        Output("card-body", "children"),
        Output("card-shown", "data"),
        Input("card-address", "pathname"),
        Input("card-address", "search"),
        Input("card-again", "n_intervals"),
        State("card-shown", "data"),
    )
    def show(pathname: str | None, search: str | None, _again: int | None, shown: str | None) -> Any:
        t = words_of(services.texts, services.settings.display.language)
        body, mark = drawn(services, g.actor, pathname or PREFIX, search or "", t)
        if mark == shown:
            raise PreventUpdate
        return body(), mark

    papers = Papers(services)
    app.server.add_url_rule(f"{PREFIX}<int:card_id>/evidence.pdf", "card_evidence_pdf", papers.pdf)
    app.server.add_url_rule(f"{PREFIX}<int:card_id>/evidence.json", "card_evidence_json", papers.json)
    app.server.add_url_rule(f"{PREFIX}<int:card_id>/clips", "card_clips", lambda card_id: asked_for(services, card_id),
                            methods=["POST"])
    app.server.add_url_rule(f"{PREFIX}<int:card_id>/signal.jpg", "card_signal",
                            lambda card_id: signal_picture(services, card_id))


class Papers:
    """The evidence of a card as files. Who took one is on record before it is given out."""

    def __init__(self, services: Any) -> None:
        self._services = services

    def pdf(self, card_id: int) -> Response:
        """The paper, in Chinese whatever the language of the page."""
        made = evidence_paper.paper(self._material(card_id, "evidence_pdf"), Words("zh", self._services.texts("zh").tree))
        return _file(made.as_pdf(self._services.follow_up.papers.fonts), "application/pdf", f"card-{card_id}.pdf")

    def json(self, card_id: int) -> Response:
        """The same content for programs; its SHA-256 stands on the paper."""
        return _file(
            evidence_paper.payload(self._material(card_id, "evidence_json")), "application/json", f"card-{card_id}.json"
        )

    def _material(self, card_id: int, what: str) -> Material:
        found = material(self._services, g.actor, card_id, notices_of(self._services, card_id) or [])
        if found is None:
            raise NotFound("card_not_found", id=card_id)
        self._services.read_log.note(what, str(card_id), g.actor, request.remote_addr or "")
        return found


def asked_for(services: Any, card_id: int) -> Response:
    """A clip by hand: of a camera, at an instant as it stands on the clock of its area (`2026-03-16 09:30:05`)."""
    wish = from_json(ClipWish, request.get_data() or b"{}")
    camera = services.footage.queries.camera(code=wish.camera or "-")
    try:
        local = datetime.fromisoformat(wish.at.strip())
        zone = services.areas.for_area(camera.area).zone
        at = to_us(local if local.tzinfo else local.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        raise InvalidInput("clip_instant_unreadable", key="at", value=wish.at[:32]) from None
    number = services.card_evidence.ask_by_hand(card_id, camera.code, at, g.actor)
    return Response(json.dumps({"clip": number}), mimetype="application/json")


def signal_picture(services: Any, card_id: int) -> Response:
    """What the camera saw when the signal was raised, for whoever may see the card that came of it, within his halls."""
    signal, jpeg = services.analysis.queries.proof(services.card_evidence.signal_of(card_id, g.actor))
    if not g.actor.reaches(signal.area, signal.hall):
        raise NotFound("picture_gone")
    parts = SignalParts(services.analysis.queries, services.video.views, services.analysis.machine, lambda _request: g.actor)
    return parts.shown(signal, jpeg, g.actor, ViewReason.CARD)


def _file(content: bytes, media_type: str, name: str) -> Response:
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def drawn(services: Any, actor: Actor, pathname: str, search: str, t: Words) -> tuple[Callable[[], Any], str]:
    """What draws the body, and a mark that changes when the body would."""
    evidence = gather(services, actor, card_id_of(pathname))
    if evidence is None:
        return lambda: html.Section([html.P(t("card.not_found"))], className="panel case-none"), f"{pathname}/none"
    notices = notices_of(services, evidence.card.id)
    standing = ",".join(f"{order.id}:{order.rev}:{order.light(evidence.as_of)}" for order in evidence.orders)
    films = ",".join(f"{clip.id}:{clip.state}" for clip in evidence.clips)
    chosen = parse_qs(search.lstrip("?")).get("clock", [""])[0]

    def body() -> Any:
        story = card_story.render(evidence, chosen, actor, services.presets, notices, t)
        return html.Div([card_head.render(evidence, actor, t), story], className="case-view")

    return body, f"{pathname}{search}/{evidence.card.rev}/{len(evidence.log)}/{len(notices or [])}/{standing}/{films}"


def card_id_of(pathname: str) -> int:
    """The number in the address; 0, which no card has, when there is none."""
    part = pathname.removeprefix(PREFIX).strip("/").split("/")[0]
    return int(part) if part.isascii() and part.isdigit() and len(part) < 18 else 0


def notices_of(services: Any, card_id: int) -> Any:
    """What was told of the card and what was not, oldest first."""
    return NoticeQueries(services.database).of_card(card_id)
