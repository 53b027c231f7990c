"""录像回看与抽查: a day of one window paged through and played, incidents marked by hand, the random looks and their forms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import Response, g, has_request_context, request

from alerts.evidence import IncidentWish
from core.access import Actor
from core.errors import SupervisionError
from dashboard.footage_day import day_of_camera
from dashboard.panels import footage_samplings, top_bar
from dashboard.panels.drafts import answer_about, said_beside, turned
from dashboard.panels.follow_up import asked, views
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from video.footage.incidents import COMMENT_MAX, IncidentKind
from video.footage.rights import MARKERS
from video.footage.sampling import POINTS, SamplingForm
from video.view_log import NOTE_MAX, ViewReason
from web.json_http import from_json

PREFIX = "/footage/"
TITLE = "footage_page.title"
TEXTS = ("footage_page", "clip_state", "level", "incident_kind", "view_reason")
REASONS = (ViewReason.PATROL, ViewReason.CARD, ViewReason.COMPLAINT, ViewReason.SAMPLING, ViewReason.OTHER)
REFRESH_MS = 15_000


class Withdrawal(msgspec.Struct, frozen=True):
    """Why an incident was no incident."""

    reason: str = ""


def layout(services: Any) -> html.Div:
    t = _words(services)
    hidden = [dcc.Location(id="footage-address", refresh=False), dcc.Store(id="footage-changed"),
              dcc.Store(id="sampling-shown"), dcc.Store(id="sampling-drafts"),
              dcc.Interval(id="footage-tick", interval=REFRESH_MS)]
    script = {"data-plain-root": "footage-page", "data-config": _config(services, t)}
    day = html.Div(html.Div(className="footage-day", **script), id="footage-day")
    look = html.Section([html.Div(id="sampling-detail"), footage_samplings.form(t)], className="panel follow-side")
    sampling = html.Div([html.Section(html.Div(id="sampling-list"), className="panel"), look], id="footage-sampling",
                        className="follow-pair", hidden=True)
    main = html.Main([html.Div(id="footage-tabs", className="follow-head"), day, sampling], className="footage-body")
    bar = top_bar.layout(t, "footage", services.settings.demo.enabled)
    return html.Div([*hidden, bar, main], className="staff follow footage")


def register(app: Dash, services: Any) -> None:
    routes = _Routes(services)
    app.server.add_url_rule(f"{PREFIX}day.json", "footage_day", routes.day)
    app.server.add_url_rule(f"{PREFIX}incidents", "footage_incidents", routes.mark, methods=["POST"])
    app.server.add_url_rule(f"{PREFIX}incidents/<int:number>/withdrawal", "footage_incident_withdrawn", routes.withdraw,
                            methods=["POST"])

    @app.callback(Output("footage-tabs", "children"), Output("footage-day", "hidden"), Output("footage-sampling", "hidden"),
                  Input("footage-address", "search"))
    def tabs(search: str | None) -> tuple[Any, bool, bool]:
        t, view = _words(services), asked(search).get("view", "")
        shown = [("", t("footage_page.tab_day")), ("sampling", t("footage_page.tab_sampling"))]
        return views(shown, view), view == "sampling", view != "sampling"

    @app.callback(Output("sampling-list", "children"), Input("footage-address", "search"), Input("footage-changed", "data"),
                  Input("footage-tick", "n_intervals"))
    def listed(search: str | None, _changed: Any, _ticks: Any) -> Any:
        query = asked(search)
        if query.get("view") != "sampling":
            raise PreventUpdate
        return footage_samplings.listing(services, g.actor, query, _words(services))

    _register_form(app, services)


def _register_form(app: Dash, services: Any) -> None:
    fields = [f"sampling-{name}" for name in (*POINTS, "comment")]
    written = [State(name, "value") for name in fields]

    @app.callback(Output("sampling-detail", "children"), Output("sampling-form", "hidden"), Output("sampling-shown", "data"),
                  Output("sampling-drafts", "data"), Output("sampling-said", "children"),
                  *(Output(name, "value") for name in fields), Input("footage-address", "search"),
                  Input("footage-changed", "data"), Input("footage-tick", "n_intervals"), State("sampling-shown", "data"),
                  State("sampling-drafts", "data"), *written)
    def detail(search: str | None, answer: Any, _ticks: Any, before: Any, kept: Any, *given: Any) -> tuple[Any, ...]:
        query, is_answer = asked(search), "footage-changed.data" in ctx.triggered_prop_ids
        if query.get("view") != "sampling":
            raise PreventUpdate
        t = _words(services)
        body, hides_form, shown = footage_samplings.detail(services, g.actor, query, t)
        if shown == before and not is_answer:
            raise PreventUpdate
        said, sent = (said_beside(answer, shown["of"], t), answer["of"] if answer["isDone"] else "") if is_answer else ("", "")
        if before is not None and before["of"] == shown["of"]:
            values: Sequence[Any] = footage_samplings.EMPTY if sent == shown["of"] else [no_update] * len(fields)
            return body, hides_form, shown, no_update, said if is_answer else no_update, *values
        drafts, values = turned(kept, (before or {}).get("of", ""), shown["of"], given, footage_samplings.EMPTY, sent)
        return body, hides_form, shown, drafts, said, *values

    @app.callback(Output("footage-changed", "data"), Input("sampling-save", "n_clicks"), State("sampling-shown", "data"),
                  *written, prevent_initial_call=True)
    def save(clicks: int | None, shown: Any, *given: str | None) -> dict[str, Any]:
        """What is written belongs to the look that is shown, whatever the address says by now."""
        number = (shown or {}).get("look")
        if not clicks or number is None:
            raise PreventUpdate
        *points, comment = given
        form = SamplingForm(**{name: value or "" for name, value in zip(POINTS, points)}, comment=comment or "")
        try:
            services.footage.sampler.record(number, form, g.actor)
        except SupervisionError as refusal:
            return answer_about(shown, sentence(refusal, _words(services)), clicks, is_done=False)
        return answer_about(shown, _words(services)("footage_page.sampling_saved"), clicks, is_done=True)


class _Routes:
    """The data of the page beside Dash."""

    def __init__(self, services: Any) -> None:
        self._services = services

    def day(self) -> Response:
        asked_for = request.args
        return _json(day_of_camera(self._services, g.actor, asked_for.get("camera", ""), asked_for.get("day", ""),
                                   _words(self._services)))

    def mark(self) -> Response:
        wish = from_json(IncidentWish, request.get_data())
        incident, card = self._services.card_evidence.mark(wish, g.actor)
        return _json({"incident": incident, "card": card})

    def withdraw(self, number: int) -> Response:
        given = from_json(Withdrawal, request.get_data() or b"{}")
        self._services.card_evidence.withdraw(number, given.reason, g.actor)
        return _json({"incident": number})


def _config(services: Any, t: Words) -> str:
    """What the script builds the page of a day from (assets/js/modules/footage_frame.mjs)."""
    actor = _actor()
    cameras = services.footage.queries.cameras(actor) if actor is not None else []
    halls = [{"hall": hall, "cameras": [{"code": one.code, "name": one.name, "window": one.window} for one in of_hall]}
             for hall, of_hall in groupby(cameras, key=lambda one: one.hall)]
    return json.dumps({
        "texts": {name: t.tree.get(name, {}) for name in TEXTS}, "camera": cameras[0].code if cameras else "", "halls": halls,
        "kinds": [kind.value for kind in IncidentKind], "reasons": [one.value for one in REASONS], "noteMax": NOTE_MAX,
        "commentMax": COMMENT_MAX, "mayMark": actor is not None and actor.has(*MARKERS)}, ensure_ascii=False)


def _actor() -> Actor | None:
    return g.get("actor") if has_request_context() else None


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), mimetype="application/json")
