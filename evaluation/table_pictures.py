"""A table as a picture, as it is printed: black on white, the words above it, numbers as they are read. Columns that a page
across has no room for follow below, each time behind the first column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, takewhile

from evaluation.spreadsheets import WIDEST, Sheet, Value, places_of
from papers.charts import FAINT, INK, MM_PER_PT, Box, Drawing, Line, Words

POINTS, TITLE_POINTS = 9.0, 11.0
PLACE_MM = POINTS * MM_PER_PT * 0.56  # a digit of the face; a Chinese character takes two places
LINE_MM, PAD_MM, EDGE_MM = 4.6, 1.6, 8.0
HEAD_MOST = 14   # places of a head before it is folded
LEAST_MM, MOST_MM = 150.0, 281.0  # room for the words above; A4 across without its edges
SHADE = (238, 241, 245)


def rows_that_fit(sheet: Sheet, most: int) -> int:
    """How many rows of the table fill a picture of so many lines: a row takes one in every part of its columns, or as many as
    its longest text is folded to."""
    head = replace(sheet, rows=sheet.rows[:most])  # a row takes a line at least: what comes after those is not looked at
    widths, forms = _widths(head), _forms(head)
    bands = _bands(widths)
    filled = accumulate(sum(max(len(folded(_text(row[column], forms[column]), _room(widths[column]))) for column in band)
                            for band in bands) for row in head.rows)
    return max(1, sum(1 for _ in takewhile(lambda lines: lines <= most, filled)))


def as_drawing(sheet: Sheet) -> Drawing:
    """Words, heads and rows on a sheet as large as they need."""
    widths = _widths(sheet)
    bands = _bands(widths)
    across = max(sum(widths[column] for column in band) for band in bands)
    drawing = Drawing(max(LEAST_MM, across) + 2 * EDGE_MM, 0.0)
    y = _words_above(drawing, sheet.words, EDGE_MM)
    for band in bands:
        y = _band(drawing, sheet, widths, band, y) + 3 * PAD_MM
    drawing.height = y + EDGE_MM
    return drawing


def _bands(widths: Sequence[float]) -> list[list[int]]:
    """The columns that stand beside one another: the first in each of them."""
    bands, used = [[0]], widths[0]
    for column, width in enumerate(widths[1:], start=1):
        if used + width > MOST_MM and len(bands[-1]) > 1:
            bands.append([0])
            used = widths[0]
        bands[-1].append(column)
        used += width
    return bands


def _words_above(drawing: Drawing, words: Sequence[str], y: float) -> float:
    """The first line is what the table is."""
    for at, said in enumerate(words):
        points = POINTS if at else TITLE_POINTS
        for line in folded(said, int((drawing.width - 2 * EDGE_MM) / (PLACE_MM * points / POINTS))):
            y += LINE_MM * points / POINTS
            drawing.shapes.append(Words(EDGE_MM, y, line, points))
    return y + 2 * PAD_MM


def _band(drawing: Drawing, sheet: Sheet, widths: Sequence[float], band: Sequence[int], y: float) -> float:
    """Heads and rows of these columns."""
    forms = _forms(sheet)
    y = _row(drawing, [sheet.heads[column] for column in band], [widths[column] for column in band],
             [forms[column] for column in band], y, is_head=True)
    for row in sheet.rows:
        y = _row(drawing, [_text(row[column], forms[column]) for column in band], [widths[column] for column in band],
                 [forms[column] for column in band], y)
    return y


def _row(drawing: Drawing, cells: Sequence[str], widths: Sequence[float], forms: Sequence[str], y: float, *,
         is_head: bool = False) -> float:
    """Each cell folded to its column; returns where the next row begins."""
    lines = [folded(cell, _room(width)) for cell, width in zip(cells, widths, strict=True)]
    height, x = max(map(len, lines)) * LINE_MM + PAD_MM, EDGE_MM
    if is_head:
        drawing.shapes.append(Box(x, y, sum(widths), height, SHADE))
    for cell, width, form in zip(lines, widths, forms, strict=True):
        at, anchor = (x + width - PAD_MM, "end") if form else (x + PAD_MM, "start")
        drawing.shapes += [Words(at, y + number * LINE_MM - PAD_MM / 4, line, POINTS, anchor)
                           for number, line in enumerate(cell, start=1)]
        x += width
    drawing.shapes.append(Line(EDGE_MM, y + height, x, y + height, 0.2 if is_head else 0.1, INK if is_head else FAINT))
    return y + height


def _widths(sheet: Sheet) -> list[float]:
    """As wide as the longest text of a column up to a bound, its head folded."""
    columns = enumerate(zip(sheet.heads, _forms(sheet), strict=True))
    return [_width([head, *(_text(row[column], form) for row in sheet.rows)]) for column, (head, form) in columns]


def _width(column: Sequence[str]) -> float:
    head, *texts = map(places_of, column)
    return min(WIDEST, max([min(head, HEAD_MOST), *texts, 2])) * PLACE_MM + 2 * PAD_MM


def _room(width: float) -> int:
    """The places of a column."""
    return round((width - 2 * PAD_MM) / PLACE_MM)


def folded(text: str, room: int) -> list[str]:
    """In lines of so many places at most."""
    lines, line, used = list[str](), "", 0
    for sign in text:
        width = places_of(sign)
        if line and (used + width > room or sign == "\n"):
            lines.append(line)
            line, used = "", 0
        if sign != "\n":
            line, used = line + sign, used + width
    return [*lines, line]


def _forms(sheet: Sheet) -> list[str]:
    return [*sheet.formats, *[""] * (len(sheet.heads) - len(sheet.formats))]


def _text(value: Value, form: str) -> str:
    """As the number format of its column shows it."""
    if value is None or isinstance(value, str):
        return value or ""
    if not form:
        return f"{value:.15g}"
    kept, _, decimals = form.partition(".")
    share, digits = "%" in form, decimals.rstrip("%")
    shown = f"{value * 100 if share else value:{',' if ',' in kept else ''}.{len(digits)}f}"
    shown = shown.rstrip("0").rstrip(".") if "#" in digits and "." in shown else shown
    return f"{shown} %" if share else shown
