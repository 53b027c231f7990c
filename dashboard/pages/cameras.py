"""摄像机, the cameras of the halls: which there are and how each is; registering, trying, drawing areas, finding."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g, request

from core.clock import SystemClock
from core.errors import InvalidInput, NotFound, SupervisionError
from dashboard.panels import camera_discovery, camera_form, camera_list, top_bar
from dashboard.panels.camera_form import ADDRESSES, FIELDS, FORM, form_of, key_of
from dashboard.panels.edit_console import asked
from dashboard.panels.edit_tabs import may_edit
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from video.view_log import Seen, ViewKind, ViewReason
from video.watermark import burnt, words_for

PREFIX = "/cameras/"
TITLE = "camera_page.title"
LIVE_VIDEO = True
LOOK_AGAIN_MS = 5_000
TEXTS = ("video", "camera_page", "error")


def layout(services: Any) -> html.Div:
    t = _words(services)
    hidden = [dcc.Location(id="camera-address", refresh=False), dcc.Store(id="camera-changed"), dcc.Store(id="camera-rev"),
              dcc.Store(id="camera-areas"), dcc.Interval(id="camera-again", interval=LOOK_AGAIN_MS)]
    head = [html.H2(t("camera_page.list")), html.P(t("camera_page.words"), className="panel-note")]
    left = html.Div([html.Section([*head, html.Div(id="camera-list")], className="panel"),
                     camera_discovery.layout(services, t, may_edit=may_edit())], className="camera-column")
    right = html.Div([html.Section(_picture(t), className="panel"),
                      html.Section(camera_form.layout(services, t, may_edit=may_edit()), className="panel")],
                     className="camera-column")
    bar = top_bar.layout(t, "cameras", services.settings.demo.enabled)
    return html.Div([*hidden, bar, html.Main([left, right], className="camera-body")], className="staff edit cameras")


def _picture(t: Words) -> list[Any]:
    """The frame in which a script shows the picture and lets areas be drawn (assets/js/modules/camera_picture.mjs)."""
    config = {"texts": {**{name: t.tree.get(name, {}) for name in TEXTS}}, "mayEdit": may_edit()}
    return [html.Header(html.H2(t("camera_page.picture")), className="edit-head"),
            html.Div(**{"data-camera-picture": "", "data-config": json.dumps(config, ensure_ascii=False)}),
            html.Div(id="camera-shown", hidden=True)]


def register(app: Dash, services: Any) -> None:
    _register_reading(app, services)
    _register_saving(app, services)
    camera_discovery.register(app, services)


def _register_reading(app: Dash, services: Any) -> None:
    @app.callback(Output("camera-list", "children"), Input("camera-address", "search"), Input("camera-changed", "data"),
                  Input("camera-again", "n_intervals"))
    def show(search: str | None, _changed: Any, _again: Any) -> Any:
        rows = services.video.queries.rows(g.actor)
        return camera_list.render(rows, asked(search or "", "camera"), SystemClock().now_us(), _words(services),
                                  may_edit=may_edit())

    @app.callback(Output("camera-head", "children"), Output("camera-rev", "data"), Output("camera-code", "disabled"),
                  Output("camera-retire", "hidden"), Output("camera-areas", "data"), Output("camera-shown", "data-picture"),
                  *(Output(f"camera-{name}", "value") for name in FIELDS), Input("camera-address", "search"),
                  Input("camera-changed", "data"))
    def choose(search: str | None, _changed: Any) -> tuple[Any, ...]:
        t, row = _words(services), chosen(services, search or "")
        halls = services.video.queries.halls(g.actor)
        values = camera_form.values_of(row, services.catalogue.default_area, halls[0] if halls else "")
        if row is None:
            return ([html.H2(t("camera_page.form_new"))], 0, not may_edit(), True, {"seat": [], "masks": []},
                    json.dumps({"code": ""}), *values)
        head = [html.H2(row.name), html.Span(row.code, className="edit-id num"),
                html.Span(camera_list.changed(row, t), className="camera-changed num")]
        areas = {"seat": row.seat, "masks": row.masks}
        return (head, row.rev, True, row.retired_at is not None, areas, shown_of(row), *values)

    @app.callback(*(Output(f"camera-{name}", "placeholder") for name in ADDRESSES), Input("camera-kind", "value"))
    def example(kind: str | None) -> tuple[str, ...]:
        return tuple(camera_form.example_of(name, kind or "", _words(services)) for name in ADDRESSES)


def shown_of(row: Any) -> str:
    """What the script is told to show: live where the camera is in service, with the areas stored."""
    is_live = row.is_enabled and row.retired_at is None
    return json.dumps({"of": row.code, "code": row.code if is_live else "", "stream": "main", "rev": row.rev,
                       "seat": row.seat, "masks": row.masks})


def chosen(services: Any, search: str) -> Any:
    """The camera of the address; None for one to be made, or one that is not his."""
    code = asked(search, "camera")
    if not code or code == camera_list.NEW:
        return None
    try:
        return services.video.queries.find(code, g.actor)
    except NotFound:
        return None


def _register_saving(app: Dash, services: Any) -> None:
    places = {"error": ALL, "of": FORM}
    held = [State(f"camera-{name}", "value") for name in FIELDS]
    told = [Output("camera-said", "children"), Output(places, "children")]
    # A trial takes seconds: meanwhile it says so in the place of what was said before, and is not asked for again.
    busy = [(Output("camera-trying", "hidden"), False, True), (Output("camera-said", "hidden"), True, False),
            *((Output(f"camera-{name}", "disabled"), True, False) for name in ("test", "save", "retire"))]

    @app.callback(*told, Output("camera-shown", "data-picture", allow_duplicate=True), Input("camera-test", "n_clicks"),
                  State(places, "id"), State("camera-areas", "data"), *held, running=busy, prevent_initial_call=True)
    def test(clicks: int | None, fields: list[Any], areas: Any, *given: Any) -> tuple[Any, ...]:
        if not clicks:
            raise PreventUpdate
        t = _words(services)
        try:
            tested = tried(services, form_of(dict(zip(FIELDS, given, strict=True)), areas))
        except SupervisionError as refusal:
            return *_refused(refusal, fields, t), no_update
        return said_of(tested, t), [""] * len(fields), still_of(tested, areas)

    again = [Output(one.component_id, one.component_property, allow_duplicate=True) for one in told]

    @app.callback(*again, Output("camera-anyway", "value"), Input("camera-address", "search"), State(places, "id"),
                  State("camera-changed", "data"), prevent_initial_call=True)
    def turned(search: str | None, fields: list[Any], changed: str | None) -> tuple[Any, ...]:
        """What was said and ticked was about another camera; what was said of one just registered stays."""
        is_just_saved = bool(changed) and json.loads(str(changed))[0] == asked(search or "", "camera")
        return no_update if is_just_saved else "", [""] * len(fields), []

    @app.callback(*again, Output("camera-changed", "data"), Output("camera-address", "search"),
                  Input("camera-save", "n_clicks"), Input("camera-retire", "n_clicks"), State(places, "id"),
                  State("camera-areas", "data"), State("camera-rev", "data"), State("camera-anyway", "value"), *held,
                  running=busy, prevent_initial_call=True)
    def save(saves: int | None, retires: int | None, fields: list[Any], areas: Any, rev: int | None, anyway: Any,
             *given: Any) -> tuple[Any, ...]:
        if not (saves or retires):
            raise PreventUpdate
        t, values = _words(services), dict(zip(FIELDS, given, strict=True))
        try:
            if ctx.triggered_id == "camera-retire":
                return *retired(services, values, rev or 0, fields, t), no_update
            form = form_of(values, areas)
            stored(services, form, rev or 0, str(values["reason"] or ""), bool(anyway), t)
        except SupervisionError as refusal:
            return *_refused(refusal, fields, t), no_update, no_update
        return (t("camera_page.saved", camera=form.code), [""] * len(fields), json.dumps([form.code, rev, "saved"]),
                f"?camera={form.code.strip()}" if not rev else no_update)


def tried(services: Any, form: Any) -> dict[Any, Any]:
    """Both streams of the form opened once. Raises InvalidInput for an address that may not be."""
    kind, addresses = services.video.service.form_for_test(form, g.actor)
    seen = Seen(form.code.strip()[:32] or "-", form.name.strip()[:64], form.area[:64])
    services.video.views.note([seen], g.actor, ViewKind.SNAPSHOT, ViewReason.SETUP, address=request.remote_addr or "")
    tested: dict[Any, Any] = services.video.snapshots.test(kind, addresses)
    return tested


def stored(services: Any, form: Any, rev: int, reason: str, anyway: bool, t: Words) -> None:
    """Register (rev 0) or edit. A new address must give a picture first, or the administrator says that it need not."""
    service = services.video.service
    service.check(form, rev, reason=reason, actor=g.actor)
    if not anyway and form.is_enabled and service.reaches_elsewhere(form, g.actor):
        missing = next((one for one in tried(services, form).values() if one.picture is None), None)
        if missing is not None:
            raise InvalidInput("camera_no_test", why=why_of(missing, t))
    if rev:
        service.edit(form, rev, reason=reason, actor=g.actor)
    else:
        service.register(form, reason=reason, actor=g.actor)


def retired(services: Any, values: Mapping[str, Any], rev: int, fields: list[Any], t: Words) -> tuple[Any, Any, Any]:
    """The first press without a reason says what it means."""
    reason = str(values["reason"] or "").strip()
    if not reason:
        return t("camera_page.retire_confirm"), ["" for _ in fields], no_update
    code = str(values["code"] or "")
    services.video.service.retire(code, rev, reason=reason, actor=g.actor)
    return t("camera_page.retired_done", camera=code), ["" for _ in fields], json.dumps([code, rev, "retired"])


def said_of(tested: Mapping[Any, Any], t: Words) -> list[Any]:
    """A line for each stream: what it is, or why there is none."""
    return [html.Span(_stream_words(stream.value, one, t),
                      className="camera-tested" if one.picture else "camera-tested is-missing")
            for stream, one in tested.items()]


def _stream_words(stream: str, one: Any, t: Words) -> str:
    name = t(f"camera_page.stream.{stream}")
    if one.picture is None:
        return f"{name}：{t('camera_page.no_picture', why=why_of(one, t))}"
    plays = t("camera_page.tested_plain" if one.is_plain else "camera_page.tested_transcoded")
    words = t("camera_page.tested", stream=name, codec=one.codec.upper(), width=one.width, height=one.height,
              fps=f"{one.fps:g}")
    return f"{words} · {plays}"


def why_of(tested: Any, t: Words) -> str:
    return camera_list.reason_words({**tested.details, "code": tested.code}, t)


def still_of(tested: Mapping[Any, Any], areas: Any) -> Any:
    """The picture of the main stream, marked with who looks; what was there stays when there is none."""
    found = next((one.picture for one in tested.values() if one.picture is not None), None)
    if found is None:
        return no_update
    jpeg = burnt(found.jpeg, words_for(g.actor, found.at_us))
    return json.dumps({"code": "", "still": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}", **(areas or {})})


def _refused(refusal: SupervisionError, fields: list[Any], t: Words) -> tuple[str, list[str]]:
    words, key = sentence(refusal, t), key_of(refusal)
    return words, [words if key == place["error"] else "" for place in fields]


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
