"""A year of a working calendar as a picture to click on: weekends, holidays, make-up days and what was changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from dash import dcc, html

from core.errors import SupervisionError
from core.instants import day_of
from core.working_calendar import WorkingCalendar
from dashboard.words import Words

FORM = "calendars"
NEXT = {"working": "off", "weekend": "work", "holiday": "plain", "make_up": "plain"}
SIGNED = ("weekend", "holiday", "make_up")


def render(calendar: WorkingCalendar, year: int, changed: Sequence[str], t: Words, *, may_edit: bool) -> html.Div:
    """Twelve months; a year that is not published says so instead."""
    months = [_month(calendar, year, month, frozenset(changed), t, may_edit) for month in range(1, 13)]
    legend = html.Ul([html.Li([html.Span(t(f"case.sign.{kind}") if kind in SIGNED else "3", className=_class(kind, False)),
                               t(f"case.day.{kind}")]) for kind in ("working", *SIGNED)], className="year-legend")
    return html.Div([html.Div(months, className="year-months"), legend], className="year")


def _month(calendar: WorkingCalendar, year: int, month: int, changed: frozenset[str], t: Words, may_edit: bool) -> html.Table:
    first = date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    days: list[date | None] = [None] * first.weekday()
    days += [first + timedelta(days=at) for at in range((following - first).days)]
    days += [None] * (-len(days) % 7)
    rows = [html.Tr([_cell(day, calendar, changed, t, may_edit) for day in days[at:at + 7]]) for at in range(0, len(days), 7)]
    heads = html.Tr([html.Th(t(f"case.weekday.{weekday}"), scope="col") for weekday in range(7)])
    return html.Table([html.Caption(t("rules_page.month", month=month)), html.Thead(heads), html.Tbody(rows)],
                      className="year-month")


def _cell(day: date | None, calendar: WorkingCalendar, changed: frozenset[str], t: Words, may_edit: bool) -> html.Td:
    if day is None:
        return html.Td()
    kind, name = kind_of(calendar, day)
    text = day.isoformat()
    words = " · ".join(filter(None, (text, t.first(f"case.day.{kind}", f"day_kind.{kind}"), name)))
    sign = [html.Span(t(f"case.sign.{kind}"), className="year-sign")] if kind in SIGNED else []
    # A button also for those who may only read, so that one set of callbacks serves both; the server refuses the others.
    return html.Td(html.Button([html.Span(str(day.day)), *sign], id={"day": text}, title=words, disabled=not may_edit,
                               className=_class(kind, text in changed), **{"aria-label": words}))


def _class(kind: str, is_changed: bool) -> str:
    return f"year-day day-{kind.replace('_', '-')}{' is-changed' if is_changed else ''}"


def kind_of(calendar: WorkingCalendar, day: date) -> tuple[str, str]:
    """(working, weekend, holiday, make_up or unpublished; the holiday's name)."""
    try:
        status = calendar.status(day_of(day))
    except SupervisionError:
        return "unpublished", ""
    return status.kind, status.name


def hours_text(content: Mapping[str, Any]) -> str:
    return ", ".join(content["office_hours"])


def fields(content: Mapping[str, Any], t: Words, *, may_edit: bool) -> html.Div:
    """Office hours, and the name under which clicked days are entered."""
    def one(name: str, value: str) -> html.Div:
        return html.Div([html.Label(t(f"rules_page.field.{name}")),
                         dcc.Input(id={"field": name, "of": FORM}, value=value, className="field edit-input",
                                   disabled=not may_edit, debounce=True, type="text", autoComplete="off"),
                         html.Small(id={"error": name, "of": FORM}, className="field-error", role="alert")],
                        className="edit-field")
    return html.Div([one("office_hours", hours_text(content)), one("day_name", "")], className="edit-fields")
