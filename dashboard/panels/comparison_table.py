"""Units side by side: a row each, best first, with value, count, interval drawn, place and the places it may have. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from config.indicators import Indicator, Indicators, Unit
from dashboard.panels.comparison_choices import definition
from dashboard.panels.counted_views import Lists
from dashboard.words import Words
from evaluation.comparison import WITHIN, Row, SideBySide
from evaluation.counted import Part
from evaluation.period import Figure
from evaluation.wish import Wish
from evaluation.wording import value_text, why_unranked

_TIMES = (Unit.WORKING_DAYS, Unit.WORKING_HOURS)
SIGNS = {2: "▲", 1: "△", 0: "", -1: "▽", -2: "▼"}


def table(shown: SideBySide, wish: Wish, indicators: Indicators, columns: Sequence[str], drill: str, t: Words,
          lists: Lists) -> Any:
    """`drill` is the choice that a unit's name makes: area, org or item; channels and powers lead nowhere. Values lead to what
    is counted above, counts to what is counted below."""
    if not shown.rows:
        return html.P(t("comparison_page.none"), className="case-none")
    others = [indicators.find(code) for code in columns if code != shown.indicator.code]
    others = [] if shown.is_anonymous else others
    extent = extent_of(shown)
    body = [_row(row, shown, wish, others, extent, drill, t, lists) for row in shown.rows]
    heads = html.Thead(html.Tr(_heads(shown, wish, others, indicators, t)))
    return html.Table([heads, html.Tbody(body)], className="grid comparison-grid")


def extent_of(shown: SideBySide) -> tuple[float, float]:
    """What the drawn bands reach over: of the units ranked, or of all where none is."""
    spans = [row.band for row in shown.rows if row.band is not None and row.ranked is not None] or [
        row.band for row in shown.rows if row.band is not None]
    if not spans:
        return 0.0, 1.0
    low, high = min(one.low for one in spans), max(one.high for one in spans)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def zone_tone(row: Row, shown: SideBySide) -> str:
    """good, bad or out (neither), beyond the outer limits; near within the inner ones; in."""
    if abs(row.zone) < 2:
        return "near" if row.zone else "in"
    if shown.indicator.better == "neither":
        return "out"
    return "good" if (row.zone > 0) is (shown.indicator.better == "higher") else "bad"


def place_text(row: Row, t: Words) -> str:
    """3（1–7）; only 3 where it is certain."""
    if row.ranked is None:
        return t("comparison_page.no_place")
    one = row.ranked
    return str(one.rank) if one.is_certain else f"{one.rank} ({one.best}–{one.worst})"


def _heads(shown: SideBySide, wish: Wish, others: Sequence[Indicator], indicators: Indicators,
           t: Words) -> list[html.Th]:
    plain = [html.Th(t("comparison_page.place"), scope="col", className="right"),
             html.Th(t("comparison_page.unit"), scope="col")]
    own = html.Th(head_text(shown.indicator, t), scope="col", className="right is-here",
                  title=definition(shown.indicator, indicators, t))
    of_it = [html.Th(t("comparison_page.band"), scope="col"),
             html.Th(t("comparison_page.counted"), scope="col", className="right")]
    return [*plain, own, *of_it, *(_choosing(one, wish, indicators, t) for one in others)]


def head_text(one: Indicator, t: Words) -> str:
    """The name, with the unit where the cells leave it out."""
    label = one.label.in_language(t.language)
    return t(f"comparison_page.in_{one.unit.value}", name=label) if one.unit in _TIMES else label


def cell_text(one: Indicator, value: float | None, t: Words) -> str:
    """The value without the unit that the head of its column names."""
    return f"{value:.1f}" if value is not None and one.unit in _TIMES else value_text(one, value, t)


def _choosing(one: Indicator, wish: Wish, indicators: Indicators, t: Words) -> html.Th:
    """A head that makes its column the one compared."""
    return html.Th(dcc.Link(head_text(one, t), href=wish.address(indicator=one.code), refresh=False,
                            title=definition(one, indicators, t)), scope="col", className="right")


def _row(row: Row, shown: SideBySide, wish: Wish, others: Sequence[Indicator], extent: tuple[float, float], drill: str,
         t: Words, lists: Lists) -> html.Tr:
    why = why_unranked(row, shown, t)
    place = html.Td(place_text(row, t), className="num right" + ("" if row.ranked else " is-quiet"), title=why)
    name = row.name or t("comparison_page.others")
    unit = html.Th([_link(name, row, wish, drill), html.Span(why, className="comparison-why") if why else None], scope="row")
    figure = row.figures.get(shown.indicator.code)
    text = cell_text(shown.indicator, figure.value if figure else None, t)
    value = html.Td([sign(row, shown, t), _listed(text, row.key, figure, Part.ABOVE, lists)], className="num right")
    size = html.Td(_listed(size_text(figure), row.key, figure, Part.BELOW, lists), className="num right is-quiet")
    cells = [place, unit, value, html.Td(band(row, shown, extent, t)), size,
             *(_other(one, row, t, lists) for one in others)]
    return html.Tr(cells, className=f"zone-{zone_tone(row, shown)}" + (" is-chosen" if row.is_own else ""))


def _link(name: str, row: Row, wish: Wish, drill: str) -> Any:
    if not row.key:
        return html.Span(name, className="is-quiet")
    if drill in WITHIN:
        return html.Span(name)
    changes = {"area": {"area": row.key, "by": "", "org": "", "item": ""}, "org": {"org": row.key, "item": ""},
               "item": {"item": row.key}}[drill]
    return dcc.Link(name, href=wish.address(**changes), refresh=False)


def sign(row: Row, shown: SideBySide, t: Words) -> Any:
    mark = SIGNS[row.zone]
    if not mark:
        return None
    tone = zone_tone(row, shown)
    words = t("comparison_page.limit_near") if tone == "near" else t(f"comparison_page.legend_zone.{tone}")
    return html.Span([html.Span(mark, **{"aria-hidden": "true"}), html.Span(words, className="visually-hidden")],
                     className="zone-sign", title=words)


def size_text(figure: Figure | None) -> str:
    return "—" if figure is None or figure.denominator is None else f"{figure.denominator:,.0f}"


def band(row: Row, shown: SideBySide, extent: tuple[float, float], t: Words) -> Any:
    """The interval as a bar over the extent of all, the value as a notch, the common value as a line."""
    if row.band is None or row.sample is None:
        return html.Span("—", className="is-quiet")
    low, high = (value_text(shown.indicator, end * shown.scale, t) for end in (row.band.low, row.band.high))
    start, end = _at(row.band.low, extent), _at(row.band.high, extent)
    parts = [html.I(className="band-bar", style={"left": f"{start:.2f}%", "width": f"{max(0.6, end - start):.2f}%"}),
             html.I(className="band-value", style={"left": f"{_at(row.sample.value, extent):.2f}%"})]
    if shown.target is not None:
        parts.insert(0, html.I(className="band-target", style={"left": f"{_at(shown.target, extent):.2f}%"}))
    words = f"{low} – {high}"
    return html.Span([*parts, html.Span(words, className="visually-hidden")], className="band", title=words)


def _at(value: float, extent: tuple[float, float]) -> float:
    low, high = extent
    return min(100.0, max(0.0, (value - low) / (high - low) * 100))


def _listed(text: str, key: str, figure: Figure | None, part: Part, lists: Lists) -> Any:
    """A number that leads to what is behind it, where there is anything."""
    counted = None if figure is None else figure.numerator if part is Part.ABOVE else figure.denominator
    address = lists(key, figure.indicator, part) if figure is not None and counted else ""
    return html.A(text, href=address, className="counted-link") if address else text


def _other(one: Indicator, row: Row, t: Words, lists: Lists) -> html.Td:
    figure = row.figures.get(one.code)
    if figure is None:
        return html.Td("—", className="num right is-quiet")
    small = figure.is_small and figure.value is not None
    words = t("comparison_why.few", minimum=one.minimum) if small else ""
    counted = "" if figure.denominator is None else f"{t('comparison_page.counted')} {figure.denominator:,.0f}"
    quiet = " is-quiet" if small or figure.value is None else ""
    return html.Td(_listed(cell_text(one, figure.value, t), row.key, figure, Part.ABOVE, lists), className=f"num right{quiet}",
                   title=" · ".join(filter(None, (counted, words))))
