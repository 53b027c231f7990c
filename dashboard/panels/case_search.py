"""Finding a case by its number, and the list of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dash import dcc, html

from dashboard.panels.marks import mark
from dashboard.times import stamp
from dashboard.words import Words

HEADS = ("case_no", "item", "org", "opened_at", "state")


def layout(t: Words) -> html.Form:
    """A plain GET form: the address of a search can be kept and passed on."""
    field = dcc.Input(name="q", type="search", placeholder=t("case.search_hint"), className="field search-field", autoFocus=True,
                      spellCheck=False, autoComplete="off", id="case-q")
    return html.Form([html.Label(t("case.search_label"), htmlFor="case-q"), field,
                      html.Button(t("case.search"), type="submit", className="button")],
                     action="/case/", method="GET", className="case-search", role="search")


def render(text: str, rows: Sequence[Any], t: Words) -> html.Section:
    """What was found for `text`; rows are CaseRows the person may see."""
    if not text:
        return html.Section(html.P(t("case.search_hint")), className="panel case-none")
    if not rows:
        return html.Section(html.P(t("case.search_none", text=text)), className="panel case-none")
    heads = html.Tr([html.Th(t(f"case.fact.{name}" if name != "state" else "case.light"), scope="col") for name in HEADS])
    body = html.Tbody([_row(row, t) for row in rows])
    return html.Section([html.H2(t("case.search_found", n=len(rows))), html.Table([html.Thead(heads), body], className="grid")],
                        className="panel")


def _row(row: Any, t: Words) -> html.Tr:
    light = mark(row.light, t) if row.light in ("red", "yellow", "warning") else html.Span(className=f"light-dot light-{row.light}")
    return html.Tr([html.Td(html.A(row.case_no, href=address_of(row.area, row.case_no)), className="num"), html.Td(row.item_name),
                    html.Td(row.org_name), html.Td(stamp(row.opened_at), className="num"),
                    html.Td(html.Span([light, t(f"state.{row.state}")], className="found-state"))])


def address_of(area: str, case_no: str) -> str:
    return f"/case/{quote(area, safe='')}/{quote(case_no, safe='')}"
