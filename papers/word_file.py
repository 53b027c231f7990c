"""The same paper as docx, for offices that edit and file it: page, grid and fonts of GB/T 9704-2012."""

from __future__ import annotations

import math
import zipfile
from datetime import UTC, datetime, time
from io import BytesIO
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from core.characters import without_control
from papers.chart_pictures import as_png
from papers.charts import draw
from papers.fonts import Fonts, default_fonts
from papers.marks import QR_MM, SEAL_ABOVE_MIDDLE_MM, SEAL_MM, qr_picture
from papers.official import (
    Annex,
    Block,
    Chart,
    Heading,
    Items,
    OfficialPaper,
    Table,
    annex_line,
    attachment_lines,
    item_lines,
)
from papers.word_parts import (
    BODY,
    BODY_PT,
    CELL_PT,
    CENTRE,
    FIXED_TIME,
    HEAD_CHARACTERS,
    HEAD_PT,
    HEADING,
    LEFT,
    LINE_PT,
    MM_PER_PT,
    RED,
    RIGHT,
    SECOND,
    SMALL_PT,
    TABLE_PT,
    TITLE,
    TITLE_PT,
    blank_lines,
    new_line,
    set_face,
    write,
)
from papers.word_pictures import float_picture
from papers.word_tables import write_table


def render(paper: OfficialPaper, seal: bytes | None = None, fonts: Fonts | None = None) -> bytes:
    """The file; needs no font on this machine but for charts, whose pictures are drawn here. Raises FontsMissing then."""
    fonts = fonts or default_fonts
    document = Document()
    _page(document)
    _describe(document, paper)
    _head(document, paper)
    _body(document, paper, fonts)
    _signature(document, paper, seal)
    for place, annex in enumerate(paper.annexes):
        _annex(document, annex, annex_line(paper, place), fonts)
    if paper.has_end_matter:
        _end_matter(document, paper)
    return _repacked(document)


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = Mm(37), Mm(35), Mm(28), Mm(26)
    section.footer_distance = Mm(24)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "linesAndChars")
    grid.set(qn("w:linePitch"), str(round(LINE_PT * 20)))
    grid.set(qn("w:charSpace"), str(round((CELL_PT - BODY_PT) * 4096)))
    _style(document.styles["Normal"])
    _footers(document, section)


def _style(style: Any) -> None:
    """Lines have the height of the grid, and 28 characters fill one, by measures of their own: set on a grid of characters, a
    face that is a hair wider than its cell takes two of them in some programs."""
    set_face(style.element.get_or_add_rPr(), BODY)
    style.font.size = Pt(BODY_PT)
    spacing = OxmlElement("w:spacing")
    spacing.set(qn("w:val"), str(math.floor((CELL_PT - BODY_PT) * 20)))
    style.element.rPr.insert_element_before(spacing, "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:lang")
    snap = OxmlElement("w:snapToGrid")
    snap.set(qn("w:val"), "0")
    style.element.get_or_add_pPr().insert_element_before(snap, "w:spacing", "w:ind", "w:contextualSpacing", "w:jc")


def _footers(document: Any, section: Any) -> None:
    document.settings.odd_and_even_pages_header_footer = True
    for footer, side in ((section.footer, RIGHT), (section.even_page_footer, LEFT)):
        line = footer.paragraphs[0]
        line.alignment = side
        indent = line.paragraph_format
        indent.left_indent, indent.right_indent = Pt(BODY_PT), Pt(BODY_PT)
        write(line, "— ", "宋体", SMALL_PT)
        _page_number(write(line, "", "宋体", SMALL_PT))
        write(line, " —", "宋体", SMALL_PT)


def _page_number(run: Any) -> None:
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._r.append(part)


def _describe(document: Any, paper: OfficialPaper) -> None:
    core, written = document.core_properties, datetime.combine(paper.date, time(), UTC).replace(tzinfo=None)
    title, issuer = without_control(paper.title), without_control(paper.issuer)
    core.title, core.author, core.subject, core.last_modified_by = title, issuer, paper.number, issuer
    core.created = core.modified = core.last_printed = written
    core.revision, core.comments, core.keywords = 1, "", paper.template


def _head(document: Any, paper: OfficialPaper) -> None:
    if paper.red_head:
        line = new_line(document, CENTRE, before=35 / 25.4 * 72, exact=False)
        size = min(HEAD_PT, HEAD_PT * HEAD_CHARACTERS / len(paper.head_line))
        write(line, paper.head_line, TITLE, size, RED)
        blank_lines(document, 2)
    if paper.number:
        line = new_line(document, CENTRE)
        write(line, paper.number)
        if paper.red_head:
            _border(line, "bottom", 12, "D50000", space=11)
    blank_lines(document, 2)
    _title(document, paper.title)
    blank_lines(document, 1)
    if paper.addressee:
        write(new_line(document, LEFT), f"{paper.addressee}：")


