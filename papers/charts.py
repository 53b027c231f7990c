"""Charts as lines, boxes, dots and words in millimetres: drawn once, and then put into a PDF, a picture or a page.

Three kinds: columns over time, bars beside names, and values with their ranges; what is below 0 has its figure and no length.
Nothing is told by colour alone: every column and bar has its figure, every series its name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from papers.official import Chart, ChartSeries

Colour = tuple[int, int, int]
TONES: dict[str, Colour] = {"main": (31, 78, 121), "second": (143, 170, 202), "yellow": (222, 165, 0), "red": (179, 38, 30)}
INK, FAINT, SOFT = (34, 34, 34), (205, 211, 219), (96, 105, 117)
MM_PER_PT = 25.4 / 72
LETTERS_PT, SMALL_PT = 8.5, 7.0
COLUMNS_MM, ROW_MM, ROW_LEAST_MM, ROWS_MM_MOST = 66.0, 5.4, 3.4, 190.0
FOOT_MM, LEGEND_MM, AXIS_MM = 7.0, 8.0, 12.0
TICKS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """From one point to another; `thick` in mm."""

    x1: float
    y1: float
    x2: float
    y2: float
    thick: float
    colour: Colour
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle from its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle around a point."""

    x: float
    y: float
    radius: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Words:
    """A text on a base line; `anchor` says which part of it stands at x: start, middle or end."""

    x: float
    y: float
    text: str
    points: float
    anchor: str = "start"
    colour: Colour = INK


Shape = Line | Box | Dot | Words


@dataclass(slots=True)
class Drawing:
    """Shapes in the order they are drawn, on a sheet of that size in mm."""

    width: float
    height: float
    shapes: list[Shape] = field(default_factory=list)


def draw(chart: Chart, width: float) -> Drawing:
    """The drawing, as wide as asked for."""
    return _columns(chart, width) if chart.kind == "columns" else _rows(chart, width)


def height_of(chart: Chart) -> float:
    """How high a drawing of it is, whatever its width."""
    return COLUMNS_MM if chart.kind == "columns" else LEGEND_MM + len(chart.labels) * _row_height(chart) + FOOT_MM


def said(chart: Chart, value: float | None) -> str:
    """A figure as it stands beside its mark."""
    if value is None:
        return "—"
    if chart.is_share:
        return f"{value * 100:.1f}%"
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


# Columns over time ----------------------------------------------------------------------------------------------------------


def _columns(chart: Chart, width: float) -> Drawing:
    made, top, bottom = Drawing(width, COLUMNS_MM), LEGEND_MM + 3, COLUMNS_MM - FOOT_MM
    scale = _scale([value or 0.0 for one in chart.series for value in one.values])
    for tick in scale:
        y = bottom - (bottom - top) * tick / scale[-1]
        made.shapes += [Line(AXIS_MM, y, width, y, 0.15, FAINT if tick else SOFT),
                        Words(AXIS_MM - 1.5, y + 1, said(chart, tick), SMALL_PT, "end", SOFT)]
    group = (width - AXIS_MM) / max(1, len(chart.labels))
    free_from = 0.0
    for place, label in enumerate(chart.labels):
        left, room = AXIS_MM + group * place, _width(label, SMALL_PT) / 2 + 0.6
        if left + group / 2 - room >= free_from:  # one that would touch the one before is left out
            made.shapes.append(Words(left + group / 2, bottom + 4, label, SMALL_PT, "middle", SOFT))
            free_from = left + group / 2 + room
        _group(made, chart, place, (left + group * 0.1, group * 0.8), (top, bottom, scale[-1]))
    _legend(made, chart, AXIS_MM)
    return made


def _group(made: Drawing, chart: Chart, place: int, across: tuple[float, float], along: tuple[float, float, float]) -> None:
    """The columns over one label, each with its figure where there is room for it."""
    (left, width), (top, bottom, most) = across, along
    each = width / len(chart.series)
    for number, one in enumerate(chart.series):
        value = one.values[place]
        if value is None:
            continue
        height = (bottom - top) * max(0.0, value) / most
        made.shapes.append(Box(left + each * number, bottom - height, each * 0.92, height, _tone(one)))
        text = said(chart, value)
        points = min(6.5, 0.88 * each / (max(1, len(text)) * 0.55 * MM_PER_PT))
        if points >= 4:
            made.shapes.append(Words(left + each * (number + 0.46), bottom - height - 0.7, text, points, "middle"))


def _scale(values: list[float]) -> list[float]:
    """Round figures from 0 to beyond the largest value."""
    most = max([*values, 1.0])
    rough = most / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough)
    step = max(1.0, step)
    return [step * at for at in range(math.ceil(most / step) + 1)]


# Rows beside names ----------------------------------------------------------------------------------------------------------


def _row_height(chart: Chart) -> float:
    return max(ROW_LEAST_MM, min(ROW_MM, ROWS_MM_MOST / max(1, len(chart.labels))))


