"""The list of findings: filters with counts, a line for each finding, and when the detectors last ran. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html

from alerts.detectors.registry import BY_ID
from alerts.detectors.wording import months, sentence
from dashboard.panels.marks import mark
from dashboard.times import stamp
from dashboard.words import Words

LEVELS = ("", "warning", "yellow", "red")
TABS = ("open", "confirmed", "dismissed", "gone", "all")
UNITS_MAX = 12


def render(rows: Sequence[Any], counts: Mapping[tuple[str, str, str], int], last: Any, wanted: Mapping[str, str], services: Any,
           t: Words) -> list[Any]:
    """`rows` are FindingRows, `counts` (detector, unit, state) → number, `last` the newest run or None."""
    lines = [_line(row, wanted, services, t) for row in rows]
    nothing = html.P(t("findings_page.nothing" if counts or last else "findings_page.never_ran"), className="case-none")
    return [_tabs(counts, wanted, t), _filters(counts, wanted, services, t),
            html.Ol(lines, className="finding-lines") if lines else nothing, _run(last, t)]


def address(wanted: Mapping[str, str], **changes: str) -> str:
    """The page's address with these members changed; empty ones are left out."""
    members = {name: value for name, value in ({**wanted, **changes}).items() if value and name != "lang"}
    return f"?{urlencode(members)}" if members else "?state=open"


def _tabs(counts: Mapping[tuple[str, str, str], int], wanted: Mapping[str, str], t: Words) -> html.Nav:
    by_state = Counter[str]()
    for (_, _, state), n in counts.items():
        by_state[state] += n
    here = wanted.get("state", "open")
    return html.Nav([_tab(state, by_state.get(state), here, wanted, t) for state in TABS], className="finding-tabs",
                    **{"aria-label": t("findings_page.state")})


def _tab(state: str, n: int | None, here: str, wanted: Mapping[str, str], t: Words) -> dcc.Link:
    number = [html.Span(f"{n:,}", className="num")] if n else []
    name = t("findings_page.all") if state == "all" else t(f"finding_state.{state}")
    return dcc.Link([name, *number], href=address(wanted, state=state, finding=""), refresh=False,
                    className="finding-tab is-here" if state == here else "finding-tab")


def _filters(counts: Mapping[tuple[str, str, str], int], wanted: Mapping[str, str], services: Any, t: Words) -> html.Div:
    """Detectors and units that have findings in the chosen state, most of them first."""
    here = wanted.get("state", "open")
    detectors, units = Counter[str](), Counter[str]()
    for (detector, org, state), n in counts.items():
        if here in ("all", "gone", state):
            detectors[detector] += n
            units[org] += n
    order = list(BY_ID)
    chips = [_chip(code, f"{code} {_short(t(f'detector.{code}.name'))}", detectors[code], "detector", wanted)
             for code in sorted(detectors, key=order.index)]
    named = [_chip(org, services.case_queries.org_name(org), n, "org", wanted) for org, n in _most(units) if org]
    return html.Div([html.Div(chips, className="finding-chips"), html.Div(named, className="finding-chips")],
                    className="finding-filters")


def _most(units: Counter[str]) -> list[tuple[str, int]]:
    return sorted(units.items(), key=lambda item: (-item[1], item[0]))[:UNITS_MAX]


def _short(name: str) -> str:
    return name.partition("（")[0]


def _chip(value: str, name: str, n: int, member: str, wanted: Mapping[str, str]) -> dcc.Link:
    is_on = wanted.get(member) == value
    return dcc.Link([name, html.Span(str(n), className="num")], refresh=False,
                    href=address(wanted, **{member: "" if is_on else value, "finding": ""}),
                    className="finding-chip is-on" if is_on else "finding-chip")


def _line(row: Any, wanted: Mapping[str, str], services: Any, t: Words) -> html.Li:
    first = row.figures[0]
    head = html.Span([html.Strong(services.detectors.wording.subject(row) or row.subject),
                      html.Span(f"{row.detector} {_short(t(f'detector.{row.detector}.name'))}", className="finding-kind"),
                      html.Span(months(row.first_day, row.last_day, t), className="finding-month num")],
                     className="finding-head")
    said = sentence(row.detector, first, row.parameters, t, services.case_queries.item_name)
    others = len(row.figures) - 1
    more = [html.Span(t("findings_page.more", n=others), className="finding-more")] if others else []
    state = "gone" if not row.holds else row.state
    chip = [] if state == "open" else [html.Span(t(f"finding_state.{state}"), className=f"chip finding-{state}")]
    body = html.Span([head, html.Span([said, *more], className="finding-said"), *chip], className="finding-words")
    is_here = wanted.get("finding") == str(row.id)
    return html.Li(dcc.Link([mark(LEVELS[row.level], t), body], href=address(wanted, finding=str(row.id)), refresh=False,
                            className="finding-line is-here" if is_here else "finding-line"))


def _run(last: Any, t: Words) -> html.P:
    if last is None:
        return html.P(t("findings_page.no_run"), className="panel-note")
    failed = t("findings_page.failed", detectors="、".join(last.failed)) if last.failed else ""
    said = t("findings_page.last_run", at=stamp(last.started_at), month=months(last.first_day, last.last_day, t),
             rows=f"{last.rows_read:,}", seconds=f"{last.milliseconds / 1000:.1f}")
    return html.P(f"{said}{failed}", className="panel-note finding-run")
