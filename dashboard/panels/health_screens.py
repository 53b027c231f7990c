"""The registry of screens: who shows what since when, in which version, how fast and with how much memory; who speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

from alerts.screens import KnownScreen, known_screens
from core.instants import SECOND_US
from dashboard.panels.tables import grid, num
from dashboard.times import span_text
from dashboard.words import Words

ID = "health-screens"
HEADS = ("screen", "state", "painted", "latency", "memory", "build", "seq", "voice")
GONE_AFTER_US = 60 * SECOND_US


@dataclass(frozen=True, slots=True)
class View:
    screens: Sequence[KnownScreen]
    speakers: Sequence[Any]
    silences: Sequence[Any]
    now: int


def view_of(services: Any) -> View:
    return View(known_screens(services.database), services.room.audio.speakers(), services.room.audio.silences(),
                services.clock.now_us())


def render(view: View, t: Words) -> Any:
    silent = [html.P(t("health.screens.silenced", room=silence.room, by=silence.by), className="health-bad")
              for silence in view.silences]
    title = html.H2(t("health.screens.title"))
    if not view.screens:
        return [title, html.P(t("health.screens.none"), className="case-none"), *silent]
    speaks = {speaker.screen: speaker.room for speaker in view.speakers}
    rows = [_row(screen, speaks, view.now, t) for screen in view.screens]
    return [title, *silent, grid([t(f"health.screens.{name}") for name in HEADS], rows)]


def _row(screen: KnownScreen, speaks: dict[str, str], now: int, t: Words) -> html.Tr:
    state = "faulty" if screen.is_faulty else "gone" if now - screen.last_seen_at > GONE_AFTER_US else "well"
    look = {"faulty": "silent", "gone": "never", "well": "ok"}[state]
    painted = "—" if screen.painted_at is None else t("health.screens.ago", span=span_text(max(0, now - screen.painted_at), t))
    memory = "—" if screen.heap is None else f"{screen.heap / 2**20:.1f} MB"
    latency = "—" if screen.latency_ms is None else f"{screen.latency_ms} ms"
    room = speaks.get(screen.screen)
    return html.Tr([html.Td([html.Strong(screen.screen), html.Span(screen.name, className="event-detail")]),
                    html.Td(html.Span(t(f"health.screens.{state}"), className=f"feed-state feed-{look}")),
                    num(painted), num(latency), num(memory), num(screen.build), num(f"{screen.last_seq:,}"),
                    html.Td(t("health.screens.speaks", room=room) if room else "")])
