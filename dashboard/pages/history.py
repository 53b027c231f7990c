"""历史查询: any question over years to the deep history: choose, ask, stop, take away. All of it stands in the log of looks.

A question stands in the address, so an answer is a link. What may be seen of it is part of the query.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from dash import Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate
from flask import Response, g, has_request_context, request

from core.access import Actor
from core.errors import NotFound, SupervisionError
from dashboard.pages.exports import Choices
from dashboard.panels import history_views, top_bar
from dashboard.panels.downloads import KINDS, as_file
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from evaluation.history.asking import FIELDS, SPLITS, Asked, Subject, address_of, answered, asked_of
from evaluation.history.http import LOOK
from evaluation.history.questions import Answer

PREFIX = "/history/"
TITLE = "history_page.title"
REFRESH_MS = 700
LISTS = ("by", "kinds")


def layout(services: Any) -> html.Div:
    t, names = _words(services), Choices(services, _actor())
    hidden = [dcc.Location(id="past-address", refresh=False), dcc.Store(id="past-ticket", data=secrets.token_hex(16)),
              dcc.Interval(id="past-tick", interval=REFRESH_MS, disabled=True)]
    new = html.Section([html.H2(t("history_page.new")), html.P(t("history_page.words"), className="panel-note"),
                        history_views.form(names.areas, names.orgs, names.items, t),
                        html.P(_limits(services, t), className="panel-note")], className="panel exports-new")
    there = html.Section([html.H2(t("history_page.answer")), html.Div(id="past-answer")], className="panel exports-there")
    bar = top_bar.layout(t, "history", services.settings.demo.enabled)
    return html.Div([*hidden, bar, html.Main([new, there], className="exports-body")], className="staff edit exports")


def register(app: Dash, services: Any) -> None:
    for kind in KINDS:
        app.server.add_url_rule(f"{PREFIX}answer.{kind}", f"history_{kind}", lambda kind=kind: export(services, kind))
    _register_form(app, services)
    _register_answer(app, services)


def _register_form(app: Dash, services: Any) -> None:
    """The form writes the address, and the address the form."""
    fields = history_views.FIELDS

    @app.callback(Output("past-by", "options"), Output("past-dated-part", "hidden"), Output("past-kinds-part", "hidden"),
                  Input("past-subject", "value"))
    def choose(subject: str | None) -> tuple[Any, bool, bool]:
        known = Subject(subject) if subject in set(Subject) else Subject.RATES
        is_dated = known in (Subject.CASES, Subject.DURATIONS)
        return history_views.splits(known, SPLITS[known], _words(services)), not is_dated, known is not Subject.EVENTS

    @app.callback([Output(f"past-{name}", "value") for name in fields], Input("past-address", "search"))
    def fill(search: str | None) -> list[Any]:
        given = given_by(search)
        if not given:
            raise PreventUpdate
        return [_shown(name, given) for name in fields]

    @app.callback(Output("past-address", "search"), Input("past-ask", "n_clicks"), State("past-address", "search"),
                  *(State(f"past-{name}", "value") for name in fields), prevent_initial_call=True)
    def ask(clicks: int | None, search: str | None, *values: Any) -> str:
        if not clicks:
            raise PreventUpdate
        asked = address_of(form_as_words(dict(zip(fields, values, strict=True))))
        return f"?{asked}&again={clicks}" if (search or "").startswith(f"?{asked}") else f"?{asked}"


def _register_answer(app: Dash, services: Any) -> None:
    """The address is answered; meanwhile one sees how far it is and may stop it."""

    @app.callback(Output("past-answer", "children"), Input("past-address", "search"), State("past-ticket", "data"), running=[
        (Output("past-ask", "disabled"), True, False), (Output("past-stop", "hidden"), False, True),
        (Output("past-tick", "disabled"), False, True)])
    def answer(search: str | None, ticket: str | None) -> Any:
        return shown(services, given_by(search), str(ticket or ""), _words(services))

    @app.callback(Output("past-said", "children"), Input("past-tick", "n_intervals"), Input("past-tick", "disabled"),
                  State("past-ticket", "data"))
    def progress(_ticks: int | None, is_over: bool, ticket: str | None) -> str:
        return "" if is_over else said(services, str(ticket or ""), _words(services))

    @app.callback(Output("past-stop", "n_clicks"), Input("past-stop", "n_clicks"), State("past-ticket", "data"),
                  prevent_initial_call=True)
    def stop(clicks: int | None, ticket: str | None) -> int:
        if not clicks:
            raise PreventUpdate
        stopped(services, str(ticket or ""))
        return 0


def export(services: Any, kind: str) -> Response:
    """The answer to the question of the address as a file; written down before it is given out."""
    t, given = _words(services), given_by(request.query_string.decode(errors="replace"))
    asked, told = _answered(services, given, "")
    made = history_views.sheet(asked, told, Choices(services, g.actor).every, services.evaluation.indicators, t)
    return as_file(services, made, "history", kind, t)


def shown(services: Any, given: Mapping[str, str], ticket: str, t: Words) -> Any:
    """The answer, or why there is none."""
    if not given:
        return html.P(t("history_page.nothing_asked"), className="case-none")
    try:
        asked, told = _answered(services, given, ticket)
    except SupervisionError as refusal:
        return html.P(sentence(refusal, t), className="feeds-said", role="alert")
    names = Choices(services, g.actor).every
    return history_views.answer_table(asked, told, given, names, services.evaluation.indicators, t)


def said(services: Any, ticket: str, t: Words) -> str:
    """How far the question of this page is."""
    try:
        percent = services.deep_history.questions.watches.percent(g.actor.name, ticket)
    except SupervisionError:
        return ""
    return t("history_page.progress", percent=f"{percent:.0f}")


def stopped(services: Any, ticket: str) -> None:
    """Give the question of this page up, if it is still under way."""
    try:
        services.deep_history.questions.watches.stop(g.actor.name, ticket)
    except NotFound:
        return


def given_by(search: str | None) -> dict[str, str]:
    """What the address asks for."""
    words = dict(parse_qsl((search or "").lstrip("?")))
    return {name: text.replace("\0", "").strip()[:400] for name, text in words.items() if name in FIELDS and text.strip()}


def form_as_words(form: Mapping[str, Any]) -> dict[str, str]:
    """The form as words of an address; of what does not concern the subject nothing."""
    subject = str(form.get("subject") or "")
    left_out = {"kinds"} if subject != Subject.EVENTS else set()
    left_out |= {"dated"} if subject not in (Subject.CASES, Subject.DURATIONS) else set()
    given = {name: value if isinstance(value, list) else [value] for name, value in form.items() if value}
    return {name: ",".join(map(str, value)) for name, value in given.items() if name not in left_out}


def _answered(services: Any, given: Mapping[str, str], ticket: str) -> tuple[Asked, Answer]:
    asked = asked_of(given)
    services.read_log.note(LOOK, address_of(given), g.actor, request.remote_addr or "")
    return asked, answered(services.deep_history.questions, asked, g.actor, ticket)


def _shown(name: str, given: Mapping[str, str]) -> Any:
    text = given.get(name, "")
    if name in LISTS:
        return text.split(",") if text else []
    return text or {"subject": Subject.RATES.value, "dated": "closed"}.get(name)


def _limits(services: Any, t: Words) -> str:
    given = services.settings.history
    return t("history_page.limits", seconds=f"{given.timeout_s:g}", rows=f"{given.rows_max:,}")


def _actor() -> Actor | None:
    return g.get("actor") if has_request_context() else None


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
