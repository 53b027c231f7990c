"""What every part of a docx is written with: the standard's faces and sizes, lines of the grid, runs of text."""

from __future__ import annotations

from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from core.characters import without_control

# As the standard names them; a computer without them shows its own Song face.
TITLE, BODY, HEADING, SECOND, FIGURES = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "Times New Roman"
BODY_PT, TITLE_PT, SMALL_PT, TABLE_PT, HEAD_PT = 16, 22, 14, 12, 46
LINE_PT = 225 / 22 / 25.4 * 72  # 22 lines on 225 mm
CELL_PT = 156 / 28 / 25.4 * 72  # 28 characters on 156 mm
MM_PER_PT = 25.4 / 72
RED = RGBColor(0xD5, 0, 0)
FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # of every file in the package: equal papers are equal to the byte
CENTRE, LEFT, RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.RIGHT
HEAD_CHARACTERS = 9  # of 46 pt that fit into a line of 156 mm


def new_line(document: Any, alignment: Any, before: float = 0.0, *, exact: bool = True) -> Any:
    """A paragraph on the grid of the standard; one that is not `exact` is as high as what stands in it."""
    line = document.add_paragraph()
    shape = line.paragraph_format
    shape.space_before, shape.space_after, line.alignment = Pt(before), Pt(0), alignment
    if exact:
        shape.line_spacing = Pt(LINE_PT)
    return line


def blank_lines(document: Any, count: int) -> None:
    """Lines left free."""
    for _ in range(count):
        new_line(document, LEFT)


def write(line: Any, text: str, face: str = BODY, size: float = BODY_PT, colour: RGBColor | None = None) -> Any:
    """Text in a face of the standard; figures and Latin letters have their own. Control characters, which a document cannot
    hold, are left out."""
    run = line.add_run(without_control(text))
    run.font.size = Pt(round(size * 2) / 2)
    set_face(run._r.get_or_add_rPr(), face)
    if colour is not None:
        run.font.color.rgb = colour
    return run


def set_face(properties: Any, name: str) -> None:
    """The face of Chinese characters, and that of figures."""
    fonts = properties.get_or_add_rFonts()
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{script}"), FIGURES)
    fonts.set(qn("w:eastAsia"), name)
