"""Is the program itself well: database, doorbell, scheduler, jobs, the canary's way to the screens. Pure but for `view_of`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html

from core.clock import SystemClock
from core.health import Check, JobReport, Readiness, job_reports
from core.instants import SECOND_US
from dashboard.figures import QUIET_GRAPH, trend
from dashboard.panels.tables import grid, num
from dashboard.theme import load_theme
from dashboard.times import stamp
from dashboard.words import Words

ID = "health-checks"
JOURNEYS = 24 * 60


@dataclass(frozen=True, slots=True)
class View:
    checks: Sequence[Check]
    jobs: Sequence[JobReport]
    journeys: Sequence[Any]
    slow_ms: int
    now: int


def view_of(services: Any) -> View:
    """Everything is on the machine's own clock, whatever the speed of a demonstration."""
    clock = SystemClock()
    readiness = Readiness(services.database, services.doorbell, clock)
    return View(readiness.checks(), job_reports(services.database), services.room.journeys(JOURNEYS),
                services.settings.monitor.canary_slow_ms, clock.now_us())


def render(view: View, t: Words) -> Any:
    return [html.H2(t("health.checks.title")), html.Div([_checks(view, t), _canary(view, t)], className="health-pair"),
            html.H3(t("health.jobs.title")), _jobs(view, t)]


def _checks(view: View, t: Words) -> html.Ul:
    return html.Ul([html.Li([html.Span(t.first(f"health.check.{check.name}", "health.check.other", name=check.name),
                                       className=f"feed-state feed-{'ok' if check.ok else 'silent'}"),
                             html.Span(check.detail, className="event-detail")]) for check in view.checks],
                   className="health-list")


def _canary(view: View, t: Words) -> html.Div:
    """How long the last day's canaries took; a hole is a canary no screen painted."""
    if not view.journeys:
        return html.Div([html.H3(t("health.canary.title")), html.P(t("health.canary.none"), className="case-none")])
    last, painted = view.journeys[0], [journey for journey in view.journeys if journey.p95_ms is not None]
    told = t("health.canary.last", at=stamp(last.sent_at, seconds=True), committed=last.committed_ms, shown=last.shown,
             expected=last.expected, p95="—" if last.p95_ms is None else last.p95_ms)
    picture = dcc.Graph(figure=trend(load_theme(), [stamp(one.sent_at) for one in reversed(painted)],
                                     [one.p95_ms for one in reversed(painted)], limit=view.slow_ms),
                        config=QUIET_GRAPH, className="health-trend") if painted else html.P(t("health.canary.no_screen"))
    return html.Div([html.H3(t("health.canary.title")), html.P(told, className="num"), picture,
                     html.P(t("health.canary.note"), className="panel-note")])


def _jobs(view: View, t: Words) -> html.Table:
    heads = [t(f"health.jobs.{name}") for name in ("name", "last", "age", "result", "owner")]
    return grid(heads, [html.Tr([html.Td(t.first(f"health.job.{job.name}", "health.check.other", name=job.name)),
                                 num(stamp(job.finished_at, seconds=True)),
                                 num(t("health.seconds", n=(view.now - job.finished_at) // SECOND_US)),
                                 html.Td(job.error or t("health.jobs.well"), className="health-bad" if job.error else ""),
                                 num(job.owner)]) for job in view.jobs])
