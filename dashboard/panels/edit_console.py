"""The right half of every page on which rules are edited: preview, save, confirm, and what was changed before.

A page hands in what its form holds (`Draft`); preview and saving are the same for rules, calendars, limits and areas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g

from alerts.backtest.service import Period
from config.service import Version
from config.versions import JUDGING, Kind, VersionState
from core.access import Role, require
from core.errors import InvalidInput, SupervisionError
from core.instants import DAY_US, day_of
from dashboard.panels import edit_result
from dashboard.panels.edit_history import history, proposals
from dashboard.panels.form_fields import place_words
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

POLL_MS, PAUSED_MS = 700, 3_600_000
PERIOD_DAYS = 90


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form holds. `place_of_error` turns the key of an error into the path of a field of the form. `based_on` is the
    version a working copy was begun from, where the form keeps one; else that which was in force when the form was drawn."""

    kind: Kind
    subject: str
    content: Mapping[str, Any]
    place_of_error: Callable[[str], str] = lambda key: key
    is_new: bool = False
    based_on: int | None = None


@dataclass(frozen=True, slots=True)
class Editor:
    """A page's side of it. `form` names its fields, `draft(search, values, extra)` reads them, `subject(search)` is shown.

    `judges_cases`: what is edited decides how cases are judged, so an edit is tried on them before it is saved. `words`
    begins the keys of the sentences that differ from those of the rules.
    """

    form: str
    draft: Callable[[str, Mapping[str, Any], Any], Draft]
    subject: Callable[[str], tuple[Kind, str]]
    judges_cases: bool = True
    words: str = ""


def layout(services: Any, editor: Editor, t: Words, *, may_edit: bool) -> html.Div:
    """Preview, save and history. The ids are there for everybody; the server refuses those who may not."""
    today = _today(services)
    period = [_day("from", today - timedelta(days=PERIOD_DAYS), t), _day("to", today, t),
              html.Button(t("rules_page.preview"), id="edit-preview", className="button button-main"),
              html.Button(t("rules_page.cancel"), id="edit-cancel", className="button")]
    saving = [_day("since", today + timedelta(days=1), t, f"{editor.words}since"),
              html.Div([html.Label(t("rules_page.reason"), htmlFor="edit-reason"),
                        dcc.Input(id="edit-reason", className="field edit-input", type="text", autoComplete="off")],
                       className="edit-field edit-reason"),
              html.Button(t("rules_page.save"), id="edit-save", className="button button-main")]
    stores = [dcc.Store(id=f"edit-{name}") for name in ("changed", "run", "extra", "begun")]
    hidden = [dcc.Location(id="edit-address", refresh=False), *stores,
              dcc.Interval(id="edit-poll", interval=POLL_MS, disabled=True)]
    trial = html.Section([html.H2(t("rules_page.preview_title")), html.P(t("rules_page.preview_words"), className="panel-note"),
                          html.Div(period, className="edit-bar"), html.Div(id="edit-result", className="edit-result")],
                         className="panel", hidden=not may_edit)
    return html.Div([
        *hidden, *([trial] if editor.judges_cases else []),
        html.Section([html.H2(t("rules_page.save_title")), html.P(_two_words(services, editor, t), className="panel-note"),
                      html.Div(saving, className="edit-bar"), html.P(id="edit-said", className="feeds-said", role="status")],
                     className="panel", hidden=not may_edit),
        html.Section(id="edit-proposals", className="panel"), html.Section(id="edit-history", className="panel")],
        className="edit-side")


def _two_words(services: Any, editor: Editor, t: Words) -> str:
    words = "two_needed" if services.editing.needs_two() else "one_enough"
    return t(f"rules_page.{editor.words}{words}")


def _day(name: str, day: date, t: Words, label: str = "") -> html.Div:
    return html.Div([html.Label(t(f"rules_page.{label or name}"), htmlFor=f"edit-{name}"),
                     dcc.Input(id=f"edit-{name}", value=day.isoformat(), className="field edit-day num", type="text",
                               pattern=r"\d{4}-\d\d-\d\d", autoComplete="off")], className="edit-field")


def register(app: Dash, services: Any, editor: Editor) -> None:
    if editor.judges_cases:
        _register_preview(app, services, editor)
    _register_saving(app, services, editor)
    _register_history(app, services, editor)


