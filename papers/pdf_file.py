"""An official paper drawn as PDF after GB/T 9704-2012: A4, 22 lines of 28 characters, margins 37/28/35/26 mm."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from io import BytesIO

from fpdf.fonts import TTFFont

from papers.fonts import Fonts, default_fonts
from papers.lines import balanced, break_lines
from papers.marks import QR_MM, SEAL_ABOVE_MIDDLE_MM, SEAL_MM, qr_picture
from papers.official import (
    Annex,
    Block,
    Chart,
    Heading,
    Items,
    OfficialPaper,
    Paragraph,
    Table,
    annex_line,
    attachment_lines,
    item_lines,
)
from papers.pdf_charts import room_of as room_of_chart
from papers.pdf_charts import write_chart
from papers.pdf_sheet import (
    BODY_PT,
    BOTTOM,
    CHARACTER,
    HEAD_BELOW_TOP,
    HEAD_HEIGHT,
    HEAD_PT_MOST,
    HEIGHT,
    LEFT,
    LINE,
    PAGE,
    PT,
    RED,
    RULE_BELOW_NUMBER,
    SMALL_PT,
    TITLE_PT,
    TOP,
    WIDTH,
    Sheet,
)
from papers.pdf_tables import room_of as room_of_table
from papers.pdf_tables import write_table

__all__ = ["BOTTOM", "LEFT", "LINE", "PAGE", "PT", "TOP", "WIDTH", "Drawn", "Place", "render"]

logging.getLogger("fontTools").setLevel(logging.ERROR)  # it tells every table it leaves out


@dataclass(frozen=True, slots=True)
class Place:
    """A square on a page (the first is 0), in mm from its upper left corner."""

    page: int
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """The file, and where the seal stands in it or belongs."""

    content: bytes
    seal_at: Place


def render(paper: OfficialPaper, fonts: Fonts | None = None, seal: bytes | None = None) -> Drawn:
    """The file. Raises FontsMissing."""
    sheet = Sheet(paper, fonts or default_fonts)
    _head(sheet, paper)
    _title(sheet, paper)
    _body(sheet, paper)
    seal_at = _close(sheet, paper, seal)
    content = bytes(sheet.output())
    for font in sheet.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.close()
    return Drawn(content, seal_at)


def _head(sheet: Sheet, paper: OfficialPaper) -> None:
    if paper.red_head:
        sheet.ink("title", 10)
        size = min(HEAD_PT_MOST, 10 * (WIDTH - 4) / sheet.get_string_width(paper.head_line))
        sheet.ink("title", size, RED)
        sheet.down = TOP + HEAD_BELOW_TOP
        sheet.write_centred(paper.head_line, HEAD_HEIGHT)
        sheet.down += 2 * LINE
    sheet.ink("body", BODY_PT)
    if paper.number:
        sheet.write_centred(paper.number)
    if paper.red_head:
        sheet.down += RULE_BELOW_NUMBER
        sheet.rule(0.5, RED)
        sheet.down += 2 * LINE


def _title(sheet: Sheet, paper: OfficialPaper) -> None:
    sheet.ink("title", TITLE_PT)
    for line in balanced(paper.title, WIDTH - 4 * CHARACTER, sheet.get_string_width):
        sheet.write_centred(line, LINE * 1.2)
    sheet.down += LINE
    if paper.addressee:
        sheet.ink("body", BODY_PT)
        sheet.write_paragraph(f"{paper.addressee}：", indent=0)


def _body(sheet: Sheet, paper: OfficialPaper) -> None:
    _blocks(sheet, paper.body)
    if paper.enclosed:
        sheet.down += LINE
        _paragraphs(sheet, "\n".join(attachment_lines(paper.enclosed)), "body")


def _blocks(sheet: Sheet, blocks: tuple[Block, ...]) -> None:
    for block, following in zip(blocks, (*blocks[1:], None), strict=True):
        if isinstance(block, Heading):
            sheet.make_room(_room_of_heading(sheet, following))
        _block(sheet, block)


def _block(sheet: Sheet, block: Block) -> None:
    if isinstance(block, Table):
        write_table(sheet, block)
    elif isinstance(block, Chart):
        write_chart(sheet, block)
    elif isinstance(block, Items):
        _paragraphs(sheet, "\n".join(item_lines(block)), "body")
    else:
        _paragraphs(sheet, block.text, _use_of(block))


def _room_of_heading(sheet: Sheet, following: Block | None) -> float:
    """A heading does not stand alone at the foot of a page: it goes with what follows it."""
    if isinstance(following, Table):
        return LINE + room_of_table(sheet, following)
    if isinstance(following, Chart):
        return min(LINE + room_of_chart(following), HEIGHT)
    return 2 * LINE if following is not None else LINE


def _use_of(block: Paragraph | Heading) -> str:
    return "heading" if isinstance(block, Heading) and block.level == 1 else "body"


def _paragraphs(sheet: Sheet, text: str, use: str) -> None:
    sheet.ink(use, BODY_PT)
    for part in text.splitlines():
        sheet.write_paragraph(part.strip("\t "))


def _close(sheet: Sheet, paper: OfficialPaper, seal: bytes | None) -> Place:
    seal_at = _signature(sheet, paper, seal)
    for place, annex in enumerate(paper.annexes):
        _annex(sheet, annex, annex_line(paper, place))
    if paper.has_end_matter:
        _end_matter(sheet, paper)
    return seal_at


def _annex(sheet: Sheet, annex: Annex, name: str) -> None:
    """On a page of its own: its name at the upper left in 黑体, its title in the middle of the third line (7.3.4)."""
    sheet.add_page()
    sheet.down = TOP
    sheet.ink("heading", BODY_PT)
    sheet.write_line(name, LEFT)
    sheet.down += LINE
    sheet.ink("title", TITLE_PT)
    for line in balanced(annex.title, WIDTH - 4 * CHARACTER, sheet.get_string_width):
        sheet.write_centred(line, LINE * 1.2)
    sheet.down += LINE / 2
    _blocks(sheet, annex.body)


def _signature(sheet: Sheet, paper: OfficialPaper, seal: bytes | None) -> Place:
    """署名 and 成文日期: the date four characters from the right, the name in the middle above it (加盖印章的公文); the QR code
    on their left, on the same lines."""
    sheet.ink("body", BODY_PT)
    sheet.make_room(4 * LINE)
    if paper.check:
        sheet.image(BytesIO(qr_picture(paper.check)), LEFT, sheet.down + LINE, QR_MM, QR_MM)
    sheet.down += 2 * LINE
    date_x = LEFT + WIDTH - 4 * CHARACTER - sheet.get_string_width(paper.date_line)
    middle = date_x + sheet.get_string_width(paper.date_line) / 2
    name = sheet.get_string_width(paper.issuer)
    at = Place(sheet.page_no() - 1, middle - SEAL_MM / 2, sheet.down + LINE - SEAL_ABOVE_MIDDLE_MM - SEAL_MM / 2, SEAL_MM)
    sheet.write_line(paper.issuer, min(middle - name / 2, LEFT + WIDTH - name))
    sheet.write_line(paper.date_line, date_x)
    if seal is not None:
        sheet.image(BytesIO(seal), at.x, at.y, at.size, at.size)
    return at


def _end_matter(sheet: Sheet, paper: OfficialPaper) -> None:
    """版记: at the foot of the last page, which is an even one where that costs no empty page in between."""
    sheet.ink("body", SMALL_PT)
    step, room = SMALL_PT * PT * 1.5, WIDTH - 2 * CHARACTER
    copies = break_lines(f"抄送：{paper.copies_to}。", room, sheet.get_string_width) if paper.copies_to else []
    height = step * (len(copies) + bool(paper.printed_by))
    sheet.make_room(height + LINE)
    sheet.down = BOTTOM - height
    sheet.rule(0.35)
    for line in copies:
        sheet.write_line(line, LEFT + CHARACTER, step)
    if copies and paper.printed_by:
        sheet.rule(0.25)
    if paper.printed_by:
        _printed(sheet, paper, step)
    sheet.rule(0.35)


def _printed(sheet: Sheet, paper: OfficialPaper, step: float) -> None:
    issued = f"{paper.date_line}印发"
    right = LEFT + WIDTH - CHARACTER - sheet.get_string_width(issued)
    sheet.text(right, sheet.down + (step + sheet.font_size * 0.76) / 2, issued)
    sheet.write_line(paper.printed_by, LEFT + CHARACTER, step)
