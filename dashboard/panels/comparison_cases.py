"""The cases behind a department's or an item's figure: each leads to its page, where its events stand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.panels.case_search import address_of
from dashboard.panels.days_left import light_sign
from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words

SHOWN_MAX = 200


def cases_table(rows: Sequence[Any], t: Words) -> Any:
    """`rows` are CaseRows the person may see."""
    if not rows:
        return html.P(t("comparison_page.cases_none"), className="case-none")
    heads = [*(t(f"case.fact.{name}") for name in ("case_no", "item", "opened_at")), t("comparison_page.closed_at"),
             t("case.light")]
    more = [html.P(t("comparison_page.cases_more", n=SHOWN_MAX), className="panel-note")] if len(rows) == SHOWN_MAX else []
    return html.Div([grid(heads, (_row(row, t) for row in rows)), *more])


def _row(row: Any, t: Words) -> html.Tr:
    state = html.Span([light_sign(row.light, t), t(f"state.{row.state}")], className="found-state")
    number = html.A(row.case_no, href=address_of(row.area, row.case_no))
    return html.Tr([html.Td(number, className="num"), html.Td(row.item_name),
                    num(stamp(row.opened_at)), num(stamp(row.closed_at)), html.Td(state)])
