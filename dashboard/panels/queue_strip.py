"""Foot of the wall: who is on duty and whether the sources speak; the queue; the system's own alarms."""

from __future__ import annotations

from dash import html

from dashboard.panels.marks import part
from dashboard.words import Words


def layout(t: Words) -> html.Footer:
    """Four fields on the columns of the grid, none across the seam."""
    return html.Footer([_room(t), _queue(t), _alarms(t)], className="wall-foot")


def _room(t: Words) -> html.Div:
    sound = [html.Span(t("wall.sound.label"), className="room-label"), part("sound", html.Span, "room-sound num", "—")]
    return html.Div([
        _pair(t("wall.duty.label"), part("duty", html.Span, "room-duty", "—")),
        _pair(t("wall.feeds.label"), part("feeds", html.Span, "room-feeds", "—")),
        html.Div(sound, className="room-line", **{"data-live": "room-voice"}),
    ], className="foot-room", **{"data-live": "room-strip"})


def _pair(label: str, value: object) -> html.Div:
    return html.Div([html.Span(label, className="room-label"), value], className="room-line")


def _queue(t: Words) -> html.Div:
    return html.Div([
        html.Div([part("summary", html.Span, "queue-summary num"), part("more", html.Span, "queue-more num")],
                 className="queue-head"),
        html.P(t("wall.queue.empty"), className="queue-empty", hidden=True, **{"data-part": "empty"}),
        part("list", html.Ul, "queue-list"),
    ], className="foot-queue", **{"data-live": "queue-strip"})


def _alarms(t: Words) -> html.Div:
    return html.Div([
        html.Div([html.Span(t("wall.alarm.label"), className="room-label"), part("place", html.Span, "alarm-place num")],
                 className="alarm-head"),
        part("text", html.P, "alarm-text", t("wall.alarm.unknown")),
    ], className="foot-alarms", role="status", **{"data-live": "alarm-strip"})
