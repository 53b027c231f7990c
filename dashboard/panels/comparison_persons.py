"""The people of a department by what they did and had in hand: shown when asked for, to whom the settings allow; no ranking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from config.indicators import Indicator
from dashboard.panels.comparison_choices import definition
from dashboard.panels.comparison_table import cell_text, head_text
from dashboard.words import Words
from evaluation.period import Figure
from evaluation.persons import NOBODY
from evaluation.wish import Wish

SHOWN = ("early_rate", "on_time_rate", "overdue_rate", "unjudged_rate", "promised_speed", "mean_days", "median_days",
         "step_overrun_rate", "corrections", "warnings", "yellow_cards", "red_cards")
COUNTED = "unjudged_rate"  # of all that were concluded: its denominator is their number


def offer(wish: Wish, t: Words) -> Any:
    """The way to it: a look at persons is logged, so it is never taken in passing."""
    return html.P([dcc.Link(t("comparison_page.persons_show"), href=wish.address(persons="1"), refresh=False), " ",
                   html.Span(t("comparison_page.persons_logged"), className="is-quiet")])


def persons_table(figures: Sequence[Figure], indicators: Sequence[Indicator], catalogue: Any, t: Words) -> Any:
    """`figures` by person, then by indicator as given."""
    if not figures:
        return html.P(t("comparison_page.none"), className="case-none")
    heads = [html.Th(t("comparison_page.person"), scope="col"),
             html.Th(t("comparison_page.persons_concluded"), scope="col", className="right"),
             *(html.Th(head_text(one, t), scope="col", className="right", title=definition(one, catalogue, t))
               for one in indicators)]
    rows = [_row(person, found, indicators, t) for person, found in by_person(figures).items()]
    note = html.P(t("comparison_page.persons_means"), className="panel-note")
    return html.Div([html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className="grid comparison-grid"), note],
                    className="comparison-scroll")


def by_person(figures: Sequence[Figure]) -> dict[str, dict[str, Figure]]:
    """Each person's figures by indicator, persons in the order given."""
    found: dict[str, dict[str, Figure]] = {}
    for one in figures:
        found.setdefault(one.key, {})[one.indicator] = one
    return found


def person_name(person: str, t: Words) -> str:
    return t("comparison_page.nobody_named") if person == NOBODY else person


def _row(person: str, found: dict[str, Figure], indicators: Sequence[Indicator], t: Words) -> html.Tr:
    concluded = found[COUNTED].denominator or 0
    return html.Tr([html.Th(person_name(person, t), scope="row"), html.Td(f"{concluded:,.0f}", className="num right"),
                    *(_cell(found[one.code], one, t) for one in indicators)])


def _cell(figure: Figure, indicator: Indicator, t: Words) -> html.Td:
    text = cell_text(indicator, figure.value, t)
    why = t("comparison_page.persons_few") if figure.is_small and figure.value is not None else None
    return html.Td(text, className="num right" + (" is-quiet" if why else ""), title=why)
