"""现场录像, the evidence panel of a card's page: what cameras kept of it, how it stands, its hash, who looked, the package.
Pure.

The film is asked for by a script (assets/js/modules/card_clip.mjs) once a reason is given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html

from core.instants import SECOND_US, to_us
from dashboard.footage_day import why_words
from dashboard.panels.tables import facts
from dashboard.times import stamp
from dashboard.words import Words
from video.view_log import NOTE_MAX, ViewReason

REASONS = (ViewReason.CARD, ViewReason.COMPLAINT, ViewReason.PATROL, ViewReason.OTHER)
TEXTS = ("card_clip", "view_reason", "footage_page")
MIB = 1 << 20


def render(clips: Sequence[Any], cameras: Mapping[int, Any], looks: Mapping[int, Any], asking: Any,
           t: Words) -> html.Section | None:
    """`asking`: (card, cameras) for who may ask for a clip by hand. None for a card without clips for who may not ask."""
    if not clips and not asking:
        return None
    parts = [_clip(one, cameras.get(one.camera_id), looks.get(one.id), t) for one in clips] or [
        html.P(t("card_clip.none"), className="case-none")]
    if asking:
        parts.append(_ask(*asking, t))
    return html.Section([html.H2(t("card_clip.title")), html.P(t("card_clip.note"), className="panel-note"), *parts],
                        className="panel card-clips")


def _ask(card_id: int, cameras: Sequence[Any], t: Words) -> html.Details:
    """A frame the script fills with the form."""
    config = {"texts": {"card_clip": t.tree.get("card_clip", {})}, "card": card_id, "cameras": [
        {"code": one.code, "name": " · ".join(filter(None, (one.hall, one.window, one.name)))} for one in cameras]}
    form = html.Div(**{"data-card-ask": str(card_id), "data-config": json.dumps(config, ensure_ascii=False)})
    return html.Details([html.Summary(t("card_clip.ask")), form], className="clip-ask")


def _clip(clip: Any, camera: Any, look: Any, t: Words) -> html.Article:
    name = " · ".join(filter(None, (camera.hall, camera.window, camera.name))) if camera else f"#{clip.camera_id}"
    head = html.Header([html.H3(name), html.Span(t(f"clip_state.{clip.state}"), className=f"chip clip-{clip.state}")])
    rows = [(t("card_clip.at"), stamp(clip.at, seconds=True)),
            (t("card_clip.shows"), f"{stamp(clip.begin_at, seconds=True)} – {stamp(clip.end_at, seconds=True)[11:]}"
             if clip.begin_at else ""),
            (t("card_clip.size"), f"{clip.bytes / MIB:.1f} MiB" if clip.bytes else ""),
            (t("card_clip.offset"), _offset(clip, t) if clip.state == "ready" else ""),
            (t("card_clip.asked"), clip.asked_name),
            (t("card_clip.hash"), html.Code(clip.sha256) if clip.sha256 else ""),
            (t("card_clip.views"), _looks(look, t) if clip.state == "ready" else "")]
    words = _words(clip, t)
    said = [html.P(words, className="clip-words")] if words else []
    body = html.Div([*said, facts(rows)], className="clip-facts")
    return html.Article([head, html.Div([_player(clip, t), body], className="clip-body")], className="card-clip")


def _words(clip: Any, t: Words) -> str:
    if clip.state == "pending":
        if clip.reason:
            return t("card_clip.tried", n=clip.reason.get("tries", 1), why=why_words(clip.reason, t))
        return t("card_clip.pending", s=(clip.to_at - clip.at) // SECOND_US)
    if clip.state == "absent":
        return t("card_clip.absent", why=why_words(clip.reason, t), n=clip.reason.get("tries", 1))
    if clip.state == "removed":
        return t("card_clip.removed")
    missing = clip.reason.get("missing", [])
    spans = "、".join(f"{_beijing(one['from'])}–{_beijing(one['to'])}" for one in missing)
    return t("card_clip.incomplete", spans=spans) if missing else ""


def _beijing(iso: str) -> str:
    return stamp(to_us(datetime.fromisoformat(iso)), seconds=True)[11:]


def _offset(clip: Any, t: Words) -> str:
    if clip.clock_offset_us is None:
        return t("card_clip.offset_unknown")
    return t("card_clip.offset_words", s=f"{clip.clock_offset_us / SECOND_US:+.2f}")


def _looks(look: Any, t: Words) -> str:
    if look is None:
        return t("card_clip.no_views")
    return t("card_clip.views_of", n=look.count, name=look.viewer_name or look.viewer, at=stamp(look.at))


def _player(clip: Any, t: Words) -> html.Div | None:
    """A frame the script fills; nothing of the picture is sent before a reason is given."""
    if clip.state != "ready":
        return None
    config = {"texts": {name: t.tree.get(name, {}) for name in TEXTS}, "clip": clip.id, "noteMax": NOTE_MAX,
              "reasons": [one.value for one in REASONS], "hasPicture": bool(clip.snapshot_sha256),
              "offset": (clip.at - (clip.begin_at or clip.at)) / SECOND_US}
    given = {"data-card-clip": str(clip.id), "data-config": json.dumps(config, ensure_ascii=False)}
    return html.Div(className="clip-player", **given)
