"""What is foretold of the case: its chance to overrun with the past it was learnt from, or why nothing is. Pure."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.panels.forecast_words import badge, bar, chance_word, left, percent, silence, why
from dashboard.times import day_text
from dashboard.words import Words
from evaluation.forecast.queries import Outlook, Tried


def render(found: Outlook | None, tried: Tried | None, names: Any, least: int, *, leads_on: bool,
           t: Words) -> html.Section | None:
    """`least` is how many ended cases a group, and a tenth of what was tried, needs; None for a case nothing was looked at for:
    ended, or no model yet."""
    if found is None:
        return None
    head = html.H2([t("forecast.case_title"), badge(t)])
    body = [*_told(found, found.chance, names, t), *_tried(tried, least, t)] if found.chance is not None else [
        html.P(silence(found.reason, least, t), className="forecast-silent")]
    more = [html.A(t("forecast.how_good"), href="/forecast/")] if leads_on else []
    note = html.P([t("forecast.no_fact"), " ", *more], className="panel-note")
    return html.Section([head, *body, note], className="panel case-forecast")


def _tried(tried: Tried | None, least: int, t: Words) -> list[html.P]:
    """How often cases with such a chance overran: the figure above is worth as much as this."""
    if tried is None:
        return []
    if tried.bin is None:
        return [html.P(t("forecast.tried_few", n=least), className="forecast-why")]
    one = tried.bin
    words = t("forecast.tried_such", low=f"{one.low * 100:.0f}", high=f"{one.high * 100:.0f}", n=f"{one.n:,}",
              cases=f"{one.cases:,}", share=percent(one.share), begins=percent(one.share_low), ends=percent(one.share_high),
              last=day_text(tried.last))
    return [html.P(words, className="forecast-why")]


def _told(found: Outlook, chance: float, names: Any, t: Words) -> list[Any]:
    figure = html.Div([html.Strong(percent(chance), className="forecast-figure num"), bar(chance)], className="forecast-gauge")
    words = html.Div([html.Strong(chance_word(chance, t), className="forecast-word"), html.Span(left(found, t))],
                     className="forecast-says")
    return [html.Div([figure, words], className="forecast-line"), html.P(why(found, names, t), className="forecast-why")]
