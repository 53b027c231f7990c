"""What changed in a period after its days were over: how much of it, when last, and which days of which department. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import html

from dashboard.times import day_text, stamp
from dashboard.words import Words
from evaluation.period import Corrected, CorrectedDay

CORRECTED_SHOWN = 50


def corrections(known: Corrected, days: Sequence[CorrectedDay], name_of: Callable[[str], str], t: Words) -> Any:
    """`name_of` says what a department is called."""
    lines = [html.Li([html.Span(day_text(one.day), className="num is-quiet"), " ",
                      t("comparison_page.corrected_day", org=name_of(one.org), at=stamp(one.at))]) for one in days]
    more = [html.P(t("comparison_page.corrected_more", n=len(days)), className="panel-note")] if known.rows > len(days) else []
    told = html.P(t("comparison_page.corrected_told", n=known.rows, at=stamp(known.last_at)))
    return html.Div([html.H3(t("comparison_page.corrected")), told, html.Details(
        [html.Summary(t("comparison_page.corrected_which")), html.Ul(lines, className="comparison-marks"), *more])])
