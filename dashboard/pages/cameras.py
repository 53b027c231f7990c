"""摄像机, the cameras of the halls: which there are and how each is; registering, trying, drawing areas, finding."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g, request

from core.clock import SystemClock
from core.errors import InvalidInput, NotFound, SupervisionError
from dashboard.panels import camera_discovery, camera_form, camera_list, top_bar
from dashboard.panels.camera_form import ADDRESSES, FIELDS, FORM, form_of, key_of
from dashboard.panels.edit_console import asked
from dashboard.panels.edit_tabs import may_edit
from dashboard.panels.waiting import IDLE_ONLY, waiting_on
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
    hidden = [dcc.Location(id="camera-address", refresh=False), dcc.Store(id="camera-changed"),
              *(dcc.Store(id=f"camera-{name}") for name in ("rev", "areas", "answer")),
              dcc.Interval(id="camera-again", interval=LOOK_AGAIN_MS)]
    head = [html.H2(t("camera_page.list")), html.P(t("camera_page.words"), className="panel-note")]
    left = html.Div([html.Section([*head, html.Div(id="camera-list")], className="panel"),
                     camera_discovery.layout(services, t, may_edit=may_edit())], className="camera-column", **IDLE_ONLY)
    right = html.Div([html.Section(_picture(t), className="panel", **IDLE_ONLY),
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
    def choose(search: str | None, changed: str | None) -> tuple[Any, ...]:
        here = asked(search or "", "camera")
        if ctx.triggered_prop_ids.keys() == {"camera-changed.data"} and json.loads(str(changed))[0] != here:
            raise PreventUpdate  # another camera was saved: what is written here meanwhile stays
        t, row = _words(services), chosen(services, here)
        halls = services.video.queries.halls(g.actor)
        values = camera_form.values_of(row, services.catalogue.default_area, halls[0] if halls else "")
        if row is None:
            return ([html.H2(t("camera_page.form_new"))], 0, not may_edit(), True, {"seat": [], "masks": []},
                    json.dumps({"of": here, "code": ""}), *values)
        head = [html.H2(row.name), html.Span(row.code, className="edit-id num"),
                html.Span(camera_list.changed(row, t), className="camera-changed num")]
        areas = {"seat": row.seat, "masks": row.masks}
        return (head, row.rev, True, row.retired_at is not None, areas, shown_of(row, here), *values)

    @app.callback(*(Output(f"camera-{name}", "placeholder") for name in ADDRESSES), Input("camera-kind", "value"))
    def example(kind: str | None) -> tuple[str, ...]:
        return tuple(camera_form.example_of(name, kind or "", _words(services)) for name in ADDRESSES)


def shown_of(row: Any, of: str) -> str:
    """What the script is told to show: live where the camera is in service, with the areas stored."""
    is_live = row.is_enabled and row.retired_at is None
    return json.dumps({"of": of, "code": row.code if is_live else "", "stream": "main", "rev": row.rev,
                       "seat": row.seat, "masks": row.masks})


def chosen(services: Any, code: str) -> Any:
    """The camera of the address; None for one to be made, or one that is not his."""
    if not code or code == camera_list.NEW:
        return None
    try:
        return services.video.queries.find(code, g.actor)
    except NotFound:
        return None


def _register_saving(app: Dash, services: Any) -> None:
    held = [State("camera-address", "search"), State("camera-areas", "data"),
            *(State(f"camera-{name}", "value") for name in FIELDS)]
    # A trial takes seconds: meanwhile it says so in the place of what was said before, and a script lets nothing be done
    # to the camera it is about.
    trying = waiting_on("camera-trying")

    @app.callback(Output("camera-answer", "data"), Output("camera-shown", "data-picture", allow_duplicate=True),
                  Input("camera-test", "n_clicks"), *held, running=trying, prevent_initial_call=True)
    def test(clicks: int | None, search: str | None, areas: Any, *given: Any) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        t, of, values = _words(services), asked(search or "", "camera"), dict(zip(FIELDS, given, strict=True))
        try:
            tested = tried(services, form_of(values, areas))
        except SupervisionError as refusal:
            return refused(refusal, of, values, t), no_update
        return answer_of(of, values, said_of(tested, t)), still_of(tested, of)

    @app.callback(Output("camera-answer", "data", allow_duplicate=True), Output("camera-changed", "data"),
                  Input("camera-save", "n_clicks"), Input("camera-retire", "n_clicks"), State("camera-rev", "data"),
                  State("camera-anyway", "value"), *held, running=trying, prevent_initial_call=True)
    def save(saves: int | None, retires: int | None, rev: int | None, anyway: Any, search: str | None, areas: Any,
             *given: Any) -> tuple[Any, Any]:
        if not (saves or retires):
            raise PreventUpdate
        t, of, values = _words(services), asked(search or "", "camera"), dict(zip(FIELDS, given, strict=True))
        try:
            if ctx.triggered_id == "camera-retire":
                words, changed = retired(services, values, rev or 0, t)
                return answer_of(of, values, [(words, "")]), changed
            form = form_of(values, areas)
            stored(services, form, rev or 0, str(values["reason"] or ""), bool(anyway), t)
        except SupervisionError as refusal:
            return refused(refusal, of, values, t), no_update
        return ({**answer_of(of, values, [(t("camera_page.saved", camera=form.code.strip()), "")]), "isNew": not rev},
                json.dumps([form.code.strip(), rev, "saved"]))

    _register_answers(app)


def _register_answers(app: Dash) -> None:
    places = {"error": ALL, "of": FORM}

    @app.callback(Output("camera-said", "children"), Output(places, "children"), Output("camera-anyway", "value"),
                  Output("camera-address", "search"), Input("camera-address", "search"), Input("camera-answer", "data"),
                  State(places, "id"), prevent_initial_call=True)
    def heard(search: str | None, answer: Any, fields: list[Any]) -> tuple[Any, ...]:
        """What is said and ticked is about one camera and ends with turning to another. An answer that comes so late that
        another one is shown says whose it is, and does nothing else."""
        none = [""] * len(fields)
        if "camera-answer.data" not in ctx.triggered_prop_ids:
            return "", none, [], no_update
        said = [html.Span(words, className=name or None) for words, name in answer["said"]]
        if answer["of"] != asked(search or "", "camera"):
            return [html.Strong(f"{answer['code']} "), *said], none, no_update, no_update
        if answer["isNew"]:
            return said, none, [], f"?camera={quote(answer['code'])}"
        return said, [answer["said"][0][0] if answer["key"] == field["error"] else "" for field in fields], no_update, no_update


def answer_of(of: str, values: Mapping[str, Any], said: Sequence[tuple[str, str]], key: str = "") -> dict[str, Any]:
    """What is to be said, line by line with its style, of the camera `of` of the address; `key` is the field it is about."""
    return {"of": of, "code": str(values["code"] or "").strip() or of, "said": [list(line) for line in said], "key": key,
            "isNew": False}


def refused(refusal: SupervisionError, of: str, values: Mapping[str, Any], t: Words) -> dict[str, Any]:
    return answer_of(of, values, [(sentence(refusal, t), "")], key_of(refusal))


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


def retired(services: Any, values: Mapping[str, Any], rev: int, t: Words) -> tuple[str, Any]:
    """The first press without a reason says what it means."""
    reason = str(values["reason"] or "").strip()
    if not reason:
        return t("camera_page.retire_confirm"), no_update
    code = str(values["code"] or "")
    services.video.service.retire(code, rev, reason=reason, actor=g.actor)
    return t("camera_page.retired_done", camera=code), json.dumps([code, rev, "retired"])


def said_of(tested: Mapping[Any, Any], t: Words) -> list[tuple[str, str]]:
    """A line for each stream, with its style: what it is, or why there is none."""
    return [(_stream_words(stream.value, one, t), "camera-tested" if one.picture else "camera-tested is-missing")
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


def still_of(tested: Mapping[Any, Any], of: str) -> Any:
    """The picture of the main stream, marked with who looks; what was there stays when there is none, areas always."""
    found = next((one.picture for one in tested.values() if one.picture is not None), None)
    if found is None:
        return no_update
    jpeg = burnt(found.jpeg, words_for(g.actor, found.at_us))
    return json.dumps({"of": of, "code": "", "still": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"})


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
