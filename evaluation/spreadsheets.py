"""A table as a file for a spreadsheet: CSV and Excel. Texts of other people never become formulas in either."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import xlsxwriter

from core.characters import without_control
from feeds.exports import neutralise

Value = str | float | int | None
CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDEST, NARROWEST, PROSE = 48, 8, 110  # characters
HEAD_PT = 32               # two lines
SHEET_NAME_MAX = 31        # what Excel takes
_NOT_IN_A_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its heads, and lines of words above it. `formats` names Excel's number format of a column, by its place;
    texts among its numbers stand at the right, too. `is_prose`: one column of whole sentences, as wide as a page."""

    name: str
    words: Sequence[str]
    heads: Sequence[str]
    rows: Sequence[Sequence[Value]]
    formats: Sequence[str] = ()
    is_prose: bool = False


def as_csv(sheet: Sheet) -> bytes:
    """With a byte order mark, so that Excel reads the Chinese; the words above the table as lines of one cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    for line in sheet.words:
        writer.writerow([neutralise(line)])
    for row in (sheet.heads, *sheet.rows):
        writer.writerow([neutralise(value) if isinstance(value, str) else "" if value is None else value for value in row])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(sheets: Sequence[Sheet], *, title: str = "", created: datetime | None = None,
            draw: Callable[[xlsxwriter.Workbook], None] | None = None) -> bytes:
    """Numbers are numbers with their format, texts are texts whatever they begin with; heads stay in view.

    With `created` the same sheets make the same bytes; `draw` adds charts to the finished sheets.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                     "nan_inf_to_errors": False})
    if created is not None:
        book.set_properties({"title": title, "created": created})
    shape = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "vcenter"}
    head = book.add_format(shape), book.add_format({**shape, "align": "right"})
    for sheet in sheets:
        _write(book, book.add_worksheet(sheet.name.translate(_NOT_IN_A_NAME)[:SHEET_NAME_MAX]), sheet, head)
    if draw is not None:
        draw(book)
    book.close()
    return out.getvalue()


def _write(book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet, sheet: Sheet,
           head: tuple[xlsxwriter.format.Format, xlsxwriter.format.Format]) -> None:
    """`head` over texts, and over numbers."""
    for at, line in enumerate(sheet.words):
        page.write_string(at, 0, line)
    top = len(sheet.words)
    for column, name in enumerate(sheet.heads):
        page.write_string(top, column, name, head[column < len(sheet.formats) and bool(sheet.formats[column])])
    page.set_row(top, HEAD_PT)
    known: dict[str, xlsxwriter.format.Format] = {}
    of_column = [known.setdefault(one, book.add_format({"num_format": one, "align": "right"})) if one else None
                 for one in sheet.formats]
    if sheet.is_prose:
        of_column = [book.add_format({"text_wrap": True, "valign": "top"})]
    for number, row in enumerate(sheet.rows, start=top + 1):
        for column, value in enumerate(row):
            _write_cell(page, number, column, value, of_column[column] if column < len(of_column) else None)
    for column, width in enumerate(_widths(sheet)):
        page.set_column(column, column, width)
    page.freeze_panes(top + 1, 0)


def _write_cell(page: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: Value,
                form: xlsxwriter.format.Format | None) -> None:
    if value is None:
        return
    if isinstance(value, str):
        page.write_string(row, column, without_control(value), form)
    else:
        page.write_number(row, column, value, form)


def _widths(sheet: Sheet) -> list[int]:
    """As wide as the longest text of a column; a Chinese character takes two places."""
    if sheet.is_prose:
        return [PROSE]
    rows = [sheet.heads, *sheet.rows]
    return [min(WIDEST, max(NARROWEST, *(places_of(row[column]) for row in rows))) + 1 for column in range(len(sheet.heads))]


def places_of(value: Value) -> int:
    """How wide a text is; a number has some room."""
    if isinstance(value, str):
        return sum(2 if sign > "\u2e80" else 1 for sign in value)
    return 8