def _rows(chart: Chart, width: float) -> Drawing:
    row = _row_height(chart)
    made = Drawing(width, height_of(chart))
    points = min(LETTERS_PT, row / MM_PER_PT * 0.72)
    names = min(width * 0.42, max((_width(label, points) for label in chart.labels), default=0) + 2)
    figures = 14.0
    left, right = names, width - figures
    bottom = LEGEND_MM + row * len(chart.labels)
    low, high = _extent(chart)
    _axis(made, chart, (left, right), bottom, (low, high))
    for place, label in enumerate(chart.labels):
        middle = LEGEND_MM + row * (place + 0.5)
        base = middle + points * MM_PER_PT * 0.36
        made.shapes.append(Words(names - 1.5, base, _cut(label, names - 2, points), points, "end"))
        (_span if chart.kind == "spans" else _bar)(made, chart, place, (left, right, low, high), (middle, row, base, points))
    _legend(made, chart, left)
    return made


def _axis(made: Drawing, chart: Chart, across: tuple[float, float], bottom: float, extent: tuple[float, float]) -> None:
    (left, right), (low, high) = across, extent
    made.shapes.append(Line(left, bottom, right, bottom, 0.15, SOFT))
    ends = (low, (low + high) / 2, high) if chart.is_share else (low, high)
    for value in ends:
        x = left + (right - left) * (value - low) / (high - low)
        made.shapes += [Line(x, LEGEND_MM, x, bottom, 0.15, FAINT), Words(x, bottom + 4, said(chart, value), SMALL_PT, "middle",
                                                                          SOFT)]
    if chart.mark is not None:
        x = left + (right - left) * (chart.mark - low) / (high - low)
        made.shapes.append(Line(x, LEGEND_MM, x, bottom, 0.3, TONES["red"], is_dashed=True))


def _span(made: Drawing, chart: Chart, place: int, scale: tuple[float, float, float, float],
          row: tuple[float, float, float, float]) -> None:
    """The range as a line, the value as a dot on it."""
    (left, right, low, high), (middle, _, base, points) = scale, row

    def at(value: float) -> float:
        return left + (right - left) * (min(high, max(low, value)) - low) / (high - low)

    value = chart.series[0].values[place]
    made.shapes.append(Line(at(chart.lows[place]), middle, at(chart.highs[place]), middle, 0.7, TONES["second"]))
    if value is not None:
        made.shapes.append(Dot(at(value), middle, 0.9, TONES["main"]))
    made.shapes.append(Words(right + 2, base, said(chart, value), points))


def _bar(made: Drawing, chart: Chart, place: int, scale: tuple[float, float, float, float],
         row: tuple[float, float, float, float]) -> None:
    """The series end to end, their figures after the last one."""
    (left, right, low, high), (middle, height, base, points) = scale, row
    x, told = left, []
    for one in chart.series:
        value = one.values[place] or 0.0
        length = (right - left) * max(0.0, value) / (high - low)
        if length:
            made.shapes.append(Box(x, middle - height * 0.33, length, height * 0.66, _tone(one)))
        told.append(said(chart, value))
        x += length
    made.shapes.append(Words(x + 1.2, base, "＋".join(told) if len(told) > 1 else told[0], points))


def _extent(chart: Chart) -> tuple[float, float]:
    if chart.kind == "bars":
        sums = [sum(max(0.0, one.values[place] or 0.0) for one in chart.series) for place in range(len(chart.labels))]
        return 0.0, _scale(sums)[-1]
    known = [*chart.lows, *chart.highs, *([] if chart.mark is None else [chart.mark])]
    low, high = min(known, default=0.0), max(known, default=1.0)
    step = 0.1 if chart.is_share else max(1.0, (high - low) / 10)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return (low, high) if high > low else (low - step, high)


# ----------------------------------------------------------------------------------------------------------------------------


def _legend(made: Drawing, chart: Chart, left: float) -> None:
    """Over the picture, or as far to the right as it fits."""
    names = [one.name for one in chart.series] + ([] if chart.mark is None else [f"{chart.mark_name}{said(chart, chart.mark)}"])
    x = max(0.0, min(left, made.width - sum(10 + _width(name, LETTERS_PT) for name in names)))
    for one in chart.series:
        if chart.kind == "spans":
            made.shapes += [Line(x, 3, x + 5, 3, 0.7, TONES["second"]), Dot(x + 2.5, 3, 0.9, _tone(one))]
        else:
            made.shapes.append(Box(x + 1, 1.6, 3.4, 2.8, _tone(one)))
        made.shapes.append(Words(x + 6.5, 4.1, one.name, LETTERS_PT))
        x += 10 + _width(one.name, LETTERS_PT)
    if chart.mark is not None:
        made.shapes += [Line(x, 3, x + 5, 3, 0.3, TONES["red"], is_dashed=True),
                        Words(x + 6.5, 4.1, f"{chart.mark_name}{said(chart, chart.mark)}", LETTERS_PT)]


def _tone(one: ChartSeries) -> Colour:
    return TONES.get(one.tone, TONES["main"])


def _width(text: str, points: float) -> float:
    """About as wide as any font draws it, in mm: a Chinese character is a square."""
    return sum(1.0 if sign > "\u2e80" else 0.56 for sign in text) * points * MM_PER_PT


def _cut(text: str, most: float, points: float) -> str:
    """A name that is too long for its place ends in dots."""
    if _width(text, points) <= most:
        return text
    while text and _width(f"{text}…", points) > most:
        text = text[:-1]
    return f"{text}…"
