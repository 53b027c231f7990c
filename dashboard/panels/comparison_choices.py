"""The head of the comparison: where one is (city › area › department › item), and what may be chosen, all as links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from dash import dcc, html

from config.indicators import Indicator, Indicators
from dashboard.panels.downloads import KINDS
from dashboard.words import Words
from evaluation.comparison import WITHIN
from evaluation.seasons import Span, neighbour, period_text, stretch_of
from evaluation.wish import BYS, COLUMN_SETS, KEPT, Wish

_NAME = re.compile(r"[a-z][a-z0-9_]*")
PAGE, CHARTS = "/comparison/", ("comparison-funnel", "comparison-course")
Named = Iterable[tuple[str, str]]  # code, name


def head(wish: Wish, indicators: Indicators, areas: Named, names: Mapping[str, str], t: Words, *,
         is_limited: bool) -> list[Any]:
    """`names` are those of what was drilled down to, by `area`, `org` and `item`."""
    choices = [periods(wish, t), dates(wish, t), basis(wish, t), _by(wish, t, is_limited=is_limited), _columns(wish, t)]
    if not is_limited:
        choices.append(_areas(wish, list(areas), t))
    return [html.Div([_trail(wish, names, t), exports(wish, t)], className="comparison-line"),
            html.Div(choices, className="comparison-choices"), indicator_choice(wish, indicators, t)]


def link(words: Any, address: str, is_here: bool = False, class_name: str = "choice", **more: Any) -> dcc.Link:
    return dcc.Link(words, href=address, refresh=False, className=f"{class_name} is-here" if is_here else class_name, **more)


def period_name(wish: Wish, t: Words) -> str:
    """2026 年 3 月, 2026 年第 1 季度 …"""
    first, last = wish.stretch.first, wish.stretch.last
    half = t(f"comparison_page.{'first' if first.month == 1 else 'second'}_half")
    return t(f"comparison_page.{wish.span}_name", year=first.year, month=first.month, quarter=(first.month + 2) // 3, half=half,
             first=first.isoformat(), last=last.isoformat())


def definition(indicator: Indicator, indicators: Indicators, t: Words) -> str:
    """What it means and how it is worked out, in words: shown over it everywhere."""
    return t("comparison_page.definition", definition=indicator.definition.in_language(t.language),
             unit=indicator.measure.in_language(t.language), formula=in_words(indicator.formula, indicators, t))


def in_words(formula: str, indicators: Indicators, t: Words) -> str:
    """A formula with the names of its figures as people call them."""
    return _NAME.sub(lambda name: _label(name[0], indicators, t), formula)


def _label(name: str, indicators: Indicators, t: Words) -> str:
    if name == "median":
        return t("comparison_page.median")
    known = indicators.figures.get(name) or indicators.spreads.get(name)
    return name if known is None else known.label.in_language(t.language)


def _trail(wish: Wish, names: Mapping[str, str], t: Words) -> html.Nav:
    steps = [link(t("comparison_page.every_area"), wish.address(area="", org="", item=""))]
    levels = (("area", {"org": "", "item": ""}), ("org", {"item": ""}), ("item", {}))
    steps += [link(names[level], wish.address(**changes)) for level, changes in levels if names.get(level)]
    parts = [part for step in steps for part in (html.Span("›", **{"aria-hidden": "true"}), step)][1:]
    return html.Nav([html.H1(t("comparison_page.title")), html.Div(parts, className="comparison-trail")])


def exports(wish: Wish, t: Words, page: str = PAGE, charts: Sequence[str] = CHARTS) -> html.Div:
    """The files of the view, its charts as pictures, the page on paper. `page` is the one they are links of."""
    query = wish.address()
    files = [html.A(t(f"file_page.{kind}"), href=f"{page}export.{kind}{query}", className="button")
             for kind in KINDS]
    named = {"data-picture-of": charts[0], "data-picture-too": " ".join(charts[1:])}
    picture = html.Button(t("comparison_page.png"), type="button", className="button", **named)
    paper = html.Button(t("comparison_page.print"), type="button", className="button", **{"data-print": "true"})
    return html.Div([*files, picture, paper], className="comparison-exports", title=t("comparison_page.link"))


def files(wish: Wish, view: str, t: Words) -> html.Span:
    """One view of the page as files, beside its head."""
    links = [html.A(t(f"file_page.{kind}"), href=f"{PAGE}export.{kind}{wish.address()}&view={view}",
                    title=t("comparison_page.view_file")) for kind in KINDS]
    return html.Span(links, className="comparison-files")


def _group(name: str, parts: list[Any]) -> html.Div:
    return html.Div([html.Span(name, className="choice-name"), *parts], className="choice-group", role="group")


def periods(wish: Wish, t: Words) -> html.Div:
    kinds = [link(t(f"comparison_page.span.{span}"), wish.address(period=period_text(span, _as(span, wish))), span is wish.span)
             for span in Span if span is not Span.FREE]
    steps = {name: wish.address(period=period_text(wish.span, neighbour(wish.span, wish.stretch, by)))
             for name, by in (("earlier", -1), ("later", 1))}
    now = [link("‹", steps["earlier"], title=t("comparison_page.earlier")),
           html.Strong(period_name(wish, t), className="comparison-period num"),
           link("›", steps["later"], title=t("comparison_page.later"))]
    return _group(t("comparison_page.period"), [*kinds, *now])


def _as(span: Span, wish: Wish) -> Any:
    """The period of that kind which holds the end of this one."""
    return stretch_of(span, wish.stretch.last)


def dates(wish: Wish, t: Words, page: str = PAGE) -> html.Form:
    """Free days: a plain form whose answer is an address like any other."""
    kept = [dcc.Input(type="hidden", name=name, value=wish.given[name]) for name in KEPT
            if name != "period" and wish.given.get(name)]
    ends = (("from", "from", wish.stretch.first), ("to", "until", wish.stretch.last))
    days = [html.Label([t(f"comparison_page.{words}"), dcc.Input(type="date", name=name, value=day.isoformat(),
                                                                 className="field")]) for name, words, day in ends]
    return html.Form([*kept, *days, html.Button(t("comparison_page.go"), type="submit", className="button")],
                     action=page, method="GET", className="choice-group comparison-dates")


def basis(wish: Wish, t: Words) -> html.Div:
    here = wish.question.basis.word
    return _group(t("comparison_page.basis"), [
        link(t(f"comparison_page.basis_{name}"), wish.address(basis="" if name == "event" else name), name == here)
        for name in ("event", "acceptance")])


def _by(wish: Wish, t: Words, *, is_limited: bool) -> html.Div:
    """Channels and powers are told apart within what was drilled down to; a department user has his own unit only."""
    return _group(t("comparison_page.by"), [
        link(t(f"comparison_page.by_{name}"), wish.address(by="" if name == "org" else name, **_left(name)),
             name == wish.question.by) for name in BYS if name != "area" or not is_limited])


def _columns(wish: Wish, t: Words) -> html.Div:
    """Which indicators stand beside the one compared."""
    return _group(t("comparison_page.columns"), [
        link(t(f"comparison_page.columns_{name}"), wish.address(columns="" if name == "overview" else name),
             name == wish.columns) for name in COLUMN_SETS])


def _left(by: str) -> dict[str, str]:
    """What a choice leaves of the way down to a department."""
    return {} if by in WITHIN else {"org": "", "item": ""}


def _areas(wish: Wish, areas: list[tuple[str, str]], t: Words) -> html.Div:
    if len(areas) < 2:
        return html.Div()
    every = [("", t("comparison_page.every_area")), *areas]
    return _group(t("comparison_page.area"), [link(name, wish.address(area=code, org="", item=""), code == wish.question.area)
                                              for code, name in every])


def indicator_choice(wish: Wish, indicators: Indicators, t: Words) -> html.Details:
    """The one compared, and behind it all the others in their groups, each with its definition."""
    here = indicators.find(wish.question.indicator)
    groups = [html.Div([link(one.label.in_language(t.language), wish.address(indicator=one.code), one.code == here.code,
                             title=definition(one, indicators, t)) for one in of_group], className="choice-group")
              for _, of_group in groupby(indicators.indicators.values(), key=lambda one: one.group)]
    name = html.Strong(here.label.in_language(t.language))
    means = html.Span(definition(here, indicators, t), className="comparison-definition")
    summary = html.Summary([html.Span(t("comparison_page.indicator"), className="choice-name"), name, means])
    return html.Details([summary, *groups], className="comparison-indicators")
