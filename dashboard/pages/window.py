"""窗口登记: a walk-in is filed in under a minute, and accepted at once when everything is there."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g, has_request_context

from approval.http import Registration, application_of
from approval.matters import Act, channel_of
from core.access import Actor
from core.errors import SupervisionError
from dashboard.panels import top_bar
from dashboard.panels import window_form as form
from dashboard.panels.power_words import kind_of, state_words
from dashboard.panels.waiting import IDLE_ONLY, waiting_on, waits
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

PREFIX = "/window/"
TITLE = "window.title"
FILING_S = 30.0  # a browser waits for the answer; filing takes a fraction of a second


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    actor = g.get("actor") if has_request_context() else None
    hidden = [dcc.Location(id="window-at", refresh=False), dcc.Store(id="window-filed-no")]
    side = html.Section([html.Div(_waiting(t), id="window-filed"), html.Div(id="window-given"),
                         html.Div([html.P(id="window-accept-words"),
                                   html.Button(t("work.act.accept"), id="window-accept", className="button button-main")],
                                  id="window-accept-part", className="act-form", hidden=True),
                         waits("window-filing", t("window.filing"), said="window-said", no_answer=t("window.no_answer"),
                               wait_s=FILING_S, holds=["window-file"]),
                         html.P(id="window-said", className="form-said", role="status")], className="panel window-side")
    main = html.Main(html.Div([html.Section(form.layout(services, actor, t), className="panel", **IDLE_ONLY), side],
                              className="window-pair"), className="follow-body")
    return html.Div([*hidden, top_bar.layout(t, "window", services.settings.demo.enabled), main],
                    className="staff edit window")


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("window-item-facts", "children"), Output("window-papers", "options"), Output("window-papers", "value"),
                  Output("window-papers-none", "children"), Output("window-form", "children"), Input("window-item", "value"))
    def choose(code: str | None) -> Any:
        t, item = _words(services), services.catalogue.find_item(code or "")
        none = "" if item is not None and item.details.materials else t("window.no_papers" if item else "window.item_first")
        return form.item_facts(item, services, t), form.paper_options(item, t), [], none, form.item_form(item, t)

    @app.callback(Output("window-filed", "children"), Output("window-filed-no", "data"), Output("window-said", "children"),
                  Output({"wrong": ALL}, "children"), Input("window-file", "n_clicks"), State({"wrong": ALL}, "id"),
                  State("window-item", "value"), State("window-kind", "value"), State("window-papers", "value"),
                  State("hall-station", "value"), State({"form": ALL}, "id"), State({"form": ALL}, "value"),
                  [State(f"window-{name}", "value") for name in form.TEXTS], prevent_initial_call=True,
                  running=waiting_on("window-filing", ["window-file"]))  # a second click files no second case
    def file(clicks: int | None, places: list[Any], *given: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        item, kind, papers, station, asked, answers, *texts = given
        told = {name: (value or "").strip() for name, value in zip(form.TEXTS, texts, strict=True)}
        fields = {one["form"]: str(value or "").strip() for one, value in zip(asked, answers, strict=True)}
        names = [place["wrong"] for place in places]
        return filed(services, g.actor, Registration(item=item or "", kind=kind, papers=papers or [],
                                                     station=station or "", fields=fields, **told),
                     names, _words(services))

    @app.callback(Output("window-given", "children"), Output("window-accept-part", "hidden"),
                  Output("window-accept-words", "children"), Input("window-filed-no", "data"))
    def offer(filed_no: dict[str, Any] | None) -> Any:
        return offered(services, g.actor, (filed_no or {}).get("no", ""), _words(services))

    @app.callback(Output("window-given", "children", allow_duplicate=True), Output("window-said", "children",
                                                                                   allow_duplicate=True),
                  Output("window-accept-part", "hidden", allow_duplicate=True), Input("window-accept", "n_clicks"),
                  State("window-filed-no", "data"), State("hall-station", "value"), prevent_initial_call=True)
    def accept(clicks: int | None, filed_no: dict[str, Any] | None, station: str | None) -> Any:
        if not clicks or not filed_no:
            raise PreventUpdate
        return accepted(services, g.actor, filed_no["no"], station or "", _words(services))

    @app.callback([Output(f"window-{name}", "value") for name in form.TEXTS], Output("window-item", "value"),
                  Input("window-filed-no", "data"), prevent_initial_call=True)
    def empty(filed_no: dict[str, Any] | None) -> Any:
        """The next one is already waiting."""
        if not filed_no:
            raise PreventUpdate
        return [*[""] * len(form.TEXTS), None]


def filed(services: Any, actor: Actor, told: Registration, places: list[str], t: Words) -> tuple[Any, Any, str, list[str]]:
    """What the side shows, the number, what is said, and the error of every field. Number and password of the one before,
    shown this once, stay until the next is filed."""
    if not told.item:
        return no_update, no_update, "", [t("window.item_missing") if place == "item" else "" for place in places]
    try:
        made = services.approval.intake.file(application_of(told), channel_of(services.catalogue.find_item(told.item)), actor,
                                             told.station)
    except SupervisionError as refusal:
        key = str(refusal.details.get("key", ""))
        words = sentence(refusal, t)
        at_field = [words if place == key else "" for place in places]
        return no_update, no_update, "" if key in places else words, at_field
    return form.filed_head(made.case_no, made.password, t), {"no": made.case_no}, "", [""] * len(places)


def _waiting(t: Words) -> html.P:
    return html.P(t("window.wait"), className="case-none")


def offered(services: Any, actor: Actor, case_no: str, t: Words) -> tuple[Any, bool, str]:
    """The papers given out; whether 受理 is offered, and what it means: everything is here, or these may follow."""
    if not case_no:
        return None, True, ""
    detail = services.approval.queries.find(case_no, actor)
    item = services.approval.desk.item_of(detail.fold, detail.head.item)
    given = form.given(detail, kind_of(item), t)
    if Act.ACCEPT not in detail.may:
        return given, True, ""
    lacking, later = form.missing(item, {paper.code for paper in detail.papers})
    if lacking:
        names = "、".join(item.details.materials[code].name for code in lacking)
        return [*given, html.P(t("window.lacking", papers=names), className="window-lacking")], True, ""
    if later:
        return given, False, t("window.accept_deferred", papers="、".join(item.details.materials[code].name for code in later))
    return given, False, t("window.accept_complete")


def accepted(services: Any, actor: Actor, case_no: str, station: str, t: Words) -> tuple[Any, str, bool]:
    """受理 from the window; what is not here yet and may follow, follows. Number and password stay where they are."""
    queries = services.approval.queries
    detail = queries.find(case_no, actor)
    item = services.approval.desk.item_of(detail.fold, detail.head.item)
    kind = kind_of(item)
    try:
        _, later = form.missing(item, {paper.code for paper in detail.papers})
        services.approval.intake.accept(case_no, detail.head.rev, actor, station, later)
    except SupervisionError as refusal:
        return form.given(queries.find(case_no, actor), kind, t), sentence(refusal, t), True
    detail = queries.find(case_no, actor)
    return form.given(detail, kind, t), t("window.accepted", step=detail.head.step or state_words("accepted", kind, t)), True


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
