"""Looking for cameras in the network and taking over the streams one of them offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g

from core.access import Role, require
from core.errors import SupervisionError
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from video.addresses import Login

FIELDS = ("user", "password")


def layout(services: Any, t: Words, *, may_edit: bool) -> html.Section:
    seconds = f"{services.settings.video.discovery_s:g}"
    go = html.Button(t("camera_page.discover_go"), id="discover-go", className="button")
    return html.Section([html.Header([html.H2(t("camera_page.discover")), go], className="edit-head"),
                         html.P(t("camera_page.discover_words", n=seconds), className="panel-note"),
                         html.Div([_field(name, t) for name in FIELDS], className="edit-fields"),
                         dcc.Loading(html.Div(id="discover-found"), type="dot", delay_show=300),
                         dcc.Loading(html.Div(id="discover-streams"), type="dot", delay_show=300)],
                        className="panel", hidden=not may_edit)


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("discover-found", "children"), Input("discover-go", "n_clicks"), prevent_initial_call=True)
    def look(clicks: int | None) -> Any:
        if not clicks:
            raise PreventUpdate
        t = _words(services)
        require(g.actor, Role.ADMINISTRATOR)
        try:
            return found(services.video.discovery.look(), t)
        except SupervisionError as refusal:
            return html.P(sentence(refusal, t), className="form-said")

    @app.callback(Output("discover-streams", "children"), Input({"onvif": ALL}, "n_clicks"), State("discover-user", "value"),
                  State("discover-password", "value"), prevent_initial_call=True)
    def ask(clicks: list[int | None], user: str | None, password: str | None) -> Any:
        pressed: Any = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        t = _words(services)
        require(g.actor, Role.ADMINISTRATOR)
        login = Login(user or "", password or "") if user or password else None
        try:
            return streams(pressed["onvif"], services.video.discovery.streams(pressed["onvif"], login), t)
        except SupervisionError as refusal:
            return html.P(sentence(refusal, t), className="form-said")

    @app.callback(Output("camera-main", "value", allow_duplicate=True), Output("camera-sub", "value", allow_duplicate=True),
                  Output("camera-kind", "value", allow_duplicate=True), Output("camera-user", "value", allow_duplicate=True),
                  Output("camera-password", "value", allow_duplicate=True), Input({"take": ALL, "as": ALL}, "n_clicks"),
                  State("discover-user", "value"), State("discover-password", "value"), prevent_initial_call=True)
    def take(clicks: list[int | None], user: str | None, password: str | None) -> tuple[Any, ...]:
        pressed: Any = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        address, role = pressed["take"], pressed["as"]
        return (address if role == "main" else no_update, address if role == "sub" else no_update, "rtsp", user or "",
                password or "")


def found(devices: Sequence[Any], t: Words) -> Any:
    if not devices:
        return html.P(t("camera_page.found_none"), className="case-none")
    rows = [html.Li([html.Span([html.Strong(one.name or one.host), html.Small(" · ".join(filter(None, (
        one.host, one.hardware, one.location))), className="num")], className="camera-name"),
        html.Button(t("camera_page.read_streams"), id={"onvif": one.service}, className="button")], className="found-device")
        for one in devices]
    return [html.P(t("camera_page.found", n=len(devices)), className="panel-note"), html.Ul(rows, className="found-list")]


def streams(service: str, profiles: Sequence[Any], t: Words) -> Any:
    if not profiles:
        return html.P(t("camera_page.streams_none"), className="case-none")
    rows = [html.Li([html.Span([html.Strong(one.name), html.Small(_size(one), className="num"),
                                html.Small(one.address, className="num")], className="camera-name"),
                     html.Span([html.Button(f"{t('camera_page.use')} · {t(f'camera_page.as_{role}')}",
                                            id={"take": one.address, "as": role}, className="button")
                                for role in ("main", "sub")], className="camera-buttons")], className="found-device")
            for one in profiles]
    return [html.P(t("camera_page.streams_of", service=service), className="panel-note"), html.Ul(rows, className="found-list")]


def _size(profile: Any) -> str:
    size = f"{profile.width}×{profile.height}" if profile.width else ""
    return " ".join(filter(None, (profile.codec, size)))


def _field(name: str, t: Words) -> html.Div:
    kind = "password" if name == "password" else "text"
    box = dcc.Input(id=f"discover-{name}", type=kind, className="field edit-input",
                    autoComplete="new-password" if name == "password" else "off")
    return html.Div([html.Label(t(f"camera_page.field.{name}"), htmlFor=f"discover-{name}"), box], className="edit-field")


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
