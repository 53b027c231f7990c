"""One week of the roster as a grid: who, when, instead of whom, and where nobody is. Pure but for `register`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, dcc, html

from alerts.roster.plan import clock_text
from core.instants import date_of
from dashboard.words import Words, words_of


def layout(t: Words) -> html.Section:
    return html.Section([html.Div([html.H2(t("roster.week")), html.Div(id="roster-way", className="roster-way")],
                                  className="roster-head"), html.Div(id="roster-week")], className="panel")


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("roster-week", "children"), Output("roster-way", "children"), Input("roster-address", "search"),
                  Input("roster-plan-changed", "data"))
    def refresh(search: str | None, _changed: Any) -> tuple[Any, Any]:
        t = words_of(services.texts, services.settings.display.language)
        area = chosen_area(search, services.catalogue)
        today = today_of(services, area)
        monday = chosen_monday(search, today)
        names = dict(services.roster.people(lambda _role: True))
        areas = {one.code: one.name_en if t.language == "en" else one.name for one in services.catalogue.areas.values()}
        days = services.roster.week(monday, area)
        on_duty = services.roster.on_duty(services.clock.now_us(), area)
        return render(days, names, today, t), [_now(on_duty, t), *_way(monday, area, areas, t)]


def today_of(services: Any, area: str) -> date:
    return date_of(services.areas.for_area(area).today(services.clock.now_us()))


def chosen_area(search: str | None, catalogue: Any) -> str:
    """The area named in the address, if there is such a one: ?area=360502."""
    wanted = parse_qs((search or "").lstrip("?")).get("area", [""])[0]
    return wanted if wanted in catalogue.areas else str(catalogue.default_area)


def chosen_monday(search: str | None, today: date) -> date:
    """The Monday of the week named in the address: ?week=2018-10-15. This week when none or nonsense is named."""
    text = parse_qs((search or "").lstrip("?")).get("week", [""])[0]
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    return day - timedelta(days=day.weekday())


def render(days: Sequence[Any], names: Mapping[str, str], today: date, t: Words) -> html.Div:
    """A column per DutyDay."""
    return html.Div([_column(day, names, day.day == today, t) for day in days], className="duty-week")


def _column(day: Any, names: Mapping[str, str], is_today: bool, t: Words) -> html.Div:
    marks = ["duty-day", "is-today" if is_today else "", "" if day.is_working else "is-off"]
    off = [] if day.is_working else [html.Span(t("roster.day_off"), className="duty-off")]
    head = html.Div([html.Strong(t(f"roster.weekday.{day.day.weekday()}")),
                     html.Span(f"{day.day:%m-%d}", className="num"), *off], className="duty-date")
    entries = [_turn(turn, names, t) for turn in day.turns] + [_gap(gap, t) for gap in day.gaps]
    away = [_away(one, names, t) for one in day.exceptions if one.kind.value == "absence"]
    nobody = [] if entries else [html.P(t("roster.nobody"), className="duty-none")]
    return html.Div([head, *entries, *away, *nobody], className=" ".join(filter(None, marks)))


def _turn(turn: Any, names: Mapping[str, str], t: Words) -> html.Div:
    instead = [html.Span(t("roster.instead_of", name=names.get(turn.instead_of, turn.instead_of)), className="duty-instead")] \
        if turn.instead_of else []
    return html.Div([html.Span(f"{clock_text(turn.from_min)}–{clock_text(turn.until_min)}", className="num duty-span"),
                     html.Strong(names.get(turn.username, turn.username)),
                     html.Span(t(f"role.{turn.role}"), className="duty-role"), *instead],
                    className=f"duty-turn duty-{turn.role}")


def _gap(gap: Any, t: Words) -> html.Div:
    return html.Div([html.Span(f"{clock_text(gap.from_min)}–{clock_text(gap.until_min)}", className="num duty-span"),
                     html.Strong(t("roster.gap"))], className="duty-turn duty-gap")


def _away(one: Any, names: Mapping[str, str], t: Words) -> html.Div:
    return html.Div([html.Strong(names.get(one.username, one.username)), html.Span(t("roster.kind.absence")),
                     html.Span(one.reason, className="duty-role")], className="duty-turn duty-away")


def _now(on_duty: Sequence[Any], t: Words) -> html.Span:
    names = "、".join(one.display_name for one in on_duty) or t("roster.nobody_now")
    return html.Span([t("roster.now"), html.Strong(names)], className="duty-now" if on_duty else "duty-now is-missing")


def _way(monday: date, area: str, areas: Mapping[str, str], t: Words) -> list[Any]:
    def link(words: str, week: date, to: str, current: bool = False) -> dcc.Link:
        return dcc.Link(words, href=f"?week={week.isoformat()}&area={to}", refresh=False,
                        className="way-link is-here" if current else "way-link")

    places = [link(name, monday, code, code == area) for code, name in areas.items()] if len(areas) > 1 else []
    return [html.Span(places, className="way-areas"),
            html.Span([link(t("roster.earlier"), monday - timedelta(days=7), area),
                       html.Strong(f"{monday:%Y-%m-%d}", className="num"),
                       link(t("roster.later"), monday + timedelta(days=7), area)], className="way-weeks")]
