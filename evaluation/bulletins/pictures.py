"""The charts of a bulletin: the months, the cards, the places with their ranges."""

from __future__ import annotations

from evaluation.bulletins.figures import MonthFigures, month_of, value
from evaluation.bulletins.phrases import Telling
from evaluation.bulletins.sentences import net_cards
from papers.official import Chart, ChartSeries

ROWS_MOST = 60     # departments in one picture: more could not be read on a page
CARDED_MOST = 10   # in that of the cards, which stands in the text and leaves room for it
RANKED_LEAST = 3   # a picture of two is none
FINISHED = ("concluded", "returned", "voided")


def of_months(t: Telling, number: int) -> Chart | None:
    """Accepted and finished by month; None with a single one."""
    trend = t.figures.trend
    if len(trend) < 2:
        return None
    series = (ChartSeries(t.say("bulletin.chart.accepted"), tuple(float(one.counts["accepted"]) for one in trend)),
              ChartSeries(t.say("bulletin.chart.finished"), tuple(float(t.sum(one.counts, *FINISHED)) for one in trend),
                          "second"))
    return Chart("columns", t.say("bulletin.chart.volume", n=number, months=len(trend)),
                 tuple(_month(t, one, place) for place, one in enumerate(trend)), series)


def of_cards(t: Telling, number: int) -> Chart | None:
    """Cards by department, those that have any, red ones first; None when nobody has."""
    units = sorted((unit for unit in t.figures.units if any(net_cards(unit))), key=lambda unit: (
        -net_cards(unit)[1], -net_cards(unit)[0], unit.name))
    if not units:
        return None
    shown, key = units[:CARDED_MOST], "cards" if len(units) <= CARDED_MOST else "cards_first"
    yellow, red = zip(*(net_cards(unit) for unit in shown), strict=True)
    series = (ChartSeries(t.say("bulletin.chart.yellow"), tuple(map(float, yellow)), "yellow"),
              ChartSeries(t.say("bulletin.chart.red"), tuple(map(float, red)), "red"))
    return Chart("bars", t.say(f"bulletin.chart.{key}", n=number, first=len(shown)), tuple(unit.name for unit in shown), series)


def of_places(t: Telling, number: int) -> Chart | None:
    """The indicator that ranks, with its interval, best first."""
    units = [unit for unit in t.figures.ranked if unit.low is not None and unit.high is not None][:ROWS_MOST]
    if len(units) < RANKED_LEAST:
        return None
    indicator, scale = t.indicators.find(t.figures.rank_by), _scale(t)
    values = tuple(value(t.indicators, indicator.code, unit.counts) for unit in units)
    series = (ChartSeries(t.say("bulletin.chart.value", indicator=indicator.label.zh), values),)
    return Chart("spans", t.say("bulletin.chart.ranks", n=number, indicator=indicator.label.zh),
                 tuple(unit.name for unit in units), series, tuple((unit.low or 0.0) * scale for unit in units),
                 tuple((unit.high or 0.0) * scale for unit in units), value(t.indicators, indicator.code, t.figures.counts),
                 t.say("bulletin.chart.overall"), is_share=indicator.unit.value == "share")


def _scale(t: Telling) -> float:
    """Intervals are of hits ÷ size, as the funnel is drawn; a figure per thousand is shown a thousandfold."""
    return t.indicators.find(t.figures.rank_by).scale


def _month(t: Telling, one: MonthFigures, place: int) -> str:
    first = month_of(one.month).first
    if place == 0 or first.month == 1:
        return t.say("bulletin.chart.year_month", year=first.year, month=first.month)
    return t.say("bulletin.chart.month", month=first.month)


