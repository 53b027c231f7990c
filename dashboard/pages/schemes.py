"""评分方案, the scoring schemes: weights, deductions, bonus and grades, tried on a past month while one edits them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g, has_request_context

from config.service import AUTHORS
from config.versions import Kind
from core.errors import SupervisionError
from core.instants import date_of
from dashboard.panels import edit_console, scheme_form, top_bar
from dashboard.panels.edit_console import Draft, Editor, asked, values_of
from dashboard.panels.scheme_content import place_of_error, with_part, with_rule, with_values, without
from dashboard.panels.scheme_trial import trial
from dashboard.panels.scores_wish import month_text, neighbour
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from evaluation.scoring.http import month_of

PREFIX = "/schemes/"
TITLE = "schemes_page.title"
FORM = scheme_form.FORM


def layout(services: Any) -> html.Div:
    t = _words(services)
    month = dcc.Input(id="scheme-month", type="text", pattern=r"\d{4}-\d\d", autoComplete="off", debounce=True,
                      value=month_text(neighbour(_today(services), -1)), className="field edit-day num")
    trial_panel = html.Section([html.Div([html.H2(t("schemes_page.trial.title")), month], className="scheme-trial-head"),
                                html.P(t("schemes_page.trial.words"), className="panel-note"),
                                html.P(id="scheme-refused", className="edit-refused", role="alert"),
                                html.Div(id="scheme-trial")], className="panel")
    console = edit_console.layout(services, _editor(services), t, may_edit=_may_edit())
    side = html.Div([trial_panel, console], className="edit-side")
    left = html.Div([html.Section(id="edit-list", className="panel"),
                     html.P(id="scheme-said", className="feeds-said", role="status")], className="edit-left")
    main = html.Div([left, html.Section(id="edit-form", className="panel"), side], className="edit-columns scheme-columns")
    return html.Div([top_bar.layout(t, "schemes", services.settings.demo.enabled),
                     html.Main([html.H1(t("schemes_page.title"), className="scheme-title"), main], className="edit-body")],
                    className="staff edit schemes")


def register(app: Dash, services: Any) -> None:
    edit_console.register(app, services, _editor(services))

    @app.callback(Output("edit-list", "children"), Output("edit-form", "children"), Input("edit-address", "search"),
                  Input("edit-changed", "data"), Input("edit-extra", "data"))
    def show(search: str | None, _changed: Any, extra: Any) -> tuple[Any, Any]:
        t = _words(services)
        _kind, code = subject(services, search or "")
        content = _content(services, search or "", extra)
        made = scheme_form.form(code, content, services.evaluation.indicators, t, may_edit=_may_edit())
        return _list(services, code, t), made

    @app.callback(Output("scheme-trial", "children"), Output("scheme-refused", "children"),
                  Input({"field": ALL, "of": FORM}, "value"), Input("scheme-month", "value"),
                  State({"field": ALL, "of": FORM}, "id"), State("edit-extra", "data"), State("edit-address", "search"))
    def follow(values: list[Any], month: str | None, fields: list[Any], extra: Any, search: str | None) -> tuple[Any, Any]:
        return tried(services, search or "", values_of(fields, values), extra, month or "")

    @app.callback(Output("edit-extra", "data"), Output("scheme-said", "children"), Input({"add": ALL}, "n_clicks"),
                  Input({"drop": ALL, "code": ALL}, "n_clicks"), State({"field": ALL, "of": FORM}, "value"),
                  State({"field": ALL, "of": FORM}, "id"), State({"field": ALL, "of": scheme_form.ADD}, "value"),
                  State({"field": ALL, "of": scheme_form.ADD}, "id"), State("edit-extra", "data"),
                  State("edit-address", "search"), prevent_initial_call=True)
    def compose(adds: list[Any], drops: list[Any], values: list[Any], fields: list[Any], added: list[Any], names: list[Any],
                extra: Any, search: str | None) -> tuple[Any, Any]:
        pressed = ctx.triggered_id
        if not pressed or not any((*adds, *drops)):
            raise PreventUpdate
        return composed(services, search or "", pressed, values_of(fields, values), values_of(names, added), extra)


def tried(services: Any, search: str, values: Mapping[str, Any], extra: Any, month: str) -> tuple[Any, str]:
    """(the table of the trial, what is wrong with the scheme)."""
    t = _words(services)
    try:
        day = month_of(month)
        _kind, code = subject(services, search)
        content = with_values(_content(services, search, extra), _own(values))
        scheme = services.scoring.book.schemes.checked(content, code)
        present = services.scoring.book.in_force(code, day).scheme
        area = g.actor.area
        before, _facts = services.scoring.service.preview(code, present, day, area)
        after, _facts = services.scoring.service.preview(code, scheme, day, area)
    except SupervisionError as refusal:
        return no_update, sentence(refusal, t)
    return trial(before, after, scheme, services.case_queries.org_name, t), ""


def composed(services: Any, search: str, pressed: Mapping[str, str], values: Mapping[str, Any], added: Mapping[str, Any],
             extra: Any) -> tuple[Any, str]:
    """(the working copy with a part or rule more or less, what is wrong)."""
    t = _words(services)
    _kind, code = subject(services, search)
    content = with_values(_content(services, search, extra), _own(values))
    try:
        if pressed.get("drop") in ("parts", "rules"):
            content = without(content, pressed["drop"], pressed["code"])
        elif pressed.get("add") == "part":
            content = with_part(content, *(str(added.get(name) or "") for name in ("label", "label_en", "points")))
        else:
            content = with_rule(content, added)
    except SupervisionError as refusal:
        return no_update, sentence(refusal, t)
    return {"subject": code, "content": content}, ""


def subject(services: Any, search: str) -> tuple[Kind, str]:
    wanted, known = asked(search, "scheme"), _codes(services)
    return Kind.SCORING, wanted if wanted in known else known[0]


def draft(services: Any, search: str, values: Mapping[str, Any], extra: Any) -> Draft:
    """What the form holds; with a code of its own a new scheme."""
    kind, code = subject(services, search)
    content = with_values(_content(services, search, extra), _own(values))
    wanted = str(values.get("code") or "").strip()
    is_new = bool(wanted) and wanted != code
    return Draft(kind, wanted if is_new else code, content, place_of_error, is_new=is_new)


def _editor(services: Any) -> Editor:
    return Editor(FORM, partial(draft, services), partial(subject, services), judges_cases=False, words="scheme_")


def _content(services: Any, search: str, extra: Any) -> dict[str, Any]:
    """The working copy of this scheme, else what is in force."""
    kind, code = subject(services, search)
    if isinstance(extra, Mapping) and extra.get("subject") == code and isinstance(extra.get("content"), Mapping):
        return dict(extra["content"])
    content: dict[str, Any] = services.editing.present(kind, code)[1]
    return content


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in values.items() if path != "code"}


def _codes(services: Any) -> list[str]:
    return list(dict.fromkeys((*services.scoring.book.schemes.shipped, *services.editing.edited(Kind.SCORING))))


def _list(services: Any, here: str, t: Words) -> list[Any]:
    edited = services.editing.edited(Kind.SCORING)
    rows = []
    for code in _codes(services):
        name = services.editing.present(Kind.SCORING, code)[1]["name"]["zh" if t.language == "zh" else "en"]
        chip = [html.Span(t("rules_page.version", n=edited[code]), className="chip chip-info")] if code in edited else []
        rows.append(html.Li(dcc.Link([html.Span(name), *chip], href=f"?scheme={code}", refresh=False),
                            className="is-here" if code == here else ""))
    return [html.H2(t("schemes_page.list")), html.Ul(rows, className="edit-list"),
            html.P(t("schemes_page.words"), className="panel-note")]


def _may_edit() -> bool:
    actor: Any = g.get("actor") if has_request_context() else None
    return actor is not None and actor.has(*AUTHORS[Kind.SCORING])


def _today(services: Any) -> date:
    return date_of(services.areas.default.calendar.today(services.clock.now_us()))


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
