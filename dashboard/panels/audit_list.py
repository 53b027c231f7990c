"""The audit with its filters and lines, and the same as CSV. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from dash import dcc, html

from dashboard.panels.tables import grid, num
from dashboard.times import begin_of, day_in, stamp
from dashboard.words import Words
from feeds.exports import neutralise
from supervision.audit import NAMES, PARTS, SHOWN_MAX, AuditFilter, AuditLine

FIELDS = ("part", "person", "subject", "since", "until")
HEADS = ("at", "part", "who", "what", "subject", "detail")


def wish_of(search: str | None) -> dict[str, str]:
    """The filters named in the address, those that can be."""
    given = {name: values[0].strip()[:128] for name, values in parse_qs((search or "").lstrip("?")).items() if name in FIELDS}
    return {name: value for name, value in given.items() if _can_be(name, value)}


def asked_of(wish: Mapping[str, str]) -> AuditFilter:
    """Days are those of Beijing, the last one included."""
    return AuditFilter(wish.get("part", ""), wish.get("person", ""), wish.get("subject", ""), begin_of(wish.get("since"), 0),
                       begin_of(wish.get("until"), 1))


def form(wish: Mapping[str, str], t: Words) -> html.Form:
    """A plain GET form, so that an address of what was found can be kept."""
    parts = [dcc.Link(t("audit_page.part.all"), href=_with(wish, part=""), refresh=False, className=_here(wish, "")),
             *(dcc.Link(t(f"audit_page.part.{part}"), href=_with(wish, part=part), refresh=False, className=_here(wish, part))
               for part in PARTS)]
    inputs = [html.Label([html.Span(t(f"audit_page.{name}")), dcc.Input(
        name=name, value=wish.get(name, ""), type="date" if name in ("since", "until") else "text", className="field",
        id=f"audit-{name}")]) for name in FIELDS[1:]]
    hidden = [dcc.Input(name="part", value=wish["part"], type="hidden", id="audit-part")] if wish.get("part") else []
    export = html.A(t("audit_page.export"), href=f"/audit/export.csv?{urlencode(wish)}", className="button")
    return html.Form([html.Span(parts, className="way-areas"), html.Div([*hidden, *inputs, html.Button(
        t("audit_page.go"), type="submit", className="button button-main"), export], className="audit-filters")],
        action="/audit/", method="GET", className="audit-form")


def table(lines: Sequence[AuditLine], t: Words) -> Any:
    if not lines:
        return html.P(t("audit_page.none"), className="case-none")
    rows = (html.Tr([num(stamp(line.at, seconds=True)), html.Td(t(f"audit_page.part.{line.part}")), html.Td(_who(line)),
                     html.Td(what(line, t)), html.Td(line.subject, className="num audit-subject"),
                     html.Td(detail(line, t), className="event-detail")]) for line in lines)
    more = [html.P(t("audit_page.more", n=SHOWN_MAX), className="panel-note")] if len(lines) == SHOWN_MAX else []
    return html.Div([grid([t(f"audit_page.head.{head}") for head in HEADS], rows), *more])


def what(line: AuditLine, t: Words) -> str:
    """A code in words; one without words as it is."""
    if line.part == "change":
        kind, _, action = line.what.partition("/")
        return f"{t.first(f'audit_page.kind.{kind}', 'audit_page.kind.other')} · {t(f'config_action.{action}')}"
    group = {"read": "audit_page.read", "case": "event_kind", "card": "card_action"}[line.part]
    key = f"{group}.{line.what}"
    return t(key) if t.has(key) else line.what


def detail(line: AuditLine, t: Words) -> str:
    """What was written beside it; a reason the system gave itself in words."""
    key = f"card_reason.{line.detail}"
    return t(key) if line.part == "card" and t.has(key) else line.detail


def as_csv(lines: Sequence[AuditLine], t: Words) -> bytes:
    """For a spreadsheet: with a byte order mark, and nothing in it that it would run as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([t(f"audit_page.column.{name}") for name in NAMES])
    for line in lines:
        values = (stamp(line.at, seconds=True), t(f"audit_page.part.{line.part}"), line.actor, line.actor_name, what(line, t),
                  line.subject, detail(line, t))
        writer.writerow([neutralise(value) for value in values])
    return out.getvalue().encode("utf-8-sig")


def _who(line: AuditLine) -> str:
    return line.actor if line.actor_name in ("", line.actor) else f"{line.actor_name} {line.actor}"


def _with(wish: Mapping[str, str], **change: str) -> str:
    return f"?{urlencode({name: value for name, value in {**wish, **change}.items() if value})}"


def _here(wish: Mapping[str, str], part: str) -> str:
    return "way-link is-here" if wish.get("part", "") == part else "way-link"


def _can_be(name: str, value: str) -> bool:
    if name in ("since", "until"):
        return day_in(value) is not None
    return bool(value) and (name != "part" or value in PARTS)
