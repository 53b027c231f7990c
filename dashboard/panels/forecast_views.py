"""The parts of the page of forecasts: how good they were, departments, the cases most at risk. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from dash import dcc, html

from dashboard.figures import QUIET_GRAPH, Figure
from dashboard.panels.forecast_words import bar, chance_word, left, percent, why
from dashboard.panels.tables import grid
from dashboard.theme import Theme
from dashboard.times import day_text, stamp
from dashboard.words import Words
from evaluation.forecast.backtest import Report
from evaluation.forecast.queries import Outlook, Standing
from evaluation.forecast.scoring import Bin, Gain
from evaluation.forecast.summary import DepartmentOutlook

DIGITS = 4
SMALLEST, LARGEST = 7.0, 26.0  # pixels of a point of the curve, by how many cases stand behind it
SPOKEN_LEAST = 30              # forecasts settled before a verdict is given


# How good they were --------------------------------------------------------------------------------------------------


def quality(standing: Standing, theme: Theme, t: Words) -> html.Section:
    """The calibration curve and the scores beside it."""
    report = standing.report
    head = html.H2(t("forecast.quality"))
    if report.brier is None:
        return html.Section([head, html.P(t("forecast.untried"), className="forecast-silent")], className="panel")
    picture = html.Div([html.H3(t("forecast.curve.title")), dcc.Graph(
        figure=curve_figure(report.curve, theme, t), config=QUIET_GRAPH, className="forecast-curve"),
        html.P(t("forecast.curve.note"), className="panel-note")])
    return html.Section([head, html.Div([picture, _scores(report, t)], className="forecast-pair")],
                        className="panel forecast-quality")


def _scores(report: Report, t: Words) -> html.Div:
    rows = [_score("model", report.brier, None, report, t), _score("rule", report.brier_rule, report.over_rule, report, t),
            _score("base", report.brier_base, report.over_base, report, t)]
    table = grid([t(f"forecast.score.{head}") for head in ("what", "brier", "gain")], rows, "forecast-scores", (1, 2))
    tried = t("forecast.tried", first=day_text(report.first), last=day_text(report.last), n=f"{report.trials:,}",
              cases=f"{report.cases:,}", share=percent(report.overran / report.trials))
    corrected = t("forecast.corrected" if report.is_corrected else "forecast.uncorrected")
    words = [html.Li(verdict(report, t), className="forecast-verdict"), html.Li(tried), html.Li(corrected),
             html.Li(t("forecast.silent_times", n=f"{report.silent:,}"))]
    return html.Div([html.H3(t("forecast.score.title")), table, html.P(t("forecast.score.note"), className="panel-note"),
                     html.Ul(words, className="forecast-words")])


def _score(name: str, value: float | None, gain: Gain | None, report: Report, t: Words) -> html.Tr:
    told = "—" if gain is None else t("forecast.score.by", value=signed(gain.value), low=signed(gain.low),
                                      high=signed(gain.high))
    scores = (report.brier, report.brier_rule, report.brier_base)
    is_best = value is not None and value == min(one for one in scores if one is not None)
    head = html.Th([html.Strong(t(f"forecast.score.{name}")), html.Span(t(f"forecast.score.{name}_means"))], scope="row")
    return html.Tr([head, html.Td(f"{value:.{DIGITS}f}", className=f"num right {'is-best' if is_best else ''}"),
                    html.Td(told, className="num right")])


def verdict(report: Report, t: Words) -> str:
    """In words whether it is better than the rule everybody has in his head; said plainly when it is not."""
    gain = report.over_rule
    if gain is None or report.cases < SPOKEN_LEAST:
        return t("forecast.verdict.few", n=report.cases)
    if gain.low > 0:
        return t("forecast.verdict.better")
    return t("forecast.verdict.worse" if gain.high < 0 else "forecast.verdict.undecided")


def signed(value: float) -> str:
    return f"{value:+.{DIGITS}f}".replace("-", "−")


def curve_figure(bins: Sequence[Bin], theme: Theme, t: Words) -> Figure:
    """What was said against what happened: on the diagonal both agree. Bars are intervals, points grow with their cases."""
    most = max((one.cases for one in bins), default=1)
    points: Figure = {
        "type": "scatter", "mode": "markers", "x": [one.mean * 100 for one in bins], "y": [one.share * 100 for one in bins],
        "error_y": {"type": "data", "symmetric": False, "array": [(one.share_high - one.share) * 100 for one in bins],
                    "arrayminus": [(one.share - one.share_low) * 100 for one in bins], "color": theme.color("text-low"),
                    "thickness": 1.5, "width": 5},
        "marker": {"color": theme.color("info"), "line": {"color": theme.color("bg-1"), "width": 1},
                   "size": [SMALLEST + (LARGEST - SMALLEST) * (one.cases / most) ** 0.5 for one in bins]},
        "hovertext": [_hover(one, t) for one in bins], "hovertemplate": "%{hovertext}<extra></extra>", "cliponaxis": False}
    same: Figure = {"type": "scatter", "mode": "lines", "x": [0, 100], "y": [0, 100], "hoverinfo": "skip",
                    "line": {"color": theme.color("line-strong"), "width": 2, "dash": "dash"}}
    return {"data": [same, points], "layout": _layout(theme, t)}


def _hover(one: Bin, t: Words) -> str:
    return t("forecast.curve.hover", said=percent(one.mean), share=percent(one.share), low=percent(one.share_low),
             high=percent(one.share_high), n=f"{one.n:,}", cases=f"{one.cases:,}").replace("\n", "<br>")


def _layout(theme: Theme, t: Words) -> Figure:
    axis = {"color": theme.color("text-low"), "gridcolor": theme.color("line-faint"), "zeroline": False, "fixedrange": True,
            "range": [-2, 102], "tickvals": list(range(0, 101, 20)), "ticktext": [f"{tick} %" for tick in range(0, 101, 20)]}
    return {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "showlegend": False, "hovermode": "closest",
            "font": {"family": theme.font, "size": 13, "color": theme.color("text-mid")},
            "margin": {"l": 72, "r": 16, "t": 8, "b": 52}, "hoverlabel": {"font": {"family": theme.font, "size": 14}},
            "xaxis": axis | {"title": {"text": t("forecast.curve.said")}},
            "yaxis": axis | {"title": {"text": t("forecast.curve.happened")}}}


# What is foretold ----------------------------------------------------------------------------------------------------


def departments(found: Sequence[DepartmentOutlook], chosen: str, names: Any, t: Words) -> html.Section:
    """A row per department, the most expected overruns first; each leads to its cases."""
    heads = [t(f"forecast.department.{name}") for name in ("org", "expected", "likely", "foretold", "silent", "overdue")]
    rows = [_department(one, one.org == chosen, names, t) for one in found]
    table = grid(heads, rows, "forecast-departments", (1, 2, 3, 4, 5)) if rows else html.P(t("forecast.nothing"))
    note = html.P(t("forecast.expected_means"), className="panel-note")
    scroll = html.Div(table, className="forecast-departments-scroll", tabIndex=0)
    return html.Section([html.H2(t("forecast.departments")), note, scroll], className="panel")


def _department(one: DepartmentOutlook, is_chosen: bool, names: Any, t: Words) -> html.Tr:
    link = html.A(names.org_name(one.org), href="?" if is_chosen else f"?{urlencode({'org': one.org})}",
                  **({"aria-current": "true"} if is_chosen else {}))
    counts = [_right(f"{count:,}") for count in (one.likely, one.foretold, one.silent, one.overdue)]
    return html.Tr([html.Td(link), _right(f"{one.expected:.1f}", "is-main"), *counts],
                   className="is-chosen" if is_chosen else "")


def _right(text: str, more: str = "") -> html.Td:
    return html.Td(text, className=f"num right {more}".strip())


def cases(found: Sequence[Outlook], org: str, names: Any, t: Words) -> html.Section:
    """The open cases most likely to overrun, with what each was learnt from."""
    title = t("forecast.cases_of", org=names.org_name(org)) if org else t("forecast.cases")
    heads = [t(f"forecast.case.{name}") for name in ("chance", "case", "item", "org", "due", "step", "why")]
    rows = [_case(one, one.chance, names, t) for one in found if one.chance is not None]
    back = [html.A(t("forecast.all"), href="?", className="forecast-back")] if org else []
    body = grid(heads, rows, "forecast-cases") if rows else html.P(t("forecast.nothing"))
    return html.Section([html.Div([html.H2(title), *back], className="forecast-cases-head"), body], className="panel")


def _case(one: Outlook, chance: float, names: Any, t: Words) -> html.Tr:
    address = f"/case/{quote(one.area, safe='')}/{quote(one.case_no, safe='')}"
    said = html.Td(html.Div([html.Strong(percent(chance), className="num"), bar(chance), html.Span(chance_word(chance, t))],
                            className="forecast-cell"))
    due = "—" if one.due_day is None else day_text(one.due_day)
    when = html.Td([html.Span(due, className="num"), html.Br(), html.Small(left(one, t))])
    return html.Tr([said, html.Td(html.A(one.case_no, href=address), className="num"),
                    html.Td(names.item_name(one.item) or "—"), html.Td(names.org_name(one.org)), when,
                    html.Td(one.step or t("forecast.no_step")), html.Td(why(one, names, t), className="forecast-because")])


# The model -----------------------------------------------------------------------------------------------------------


def model_line(standing: Standing, t: Words) -> html.P:
    """When it was learnt, from how much, and when the open cases were last looked at."""
    return html.P([t("forecast.model", id=standing.id, at=stamp(standing.trained_at), cases=f"{standing.cases:,}",
                     ended=f"{standing.ended:,}", groups=f"{standing.groups:,}"), " ",
                   t("forecast.as_of", at=stamp(standing.as_of))], className="forecast-model")


