"""Tables on the sheet of a PDF: rows that are as high as their fullest cell, the head again on every page."""

from __future__ import annotations

from dataclasses import dataclass

from papers.lines import break_lines
from papers.official import Table
from papers.pdf_sheet import BLACK, BOTTOM, HEIGHT, LEFT, LINE, PT, SLACK, TABLE_PT, WIDTH, Sheet

PAD, CLOSE_PAD = 1.6, 0.6  # around the text of a cell; where columns are aligned, rows lie close


@dataclass(frozen=True, slots=True)
class _Columns:
    """What all rows of a table share. `step` is the height of a line in mm."""

    widths: tuple[float, ...]
    align: str
    points: float
    pad: float

    @property
    def step(self) -> float:
        return self.points * PT * 1.4

    def as_head(self) -> _Columns:
        """Heads of aligned columns stand in the middle."""
        return _Columns(self.widths, "c" * len(self.widths) if self.pad == CLOSE_PAD else self.align, self.points, self.pad)


def room_of(sheet: Sheet, table: Table) -> float:
    """Caption, head and first row stay together."""
    columns = _columns(table)
    return min(LINE + sum(_row_height(sheet, row, columns) for row in (table.head, *table.rows[:1])), HEIGHT - LINE)


def write_table(sheet: Sheet, table: Table) -> None:
    columns = _columns(table)
    sheet.make_room(room_of(sheet, table))
    if table.caption:
        sheet.ink("heading", TABLE_PT)
        sheet.write_centred(table.caption, LINE * 0.9)
    _row(sheet, table.head, columns.as_head(), "heading")
    for place, row in enumerate(table.rows):
        if _row_height(sheet, row, columns) + sheet.down > BOTTOM + SLACK:
            sheet.make_room(HEIGHT)
            _row(sheet, table.head, columns.as_head(), "heading")
        _row(sheet, row, columns, "heading" if place >= len(table.rows) - table.sums else "body")
    sheet.down += LINE / 3


def _columns(table: Table) -> _Columns:
    shares = table.widths or (1.0,) * len(table.head)
    widths = tuple(WIDTH * share / sum(shares) for share in shares)
    return _Columns(widths, table.align or "l" * len(widths), table.points or TABLE_PT, CLOSE_PAD if table.align else PAD)


def _cell_lines(sheet: Sheet, row: tuple[str, ...], columns: _Columns) -> list[list[str]]:
    return [[line for part in (text.splitlines() or [""])
             for line in break_lines(part, width - 2 * columns.pad, sheet.get_string_width)]
            for text, width in zip(row, columns.widths, strict=True)]


def _row_height(sheet: Sheet, row: tuple[str, ...], columns: _Columns) -> float:
    sheet.ink("body", columns.points)
    return max(len(lines) for lines in _cell_lines(sheet, row, columns)) * columns.step + 2 * columns.pad


def _row(sheet: Sheet, row: tuple[str, ...], columns: _Columns, use: str) -> None:
    """A row that is higher than a page goes over its edge rather than being lost; its lines are cut to what fits."""
    height = _row_height(sheet, row, columns)
    sheet.make_room(min(height, HEIGHT))
    cells = _cell_lines(sheet, row, columns)
    sheet.ink(use, columns.points)
    sheet.set_draw_color(*BLACK)
    sheet.set_line_width(0.2)
    x = LEFT
    for lines, width, side in zip(cells, columns.widths, columns.align, strict=True):
        sheet.rect(x, sheet.down, width, height)
        _cell(sheet, lines, (x, width, height), side, columns)
        x += width
    sheet.down += height


def _cell(sheet: Sheet, lines: list[str], box: tuple[float, float, float], side: str, columns: _Columns) -> None:
    """Lines begin at the top; where columns are aligned they stand in the middle of the row's height."""
    x, width, height = box
    top = (height - len(lines) * columns.step) / 2 if columns.pad == CLOSE_PAD else columns.pad
    for place, line in enumerate(lines):
        spare = width - 2 * columns.pad - sheet.get_string_width(line)
        at = x + columns.pad + {"l": 0.0, "c": spare / 2, "r": spare}[side]
        sheet.text(at, sheet.down + top + place * columns.step + (columns.step + sheet.font_size * 0.76) / 2, line)
