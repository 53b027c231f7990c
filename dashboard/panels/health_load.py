"""How heavy the alarms weigh on the people on duty, beside the limits of ISA-18.2. Pure but for `view_of`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dash import dcc, html

from dashboard.figures import QUIET_GRAPH, bars
from dashboard.panels.tables import grid
from dashboard.theme import load_theme
from dashboard.times import span_text
from dashboard.words import Words

ID = "health-load"
# What the standards' summaries call acceptable or manageable for one position (alerts/room/load.py names the source).
PER_TEN_MIN, PER_DUTY_HOUR, WORST_TEN_MIN, FLOOD_SHARE, TOP_SHARE, STALE = 1.0, 6.0, 10, 0.01, 0.05, 5


@dataclass(frozen=True, slots=True)
class View:
    load: Any
    org_name: Any
    rule_name: Any
    now: int


def view_of(services: Any) -> View:
    now = services.clock.now_us()
    rules = {rule.id: rule for preset in services.presets.values() for rule in (*preset.rules, *preset.acts, *preset.onsite)}
    load = services.room.load.load(now, services.settings.monitor.load_days)
    return View(load, services.case_queries.org_name, rules.get, now)


def render(view: View, t: Words) -> Any:
    load = view.load
    return [html.H2(t("health.load.title", days=load.days)), html.P(t("health.load.note"), className="panel-note"),
            html.Div([_figures(view, t), _per_day(view, t)], className="health-pair"),
            html.Div([_signed(view, t), _sources(view, t)], className="health-pair"), *_restless(view, t)]


def _figures(view: View, t: Words) -> html.Table:
    load = view.load
    mix = " / ".join(_percent(count / load.raised if load.raised else None) for _, count in sorted(load.by_level.items()))
    now = load.standing
    oldest = "—" if now.oldest_unsigned_at is None else span_text(view.now - now.oldest_unsigned_at, t)
    quiet = t("health.load.suppressed_of", shelved=now.shelved, out=now.out_of_service, law=now.stopped_by_law,
              confirm=now.to_confirm)
    rows = [
        _row(t, "per_ten_min", f"{load.per_ten_min:.2f}", f"≤ {PER_TEN_MIN:g}", load.per_ten_min <= PER_TEN_MIN),
        _row(t, "per_duty_hour", "—" if load.per_duty_hour is None else f"{load.per_duty_hour:.2f}", f"≤ {PER_DUTY_HOUR:g}",
             (load.per_duty_hour or 0) <= PER_DUTY_HOUR),
        _row(t, "worst_ten_min", f"{load.worst_ten_min:,}", f"≤ {WORST_TEN_MIN}", load.worst_ten_min <= WORST_TEN_MIN),
        _row(t, "flood", _percent(load.flood_share), f"< {FLOOD_SHARE:.0%}", (load.flood_share or 0) < FLOOD_SHARE),
        _row(t, "top", _percent(load.top_share), f"≤ {TOP_SHARE:.0%}", (load.top_share or 0) <= TOP_SHARE),
        _row(t, "stale", f"{now.stale:,}", f"< {STALE}", now.stale < STALE),
        _row(t, "chattering", f"{load.re_alarms:,}", "0", load.re_alarms == 0),
        _row(t, "fleeting", f"{load.fleeting:,}", "0", load.fleeting == 0, minutes=load.fleeting_min),
        _row(t, "mix", mix, "80 / 15 / 5 %", None),
        _row(t, "unsigned", t("health.load.unsigned_of", n=now.unsigned, span=oldest), "", None),
        _row(t, "suppressed", quiet, "", None)]
    heads = [t(f"health.load.{name}") for name in ("figure", "value", "limit", "verdict")]
    return grid(heads, rows, right=(1, 2))


def _row(t: Words, name: str, value: str, limit: str, holds: bool | None, **values: object) -> html.Tr:
    verdict = "" if holds is None else t("health.load.holds" if holds else "health.load.fails")
    figure = html.Td(t(f"health.load.{name}"), title=t(f"health.load.{name}_means", **values))
    return html.Tr([figure, html.Td(value, className="num right"), html.Td(limit, className="num right"),
                    html.Td(verdict, className="health-bad" if holds is False else "")])


def _per_day(view: View, t: Words) -> html.Div:
    days = [day.strftime("%m-%d") for day, _ in view.load.by_day]
    return html.Div([html.H3(t("health.load.by_day")),
                     dcc.Graph(figure=bars(load_theme(), days, [count for _, count in view.load.by_day]), config=QUIET_GRAPH,
                               className="health-trend")])


def _signed(view: View, t: Words) -> html.Div:
    heads = [t(f"health.load.{name}") for name in ("level", "signed", "median", "p95")]
    rows = [html.Tr([html.Td(t(f"level.{one.level.wire}")), *(html.Td(text, className="num right") for text in (
        f"{one.count:,}", _minutes(one.median_min, t), _minutes(one.p95_min, t)))]) for one in reversed(view.load.signed)]
    return html.Div([html.H3(t("health.load.time_to_sign")), grid(heads, rows, right=(1, 2, 3))])


def _sources(view: View, t: Words) -> html.Div:
    heads = [t(f"health.load.{name}") for name in ("org", "rule", "count", "share")]
    rows = [html.Tr([html.Td(view.org_name(one.org)), html.Td(_rule(view, one.rule, t)),
                     html.Td(f"{one.count:,}", className="num right"), html.Td(_percent(one.share), className="num right")])
            for one in view.load.top]
    return html.Div([html.H3(t("health.load.sources")), grid(heads, rows, right=(2, 3))])


def _restless(view: View, t: Words) -> list[Any]:
    """Sources that come and go: a limit set too tight, or data that is put right after the fact."""
    if not view.load.restless:
        return []
    heads = [t(f"health.load.{name}") for name in ("org", "rule", "times")]
    rows = [html.Tr([html.Td(view.org_name(one.org)), html.Td(_rule(view, one.rule, t)),
                     html.Td(f"{one.count:,}", className="num right")]) for one in view.load.restless]
    return [html.H3(t("health.load.restless")), grid(heads, rows, right=(2,))]


def _rule(view: View, code: str, t: Words) -> str:
    rule = view.rule_name(code)
    if rule is None:
        return code
    return str(rule.name_en if t.language == "en" else rule.name)


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share:.1%}"


def _minutes(minutes: float | None, t: Words) -> str:
    return "—" if minutes is None else span_text(int(minutes * 60_000_000), t)
