"""The clocks of a case: which there are, and for the one chosen why it shows its light. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from dash import html

from core.instants import MINUTE_US
from dashboard.panels import case_calendar
from dashboard.panels.case_calendar import LEVELS, kind_words
from dashboard.panels.case_sentence import budget, number, sentence
from dashboard.panels.marks import mark
from dashboard.panels.tables import grid, num
from dashboard.times import day_at, due_stamp, stamp
from dashboard.words import Words

ORDER = ("promised", "statutory", "own", "pre_acceptance", "special", "step")


def render(clocks: Sequence[Any], chosen: str, as_of: int, presets: Mapping[str, Any], t: Words) -> html.Section:
    """`clocks` are ClockExplanations; `chosen` is the key of one of them, else the most serious is shown."""
    if not clocks:
        nothing = html.P(t("case.clock.none"), className="case-none")
        return html.Section([html.H2(t("case.clock.title")), nothing], className="panel")
    ordered = sorted(clocks, key=_rank)
    shown = next((clock for clock in ordered if key_of(clock) == chosen), ordered[0])
    tabs = html.Nav([_tab(clock, clock is shown, t) for clock in ordered], className="clock-tabs")
    return html.Section([html.H2(t("case.clock.title")), tabs, _clock(shown, as_of, presets, t)], className="panel case-clocks")


def key_of(clock: Any) -> str:
    return f"{clock.kind}-{clock.ordinal}"


def _rank(clock: Any) -> tuple[Any, ...]:
    kind = ORDER.index(clock.kind) if clock.kind in ORDER else len(ORDER)
    return clock.ended_at is not None, -clock.level, not clock.reason, kind, clock.ordinal


def _tab(clock: Any, is_shown: bool, t: Words) -> html.A:
    current = {"aria-current": "true"} if is_shown else {}
    sign = mark(LEVELS[clock.level], t) if clock.level else html.Span(className=f"clock-dot dot-{clock.condition}")
    words = [html.Strong(_name(clock, t)), html.Span(f"{budget(clock, t)} · {t(f'clock_condition.{clock.condition}')}")]
    return html.A([sign, html.Span(words, className="clock-tab-words")], href=f"?{urlencode({'clock': key_of(clock)})}",
                  className="clock-tab", **current)


def _name(clock: Any, t: Words) -> str:
    name = t(f"clock.{clock.kind}")
    part = t.first(f"special_kind.{clock.name}", "case.clock.plain", name=clock.name) if clock.name else ""
    return f"{name} · {part}" if part else name


def _clock(clock: Any, as_of: int, presets: Mapping[str, Any], t: Words) -> html.Div:
    today = day_at(as_of, clock.utc_offset)
    # A date must not be broken after one of its hyphens.
    words = sentence(clock, as_of, t).replace("-", "-\N{WORD JOINER}")
    tone = "unjudgeable" if clock.reason else LEVELS[clock.level]
    parts = [html.P(words, className=f"clock-sentence sentence-{tone}"), _figures(clock, t), *_stops(clock, t)]
    if not clock.reason:
        parts += [case_calendar.render(clock, today, t), _table(clock, t), _ladder(clock, presets, t)]
    return html.Div(parts, className="clock-body")


def _figures(clock: Any, t: Words) -> html.Dl:
    rows = [("started", stamp(clock.started_at, clock.utc_offset)), ("limit", budget(clock, t)),
            ("due", due_stamp(clock.due_at, clock.utc_offset))]
    if clock.ended_at is not None:
        rows.append(("ended", stamp(clock.ended_at, clock.utc_offset)))
    if clock.days_used is not None:
        rows.append(("used", f"{number(clock.days_used)} / {number(clock.amount)}"))
    pairs = [html.Div([html.Dt(t(f"case.clock.{name}")), html.Dd(value, className="num")]) for name, value in rows]
    return html.Dl(pairs, className="clock-figures")


def _stops(clock: Any, t: Words) -> list[html.P]:
    """Of a limit that ends at an instant, when the stops began and ended: the calendar shows whole days."""
    if clock.reason or clock.granularity != "instant" or not clock.spans:
        return []
    told = t("case.why.list").join(_span(number, span, clock.utc_offset, t) for number, span in enumerate(clock.spans, start=1))
    return [html.P(t("case.clock.stops_exact", spans=told), className="panel-note clock-stops")]


def _span(number: int, span: tuple[int, int | None], offset_min: int, t: Words) -> str:
    start, end = (None if local is None else stamp(local - offset_min * MINUTE_US, offset_min) for local in span)
    return t("case.clock.stop_open" if end is None else "case.clock.stop_span", n=number, start=start, end=end)


def _ladder(clock: Any, presets: Mapping[str, Any], t: Words) -> html.Section:
    rule = rule_of(clock, presets)
    rungs = [_rung(rung, clock, rule, t) for rung in reversed(clock.rungs)]
    ladder = html.Ol(rungs, className="ladder")
    if rule is None:
        return html.Section([html.H3(t("case.clock.rungs")), ladder], className="clock-ladder")
    name = html.P(rule.name_en if t.language == "en" else rule.name, className="ladder-rule")
    basis = html.P(rule.legal_basis, className="ladder-basis")
    return html.Section([html.H3(t("case.clock.rungs")), name, ladder, basis], className="clock-ladder")


def _rung(rung: Any, clock: Any, rule: Any, t: Words) -> html.Li:
    state = "rung_passed" if rung.passed else "rung_waiting" if rung.at is not None else "no_rung_at"
    at = html.Span(stamp(rung.at, clock.utc_offset), className="num")
    words = html.Span([html.Strong(rung_words(rule, rung.code, t)), at])
    chip = html.Span(t(f"case.clock.{state}"), className="chip rung-state")
    return html.Li([mark(LEVELS[rung.level], t), words, chip], className="rung is-passed" if rung.passed else "rung")


def rung_words(rule: Any, code: str, t: Words) -> str:
    """What a rung is called; one of no ladder is a level by its code."""
    known = next((one for one in rule.rungs if one.code == code), None) if rule is not None else None
    if known is None:
        return t.first(f"level.{code}", "case.clock.plain", name=code)
    return str(known.label_en if t.language == "en" else known.label)


def rule_of(clock: Any, presets: Mapping[str, Any]) -> Any:
    """The rule a clock or a passage of one names; None where its ladder is no longer there."""
    preset = presets.get(clock.rule_version.partition("@")[0])
    return next((rule for rule in preset.rules if rule.id == clock.rule), None) if preset is not None else None


def _table(clock: Any, t: Words) -> html.Details:
    heads = [t(f"case.clock.{name}") for name in ("day", "weekday", "kind", "counted", "n")]
    table = grid(heads, (_day_row(line, clock, t) for line in clock.days), "days-table")
    return html.Details([html.Summary(t("case.clock.days")), table, *case_calendar.more_days(clock, t)], className="clock-days")


def _day_row(line: Any, clock: Any, t: Words) -> html.Tr:
    counted = "✓" if line.counted else t("case.clock.not_counted")
    cells = [num(line.date), html.Td(t(f"case.weekday.{(line.day + 3) % 7}")), html.Td(_kind(line, clock, t)),
             html.Td(counted), num(str(line.n) if line.counted else "")]
    return html.Tr(cells, className=f"day-row{' is-late' if line.is_late else ' is-due' if line.is_due else ''}")


def _kind(line: Any, clock: Any, t: Words) -> str:
    due = t("case.day.due") if line.is_due else t("case.day.ended") if case_calendar.is_end(line, clock) else ""
    return " · ".join(filter(None, (kind_words(line, t), line.name, due)))
