"""工作日历, the working calendars: a year to click on, office hours, and what an edit would move before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate

from config.calendars import calendar_of
from config.editing import with_day
from config.versions import Kind
from core.errors import SupervisionError
from core.instants import date_of
from dashboard.panels import calendar_year, edit_console, top_bar
from dashboard.panels.edit_console import Draft, Editor, asked
from dashboard.panels.edit_tabs import may_edit, tabs
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

PREFIX = "/calendars/"
TITLE = "rules_page.calendars_title"


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    said = html.P(id="calendar-said", className="feeds-said", role="status")
    left = html.Section([html.Div(id="edit-list"), html.Div(id="calendar-fields"), said, html.Div(id="calendar-year")],
                        className="panel")
    main = [tabs("calendars", t), html.Div([left, edit_console.layout(services, _editor(services), t, may_edit=may_edit())],
                                           className="edit-columns edit-wide")]
    return html.Div([top_bar.layout(t, "calendars", services.settings.demo.enabled), html.Main(main, className="edit-body")],
                    className="staff edit")


def register(app: Dash, services: Any) -> None:
    edit_console.register(app, services, _editor(services))

    @app.callback(Output("edit-list", "children"), Output("calendar-fields", "children"), Output("edit-extra", "data"),
                  Input("edit-address", "search"), Input("edit-changed", "data"), State("edit-extra", "data"))
    def show(search: str | None, changed: Any, extra: Any) -> tuple[Any, Any, Any]:
        t = words_of(services.texts, services.settings.display.language)
        _kind, name = subject(services, search or "")
        kept = extra if ctx.triggered_id == "edit-address" and extra and extra.get("calendar") == name else None
        content = content_of(services, name, kept)
        fields = no_update if kept is not None else calendar_year.fields(content, t, may_edit=may_edit())
        return _heads(services, search or "", content, t), fields, kept or {"calendar": name, "days": []}

    @app.callback(Output("calendar-year", "children"), Input("edit-extra", "data"), Input("edit-address", "search"))
    def draw(extra: Any, search: str | None) -> Any:
        t = words_of(services.texts, services.settings.display.language)
        _kind, name = subject(services, search or "")
        calendar = calendar_of(content_of(services, name, extra), name)
        changed = [day for day, _kind, _name in (extra or {}).get("days", [])]
        return calendar_year.render(calendar, year_of(services, search or ""), changed, t, may_edit=may_edit())

    @app.callback(Output("edit-extra", "data", allow_duplicate=True), Output("calendar-said", "children"),
                  Input({"day": ALL}, "n_clicks"), State("edit-extra", "data"),
                  State({"field": ALL, "of": calendar_year.FORM}, "value"), State("edit-address", "search"),
                  prevent_initial_call=True)
    def click(clicks: list[int | None], extra: Any, fields: list[str | None], search: str | None) -> tuple[Any, str]:
        pressed = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        return clicked(services, subject(services, search or "")[1], pressed["day"], extra, (fields or [""])[-1] or "")


def clicked(services: Any, calendar_id: str, day: str, extra: Any, name: str) -> tuple[Any, str]:
    """(the draft with that day turned to its next kind, what to say). A second click on a changed day takes it back."""
    t = words_of(services.texts, services.settings.display.language)
    days = [one for one in (extra or {}).get("days", []) if one[0] != day]
    was_changed = len(days) < len((extra or {}).get("days", []))
    if not was_changed:
        calendar = calendar_of(content_of(services, calendar_id, None), calendar_id)
        kind, _holiday = calendar_year.kind_of(calendar, date.fromisoformat(day))
        days.append([day, calendar_year.NEXT.get(kind, "off"), name])
    draft_days = {"calendar": calendar_id, "days": days}
    try:
        content_of(services, calendar_id, draft_days)
    except SupervisionError as refusal:
        return no_update, sentence(refusal, t)
    return draft_days, t("rules_page.day_taken_back" if was_changed else "rules_page.day_changed", day=day)


def _editor(services: Any) -> Editor:
    return Editor(calendar_year.FORM, partial(draft, services), partial(subject, services))


def subject(services: Any, search: str) -> tuple[Kind, str]:
    wanted = asked(search, "calendar")
    return Kind.CALENDAR, wanted if wanted in services.calendars else services.areas.default.calendar.id


def draft(services: Any, search: str, values: Mapping[str, Any], extra: Any) -> Draft:
    """The clicked days and the office hours, on what is in force."""
    kind, name = subject(services, search)
    content = content_of(services, name, extra)
    hours = [part.strip() for part in str(values.get("office_hours") or "").replace("，", ",").split(",") if part.strip()]
    return Draft(kind, name, {**content, "office_hours": hours}, lambda key: key.split(".")[0] or "office_hours")


def content_of(services: Any, name: str, extra: Any) -> Mapping[str, Any]:
    """The calendar in force with the clicked days put in. Raises InvalidInput for a year that is not published."""
    _number, content = services.editing.present(Kind.CALENDAR, name)
    days: Sequence[Any] = (extra or {}).get("days", []) if (extra or {}).get("calendar") == name else []
    for day, kind, label in days:
        content = with_day(content, date.fromisoformat(day), kind, label)
    return content


def year_of(services: Any, search: str) -> int:
    wanted = asked(search, "year")
    if wanted.isdigit() and len(wanted) == 4:
        return int(wanted)
    return date_of(services.areas.default.calendar.today(services.clock.now_us())).year


def _heads(services: Any, search: str, content: Mapping[str, Any], t: Words) -> list[Any]:
    _kind, here = subject(services, search)
    year = year_of(services, search)
    calendars = [dcc.Link(_name(services, one, t), href=f"?calendar={one}&year={year}", refresh=False,
                          className="edit-pick is-here" if one == here else "edit-pick") for one in services.calendars]
    around = range(year - 2, year + 3)
    years = [dcc.Link(str(one), href=f"?calendar={here}&year={one}", refresh=False,
                      className="edit-pick num is-here" if one == year else "edit-pick num") for one in around]
    used = [name for name in services.areas.known_areas() if services.areas.plan_of(name).calendar == here]
    note = html.P(t("rules_page.used_by", areas="、".join(used) or "—"), className="panel-note")
    unpublished = [html.P(t("rules_page.year_unpublished", year=year), className="edit-refused")] if _is_unpublished(
        content, year) else []
    return [html.Div(calendars, className="edit-picks"), html.Div(years, className="edit-picks"), note, *unpublished]


def _is_unpublished(content: Mapping[str, Any], year: int) -> bool:
    years = content["years"]
    return not isinstance(years, str) and not (years.get(str(year)) or {}).get("published")


def _name(services: Any, calendar: str, t: Words) -> str:
    _number, content = services.editing.present(Kind.CALENDAR, calendar)
    return str(content["name"][t.language])