def _title(document: Any, title: str) -> None:
    """Its lines are of nearly equal length (回行时排列对称): indented so far that they must be."""
    line = new_line(document, CENTRE, exact=False)
    widest = 28 * CELL_PT - 4 * BODY_PT
    width = sum(1.0 if sign > "\u2e80" else 0.5 for sign in title) * TITLE_PT
    if width > widest:
        spare = 28 * CELL_PT - width / math.ceil(width / widest) - 1.5 * TITLE_PT
        line.paragraph_format.left_indent = line.paragraph_format.right_indent = Pt(max(0.0, spare / 2))
    write(line, title, TITLE, TITLE_PT)


def _body(document: Any, paper: OfficialPaper, fonts: Fonts) -> None:
    _blocks(document, paper.body, fonts)
    if paper.enclosed:
        blank_lines(document, 1)
        _paragraphs(document, "\n".join(attachment_lines(paper.enclosed)), BODY)


def _blocks(document: Any, blocks: tuple[Block, ...], fonts: Fonts) -> None:
    for block in blocks:
        if isinstance(block, Table):
            write_table(document, block)
        elif isinstance(block, Chart):
            _chart(document, block, fonts)
        elif isinstance(block, Items):
            _paragraphs(document, "\n".join(item_lines(block)), BODY)
        elif isinstance(block, Heading):
            _paragraphs(document, block.text, HEADING if block.level == 1 else SECOND, is_heading=True)
        else:
            _paragraphs(document, block.text, BODY)


def _annex(document: Any, annex: Annex, name: str, fonts: Fonts) -> None:
    """On a page of its own (GB/T 9704 7.3.4)."""
    line = new_line(document, LEFT)
    line.paragraph_format.page_break_before = True
    write(line, name, HEADING)
    blank_lines(document, 1)
    _title(document, annex.title)
    _blocks(document, annex.body, fonts)


def _chart(document: Any, chart: Chart, fonts: Fonts) -> None:
    """A picture in the line, its caption below on the same page. What it shows is named for whoever cannot see it."""
    line = new_line(document, CENTRE, before=6, exact=False)
    line.paragraph_format.keep_with_next = True
    picture = line.add_run().add_picture(BytesIO(as_png(draw(chart, 156.0), fonts)), Mm(156))
    picture._inline.docPr.set("descr", chart.caption)
    write(new_line(document, CENTRE), chart.caption, HEADING, TABLE_PT)


def _paragraphs(document: Any, text: str, face: str, *, is_heading: bool = False) -> None:
    for part in text.splitlines():
        line = new_line(document, None)
        line.paragraph_format.keep_with_next = is_heading or None
        line.paragraph_format.first_line_indent = Pt(2 * BODY_PT)
        write(line, part, face)


def _signature(document: Any, paper: OfficialPaper, seal: bytes | None) -> None:
    """The date ends four characters from the right; the name stands in the middle above it (加盖印章的公文)."""
    date = len(paper.date_line) * 0.75
    _marks(new_line(document, LEFT), paper, seal, (4 + date / 2) * BODY_PT * MM_PER_PT)
    blank_lines(document, 1)
    over = max(0.0, 4 + (date - len(paper.issuer)) / 2)
    for text, indent in ((paper.issuer, over), (paper.date_line, 4.0)):
        line = new_line(document, RIGHT)
        line.paragraph_format.right_indent = Pt(indent * BODY_PT)
        write(line, text)


def _marks(line: Any, paper: OfficialPaper, seal: bytes | None, middle_mm: float) -> None:
    """QR code and seal, over the first of the lines left free; `middle` of the signature is measured from the right."""
    if paper.check:
        float_picture(line, qr_picture(paper.check), 0, LINE_PT * MM_PER_PT, QR_MM, paper.check, behind=False)
    if seal is not None:
        top = 3 * LINE_PT * MM_PER_PT - SEAL_ABOVE_MIDDLE_MM - SEAL_MM / 2
        float_picture(line, seal, 156 - middle_mm - SEAL_MM / 2, top, SEAL_MM, paper.issuer, behind=True)


def _end_matter(document: Any, paper: OfficialPaper) -> None:
    blank_lines(document, 1)
    lines = [f"抄送：{paper.copies_to}。"] if paper.copies_to else []
    lines += [f"{paper.printed_by}\t{paper.date_line}印发"] if paper.printed_by else []
    for place, text in enumerate(lines):
        line = new_line(document, LEFT)
        line.paragraph_format.left_indent = line.paragraph_format.right_indent = Pt(SMALL_PT)
        line.paragraph_format.tab_stops.add_tab_stop(Mm(156) - Pt(SMALL_PT), alignment=2)
        write(line, text, BODY, SMALL_PT)
        _border(line, "top", 8 if place == 0 else 4, "000000")
        if place == len(lines) - 1:
            _border(line, "bottom", 8, "000000")


def _border(line: Any, side: str, eighths: int, colour: str, space: int = 1) -> None:
    properties = line._p.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")
    edge = OxmlElement(f"w:{side}")
    for name, value in (("val", "single"), ("sz", str(eighths)), ("space", str(space)), ("color", colour)):
        edge.set(qn(f"w:{name}"), value)
    borders.append(edge)


def _repacked(document: Any) -> bytes:
    """The package with fixed times of its files."""
    made, packed = BytesIO(), BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            after.writestr(entry, before.read(name))
    return packed.getvalue()
