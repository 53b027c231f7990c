"""The head of the scores: scheme, month or longer period, area, where the scoring stands, what may be done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.panels.comparison_choices import link
from dashboard.panels.downloads import KINDS
from dashboard.panels.scores_view import View
from dashboard.panels.scores_wish import Wish, month_text, neighbour
from dashboard.words import Words

Named = Sequence[tuple[str, str]]  # code, name


def head(view: View, schemes: Named, areas: Named, standing: str, buttons: Any, t: Words) -> list[Any]:
    wish = view.wish
    state = html.Span(t(f"score_state.{view.state}"), className=f"chip score-state is-{view.state}") if view.state in (
        "preview", "proposed", "published", "frozen") else None
    title = html.Div([html.H1(t("scores_page.title")), state], className="scores-title")
    choices = [_schemes(wish, schemes, t), _months(wish, t), _longer(wish, t)]
    choices += [_areas(wish, areas, t)] if len(areas) > 1 else []
    exports = [html.A(t(f"file_page.{kind}"), href=f"export.{kind}{wish.address()}", className="button")
               for kind in KINDS]
    return [html.Div([title, html.Div(exports, className="comparison-exports")], className="comparison-line"),
            html.Div(choices, className="comparison-choices"),
            html.Div([html.P([standing, " ", t("scores_page.version", n=view.version)], className="scores-standing"), buttons],
                     className="comparison-line")]


def _schemes(wish: Wish, schemes: Named, t: Words) -> html.Div:
    links = [link(name, wish.address(scheme=code), code == wish.scheme) for code, name in schemes]
    return html.Div([html.Span(t("scores_page.scheme"), className="choice-name"), *links], className="choice-group")


def _months(wish: Wish, t: Words) -> html.Div:
    def at(by: int) -> str:
        return wish.address(month=month_text(neighbour(wish.month, by)), year="", half="")

    name = t("comparison_page.month_name", year=wish.month.year, month=wish.month.month)
    here = link(name, at(0), wish.year is None)
    return html.Div([html.Span(t("scores_page.month"), className="choice-name"),
                     link("‹", at(-1), title=t("comparison_page.earlier")), here,
                     link("›", at(1), title=t("comparison_page.later"))], className="choice-group")


def _longer(wish: Wish, t: Words) -> html.Div:
    year = wish.year or wish.month.year
    spans = (("1", "half_1"), ("2", "half_2"), ("", "whole"))
    links = [link(t(f"scores_page.{name}", year=year), wish.address(year=str(year), half=half),
                  wish.year is not None and str(wish.half or "") == half) for half, name in spans]
    return html.Div([html.Span(t("scores_page.longer"), className="choice-name"), *links], className="choice-group")


def _areas(wish: Wish, areas: Named, t: Words) -> html.Div:
    links = [link(t("scores_page.every_area"), wish.address(area=""), not wish.area)]
    links += [link(name, wish.address(area=code), code == wish.area) for code, name in areas]
    return html.Div([html.Span(t("scores_page.area"), className="choice-name"), *links], className="choice-group")