def _register_preview(app: Dash, services: Any, editor: Editor) -> None:
    errors, held = _form_ids(editor)

    @app.callback(Output("edit-run", "data"), Output(errors, "children"), Output("edit-result", "children"),
                  Output("edit-poll", "disabled"), Input("edit-preview", "n_clicks"), State(held, "value"), State(held, "id"),
                  State(errors, "id"), State("edit-from", "value"), State("edit-to", "value"), State("edit-since", "value"),
                  State("edit-extra", "data"), State("edit-address", "search"), prevent_initial_call=True)
    def preview(clicks: int | None, values: list[Any], fields: list[Any], places: list[Any], first: str, last: str, since: str,
                extra: Any, search: str | None) -> tuple[Any, Any, Any, bool]:
        if not clicks:
            raise PreventUpdate
        require(g.actor, Role.ADMINISTRATOR)
        t, draft = _words(services), None
        try:
            draft = editor.draft(search or "", values_of(fields, values), extra)
            run = start(services, draft, first, last, since)
        except SupervisionError as refusal:
            said = html.P(said_of_refusal(refusal, draft, editor.form, t), className="edit-refused", role="alert")
            return None, told_at(places, refusal, draft, t), said, True
        return run.id, [""] * len(places), edit_result.progress(run, t), False

    @app.callback(Output("edit-result", "children", allow_duplicate=True),
                  Output("edit-poll", "disabled", allow_duplicate=True), Input("edit-poll", "n_intervals"),
                  Input("edit-cancel", "n_clicks"), State("edit-run", "data"), prevent_initial_call=True,
                  running=[(Output("edit-poll", "interval"), PAUSED_MS, POLL_MS)])
    # Dash drops an answer once the next question is asked: on a busy machine none would ever arrive.
    def follow(_ticks: int | None, _cancels: int | None, run_id: str | None) -> tuple[Any, bool]:
        if not run_id:
            raise PreventUpdate
        return followed(services, run_id, is_cancelled="edit-cancel.n_clicks" in ctx.triggered_prop_ids)


def start(services: Any, draft: Draft, first: str, last: str, since: str) -> Any:
    """Start the preview of a draft. Raises what is wrong with it or with the period."""
    previews = services.previews
    edited = previews.edited(draft.kind, draft.subject, draft.content, within=g.actor.area)
    live = previews.edited(draft.kind, draft.subject, draft.content, day_from(since, "since"), within=g.actor.area)
    begin, end = day_from(first, "from"), day_from(last, "to")
    calendar = services.areas.default.calendar
    to_us = min(calendar.to_utc((day_of(end) + 1) * DAY_US), services.clock.now_us())
    period = Period(calendar.to_utc(day_of(begin) * DAY_US), to_us)
    return services.backtest_runs.start(g.actor.name, previews.present(edited.scope), edited, live, period)


def followed(services: Any, run_id: str, *, is_cancelled: bool) -> tuple[Any, bool]:
    """(what stands in the result, whether to stop asking)."""
    t = _words(services)
    try:
        run = services.backtest_runs.get(run_id, g.actor.name)
        if is_cancelled:
            services.backtest_runs.cancel(run_id, g.actor.name)
    except SupervisionError as refusal:
        return _refused(refusal, t), True
    if not run.is_done:
        return edit_result.progress(run, t), False
    if run.error is not None:
        return _refused(run.error, t), True
    return edit_result.render(run, services.case_queries.org_name, t), True


def _register_saving(app: Dash, services: Any, editor: Editor) -> None:
    errors, held = _form_ids(editor)

    @app.callback(Output("edit-said", "children"), Output(errors, "children", allow_duplicate=True),
                  Output("edit-changed", "data"), Input("edit-save", "n_clicks"), State(held, "value"), State(held, "id"),
                  State(errors, "id"), State("edit-since", "value"), State("edit-reason", "value"), State("edit-extra", "data"),
                  State("edit-address", "search"), State("edit-begun", "data"), prevent_initial_call=True)
    def save(clicks: int | None, values: list[Any], fields: list[Any], places: list[Any], since: str, reason: str | None,
             extra: Any, search: str | None, begun: Any) -> tuple[str, Any, Any]:
        if not clicks:
            raise PreventUpdate
        t, draft = _words(services), None
        try:
            draft = editor.draft(search or "", values_of(fields, values), extra)
            version = services.editing.propose(draft.kind, draft.subject, draft.content, reason=reason or "", actor=g.actor,
                                               effective_from=day_from(since, "since"), is_new=draft.is_new,
                                               based_on=_based_on(draft, begun))
        except SupervisionError as refusal:
            return said_of_refusal(refusal, draft, editor.form, t), told_at(places, refusal, draft, t), no_update
        return said_of(version, _today(services), editor.words, t), [""] * len(places), f"saved {version.number}"

    @app.callback(Output("edit-said", "children", allow_duplicate=True), Output("edit-changed", "data", allow_duplicate=True),
                  Input({"decide": ALL, "version": ALL}, "n_clicks"), State("edit-reason", "value"), prevent_initial_call=True)
    def decide(clicks: list[int | None], reason: str | None) -> tuple[str, Any]:
        pressed = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        return decided(services, pressed["decide"], pressed["version"], reason or "")


def said_of(version: Version, today: date, words: str, t: Words) -> str:
    """What became of a version that was saved: the one of before holds until the day of this one has come."""
    state = "coming" if _is_to_come(version, today) else version.state.value
    own = [f"rules_page.{words}saved.{state}"] if words else []
    return t.first(*own, f"rules_page.saved.{state}{_plain(version.kind)}", f"rules_page.saved.{state}",
                   n=version.number, day=version.effective_from.isoformat())


def said_of_decision(version: Version, decision: str, today: date, t: Words) -> str:
    """The same of one that was confirmed or turned down."""
    if _is_to_come(version, today):
        return said_of(version, today, "", t)
    return t.first(f"rules_page.decided.{decision}{_plain(version.kind)}", f"rules_page.decided.{decision}")


