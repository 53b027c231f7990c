"""The same paper as docx, for offices that edit and file it: page, grid and fonts of GB/T 9704-2012."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime, time
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from papers.marks import QR_MM, SEAL_ABOVE_MIDDLE_MM, SEAL_MM, qr_picture
from papers.official import Heading, Items, OfficialPaper, Table, attachment_lines, item_lines
from papers.word_pictures import float_picture

# As the standard names them; a computer without them shows its own Song face.
TITLE, BODY, HEADING, SECOND, FIGURES = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "Times New Roman"
BODY_PT, TITLE_PT, SMALL_PT, TABLE_PT, HEAD_PT = 16, 22, 14, 12, 46
LINE_PT = 225 / 22 / 25.4 * 72  # 22 lines on 225 mm
MM_PER_PT = 25.4 / 72
RED = RGBColor(0xD5, 0, 0)
FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # of every file in the package: equal papers are equal to the byte
CENTRE, LEFT, RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.RIGHT
HEAD_CHARACTERS = 9  # of 46 pt that fit into a line of 156 mm


def render(paper: OfficialPaper, seal: bytes | None = None) -> bytes:
    """The file; needs no font on this machine."""
    document = Document()
    _page(document)
    _describe(document, paper)
    _head(document, paper)
    _body(document, paper)
    _signature(document, paper, seal)
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
    grid.set(qn("w:charSpace"), str(round((156 / 28 / 25.4 * 72 - BODY_PT) * 4096)))
    style = document.styles["Normal"]
    _face(style.element.get_or_add_rPr(), BODY)
    style.font.size = Pt(BODY_PT)
    _footers(document, section)


def _footers(document: Any, section: Any) -> None:
    document.settings.odd_and_even_pages_header_footer = True
    for footer, side in ((section.footer, RIGHT), (section.even_page_footer, LEFT)):
        line = footer.paragraphs[0]
        line.alignment = side
        indent = line.paragraph_format
        indent.left_indent, indent.right_indent = Pt(BODY_PT), Pt(BODY_PT)
        _write(line, "— ", "宋体", SMALL_PT)
        _page_number(_write(line, "", "宋体", SMALL_PT))
        _write(line, " —", "宋体", SMALL_PT)


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
    core.title, core.author, core.subject, core.last_modified_by = paper.title, paper.issuer, paper.number, paper.issuer
    core.created = core.modified = core.last_printed = written
    core.revision, core.comments, core.keywords = 1, "", paper.template


def _head(document: Any, paper: OfficialPaper) -> None:
    if paper.red_head:
        line = _line(document, CENTRE, before=35 / 25.4 * 72, exact=False)
        size = min(HEAD_PT, HEAD_PT * HEAD_CHARACTERS / len(paper.head_line))
        _write(line, paper.head_line, TITLE, size, RED)
        _blank(document, 2)
    if paper.number:
        line = _line(document, CENTRE)
        _write(line, paper.number)
        if paper.red_head:
            _border(line, "bottom", 12, "D50000", space=11)
    _blank(document, 2)
    _write(_line(document, CENTRE, exact=False), paper.title, TITLE, TITLE_PT)
    _blank(document, 1)
    if paper.addressee:
        _write(_line(document, LEFT), f"{paper.addressee}：")


def _body(document: Any, paper: OfficialPaper) -> None:
    for block in paper.body:
        if isinstance(block, Table):
            _table(document, block)
        elif isinstance(block, Items):
            _paragraphs(document, "\n".join(item_lines(block)), BODY)
        else:
            _paragraphs(document, block.text, (HEADING if block.level == 1 else SECOND) if isinstance(block, Heading) else BODY)
    if paper.attachments:
        _blank(document, 1)
        _paragraphs(document, "\n".join(attachment_lines(paper.attachments)), BODY)


def _paragraphs(document: Any, text: str, face: str) -> None:
    for part in text.splitlines():
        line = _line(document, None)
        line.paragraph_format.first_line_indent = Pt(2 * BODY_PT)
        _write(line, part, face)


def _table(document: Any, table: Table) -> None:
    if table.caption:
        _write(_line(document, CENTRE), table.caption, HEADING, TABLE_PT)
    grid = document.add_table(rows=0, cols=len(table.head))
    grid.style, grid.alignment, grid.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    shares = table.widths or (1.0,) * len(table.head)
    for place, row in enumerate((table.head, *table.rows)):
        cells = grid.add_row().cells
        for cell, text, share in zip(cells, row, shares, strict=True):
            cell.width = Mm(156 * share / sum(shares))
            _write(cell.paragraphs[0], text, HEADING if place == 0 else BODY, TABLE_PT)
    if grid.rows:
        grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    _line(document, LEFT)


def _signature(document: Any, paper: OfficialPaper, seal: bytes | None) -> None:
    """The date ends four characters from the right; the name stands in the middle above it (加盖印章的公文)."""
    date = len(paper.date_line) * 0.75
    _marks(_line(document, LEFT), paper, seal, (4 + date / 2) * BODY_PT * MM_PER_PT)
    _blank(document, 1)
    over = max(0.0, 4 + (date - len(paper.issuer)) / 2)
    for text, indent in ((paper.issuer, over), (paper.date_line, 4.0)):
        line = _line(document, RIGHT)
        line.paragraph_format.right_indent = Pt(indent * BODY_PT)
        _write(line, text)


def _marks(line: Any, paper: OfficialPaper, seal: bytes | None, middle_mm: float) -> None:
    """QR code and seal, over the first of the lines left free; `middle` of the signature is measured from the right."""
    if paper.check:
        float_picture(line, qr_picture(paper.check), 0, LINE_PT * MM_PER_PT, QR_MM, paper.check, behind=False)
    if seal is not None:
        top = 3 * LINE_PT * MM_PER_PT - SEAL_ABOVE_MIDDLE_MM - SEAL_MM / 2
        float_picture(line, seal, 156 - middle_mm - SEAL_MM / 2, top, SEAL_MM, paper.issuer, behind=True)


def _end_matter(document: Any, paper: OfficialPaper) -> None:
    _blank(document, 1)
    lines = [f"抄送：{paper.copies_to}。"] if paper.copies_to else []
    lines += [f"{paper.printed_by}\t{paper.date_line}印发"] if paper.printed_by else []
    for place, text in enumerate(lines):
        line = _line(document, LEFT)
        line.paragraph_format.left_indent = line.paragraph_format.right_indent = Pt(SMALL_PT)
        line.paragraph_format.tab_stops.add_tab_stop(Mm(156) - Pt(SMALL_PT), alignment=2)
        _write(line, text, BODY, SMALL_PT)
        _border(line, "top", 8 if place == 0 else 4, "000000")
        if place == len(lines) - 1:
            _border(line, "bottom", 8, "000000")


def _line(document: Any, alignment: Any, before: float = 0.0, *, exact: bool = True) -> Any:
    line = document.add_paragraph()
    shape = line.paragraph_format
    shape.space_before, shape.space_after, line.alignment = Pt(before), Pt(0), alignment
    if exact:
        shape.line_spacing = Pt(LINE_PT)
    return line


def _blank(document: Any, count: int) -> None:
    for _ in range(count):
        _line(document, LEFT)


def _write(line: Any, text: str, face: str = BODY, size: float = BODY_PT, colour: RGBColor | None = None) -> Any:
    run = line.add_run(text)
    run.font.size = Pt(round(size * 2) / 2)
    _face(run._r.get_or_add_rPr(), face)
    if colour is not None:
        run.font.color.rgb = colour
    return run


def _face(properties: Any, face: str) -> None:
    fonts = properties.get_or_add_rFonts()
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{script}"), FIGURES)
    fonts.set(qn("w:eastAsia"), face)


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
