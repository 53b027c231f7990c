"""An official paper drawn as PDF after GB/T 9704-2012: A4, 22 lines of 28 characters, margins 37/28/35/26 mm."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, time
from io import BytesIO

from fpdf import FPDF
from fpdf.fonts import TTFFont

from papers.fonts import Fonts, default_fonts
from papers.lines import balanced, break_lines
from papers.marks import QR_MM, SEAL_ABOVE_MIDDLE_MM, SEAL_MM, qr_picture
from papers.official import Block, Heading, Items, OfficialPaper, Paragraph, Table, attachment_lines, item_lines

PAGE = (210.0, 297.0)
TOP, LEFT, WIDTH, HEIGHT = 37.0, 28.0, 156.0, 225.0  # 天头, 订口, 版心, in mm
LINES, CHARACTERS = 22, 28
LINE, CHARACTER = HEIGHT / LINES, WIDTH / CHARACTERS
BOTTOM = TOP + HEIGHT
PT = 25.4 / 72
BODY_PT = CHARACTER / PT            # 3号 (16 pt), narrowed so that 28 fill the line exactly
TITLE_PT, SMALL_PT, TABLE_PT = 22.0, 14.0, 12.0  # 2号, 4号, 小4号
RED, BLACK = (213, 0, 0), (0, 0, 0)
HEAD_BELOW_TOP, HEAD_PT_MOST, HEAD_HEIGHT = 35.0, 46.0, 20.0  # the head stands 35 mm below the edge of the 版心
RULE_BELOW_NUMBER = 4.0
PAD = 1.6
# Widths are sums of many advances; a line that is full to the thousandth of a millimetre is not too long.
SLACK = 0.01

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
    sheet = _Sheet(paper, fonts or default_fonts)
    _head(sheet, paper)
    _title(sheet, paper)
    _body(sheet, paper)
    seal_at = _close(sheet, paper, seal)
    content = bytes(sheet.output())
    for font in sheet.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.close()
    return Drawn(content, seal_at)


class _Sheet(FPDF):
    """Pages of lines: `down` is the millimetres below the edge of the sheet at which the next line begins."""

    def __init__(self, paper: OfficialPaper, fonts: Fonts) -> None:
        super().__init__(unit="mm", format="A4")
        self.set_auto_page_break(False)
        self.set_margins(LEFT, TOP, PAGE[0] - LEFT - WIDTH)
        self.c_margin = 0
        self._describe(paper)
        text = _all_text(paper)
        for use in ("body", "title", "heading"):
            self.add_font(use, "", str(fonts.file(use, text)))
            font = self.fonts[use]
            assert isinstance(font, TTFFont)
            font.ttfont.recalcBBoxes = False  # what is embedded keeps its box; measuring it anew takes half the time
        self.add_page()
        self.down = TOP

    def _describe(self, paper: OfficialPaper) -> None:
        self.set_creation_date(datetime.combine(paper.date, time(), UTC))
        self.set_title(paper.title)
        self.set_author(paper.issuer)
        self.set_subject(paper.number)
        self.set_keywords(paper.template)
        self.set_producer("yangguang")

    def footer(self) -> None:
        """— 1 —, 7 mm below the body, outside edge: right on odd pages, left on even ones."""
        self.ink("body", SMALL_PT)
        words = f"— {self.page_no()} —"
        is_odd = self.page_no() % 2 == 1
        x = LEFT + WIDTH - CHARACTER - self.get_string_width(words) if is_odd else LEFT + CHARACTER
        self.text(x, BOTTOM + 7 + SMALL_PT * PT, words)

    def ink(self, use: str, size: float, colour: tuple[int, int, int] = BLACK) -> None:
        self.set_font(use, "", size)
        self.set_text_color(*colour)

    def make_room(self, height: float) -> None:
        """Begin a new page when the height does not fit."""
        if self.down + height > BOTTOM + SLACK:
            self.add_page()
            self.down = TOP

    def write_line(self, text: str, x: float, height: float = LINE) -> None:
        """One line, its characters in the middle of its height."""
        self.make_room(height)
        size = self.font_size
        self.text(x, self.down + (height + size * 0.76) / 2, text)
        self.down += height

    def write_spread(self, text: str, x: float, room: float, height: float = LINE) -> None:
        """A full line: what is left of the room is spread between its characters, up to a quarter of one."""
        spare = room - self.get_string_width(text)
        gap = spare / max(1, len(text) - 1)
        if 0 < gap <= self.font_size / 4:
            self.set_char_spacing(gap / PT)
        self.write_line(text, x, height)
        self.set_char_spacing(0)

    def write_centred(self, text: str, height: float = LINE) -> None:
        self.write_line(text, LEFT + (WIDTH - self.get_string_width(text)) / 2, height)

    def write_paragraph(self, text: str, indent: int = 2) -> None:
        lines = break_lines(text, WIDTH + SLACK, self.get_string_width, indent * CHARACTER)
        for place, line in enumerate(lines):
            x = LEFT + (indent * CHARACTER if place == 0 else 0)
            room = LEFT + WIDTH - x
            if place == len(lines) - 1:
                self.write_line(line, x)
            else:
                self.write_spread(line, x, room)

    def rule(self, thickness: float, colour: tuple[int, int, int] = BLACK) -> None:
        self.set_draw_color(*colour)
        self.set_line_width(thickness)
        self.line(LEFT, self.down, LEFT + WIDTH, self.down)


def _all_text(paper: OfficialPaper) -> str:
    """Every character that may be drawn, for choosing the fonts."""
    parts = [paper.title, paper.number, paper.issuer, paper.head_line, paper.addressee, paper.copies_to, paper.printed_by,
             *paper.attachments]
    for block in paper.body:
        if isinstance(block, Items):
            parts += block.entries
        elif isinstance(block, Table):
            parts += [block.caption, *block.head, *(cell for row in block.rows for cell in row)]
        else:
            parts.append(block.text)
    return "".join(parts).replace("\n", "").replace("\t", "")


def _head(sheet: _Sheet, paper: OfficialPaper) -> None:
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


def _title(sheet: _Sheet, paper: OfficialPaper) -> None:
    sheet.ink("title", TITLE_PT)
    for line in balanced(paper.title, WIDTH - 4 * CHARACTER, sheet.get_string_width):
        sheet.write_centred(line, LINE * 1.2)
    sheet.down += LINE
    if paper.addressee:
        sheet.ink("body", BODY_PT)
        sheet.write_paragraph(f"{paper.addressee}：", indent=0)


def _body(sheet: _Sheet, paper: OfficialPaper) -> None:
    for block, following in zip(paper.body, (*paper.body[1:], None), strict=True):
        if isinstance(block, Heading):
            sheet.make_room(_room_of_heading(sheet, following))
        if isinstance(block, Table):
            _table(sheet, block)
        elif isinstance(block, Items):
            _paragraphs(sheet, "\n".join(item_lines(block)), "body")
        else:
            _paragraphs(sheet, block.text, _use_of(block))
    if paper.attachments:
        sheet.down += LINE
        _paragraphs(sheet, "\n".join(attachment_lines(paper.attachments)), "body")


def _room_of_heading(sheet: _Sheet, following: Block | None) -> float:
    """A heading does not stand alone at the foot of a page: it goes with what follows it."""
    if isinstance(following, Table):
        return LINE + _room_of_table(sheet, following)
    return 2 * LINE if following is not None else LINE


def _room_of_table(sheet: _Sheet, table: Table) -> float:
    """Caption, head and first row stay together."""
    widths = _column_widths(table)
    return min(LINE + sum(_row_height(sheet, row, widths) for row in (table.head, *table.rows[:1])), HEIGHT - LINE)


def _use_of(block: Paragraph | Heading) -> str:
    return "heading" if isinstance(block, Heading) and block.level == 1 else "body"


def _paragraphs(sheet: _Sheet, text: str, use: str) -> None:
    sheet.ink(use, BODY_PT)
    for part in text.splitlines():
        sheet.write_paragraph(part.strip("\t "))


def _table(sheet: _Sheet, table: Table) -> None:
    widths = _column_widths(table)
    sheet.make_room(_room_of_table(sheet, table))
    if table.caption:
        sheet.ink("heading", TABLE_PT)
        sheet.write_centred(table.caption, LINE * 0.9)
    _row(sheet, table.head, widths, "heading")
    for row in table.rows:
        if _row_height(sheet, row, widths) + sheet.down > BOTTOM + SLACK:
            sheet.make_room(HEIGHT)
            _row(sheet, table.head, widths, "heading")
        _row(sheet, row, widths, "body")
    sheet.down += LINE / 3


def _column_widths(table: Table) -> list[float]:
    shares = table.widths or (1.0,) * len(table.head)
    return [WIDTH * share / sum(shares) for share in shares]


def _cell_lines(sheet: _Sheet, row: tuple[str, ...], widths: list[float]) -> list[list[str]]:
    sheet.ink("body", TABLE_PT)
    return [[line for part in (text.splitlines() or [""])
             for line in break_lines(part, width - 2 * PAD, sheet.get_string_width)]
            for text, width in zip(row, widths, strict=True)]


def _row_height(sheet: _Sheet, row: tuple[str, ...], widths: list[float]) -> float:
    return max(len(lines) for lines in _cell_lines(sheet, row, widths)) * TABLE_PT * PT * 1.4 + 2 * PAD


def _row(sheet: _Sheet, row: tuple[str, ...], widths: list[float], use: str) -> None:
    """A row that is higher than a page goes over its edge rather than being lost; its lines are cut to what fits."""
    cells, height = _cell_lines(sheet, row, widths), _row_height(sheet, row, widths)
    sheet.make_room(min(height, HEIGHT))
    sheet.ink(use, TABLE_PT)
    sheet.set_draw_color(*BLACK)
    sheet.set_line_width(0.2)
    x, step = LEFT, TABLE_PT * PT * 1.4
    for lines, width in zip(cells, widths, strict=True):
        sheet.rect(x, sheet.down, width, height)
        for place, line in enumerate(lines):
            sheet.text(x + PAD, sheet.down + PAD + place * step + (step + sheet.font_size * 0.76) / 2, line)
        x += width
    sheet.down += height


def _close(sheet: _Sheet, paper: OfficialPaper, seal: bytes | None) -> Place:
    seal_at = _signature(sheet, paper, seal)
    if paper.has_end_matter:
        _end_matter(sheet, paper)
    return seal_at


def _signature(sheet: _Sheet, paper: OfficialPaper, seal: bytes | None) -> Place:
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


def _end_matter(sheet: _Sheet, paper: OfficialPaper) -> None:
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


def _printed(sheet: _Sheet, paper: OfficialPaper, step: float) -> None:
    issued = f"{paper.date_line}印发"
    right = LEFT + WIDTH - CHARACTER - sheet.get_string_width(issued)
    sheet.text(right, sheet.down + (step + sheet.font_size * 0.76) / 2, issued)
    sheet.write_line(paper.printed_by, LEFT + CHARACTER, step)
