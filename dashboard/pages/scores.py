"""绩效评估, the scores: departments by place, one of them open down to cards and cases; publish, appeal, decide, freeze.

Every choice stands in the address, so a view is a link. What may be seen and done is decided by the services behind it.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import parse_qs

from dash import ALL, MATCH, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import Response, g, request

from core.access import Actor
from core.errors import InvalidInput, NotFound, SupervisionError
from core.instants import date_of
from dashboard.panels import scores_acts as acts
from dashboard.panels import top_bar
from dashboard.panels.downloads import KINDS, as_file
from dashboard.panels.scores_detail import Names, detail, evidence, shown_of, window_words
from dashboard.panels.scores_head import head
from dashboard.panels.scores_sheet import sheet
from dashboard.panels.scores_table import course, table
from dashboard.panels.scores_view import View, view_of
from dashboard.panels.scores_wish import Wish, month_text, wish_of
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from evaluation.scoring.entries import EntryWish
from evaluation.scoring.longer import half_of
from evaluation.scoring.queries import EntryRow
from evaluation.scoring.rows import ScoringRow

PREFIX = "/scores/"
TITLE = "scores_page.title"


def layout(services: Any) -> html.Div:
    t = _words(services)
    pair = html.Div([html.Section(id="scores-table", className="panel scores-list"),
                     html.Section(id="scores-detail", className="panel scores-detail")], className="scores-pair")
    said = html.P(id="scores-said", className="feeds-said", role="status")
    body = html.Main([html.Div(id="scores-head", className="scores-head"), said, html.Div(id="scores-waiting"), pair],
                     className="scores-body")
    return html.Div([dcc.Location(id="scores-address", refresh=False), dcc.Store(id="scores-changed"),
                     top_bar.layout(t, "scores", services.settings.demo.enabled), body], className="staff edit scores")


def register(app: Dash, services: Any) -> None:
    for kind in KINDS:
        app.server.add_url_rule(f"{PREFIX}export.{kind}", f"scores_{kind}", lambda kind=kind: export(services, kind))

    @app.callback(Output("scores-head", "children"), Output("scores-table", "children"), Output("scores-waiting", "children"),
                  Output("scores-detail", "children"), Input("scores-address", "search"), Input("scores-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, Any, Any, Any]:
        return shown(services, search, g.actor, _words(services))

    @app.callback(Output("scores-said", "children"), Output("scores-changed", "data"),
                  Input({"score": ALL, "n": ALL}, "n_clicks"), State({"field": ALL, "of": acts.OF}, "value"),
                  State({"field": ALL, "of": acts.OF}, "id"),
                  State("scores-address", "search"), prevent_initial_call=True)
    def act(clicks: list[int | None], values: list[Any], fields: list[Any], search: str | None) -> tuple[Any, Any]:
        pressed = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        given = {field["field"]: str(value or "").strip() for field, value in zip(fields, values, strict=True)}
        return acted(services, pressed["score"], int(pressed["n"]), given, search)


    place = {"line": MATCH, "after": MATCH}

    @app.callback(Output({"evidence": "rest", **place}, "children"), Input({"evidence": "more", **place}, "n_clicks"),
                  State("scores-address", "search"), prevent_initial_call=True)
    def further(clicks: int | None, search: str | None) -> Any:
        pressed = ctx.triggered_id
        if not clicks or not isinstance(pressed, Mapping):
            raise PreventUpdate
        return further_evidence(services, search, int(pressed["line"]), int(pressed["after"]), g.actor, _words(services))


def shown(services: Any, search: str | None, actor: Actor, t: Words) -> tuple[Any, Any, Any, Any]:
    """Head, table, appeals that wait, the department opened."""
    wish = wish_in(services, search, actor)
    view = view_of(services, wish, actor)
    entries = _entries(services, view, actor)
    names = _names(services, entries, [key for line in view.lines for key in shown_of(line, 0)])
    areas = [] if actor.area or actor.only_org is not None else [
        (code, area.name) for code, area in services.catalogue.areas.items()]
    schemes = [(one.code, one.scheme.name.in_language(t.language)) for one in services.scoring.book.all(wish.month)]
    top = head(view, schemes, areas, window_words(view, t), acts.buttons(view, actor, t), t)
    opened = [*detail(view, names, t), acts.appeal_form(view, names, actor, services.clock.now_us(), t),
              acts.entry_form(view, [one for one in entries if view.opened and one.org == view.opened.org], actor, t)]
    months = services.scoring.queries.course(actor, wish.scheme, wish.org, wish.area) if wish.org else []
    side = [table(view, names.org, t), course(view, months, t)]
    return top, side, acts.waiting(view, names, actor, t), opened


def further_evidence(services: Any, search: str | None, number: int, start: int, actor: Actor, t: Words) -> list[Any]:
    """What a line rests on after what is shown of it; the lines are read anew under the same rights."""
    view = view_of(services, wish_in(services, search, actor), actor)
    if not (0 <= number < len(view.lines) and start > 0):
        raise PreventUpdate
    line = view.lines[number]
    return evidence(number, line, start, _names(services, _entries(services, view, actor), shown_of(line, start)), t)


def _names(services: Any, entries: Sequence[EntryRow], keys: Sequence[str]) -> Names:
    return Names(services.case_queries.org_name, services.case_queries.item_name, {one.id: one for one in entries},
                 services.evaluation.indicators, services.scoring.queries.case_numbers(keys))


def acted(services: Any, name: str, number: int, given: Mapping[str, str], search: str | None) -> tuple[Any, Any]:
    """(what is said, what makes the page read anew)."""
    t, actor = _words(services), g.actor
    wish = wish_in(services, search, actor)
    try:
        _act(services, name, number, given, wish, actor)
    except SupervisionError as refusal:
        return sentence(refusal, t), no_update
    return t(f"scores_page.done.{name}"), [name, number, services.clock.now_us()]


def _act(services: Any, name: str, number: int, given: Mapping[str, str], wish: Wish, actor: Actor) -> None:
    scoring = services.scoring
    doing: dict[str, Callable[[], Any]] = {
        "propose": lambda: _proposed(scoring.service, wish, actor),
        "confirm": lambda: scoring.service.confirm(number, actor),
        "freeze": lambda: scoring.service.freeze(number, actor),
        "withdraw": lambda: scoring.service.withdraw(number, given.get("reason", ""), actor),
        "appeal": lambda: scoring.appeals.file(number, _number(given.get("line", "")), given.get("appeal", ""), actor),
        "grant": lambda: scoring.appeals.decide(number, True, given.get("words", ""), actor),
        "reject": lambda: scoring.appeals.decide(number, False, given.get("words", ""), actor),
        "enter": lambda: scoring.entries.enter(_entry_wish(given, wish), actor),
        "take_back": lambda: scoring.entries.take_back(number, given.get("take_back", ""), actor)}
    if name not in doing:
        raise InvalidInput("command_unknown", type=name[:32])
    doing[name]()


def _proposed(service: Any, wish: Wish, actor: Actor) -> int:
    if wish.year is None:
        return int(service.propose(wish.scheme, wish.month, actor, wish.area))
    return int(service.propose_period(wish.scheme, wish.year, wish.half, actor, wish.area))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else -1


def _entry_wish(given: Mapping[str, str], wish: Wish) -> EntryWish:
    """Raises InvalidInput for a day or a number nobody can read."""
    try:
        day = date.fromisoformat(given.get("day", ""))
    except ValueError:
        raise InvalidInput("day_unreadable", key="day", value=given.get("day", "")[:32]) from None
    try:
        points = float(given["points"]) if given.get("points") else None
    except ValueError:
        raise InvalidInput("score_points_invalid", key="points", most="—") from None
    return EntryWish(scheme=wish.scheme, rule=given.get("rule", ""), org=wish.org, day=day, points=points,
                     words=given.get("entry_words", "")[:500], basis=given.get("basis", "")[:200])


def export(services: Any, kind: str) -> Response:
    """The table of the address as a file; written down before it is given out."""
    t, actor = _words(services), g.actor
    query = request.query_string.decode(errors="replace")
    view = view_of(services, wish_in(services, query, actor), actor)
    services.read_log.note("score_export", query, actor, request.remote_addr or "")
    made = sheet(view, services.case_queries.org_name, window_words(view, t), t)
    return as_file(services, made, "scores", kind, t)


def wish_in(services: Any, search: str | None, actor: Actor) -> Wish:
    """The wish of an address; that of a notice names a scoring by its number."""
    today = date_of(services.areas.default.calendar.today(services.clock.now_us()))
    asked = parse_qs((search or "").lstrip("?"))
    number = asked.get("scoring", [""])[0]
    if number.isdecimal() and len(number) < 12:
        try:
            found = services.scoring.queries.find(int(number), actor)
        except SupervisionError:
            found = None
        if found is not None:
            org = asked.get("org", [""])[0]
            search = f"?scheme={found.scheme}&{_period_of(found)}&area={found.area}&org={org}"
    wish = wish_of(search, actor, today, [one.code for one in services.scoring.book.all(today.replace(day=1))])
    return _of_own_area(services, wish, actor)


def _period_of(found: ScoringRow) -> str:
    first = date_of(found.month)
    return f"month={month_text(first)}" if found.is_month else f"year={first.year}&half={half_of(found) or ''}"


def _of_own_area(services: Any, wish: Wish, actor: Actor) -> Wish:
    """A department user sees the scoring he is part of: that of the whole city, else that of his unit's area."""
    own = services.catalogue.area_of(actor.only_org) if actor.only_org else None
    if own is None or wish.area or _is_scored(services, wish, actor):
        return wish
    of_area = replace(wish, area=own)
    return of_area if _is_scored(services, of_area, actor) else wish


def _is_scored(services: Any, wish: Wish, actor: Actor) -> bool:
    """Whether there is anything of that month; of a longer period, its own scoring or months it is made of."""
    queries = services.scoring.queries
    if wish.year is None:
        return queries.of_month(actor, wish.scheme, wish.month, wish.area) is not None
    if queries.of_period(actor, wish.scheme, wish.year, wish.half, wish.area) is not None:
        return True
    try:
        return bool(queries.over_period(actor, wish.scheme, wish.year, wish.half, wish.area).months)
    except NotFound:
        return False


def _entries(services: Any, view: View, actor: Actor) -> list[EntryRow]:
    first = view.wish.month
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    if view.wish.year is not None:
        first, last = date(view.wish.year, 1, 1), date(view.wish.year, 12, 31)
    found: list[EntryRow] = services.scoring.queries.entries(actor, view.wish.scheme, first, last, org=view.wish.org)
    return found


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
