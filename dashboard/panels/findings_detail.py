"""One finding: its sentences, the unit among its peers, the rows that show it, its parameters, the decision. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from alerts.detectors.wording import months, percent, sentences
from dashboard.panels.findings_list import LEVELS
from dashboard.panels.marks import mark
from dashboard.panels.tables import facts, grid, num
from dashboard.times import stamp
from dashboard.words import Words

INSTANTS = ("silent_from", "silent_until")
COMMON = ("enabled", "level")


def form(t: Words) -> html.Section:
    """Reason and note with their buttons. The ids are there for everybody; the server refuses who may not."""
    judge = html.Div([
        html.Label(t("findings_page.reason"), htmlFor="finding-reason"),
        dcc.Textarea(id="finding-reason", placeholder=t("findings_page.reason_words"), maxLength=500),
        html.Div([html.Button(t("findings_page.confirm"), id="finding-confirm", className="button button-main"),
                  html.Button(t("findings_page.dismiss"), id="finding-dismiss", className="button")],
                 className="repair-buttons"),
    ], id="finding-judge", hidden=True)
    note = [html.Label(t("findings_page.note"), htmlFor="finding-note"),
            dcc.Textarea(id="finding-note", placeholder=t("findings_page.note_words"), maxLength=500),
            html.Div(html.Button(t("findings_page.keep"), id="finding-keep", className="button"), className="repair-buttons"),
            html.P(id="finding-said", className="feeds-said", role="status")]
    return html.Section([judge, *note], id="finding-form", className="panel repair-form finding-form", hidden=True)


def render(detail: Any, services: Any, t: Words) -> html.Section:
    """`detail` is a FindingDetail."""
    row = detail.row
    said = sentences(row.detector, row.figures, row.parameters, t, services.case_queries.item_name)
    name = html.Small(f"{row.detector} {t(f'detector.{row.detector}.name')}")
    subject = services.detectors.wording.subject(row) or row.subject
    title = html.H2([mark(LEVELS[row.level], t), html.Span([subject, name])], className="finding-title")
    cannot = html.P([html.Strong(t("findings_page.cannot")), t(f"detector.{row.detector}.cannot")], className="finding-cannot")
    parts = [title, _decided(detail, t), html.Ul([html.Li(one) for one in said], className="finding-sentences"),
             picture(row, detail.peers, services, t), cannot, _evidence(detail, services, t), _parameters(row, t)]
    return html.Section([part for part in parts if part is not None], className="panel finding")


def picture(row: Any, peers: Sequence[tuple[str, float, int]], services: Any, t: Words) -> html.Figure | None:
    """The subject among its peers, highest first, with the line its value passed."""
    first = row.figures[0]
    if len(peers) < 2:
        return None
    has_line = first.test != "count"
    highest = max([value for _, value, _ in peers] + ([first.threshold] if has_line else [])) or 1.0
    bars = [_bar(name, value, n, highest, name == row.subject, services) for name, value, n in peers]
    line = [html.Div(html.Span(t("findings_page.line", value=_shown(first.threshold, first))), className="peers-line",
                     style={"bottom": f"{first.threshold / highest * 100:.2f}%"})] if has_line else []
    words = t("findings_page.peers", n=len(peers), value=_shown(first.value, first))
    drawing = html.Div([*bars, *line], className="peers", role="img", **{"aria-label": words})
    return html.Figure([drawing, html.Figcaption(words)], className="peers-figure")


def _bar(name: str, value: float, n: int, highest: float, is_subject: bool, services: Any) -> html.Span:
    shown = services.case_queries.org_name(name)
    return html.Span(className="peer is-subject" if is_subject else "peer", title=f"{shown}  {value:.3f}  n={n:,}",
                     style={"height": f"{max(value / highest * 100, 0.6):.2f}%"})


def _shown(value: float, figure: Any) -> str:
    """Shares as per cent; an effect, hours or a number as they are."""
    is_share = figure.test in ("norm", "peers") or figure.sign in ("spike", "external", "too_perfect", "never_bad", "inflated",
                                                                    "equal_lengths", "absorbs", "intervals", "own_quiet")
    return percent(value) if is_share else f"{value:,.3f}".rstrip("0").rstrip(".")


def _decided(detail: Any, t: Words) -> html.Div:
    row = detail.row
    state = row.state if row.holds else "gone"
    who = t("findings_page.decided", who=detail.decided_name, at=stamp(detail.decided_at)) if detail.decided_name else ""
    ended = t("findings_page.ended", at=stamp(detail.ended_at)) if not row.holds else ""
    rows = [(t("findings_page.period"), months(row.first_day, row.last_day, t)),
            (t("findings_page.state"), " · ".join(filter(None, (t(f"finding_state.{state}"), who, ended)))),
            (t("findings_page.reason"), detail.reason), (t("findings_page.found"), stamp(row.found_at)),
            (t("findings_page.rows"), t("findings_page.rows_of", shown=len(detail.evidence), all=f"{row.evidence_count:,}"))]
    return html.Div(facts(rows), className="finding-facts")


def _evidence(detail: Any, services: Any, t: Words) -> html.Div | None:
    if not detail.evidence:
        return None
    heads = [t(f"findings_page.{name}") for name in ("at", "case", "sign", "facts", "seqs")]
    table = grid(heads, (_row(one, detail.row.detector, services, t) for one in detail.evidence), "evidence-table")
    return html.Div([html.H3(t("findings_page.evidence")), html.Div(table, className="evidence-scroll")])


def _row(one: Any, detector: str, services: Any, t: Words) -> html.Tr:
    link = html.A(one.case_no, href=f"/case/{one.area}/{one.case_no}") if one.case_no else "—"
    told = "，".join(_fact(name, value, services, t) for name, value in one.facts.items())
    seqs = " ".join(f"#{seq}" for seq in one.seqs[:6]) + (" …" if len(one.seqs) > 6 else "")
    return html.Tr([num(stamp(one.at)), html.Td(link, className="num"), html.Td(t(f"finding_sign.{detector}.{one.sign}")),
                    html.Td(told), html.Td(seqs, className="num event-detail")])


def _fact(name: str, value: Any, services: Any, t: Words) -> str:
    if name in INSTANTS:
        value = stamp(int(value))
    elif name == "used" and isinstance(value, float):
        value = percent(value)
    elif name == "kind" and t.has(f"special_kind.{value}"):
        value = t(f"special_kind.{value}")
    elif isinstance(value, float):
        value = f"{value:,.1f}".removesuffix(".0")
    elif name in ("kind", "step") and t.has(f"event_kind.{value}"):
        value = t(f"event_kind.{value}")
    return t(f"finding_fact.{name}", value=value)


def _parameters(row: Any, t: Words) -> html.Details:
    rows = [(name, _plain(value)) for name, value in sorted(row.parameters.items()) if name not in COMMON]
    table = grid((t("findings_page.parameter"), t("findings_page.value")),
                 (html.Tr([html.Td(name), html.Td(value, className="num")]) for name, value in rows), "parameters-table")
    summary = html.Summary(t("findings_page.parameters", version=row.version))
    return html.Details([summary, table], className="finding-parameters")


def _plain(value: Any) -> str:
    if isinstance(value, Mapping | list | tuple):
        return "、".join(map(str, value)) or "—"
    return str(value)
