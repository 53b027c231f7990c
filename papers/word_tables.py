"""Tables of a docx: widths that hold, the head again on every page, rows that are not torn apart."""

from __future__ import annotations

from typing import Any

from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from papers.official import Table
from papers.word_parts import BODY, CENTRE, HEADING, LEFT, RIGHT, TABLE_PT, new_line, write

_SIDES = {"l": LEFT, "c": CENTRE, "r": RIGHT}
CELL_MARGIN_MM = 0.8


def write_table(document: Any, table: Table) -> None:
    if table.caption:
        caption = new_line(document, CENTRE)
        caption.paragraph_format.keep_with_next = True
        write(caption, table.caption, HEADING, TABLE_PT)
    grid = document.add_table(rows=0, cols=len(table.head))
    grid.style, grid.alignment, grid.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    if table.align:
        _narrow_margins(grid)
    shares = table.widths or (1.0,) * len(table.head)
    widths = [Mm(156 * share / sum(shares)) for share in shares]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    for place, row in enumerate((table.head, *table.rows)):
        is_bold = place == 0 or place > len(table.rows) - table.sums
        align = "c" * len(row) if place == 0 and table.align else table.align
        _row(grid, row, widths, table, align, HEADING if is_bold else BODY)
    if grid.rows:
        grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    new_line(document, LEFT)


def _row(grid: Any, row: tuple[str, ...], widths: list[Any], table: Table, align: str, face: str) -> None:
    added = grid.add_row()
    if table.align:
        added._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    for place, (cell, text, width) in enumerate(zip(added.cells, row, widths, strict=True)):
        cell.width = width
        line = cell.paragraphs[0]
        write(line, text, face, table.points or TABLE_PT)
        if align:
            line.alignment = _SIDES[align[place]]
            line.paragraph_format.space_before = line.paragraph_format.space_after = Pt(0)
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER


def _narrow_margins(grid: Any) -> None:
    """Many columns of figures have no room for the usual 1.9 mm on either side."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), str(round(CELL_MARGIN_MM / 25.4 * 1440)))
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    look = grid._tbl.tblPr.find(qn("w:tblLook"))  # the order of these elements is part of the format
    (grid._tbl.tblPr.append if look is None else look.addprevious)(margins)
