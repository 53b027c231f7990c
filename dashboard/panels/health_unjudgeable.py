"""Clocks that cannot be judged, by reason, with cases to look at. Pure but for `view_of`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dash import html
from flask import g

from alerts.room.unjudgeable import Unjudgeable, unjudgeable
from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words

ID = "health-unjudgeable"


@dataclass(frozen=True, slots=True)
class View:
    reasons: Sequence[Unjudgeable]


def view_of(services: Any) -> View:
    return View(unjudgeable(services.database, g.actor.area))


def render(view: View, t: Words) -> Any:
    title = html.H2(t("health.unjudgeable.title"))
    if not view.reasons:
        return [title, html.P(t("health.unjudgeable.none"), className="case-none")]
    heads = [t(f"health.unjudgeable.{name}") for name in ("reason", "clocks", "since", "cases")]
    return [title, html.P(t("health.unjudgeable.note"), className="panel-note"),
            grid(heads, [_row(reason, t) for reason in view.reasons], right=(1,))]


def _row(reason: Unjudgeable, t: Words) -> html.Tr:
    cases = [html.A(example.case_no, href=f"/case/{quote(example.area, safe='')}/{quote(example.case_no, safe='')}")
             for example in reason.examples]
    told = t.first(f"alarm.{reason.code}", "health.check.other", detail=reason.subject, name=reason.code)
    return html.Tr([html.Td(told), html.Td(f"{reason.count:,}", className="num right"), num(stamp(reason.since)),
                    html.Td(cases, className="num health-cases")])
