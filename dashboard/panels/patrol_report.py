"""发牌巡检: the last patrol and what it found; an administrator or inspector starts one, follows it and may end it."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from flask import g, has_request_context

from alerts.patrol.queries import PAGE
from core.access import Actor, Role, require
from dashboard.panels import edit_result
from dashboard.panels.tables import grid
from dashboard.refusals import sentence
from dashboard.times import stamp
from dashboard.words import Words, words_of

POLL_MS, PAUSED_MS = 700, 3_600_000
MAY_RUN = (Role.ADMINISTRATOR, Role.INSPECTOR)
INSTANTS = ("issued_at", "now_at", "was", "now", "card_at")
WORDED = {"clock": "clock", "act": "violation"}  # details whose values are codes, and where their words stand


def layout(t: Words) -> html.Section:
    actor: Any = g.get("actor") if has_request_context() else None
    may_run = actor is not None and actor.has(*MAY_RUN)
    run = html.Div([_button("run", t, hidden=not may_run), _button("cancel", t, hidden=True)], className="edit-bar")
    paging = html.Nav([_button("newer", t), html.Span(id="patrol-place", className="num"), _button("older", t)],
                      id="patrol-paging", className="edit-bar", hidden=True)
    return html.Section([
        html.H2(t("rules_page.patrol.title")), html.P(t("rules_page.patrol.words"), className="panel-note"), run,
        html.Div(id="patrol-result"), html.Div(id="patrol-findings"), paging, dcc.Store(id="patrol-offset", data=0),
        dcc.Interval(id="patrol-poll", interval=POLL_MS, disabled=True)], className="panel")


def _button(name: str, t: Words, *, hidden: bool = False) -> html.Button:
    return html.Button(t(f"rules_page.patrol.{name}"), id=f"patrol-{name}", className="button", hidden=hidden)


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("patrol-result", "children"), Output("patrol-poll", "disabled"), Output("patrol-cancel", "hidden"),
                  Output("patrol-offset", "data"), Input("patrol-run", "n_clicks"), Input("patrol-cancel", "n_clicks"),
                  Input("patrol-poll", "n_intervals"), running=[(Output("patrol-poll", "interval"), PAUSED_MS, POLL_MS)])
    # Dash drops an answer once the next question is asked: on a busy machine none would ever arrive.
    def follow(_runs: int | None, _cancels: int | None, _ticks: int | None) -> tuple[Any, bool, bool, Any]:
        _do(services, str(ctx.triggered_id), is_pressed=bool(ctx.triggered and ctx.triggered[0]["value"]))
        told, is_over = _told(services, g.actor, words_of(services.texts, services.settings.display.language))
        return told, is_over, is_over, 0 if is_over else no_update

    @app.callback(Output("patrol-offset", "data", allow_duplicate=True), Input("patrol-newer", "n_clicks"),
                  Input("patrol-older", "n_clicks"), State("patrol-offset", "data"), prevent_initial_call=True)
    def turn(_newer: int | None, _older: int | None, offset: int) -> int:
        return max(0, offset + (PAGE if ctx.triggered_id == "patrol-older" else -PAGE))

    @app.callback(Output("patrol-findings", "children"), Output("patrol-place", "children"), Output("patrol-paging", "hidden"),
                  Output("patrol-newer", "disabled"), Output("patrol-older", "disabled"), Input("patrol-offset", "data"))
    def page(offset: int) -> tuple[Any, str, bool, bool, bool]:
        return findings(services, g.actor, offset, words_of(services.texts, services.settings.display.language))


def _do(services: Any, pressed: str, *, is_pressed: bool) -> None:
    """What the button asks for. A person bound to an area patrols that area."""
    if pressed == "patrol-run" and is_pressed:
        actor = require(g.actor, *MAY_RUN)
        services.patrol_runs.start(actor.name, actor.area)
    run = services.patrol_runs.newest(g.actor.name)
    if pressed == "patrol-cancel" and is_pressed and run is not None:
        run.cancelled.set()


def _told(services: Any, actor: Actor, t: Words) -> tuple[Any, bool]:
    """(the patrol under way, or the last one; whether it is over)."""
    run = services.patrol_runs.newest(actor.name)
    if run is not None and not run.is_done:
        return edit_result.progress(run, t, "rules_page.patrol.reading"), False
    failed = [html.P(sentence(run.error, t), className="edit-refused", role="alert")] if run is not None and run.error else []
    return html.Div([*failed, *summary(services, actor, t)]), True


def summary(services: Any, actor: Actor, t: Words) -> list[Any]:
    """The last patrol in a few sentences. Of one of every area a person bound to one is told what it found there."""
    last = services.patroller.queries.last(actor.area)
    if last is None:
        return [html.P(t("rules_page.patrol.never"), className="case-none")]
    if last.area != actor.area:
        found = services.patroller.queries.count(last.id, actor.area)
        return [html.P(t("rules_page.patrol.told_area", at=stamp(last.ended_at), n=f"{found:,}"))]
    told = t("rules_page.patrol.told", at=stamp(last.ended_at), cards=f"{last.cards:,}", cases=f"{last.cases:,}",
             n=f"{last.findings:,}")
    left_out = t("rules_page.patrol.left_out", beyond=f"{last.beyond:,}", older=f"{last.older:,}",
                 days=services.settings.patrol.closed_days)
    return [html.P(told), *([html.P(left_out, className="panel-note")] if last.beyond or last.older else [])]


def findings(services: Any, actor: Actor, offset: int, t: Words) -> tuple[Any, str, bool, bool, bool]:
    """(a page of what was found, its place, whether one page is all, whether nothing is newer, whether nothing is older)."""
    queries = services.patroller.queries
    last = queries.last(actor.area)
    total = queries.count(last.id, actor.area) if last is not None else 0
    if last is None or not total:
        return None, "", True, True, True
    shown = queries.findings(last.id, actor.area, PAGE, offset)
    heads = [t(f"rules_page.patrol.{name}") for name in ("found", "case", "evidence")]
    rows = [html.Tr([html.Td(html.Span(t(f"patrol_finding.{found.code.value}"), className="chip")),
                     html.Td(html.A(found.case_no, href=f"/case/?case={found.case_no}", className="num")),
                     html.Td(_evidence(found.detail, t), className="patrol-evidence")]) for found in shown]
    end = offset + len(shown)
    place = t("rules_page.patrol.place", first=offset + 1, last=end, all=f"{total:,}")
    return html.Div(grid(heads, rows), className="edit-scroll"), place, total <= PAGE, offset <= 0, end >= total


def _evidence(detail: Any, t: Words) -> html.Ul:
    lines = [html.Li([html.Span(t.first(f"rules_page.patrol.detail.{name}", "case.clock.plain", name=name)),
                      html.Span(_value(name, value, t), className="num")])
             for name, value in detail.items() if value not in (None, "")]
    return html.Ul(lines)


def _value(name: str, value: Any, t: Words) -> str:
    if name in INSTANTS or name.endswith("_at"):
        return stamp(value)
    if name in WORDED:
        return t.first(f"{WORDED[name]}.{value}", "case.clock.plain", name=str(value))
    return str(value)
