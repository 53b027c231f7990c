"""评分方案, the scoring schemes: weights, deductions, bonus and grades, tried on a past month while one edits them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any, cast

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g, has_request_context

from config.scoring import Scheme
from config.service import AUTHORS
from config.versions import Kind
from core.errors import NotFound, SupervisionError
from core.instants import date_of
from dashboard.panels import edit_console, scheme_form, top_bar
from dashboard.panels.edit_console import Draft, Editor, asked, problem_words, told_beside, values_of
from dashboard.panels.edit_history import differences
from dashboard.panels.scheme_content import (
    KINDS,
    has_row,
    overlaid,
    place_of_error,
    pressed,
    renamings,
    with_department,
    with_kind,
    with_values,
)
from dashboard.panels.scheme_fields import FORM, Desk
from dashboard.panels.scheme_trial import trial
from dashboard.panels.scheme_words import place_words, sentences
from dashboard.panels.scores_wish import month_text, neighbour
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from evaluation.scoring.http import month_of

PREFIX = "/schemes/"
TITLE = "schemes_page.title"
NEW = "new"
KEEP: Mapping[str, Any] = {"do": "keep", "of": "parts", "at": "", "value": 1}  # the copy takes what is typed


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
    held, errors, says = ({name: ALL, "of": FORM} for name in ("field", "error", "says"))

    @app.callback(Output("edit-list", "children"), Output("edit-form", "children"), Input("edit-address", "search"),
                  Input("edit-changed", "data"), Input("edit-extra", "data"))
    def show(search: str | None, _changed: Any, extra: Any) -> tuple[Any, Any]:
        t = _words(services)
        _kind, code = subject(services, search or "")
        return _list(services, code, t), scheme_form.form(code, _desk(services, search or "", extra, t))

    @app.callback(Output("scheme-trial", "children"), Output("scheme-refused", "children"), Output(errors, "children"),
                  Output(says, "children"), Input(held, "value"), Input("scheme-month", "value"), State(held, "id"),
                  State(errors, "id"), State(says, "id"), State("edit-extra", "data"), State("edit-address", "search"))
    def follow(values: list[Any], month: str | None, fields: list[Any], places: list[Any], rows: list[Any], extra: Any,
               search: str | None) -> tuple[Any, Any, Any, Any]:
        given = values_of(fields, values)
        table, refused, wrong = tried(services, search or "", given, extra, month or "", places)
        told = said(services, search or "", given, extra)
        return table, refused, wrong, [told.get(row["says"], "") for row in rows]

    @app.callback(Output("edit-extra", "data"), Output("scheme-said", "children"),
                  Input({"do": ALL, "of": ALL, "at": ALL}, "n_clicks"), Input({"kind": ALL}, "value"),
                  Input({"take": ALL}, "value"), Input("edit-changed", "data"), State(held, "value"), State(held, "id"),
                  State("edit-extra", "data"), State("edit-address", "search"), prevent_initial_call=True)
    def compose(_clicks: list[Any], _kinds: list[Any], _taken: list[Any], changed: Any, values: list[Any],
                fields: list[Any], extra: Any, search: str | None) -> tuple[Any, Any]:
        if ctx.triggered_id == "edit-changed":
            return settled(services, search or "", str(changed or ""), values_of(fields, values), extra)
        value = ctx.triggered[0]["value"] if ctx.triggered else None
        if not ctx.triggered_id or not value:  # drawn, not pressed
            raise PreventUpdate
        button: Any = {**ctx.triggered_id, "value": value}
        return composed(services, search or "", button, values_of(fields, values), extra)


def tried(services: Any, search: str, values: Mapping[str, Any], extra: Any, month: str,
          places: list[Any]) -> tuple[Any, str, list[str]]:
    """(the table of the trial, what is wrong with the scheme, the same beside its field)."""
    t = _words(services)
    try:
        day = month_of(month)
        _kind, code = subject(services, search)
        scheme = services.scoring.book.schemes.checked(with_values(_content(services, search, extra), _own(values)), code)
        before, after = services.scoring.service.what_if(code, _in_force(services, code, day), scheme, day, g.actor.area)
    except SupervisionError as refusal:
        path = place_of_error(str(refusal.details.get("key", "")), renamings(values))
        place = place_words(path, overlaid(_content(services, search, extra), _own(values)), t)
        words = t("schemes_page.wrong", place=place, problem=problem_words(refusal, t)) if path else sentence(refusal, t)
        return no_update, words, told_beside(places, path, refusal, t)
    return trial(before, after, scheme, services.case_queries.org_name, t), "", [""] * len(places)


def _in_force(services: Any, code: str, day: date) -> Scheme | None:
    """The scheme that month is scored by; None of one that is not in force yet."""
    try:
        return cast(Scheme, services.scoring.book.in_force(code, day).scheme)
    except NotFound:
        return None


def said(services: Any, search: str, values: Mapping[str, Any], extra: Any) -> dict[str, str]:
    """What each row does, by its path, and how much of the form is not saved."""
    t = _words(services)
    content = overlaid(_content(services, search, extra), _own(values))
    told = sentences(content, services.evaluation.indicators, t)
    return {**told, scheme_form.UNSAVED: _unsaved(services, search, _content(services, search, extra), values, t)}


def _unsaved(services: Any, search: str, content: Mapping[str, Any], values: Mapping[str, Any], t: Words) -> str:
    _kind, code = subject(services, search)
    try:
        made = services.scoring.book.schemes.checked(with_values(content, _own(values)), code).model_dump(mode="json")
    except SupervisionError:
        return t("schemes_page.unsaved_wrong")
    number = sum(1 for _ in differences(_standing(services, code), made))
    return t("schemes_page.unsaved", n=number) if number else ""


def settled(services: Any, search: str, changed: str, values: Mapping[str, Any], extra: Any) -> tuple[Any, str]:
    """The working copy after a version was saved or decided upon: gone where it is of this scheme, else kept as it is typed."""
    _kind, code = subject(services, search)
    _act, _, version = changed.partition(" ")
    if changed.startswith("saved") or version.split("|")[1:2] == [code]:
        return None, ""
    return composed(services, search, KEEP, values, extra)


def composed(services: Any, search: str, button: Mapping[str, Any], values: Mapping[str, Any], extra: Any) -> tuple[Any, str]:
    """(the working copy after a button, another kind or another department; what is wrong)."""
    _kind, code = subject(services, search)
    if button.get("do") == "discard":
        return None, ""
    try:
        content = with_values(_content(services, search, extra), _own(values))
    except SupervisionError as refusal:
        return no_update, sentence(refusal, _words(services))
    made = _after(content, button, renamings(values))
    if made is None:
        return no_update, no_update
    return {"subject": code, "content": made[0], "opened": made[1], "based_on": _based_on(services, code, extra)}, ""


def _based_on(services: Any, code: str, extra: Any) -> int | None:
    """The version in force when the working copy was begun: one that came since must not be undone by it."""
    if isinstance(extra, Mapping) and extra.get("subject") == code:
        number = extra.get("based_on")
        return number if isinstance(number, int) else None
    return int(services.editing.present(Kind.SCORING, code)[0]) if code else None


def _after(content: Mapping[str, Any], button: Mapping[str, Any],
           new: Mapping[tuple[str, str], str]) -> tuple[Mapping[str, Any], str] | None:
    """(the content, the row to open); None for what was only drawn, or is of a row that went. Rows are called as they were
    drawn, and stand under their new codes."""
    if "take" in button:
        return with_department(content, button["value"]), ""
    if "kind" in button:
        at = new.get(("rules", button["kind"]), button["kind"])
        is_other = has_row(content, "rules", at) and content["rules"][at]["kind"] != button["value"]
        return (with_kind(content, at, button["value"]), f"rules.{at}") if is_other and button["value"] in KINDS else None
    act, group = button["do"], button["of"]
    if button is KEEP:
        return content, ""
    at = new.get(("parts" if act == "add" else group, button["at"]), button["at"])
    return pressed(content, act, group, at) if act == "add" or has_row(content, group, at) else None


def subject(services: Any, search: str) -> tuple[Kind, str]:
    """The scheme of the address, "" for one to be made; else the first."""
    wanted, known = asked(search, "scheme"), _codes(services)
    if wanted == NEW and _may_edit():
        return Kind.SCORING, ""
    return Kind.SCORING, wanted if wanted in known else known[0]


def draft(services: Any, search: str, values: Mapping[str, Any], extra: Any) -> Draft:
    """What the form holds; with a code of its own a new scheme."""
    kind, code = subject(services, search)
    content = with_values(_content(services, search, extra), _own(values))
    wanted = str(values.get("code") or "").strip()
    is_new = not code or (bool(wanted) and wanted != code)
    begun = _based_on(services, code, extra) if isinstance(extra, Mapping) and not is_new else None
    return Draft(kind, wanted if is_new else code, content, partial(place_of_error, new=renamings(values)), is_new=is_new,
                 based_on=begun)


def _editor(services: Any) -> Editor:
    return Editor(FORM, partial(draft, services), partial(subject, services), judges_cases=False, words="scheme_")


def _desk(services: Any, search: str, extra: Any, t: Words) -> Desk:
    """What the form is drawn from."""
    _kind, code = subject(services, search)
    content, standing = _content(services, search, extra), _standing(services, code) if code else {}
    names = {f"{group}.{one}" for group in ("parts", "rules") for one in standing.get(group) or ()}
    names |= {f"grades.{grade['code']}" for grade in standing.get("grades") or ()}
    opened = extra.get("opened", "") if isinstance(extra, Mapping) and extra.get("subject") == code else ""
    indicators = services.evaluation.indicators
    orgs = {unit.code: unit.name for unit in services.catalogue.units}
    return Desk(content, indicators, sentences(content, indicators, t), t, _may_edit(), frozenset(names), str(opened), orgs)


def _content(services: Any, search: str, extra: Any) -> dict[str, Any]:
    """The working copy of this scheme, else what is in force."""
    _kind, code = subject(services, search)
    if isinstance(extra, Mapping) and extra.get("subject") == code and isinstance(extra.get("content"), Mapping):
        return dict(extra["content"])
    return _standing(services, code)


def _standing(services: Any, code: str) -> dict[str, Any]:
    """What is in force with every field a scheme has, also those its version was written before; of a new one a blank."""
    content = services.editing.present(Kind.SCORING, code)[1] if code else services.editing.shipped.blank(Kind.SCORING)
    whole: dict[str, Any] = services.scoring.book.schemes.checked(content, code).model_dump(mode="json")
    return whole


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in values.items() if path != "code"}


def _codes(services: Any) -> list[str]:
    return list(dict.fromkeys((*services.scoring.book.schemes.shipped, *services.editing.edited(Kind.SCORING))))


def _list(services: Any, here: str, t: Words) -> list[Any]:
    """Each a page of its own, so that the browser asks before what is not saved is left (unsaved_guard.mjs)."""
    edited = services.editing.edited(Kind.SCORING)
    rows = []
    for code in _codes(services):
        name = services.editing.present(Kind.SCORING, code)[1]["name"]["zh" if t.language == "zh" else "en"]
        chip = [html.Span(t("rules_page.version", n=edited[code]), className="chip chip-info")] if code in edited else []
        rows.append(html.Li(dcc.Link([html.Span(name), *chip], href=f"?scheme={code}", refresh=True),
                            className="is-here" if code == here else ""))
    new = html.P(dcc.Link(t("schemes_page.new"), href=f"?scheme={NEW}", refresh=True), hidden=not _may_edit(),
                 className="edit-begin")
    return [html.H2(t("schemes_page.list")), new, html.Ul(rows, className="edit-list"),
            html.P(t("schemes_page.words"), className="panel-note")]


def _may_edit() -> bool:
    actor: Any = g.get("actor") if has_request_context() else None
    return actor is not None and actor.has(*AUTHORS[Kind.SCORING])


def _today(services: Any) -> date:
    return date_of(services.areas.default.calendar.today(services.clock.now_us()))


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
