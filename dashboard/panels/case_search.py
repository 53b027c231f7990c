"""Finding a case by its number, and the list of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dash import dcc, html

from dashboard.panels.marks import LEVELS, mark
from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words

HEADS = ("case_no", "item", "org", "opened_at", "state")


def layout(t: Words) -> html.Form:
    """A plain GET form: the address of a search can be kept and passed on."""
    field = dcc.Input(name="q", type="search", placeholder=t("case.search_hint"), className="field search-field",
                      autoFocus=True, spellCheck=False, autoComplete="off", id="case-q")
    return html.Form([html.Label(t("case.search_label"), htmlFor="case-q"), field,
                      html.Button(t("case.search"), type="submit", className="button")],
                     action="/case/", method="GET", className="case-search", role="search")


def render(text: str, rows: Sequence[Any], t: Words, *, has_more: bool = False) -> html.Section:
    """What was found for `text`; rows are CaseRows the person may see."""
    if not text:
        return html.Section(html.P(t("case.search_hint")), className="panel case-none")
    if not rows:
        return html.Section(html.P(t("case.search_none", text=text)), className="panel case-none")
    heading = t("case.search_more" if has_more else "case.search_found", n=len(rows))
    return html.Section([html.H2(heading), _table(rows, t)], className="panel")


def render_own(rows: Sequence[Any], t: Words) -> html.Section:
    """A department's own cases that show a signal."""
    if not rows:
        return html.Section(html.P(t("case.own_calm")), className="panel case-none")
    return html.Section([html.H2(t("case.own", n=len(rows))), _table(rows, t)], className="panel")


def _table(rows: Sequence[Any], t: Words) -> html.Table:
    heads = [t("case.light" if name == "state" else f"case.fact.{name}") for name in HEADS]
    return grid(heads, (_row(row, t) for row in rows))


def _row(row: Any, t: Words) -> html.Tr:
    is_level = row.light in LEVELS
    light = mark(row.light, t) if is_level else html.Span(className=f"light-dot light-{row.light}")
    state = html.Span([light, t(f"state.{row.state}")], className="found-state")
    link = html.A(row.case_no, href=address_of(row.area, row.case_no))
    return html.Tr([html.Td(link, className="num"), html.Td(row.item_name), html.Td(row.org_name),
                    num(stamp(row.opened_at)), html.Td(state)])


def address_of(area: str, case_no: str) -> str:
    return f"/case/{quote(area, safe='')}/{quote(case_no, safe='')}"
