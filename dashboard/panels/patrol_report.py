"""发牌巡检: the last patrol and what it found; an administrator or inspector starts one at once."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, html
from flask import g

from core.access import Role, require
from dashboard.panels.tables import grid
from dashboard.times import stamp
from dashboard.words import Words, words_of

SHOWN = 50
INSTANTS = ("issued_at", "now_at", "was", "now", "card_at")


def layout(t: Words, *, may_run: bool) -> html.Section:
    button = html.Button(t("rules_page.patrol.run"), id="patrol-run", className="button", hidden=not may_run)
    return html.Section([html.H2(t("rules_page.patrol.title")), html.P(t("rules_page.patrol.words"), className="panel-note"),
                         button, html.Div(id="patrol-result")], className="panel")


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("patrol-result", "children"), Input("patrol-run", "n_clicks"))
    def patrol(clicks: int | None) -> Any:
        if clicks:
            actor = require(g.actor, Role.ADMINISTRATOR, Role.INSPECTOR)
            services.patroller.patrol(actor.name)
        return render(services, words_of(services.texts, services.settings.display.language))


def render(services: Any, t: Words) -> Any:
    """The last patrol."""
    last = services.patroller.last()
    if last is None:
        return html.P(t("rules_page.patrol.never"), className="case-none")
    told = html.P(t("rules_page.patrol.told", at=stamp(last.ended_at), cards=f"{last.cards:,}", cases=f"{last.cases:,}",
                    n=f"{last.findings:,}"))
    if not last.findings:
        return told
    heads = [t(f"rules_page.patrol.{name}") for name in ("found", "case", "evidence")]
    rows = [html.Tr([html.Td(html.Span(t(f"patrol_finding.{found.code.value}"), className="chip")),
                     html.Td(html.A(found.case_no, href=f"/case/?case={found.case_no}", className="num")),
                     html.Td(_evidence(found.detail, t), className="patrol-evidence")])
            for found in services.patroller.findings(last.id, SHOWN)]
    return html.Div([told, html.Div(grid(heads, rows), className="edit-scroll")])


def _evidence(detail: Any, t: Words) -> html.Ul:
    lines = [html.Li([html.Span(t.first(f"rules_page.patrol.detail.{name}", "case.clock.plain", name=name)),
                      html.Span(_value(name, value, t), className="num")])
             for name, value in detail.items() if value not in (None, "")]
    return html.Ul(lines)


def _value(name: str, value: Any, t: Words) -> str:
    if name in INSTANTS or name.endswith("_at"):
        return stamp(value)
    return t.first(f"clock.{value}", f"level.{value}", "case.clock.plain", name=str(value)) if name == "clock" else str(value)