def _is_to_come(version: Version, today: date) -> bool:
    return version.state is VersionState.ACTIVE and version.effective_from > today


def _plain(kind: Kind) -> str:
    """The ending of the sentences about what no case is judged by."""
    return "" if kind in JUDGING else "_plain"


def decided(services: Any, decision: str, version: str, reason: str) -> tuple[str, Any]:
    """Confirm or turn down; `version` is kind|subject|number."""
    t = _words(services)
    kind, subject, number = version.split("|")
    try:
        decide = services.editing.confirm if decision == "confirm" else services.editing.reject
        became = decide(Kind(kind), subject, int(number), actor=g.actor, reason=reason)
    except SupervisionError as refusal:
        return sentence(refusal, t), no_update
    return said_of_decision(became, decision, _today(services), t), f"{decision} {version}"


def _register_history(app: Dash, services: Any, editor: Editor) -> None:
    @app.callback(Output("edit-proposals", "children"), Output("edit-history", "children"), Output("edit-begun", "data"),
                  Input("edit-address", "search"), Input("edit-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, Any, Any]:
        t = _words(services)
        kind, subject = editor.subject(search or "")
        told = history(services, kind, subject, _today(services), t)
        return proposals(services, g.actor, t), told, _begun(services, kind, subject)


# Two who edit the same ---------------------------------------------------------------------------------------------

def _begun(services: Any, kind: Kind, subject: str) -> dict[str, Any] | None:
    """What is in force while the form is drawn from it: who saves later must not undo what another saved meanwhile."""
    try:
        return {"kind": kind.value, "subject": subject, "number": services.editing.present(kind, subject)[0]}
    except SupervisionError:
        return None  # of what is made anew nothing is in force


def _based_on(draft: Draft, begun: Any) -> int | None:
    if draft.based_on is not None or draft.is_new or not isinstance(begun, Mapping):
        return draft.based_on
    number, of = begun.get("number"), (begun.get("kind"), begun.get("subject"))
    return number if of == (draft.kind.value, draft.subject) and isinstance(number, int) else None


# Small things -------------------------------------------------------------------------------------------------------

def _form_ids(editor: Editor) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the places of errors, the fields) of the page's form."""
    return {"error": ALL, "of": editor.form}, {"field": ALL, "of": editor.form}


def values_of(fields: list[Any], values: list[Any]) -> dict[str, Any]:
    """What the fields hold, by path."""
    return {field["field"]: value for field, value in zip(fields, values, strict=True)}


def told_at(places: list[Any], refusal: SupervisionError, draft: Draft | None, t: Words) -> list[str]:
    """The error at the field it is about; nowhere when no field has that path."""
    key = str(refusal.details.get("key", ""))
    return told_beside(places, draft.place_of_error(key) if draft is not None else key, refusal, t)


def told_beside(places: list[Any], path: str, refusal: SupervisionError, t: Words) -> list[str]:
    """The error at its field, or at the row that holds it where the field is not drawn."""
    drawn = {place["error"] for place in places}
    while path not in drawn and "." in path:
        path = path.rpartition(".")[0]
    return [problem_words(refusal, t) if place["error"] == path else "" for place in places]


def said_of_refusal(refusal: SupervisionError, draft: Draft | None, form: str, t: Words) -> str:
    """Why nothing was saved; of what a file would say by its line and key, where it stands on the page."""
    if draft is None or refusal.code != "config_invalid":
        return sentence(refusal, t)
    place = place_words(draft.place_of_error(str(refusal.details.get("key", ""))), form, t)
    return t("rules_page.field_refused", place=place, problem=problem_words(refusal, t))


def problem_words(refusal: SupervisionError, t: Words) -> str:
    """What is wrong with the field, in the language of the page where its reason is known."""
    problem, reason = refusal.details.get("problem"), refusal.details.get("reason", "")
    if problem is None:
        return sentence(refusal, t)
    own = f"form_problem.of.{str(refusal.details.get('key', '')).rpartition('.')[2]}.{reason}"
    return t.first(own, f"form_problem.{reason}", "case.clock.plain", name=problem, **_values(refusal))


def _values(refusal: SupervisionError) -> dict[str, str]:
    return {name: str(refusal.details.get(name, "")) for name in ("limit", "value")}


def day_from(text: str | None, field: str) -> date:
    """The day of a field. Raises InvalidInput naming it."""
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        raise InvalidInput("day_unreadable", key=field, value=text or "") from None


def _refused(refusal: SupervisionError, t: Words) -> html.P:
    more = refusal.details.get("problem")
    told = sentence(refusal, t) if not more else t("rules_page.wrong", key=refusal.details.get("key", ""), problem=more)
    return html.P(told, className="edit-refused", role="alert")


def _today(services: Any) -> date:
    today: date = services.approval.desk.today(services.catalogue.default_area, services.clock.now_us())
    return today


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)


def asked(search: str, name: str) -> str:
    """A value of the address: ?preset=kechuang."""
    return parse_qs(search.lstrip("?")).get(name, [""])[0][:128]
