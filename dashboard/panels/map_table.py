"""The areas of the map as a table: the same for whoever reads with the ears, and the way on to the comparison of each. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from dash import html

from dashboard.panels.comparison_table import band, cell_text, extent_of, head_text, place_text, sign, size_text, zone_tone
from dashboard.words import Words
from evaluation.comparison import Row, SideBySide
from evaluation.wish import Wish
from evaluation.wording import why_unranked


def map_table(shown: SideBySide, wish: Wish, drawn: Collection[str], t: Words) -> Any:
    """`drawn` are the areas that have a boundary; the others are said to have none."""
    if not shown.rows:
        return html.P(t("comparison_page.none"), className="case-none")
    heads = (("place", "right"), ("unit", ""), ("value", "right"), ("band", ""), ("counted", "right"))
    words = {"unit": t("map_page.area"), "value": head_text(shown.indicator, t)}
    head = html.Thead(html.Tr([html.Th(words.get(name) or t(f"comparison_page.{name}"), scope="col", className=side)
                               for name, side in heads]))
    extent = extent_of(shown)
    body = html.Tbody([_row(row, shown, wish, row.key in drawn, extent, t) for row in shown.rows])
    return html.Table([html.Caption(t("map_page.table"), className="visually-hidden"), head, body],
                      className="grid comparison-grid map-grid")


def address_of(wish: Wish, area: str) -> str:
    """The comparison of that area's departments, of the same period, indicator and basis."""
    return f"/comparison/{wish.address(area=area)}"


def _row(row: Row, shown: SideBySide, wish: Wish, is_drawn: bool, extent: tuple[float, float], t: Words) -> html.Tr:
    why = [why_unranked(row, shown, t), "" if is_drawn else t("map_page.not_drawn")]
    said = [html.Span(one, className="comparison-why") for one in why if one]
    figure = row.figures.get(shown.indicator.code)
    value = html.Td([sign(row, shown, t), cell_text(shown.indicator, figure.value if figure else None, t)],
                    className="num right")
    return html.Tr([html.Td(place_text(row, t), className="num right" + ("" if row.ranked else " is-quiet")),
                    html.Th([html.A(row.name, href=address_of(wish, row.key)), *said], scope="row"), value,
                    html.Td(band(row, shown, extent, t)), html.Td(size_text(figure), className="num right is-quiet")],
                   className=f"zone-{zone_tone(row, shown)}")
