"""The weekly plan and its exceptions as lists with their forms, and the journal of changes. Pure but for `register`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.exceptions import PreventUpdate
from flask import g

from alerts.roster.plan import DUTY_ROLES, DutyException, ExceptionKind, Shift, clock_text
from config.ladders import LEVELS
from core.errors import InvalidInput, SupervisionError
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.roster_week import chosen_area, today_of
from dashboard.panels.tables import grid, num
from dashboard.refusals import sentence
from dashboard.times import stamp
from dashboard.words import Words, words_of

SHIFT_HEADS = ("person", "duty_role", "weekday_head", "time", "area", "valid", "")
EXCEPTION_HEADS = ("day", "kind_head", "person", "substitute", "time", "reason", "")
EXCEPTION_DAYS = 60


def layout(services: Any, t: Words, *, may_edit: bool) -> html.Div:
    people = [{"value": username, "label": name} for username, name in services.roster.people(
        lambda role: role in {one.value for one in DUTY_ROLES})]
    said = html.P(id="roster-plan-said", className="form-said", role="status")
    plan = html.Section([html.H2(t("roster.plan")), html.Div(id="roster-shifts"),
                         _shift_form(services, people, t, may_edit)], className="panel")
    dated = html.Section([html.H2(t("roster.exceptions")), html.Div(id="roster-exceptions"),
                          _exception_form(people, t, may_edit)], className="panel")
    journal = html.Section([html.H2(t("roster.journal")), html.Div(id="roster-journal")], className="panel roster-journal")
    return html.Div([said, html.Div([plan, dated], className="roster-pair"), journal], className="roster-plan")


def _shift_form(services: Any, people: list[dict[str, str]], t: Words, may_edit: bool) -> html.Div:
    """The ids are there for everybody, so that one set of callbacks serves both; the server refuses the others."""
    roles = [{"value": role.value, "label": t(f"role.{role.value}")} for role in DUTY_ROLES]
    weekdays = [{"value": str(day), "label": t(f"roster.weekday.{day}")} for day in range(7)]
    areas = [{"value": "", "label": t("roster.every_area")},
             *({"value": one.code, "label": one.name} for one in services.catalogue.areas.values())]
    fields = [_choice(t, "shift-person", t("roster.person"), people),
              _choice(t, "shift-role", t("roster.duty_role"), roles, roles[0]),
              _choice(t, "shift-weekdays", t("roster.weekday_head"), weekdays, multi=True),
              _text("shift-from", t("roster.from"), "08:30"), _text("shift-until", t("roster.until"), "17:30"),
              _choice(t, "shift-area", t("roster.area"), areas, areas[0]),
              _text("shift-valid", t("roster.valid_from"), "2018-10-15"),
              html.Button(t("roster.add_shift"), id="shift-save", className="button button-main")]
    return html.Div([html.Div(fields, className="form-row"), html.P(t("roster.shift_words"), className="panel-note")],
                    hidden=not may_edit)


def _exception_form(people: list[dict[str, str]], t: Words, may_edit: bool) -> html.Div:
    kinds = [{"value": kind.value, "label": t(f"roster.kind.{kind.value}")} for kind in ExceptionKind]
    fields = [_text("exception-day", t("roster.day"), "2018-10-15"),
              _choice(t, "exception-kind", t("roster.kind_head"), kinds, kinds[0]),
              _choice(t, "exception-person", t("roster.person"), people),
              _choice(t, "exception-substitute", t("roster.substitute"), people),
              _text("exception-from", t("roster.from"), "00:00"), _text("exception-until", t("roster.until"), "24:00"),
              _text("exception-reason", t("roster.reason"), ""),
              html.Button(t("roster.add_exception"), id="exception-save", className="button button-main")]
    return html.Div([html.Div(fields, className="form-row"), html.P(t("roster.exception_words"), className="panel-note")],
                    hidden=not may_edit)


def _choice(t: Words, id: str, label: str, options: Sequence[Mapping[str, str]], first: Mapping[str, str] | None = None, *,
            multi: bool = False) -> html.Label:
    control = dcc.Dropdown(id=id, options=list(options), value=first["value"] if first else None, multi=multi, clearable=False,
                           searchable=len(options) > 8, placeholder="", className="form-choice", labels=dropdown_words(t))
    return html.Label([html.Span(label), control], className="form-field form-wide" if multi else "form-field")


def _text(id: str, label: str, placeholder: str) -> html.Label:
    return html.Label([html.Span(label), dcc.Input(id=id, type="text", placeholder=placeholder, autoComplete="off",
                                                   className="field")], className="form-field")


def register(app: Dash, services: Any) -> None:
    def words() -> Words:
        return words_of(services.texts, services.settings.display.language)

    @app.callback(Output("roster-shifts", "children"), Output("roster-exceptions", "children"),
                  Output("roster-journal", "children"), Input("roster-address", "search"),
                  Input("roster-plan-changed", "data"), Input("roster-contacts-changed", "data"))
    def refresh(search: str | None, _plan: Any, _contacts: Any) -> tuple[Any, Any, Any]:
        t, names = words(), dict(services.roster.people(lambda _role: True))
        today = today_of(services, chosen_area(search, services.catalogue))
        return (render_shifts(services.roster.shifts(), names, today, t),
                render_exceptions(services.roster.exceptions(today - timedelta(days=7), today + timedelta(days=EXCEPTION_DAYS)),
                                  names, t),
                render_changes(services.roster.changes(12), names, t))

    @app.callback(Output("roster-plan-said", "children"), Output("roster-plan-changed", "data"),
                  Input("shift-save", "n_clicks"), Input("exception-save", "n_clicks"),
                  Input({"type": "shift-end", "id": ALL}, "n_clicks"),
                  Input({"type": "exception-remove", "id": ALL}, "n_clicks"),
                  State("shift-person", "value"), State("shift-role", "value"), State("shift-weekdays", "value"),
                  State("shift-from", "value"), State("shift-until", "value"), State("shift-area", "value"),
                  State("shift-valid", "value"), State("exception-day", "value"), State("exception-kind", "value"),
                  State("exception-person", "value"), State("exception-substitute", "value"), State("exception-from", "value"),
                  State("exception-until", "value"), State("exception-reason", "value"), State("roster-address", "search"),
                  prevent_initial_call=True)
    def change(*given: Any) -> tuple[str, Any]:
        if not ctx.triggered or not ctx.triggered[0]["value"]:
            raise PreventUpdate
        t, pressed = words(), ctx.triggered_id
        today = today_of(services, chosen_area(given[-1], services.catalogue))
        try:
            said = _change(services, pressed, given[4:11], given[11:18], today, t)
        except SupervisionError as refusal:
            said = sentence(refusal, t)
        return said, [str(pressed), str(ctx.triggered[0]["value"])]


def _change(services: Any, pressed: Any, shift: Sequence[Any], exception: Sequence[Any], today: date, t: Words) -> str:
    if pressed == "shift-save":
        lines = shifts_of(shift, today)
        for line in lines:
            services.roster_service.save_shift(line, g.actor)
        return t("roster.saved", n=len(lines))
    if pressed == "exception-save":
        services.roster_service.add_exception(exception_of(exception), g.actor)
    elif pressed["type"] == "shift-end":
        services.roster_service.end_shift(pressed["id"], today - timedelta(days=1), g.actor)
    else:
        services.roster_service.remove_exception(pressed["id"], g.actor)
    return t("roster.done")


def shifts_of(given: Sequence[Any], today: date) -> list[Shift]:
    """A line for every weekday chosen. Raises InvalidInput naming what is missing or cannot be read."""
    person, role, weekdays, begin, end, area, valid = given
    if not person:
        raise InvalidInput("roster_field_missing", field="person")
    if not weekdays:
        raise InvalidInput("roster_field_missing", field="weekday_head")
    start = minute_of(begin or "08:30")
    return [Shift(username=person, role=role, weekday=int(day), from_min=start, until_min=_end_of(start, end or "17:30"),
                  area=area or "", valid_from=day_of_text(valid) if valid else today) for day in weekdays]


def exception_of(given: Sequence[Any]) -> DutyException:
    """Raises InvalidInput naming what is missing or cannot be read."""
    day, kind, person, substitute, begin, end, reason = given
    if not person:
        raise InvalidInput("roster_field_missing", field="person")
    start = minute_of(begin or "00:00")
    return DutyException(day=day_of_text(day or ""), kind=ExceptionKind(kind), username=person, substitute=substitute or "",
                         from_min=start, until_min=_end_of(start, end or "24:00"), reason=(reason or "").strip())


def minute_of(text: str) -> int:
    """`08:30` as minutes of the day; 24:00 and later hours of a night shift may be written up to 47:59."""
    hours, _, minutes = text.strip().replace("：", ":").partition(":")
    if not (hours.isdigit() and minutes.isdigit() and len(minutes) == 2 and int(hours) < 48 and int(minutes) < 60):
        raise InvalidInput("time_of_day_unreadable", value=text[:16])
    return int(hours) * 60 + int(minutes)


def day_of_text(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput("duty_day_unreadable", value=text[:16]) from None


def _end_of(start: int, text: str) -> int:
    """An end at or before the begin is one of the next morning."""
    end = minute_of(text)
    return end if end > start else end + 24 * 60


def render_shifts(shifts: Sequence[Shift], names: Mapping[str, str], today: date, t: Words) -> Any:
    """The lines that hold today or later."""
    alive = [shift for shift in shifts if shift.valid_until is None or shift.valid_until >= today]
    if not alive:
        return html.P(t("roster.plan_empty"), className="case-none")
    return grid([t(f"roster.{head}") if head else "" for head in SHIFT_HEADS], (_shift_row(one, names, t) for one in alive))


def _shift_row(shift: Shift, names: Mapping[str, str], t: Words) -> html.Tr:
    until = shift.valid_until.isoformat() if shift.valid_until else "…"
    button = html.Button(t("roster.end"), id={"type": "shift-end", "id": shift.id}, className="button button-small")
    return html.Tr([html.Td(html.Strong(names.get(shift.username, shift.username))), html.Td(t(f"role.{shift.role}")),
                    html.Td(t(f"roster.weekday.{shift.weekday}")),
                    num(f"{clock_text(shift.from_min)}–{clock_text(shift.until_min)}"),
                    html.Td(shift.area or t("roster.every_area")), num(f"{shift.valid_from.isoformat()} – {until}"),
                    html.Td(button)])


def render_exceptions(exceptions: Sequence[DutyException], names: Mapping[str, str], t: Words) -> Any:
    if not exceptions:
        return html.P(t("roster.exceptions_empty"), className="case-none")
    return grid([t(f"roster.{head}") if head else "" for head in EXCEPTION_HEADS],
                (_exception_row(one, names, t) for one in exceptions))


def _exception_row(one: DutyException, names: Mapping[str, str], t: Words) -> html.Tr:
    button = html.Button(t("roster.remove"), id={"type": "exception-remove", "id": one.id}, className="button button-small")
    return html.Tr([num(one.day.isoformat()), html.Td(t(f"roster.kind.{one.kind.value}")),
                    html.Td(html.Strong(names.get(one.username, one.username))),
                    html.Td(names.get(one.substitute, one.substitute) or "—"),
                    num(f"{clock_text(one.from_min)}–{clock_text(min(one.until_min, 24 * 60))}"), html.Td(one.reason),
                    html.Td(button)])


def render_changes(changes: Sequence[Any], names: Mapping[str, str], t: Words) -> Any:
    """Who changed what, with what was before and after."""
    if not changes:
        return html.P(t("roster.journal_empty"), className="case-none")
    heads = ("when", "who", "what", "before", "after")
    return grid([t(f"roster.{head}") for head in heads], (html.Tr([
        num(stamp(change.at)), html.Td(change.actor_name),
        html.Td(f"{t(f'roster.action.{change.action}')} {t(f'roster.subject.{change.subject}')}"),
        html.Td(_told(change.before, change.after, names, t), className="event-detail"),
        html.Td(_told(change.after, change.before, names, t), className="event-detail")]) for change in changes))


def _told(values: Mapping[str, Any] | None, other: Mapping[str, Any] | None, names: Mapping[str, str], t: Words) -> str:
    """The fields that differ from the other side; all that say something when there is no other side."""
    if values is None:
        return "—"
    shown = {name: value for name, value in values.items() if name not in ("id", "rev", "is_active")
             and (other is None or other.get(name) != value) and value not in ("", None)}
    return "，".join(f"{t.first(f'roster.field.{name}', 'roster.field.other', name=name)} {_value(name, value, names, t)}"
                    for name, value in shown.items())


def _value(name: str, value: Any, names: Mapping[str, str], t: Words) -> str:
    if name in ("from_min", "until_min"):
        return clock_text(value)
    if name in ("username", "substitute"):
        return names.get(value, str(value))
    if name == "weekday":
        return t(f"roster.weekday.{value}")
    if name == "role":
        return t.first(f"role.{value}", f"addressee.{value}")
    if name == "channels":
        return " → ".join(t(f"notice.channel.{channel}") for channel in str(value).split())
    if name == "min_level":
        return t(f"level.{LEVELS[value]}")
    return t.first(f"roster.kind.{value}", "roster.field.other", name=str(value)) if name == "kind" else str(value)
