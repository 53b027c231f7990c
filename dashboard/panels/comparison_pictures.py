"""The two pictures of the comparison as plain figures: the funnel of units, and the control chart of one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

from config.indicators import Unit
from dashboard.figures import Figure
from dashboard.panels.comparison_table import place_text, zone_tone
from dashboard.theme import Theme
from dashboard.words import Words
from evaluation.comparison import Row, SideBySide
from evaluation.control_charts import Point
from evaluation.happenings import Happening, What
from evaluation.over_time import Course, Grain
from evaluation.statistics import Shape
from evaluation.wording import day_words, value_text

PICTURE_GRAPH: dict[str, Any] = {
    "displayModeBar": False, "displaylogo": False, "responsive": True, "showSendToCloud": False, "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["sendDataToCloud", "sendChartToCloud"], "scrollZoom": False, "doubleClick": False}
TONES = {"good": "ok", "bad": "offline", "out": "info", "near": "text-mid", "in": "text-low"}
SYMBOLS = {2: "triangle-up", 1: "circle", 0: "circle", -1: "circle", -2: "triangle-down"}
WIDE_RANGE = 30     # largest ÷ smallest size beyond which the axis is logarithmic
NAMED_MAX = 8       # units named in the funnel
NAME_WIDTH, NAME_HEIGHT = 0.4, 0.035  # what a name takes of the picture
MARKED_MAX = 24     # what happened, written above the course
SHADED = (What.HOLIDAY, What.MAKE_UP)


def empty(theme: Theme) -> Figure:
    return {"data": [], "layout": _layout(theme) | {"xaxis": {"visible": False}, "yaxis": {"visible": False}}}


# Funnel ---------------------------------------------------------------------------------------------------------------


def funnel_figure(shown: SideBySide, theme: Theme, t: Words) -> Figure:
    """Every unit as a point over its size, between the limits of chance; of means, with its interval instead."""
    points = [row for row in shown.rows if row.sample is not None]
    if not points or shown.target is None:
        return empty(theme)
    is_wide = _is_wide([row.sample.size for row in points if row.sample is not None])
    data = [*_curves(shown, theme, t), _points(shown, points, theme, t)]
    layout = _layout(theme)
    layout["xaxis"] |= {"title": {"text": t("comparison_page.counted")}, "type": "log" if is_wide else "linear"}
    layout["xaxis"] |= _sizes_axis(points) if is_wide else {"rangemode": "tozero"}
    layout["yaxis"] |= _value_axis(shown.indicator.unit)
    layout["shapes"] = [_across(shown.target * shown.scale, theme.color("text-mid"), "solid")]
    common = value_text(shown.indicator, shown.target * shown.scale, t)
    layout["annotations"] = [_beside(t("comparison_page.target", value=common), shown.target * shown.scale, theme)]
    return {"data": data, "layout": layout}


def _sizes_axis(rows: Sequence[Row]) -> Figure:
    """1, 2, 5, 10 … of a logarithmic axis, as far as there are units."""
    sizes = [row.sample.size for row in rows if row.sample is not None]
    steps = [step * 10 ** power for power in range(8) for step in (1, 2, 5)]
    ticks = [step for step in steps if min(sizes) / 2 <= step <= max(sizes) * 2]
    return {"tickvals": ticks, "ticktext": [f"{step:,}" for step in ticks]}


def _is_wide(sizes: Sequence[float]) -> bool:
    return max(sizes) / min(sizes) > WIDE_RANGE


def _curves(shown: SideBySide, theme: Theme, t: Words) -> list[Figure]:
    sizes = [one.size for one in shown.curve]
    far = {"color": theme.color("line-strong"), "width": 2, "dash": "solid"}
    near = {"color": theme.color("line-strong"), "width": 1, "dash": "dot"}
    lines = (("far_low", far, "limit_far"), ("far_high", far, "limit_far"), ("near_low", near, "limit_near"),
             ("near_high", near, "limit_near"))
    return [{"type": "scatter", "mode": "lines", "x": sizes, "y": [getattr(one, end) * shown.scale for one in shown.curve],
             "line": line, "name": t(f"comparison_page.{name}"), "hoverinfo": "skip", "showlegend": end.endswith("high")}
            for end, line, name in lines] if sizes else []


def _points(shown: SideBySide, rows: Sequence[Row], theme: Theme, t: Words) -> Figure:
    """One trace: clicking a point chooses its unit (`customdata`)."""
    named = _named(rows, shown)
    y = [row.sample.value * shown.scale for row in rows if row.sample is not None]
    trace: Figure = {
        "type": "scatter", "mode": "markers+text", "x": [row.sample.size for row in rows if row.sample is not None], "y": y,
        "customdata": [row.key for row in rows], "showlegend": False, "cliponaxis": False,
        "text": [_name_of(row, t) if at in named else "" for at, row in enumerate(rows)],
        "textposition": [named.get(at, "middle right") for at in range(len(rows))],
        "textfont": {"color": theme.color("text-hi"), "size": 12},
        "hovertext": [_hover(row, shown, t) for row in rows], "hovertemplate": "%{hovertext}<extra></extra>",
        "marker": {"color": [theme.color("text-hi" if row.is_own else TONES[zone_tone(row, shown)]) for row in rows],
                   "symbol": ["star" if row.is_own else SYMBOLS[row.zone] for row in rows],
                   "size": [16 if row.is_own else 11 if abs(row.zone) == 2 else 8 for row in rows],
                   "line": {"width": 1, "color": theme.color("bg-1")}}}
    if shown.shape is Shape.MEAN:
        trace["error_y"] = _bars(rows, shown, theme)
    return trace


def _named(rows: Sequence[Row], shown: SideBySide) -> dict[int, str]:
    """Whose names are written, and on which side: the own one, then those furthest out, as long as no two would overlap."""
    sizes = [row.sample.size for row in rows if row.sample is not None]
    values = [row.sample.value for row in rows if row.sample is not None]
    across = _placed([log(size) for size in sizes] if _is_wide(sizes) else sizes)
    up = _placed([*values, *(end for one in shown.curve for end in (one.far_low, one.far_high))])
    out = sorted((at for at, row in enumerate(rows) if abs(row.zone) == 2 and row.name),
                 key=lambda at: -abs(values[at] - (shown.target or 0.0)) * sizes[at] ** 0.5)
    found: dict[int, str] = {}
    for at in [*(at for at, row in enumerate(rows) if row.is_own), *out]:
        side = "middle left" if across[at] >= 0.5 else "middle right"
        is_free = all(abs(up[at] - up[other]) > NAME_HEIGHT or (
            side == found[other] and abs(across[at] - across[other]) > NAME_WIDTH) for other in found)
        if is_free and len(found) < NAMED_MAX:
            found[at] = side
    return found


def _placed(values: Sequence[float]) -> list[float]:
    """Where each lies between the smallest, 0, and the largest, 1."""
    low, high = min(values), max(values)
    return [(value - low) / (high - low) if high > low else 0.5 for value in values]


def _bars(rows: Sequence[Row], shown: SideBySide, theme: Theme) -> Figure:
    above = [(row.band.high - row.sample.value) * shown.scale if row.band and row.sample else 0.0 for row in rows]
    below = [(row.sample.value - row.band.low) * shown.scale if row.band and row.sample else 0.0 for row in rows]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": theme.color("line-strong"),
            "thickness": 1, "width": 0}


def _name_of(row: Row, t: Words) -> str:
    return row.name or t("comparison_page.others")


def _hover(row: Row, shown: SideBySide, t: Words) -> str:
    figure = row.figures[shown.indicator.code]
    lines = [f"<b>{_name_of(row, t)}</b>", value_text(shown.indicator, figure.value, t)]
    if row.band is not None:
        ends = (value_text(shown.indicator, end * shown.scale, t) for end in (row.band.low, row.band.high))
        lines.append(f"{t('comparison_page.band')} {' – '.join(ends)}")
    counted = row.sample.size if row.sample is not None else 0.0
    return "<br>".join([*lines, f"{t('comparison_page.counted')} {counted:,.0f}",
                        f"{t('comparison_page.place')} {place_text(row, t)}"])


# Course ---------------------------------------------------------------------------------------------------------------------


def course_figure(course: Course, marks: Sequence[Happening], names: Any, theme: Theme, t: Words) -> Figure:
    """The control chart: points with their limits, those a rule speaks of marked, holidays shaded, new versions as lines.

    Categories, so that no date is guessed; shapes count them from 0. `names` puts a happening into words.
    """
    labels = [_label(one, course.grain) for one in course.starts]
    data = [*_limit_lines(course, labels, theme, t), _course_line(course, labels, theme, t)]
    layout = _layout(theme)
    layout["xaxis"] |= {"type": "category", "nticks": 16}
    layout["yaxis"] |= _value_axis(course.indicator.unit) if not course.per_working_day else {
        "title": {"text": t("comparison_page.per_working_day")}}
    layout["shapes"], layout["annotations"] = _marks(course, marks, names, theme)
    if course.chart.centre is not None:
        layout["shapes"].append(_across(course.chart.centre * course.scale, theme.color("text-mid"), "solid"))
    return {"data": data, "layout": layout}


def _label(day: Any, grain: Grain) -> str:
    return f"{day:%Y-%m}" if grain is Grain.MONTH else f"{day:%y-%m-%d}"


def _limit_lines(course: Course, labels: Sequence[str], theme: Theme, t: Words) -> list[Figure]:
    if course.chart.centre is None:
        return []
    line = {"color": theme.color("line-strong"), "width": 1, "dash": "dash", "shape": "hvh"}
    ends = (("low", [_scaled(course, one, one.low) for one in course.chart.points]),
            ("high", [_scaled(course, one, one.high) for one in course.chart.points]))
    return [{"type": "scatter", "mode": "lines", "x": list(labels), "y": values, "line": line, "connectgaps": True,
             "hoverinfo": "skip", "name": t("comparison_page.control_limit"), "showlegend": name == "high"}
            for name, values in ends]


def _scaled(course: Course, point: Point, value: float) -> float | None:
    return None if point.value is None else value * course.scale


def _course_line(course: Course, labels: Sequence[str], theme: Theme, t: Words) -> Figure:
    spoken = {at: one.side for one in course.chart.signals for at in range(one.first, one.last + 1)
              if one.side * course.chart.points[at].score > 0}
    tones = [theme.color(_tone(course, spoken.get(at, 0))) for at in range(len(labels))]
    symbols = [{1: "triangle-up", -1: "triangle-down"}.get(spoken.get(at, 0), "circle") for at in range(len(labels))]
    return {"type": "scatter", "mode": "lines+markers", "x": list(labels), "connectgaps": True, "showlegend": False,
            "y": [_scaled(course, one, one.value or 0.0) for one in course.chart.points],
            "line": {"color": theme.color("info"), "width": 2}, "cliponaxis": False,
            "marker": {"color": tones, "symbol": symbols, "size": [10 if at in spoken else 5 for at in range(len(labels))]},
            "hovertext": [_course_hover(course, at, t) for at in range(len(labels))],
            "hovertemplate": "%{hovertext}<extra></extra>"}


def _tone(course: Course, side: int) -> str:
    if side == 0:
        return "info"
    if course.indicator.better == "neither":
        return "acked"
    return "ok" if (side > 0) is (course.indicator.better == "higher") else "offline"


def _course_hover(course: Course, at: int, t: Words) -> str:
    point, worked = course.chart.points[at], course.worked[at]
    value = None if point.value is None else point.value * course.scale
    text = f"{value:,.1f}" if course.per_working_day and value is not None else value_text(course.indicator, value, t)
    lines = [f"<b>{day_words(course.starts[at], course.grain, t)}</b>", text]
    if not course.per_working_day:
        lines.append(f"{t('comparison_page.counted')} {point.size:,.0f}")
    if worked is not None:
        lines.append(t("comparison_page.working_days", n=worked))
    return "<br>".join(lines)


def _marks(course: Course, marks: Sequence[Happening], names: Any, theme: Theme) -> tuple[list[Figure], list[Figure]]:
    """Shaded spans for days off, lines for what changed; their words stand above the chart, as many as there is room for."""
    shapes: list[Figure] = []
    notes: list[Figure] = []
    for one in marks:
        first, last = _place(course, one.first), _place(course, one.last)
        if one.what is What.MAKE_UP or (one.what is What.HOLIDAY and course.grain is Grain.MONTH):
            continue
        is_shade = one.what in SHADED
        shapes.append(_shade(first, last, theme) if is_shade else _line(first, theme))
        if len(notes) < MARKED_MAX and (not is_shade or one.last != one.first or course.grain is Grain.DAY):
            at = (first + last) / 2 if is_shade else first - 0.5
            notes.append(_note(at, names(one), len(notes), theme, is_shade=is_shade))
    return shapes, notes


def _place(course: Course, day: Any) -> int:
    """The category that holds the day."""
    return max(0, sum(start <= day for start in course.starts) - 1)


def _shade(first: int, last: int, theme: Theme) -> Figure:
    return {"type": "rect", "xref": "x", "yref": "paper", "x0": first - 0.5, "x1": last + 0.5, "y0": 0, "y1": 1,
            "layer": "below", "fillcolor": theme.color("bg-3"), "opacity": 0.7, "line": {"width": 0}}


def _line(at: int, theme: Theme) -> Figure:
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at - 0.5, "x1": at - 0.5, "y0": 0, "y1": 1,
            "line": {"color": theme.color("due-soon"), "width": 2, "dash": "dot"}}


def _note(at: float, text: str, number: int, theme: Theme, *, is_shade: bool) -> Figure:
    return {"xref": "x", "yref": "paper", "x": at, "y": 1.0 + 0.055 * (number % 3), "text": text, "showarrow": False,
            "yanchor": "bottom", "xanchor": "center" if is_shade else "left",
            "font": {"size": 11, "color": theme.color("text-low" if is_shade else "due-soon")}}


# Both ------------------------------------------------------------------------------------------------------------------------


def _layout(theme: Theme) -> Figure:
    axis = {"color": theme.color("text-low"), "gridcolor": theme.color("line-faint"), "zeroline": False, "fixedrange": True}
    return {"paper_bgcolor": theme.color("bg-1"), "plot_bgcolor": theme.color("bg-1"),
            "font": {"family": theme.font, "size": 13, "color": theme.color("text-mid")},
            "margin": {"l": 64, "r": 16, "t": 56, "b": 48}, "autosize": True, "dragmode": False, "hovermode": "closest",
            "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 12}},
            "hoverlabel": {"bgcolor": theme.color("bg-3"), "bordercolor": theme.color("line-strong"), "align": "left",
                           "font": {"family": theme.font, "size": 13, "color": theme.color("text-hi")}},
            "showlegend": True, "xaxis": dict(axis), "yaxis": dict(axis)}


def _value_axis(unit: Unit) -> Figure:
    return {"tickformat": ".0%", "nticks": 8} if unit is Unit.SHARE else {"nticks": 8}


def _across(value: float, color: str, dash: str) -> Figure:
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value, "layer": "below",
            "line": {"color": color, "width": 1, "dash": dash}}


def _beside(text: str, value: float, theme: Theme) -> Figure:
    return {"xref": "paper", "x": 0, "xanchor": "left", "y": value, "yanchor": "bottom", "text": text, "showarrow": False,
            "font": {"size": 12, "color": theme.color("text-mid")}}
