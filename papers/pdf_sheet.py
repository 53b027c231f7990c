"""The sheet a PDF is drawn on: its measures after GB/T 9704-2012, its fonts, and lines of text on it."""

from __future__ import annotations

from datetime import UTC, datetime, time

from fpdf import FPDF
from fpdf.fonts import TTFFont

from papers.fonts import Fonts
from papers.lines import break_lines
from papers.official import Block, Chart, Items, OfficialPaper, Table

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
# Widths are sums of many advances; a line that is full to the thousandth of a millimetre is not too long.
SLACK = 0.01



class Sheet(FPDF):
    """Pages of lines: `down` is the millimetres below the edge of the sheet at which the next line begins."""

    def __init__(self, paper: OfficialPaper, fonts: Fonts) -> None:
        super().__init__(unit="mm", format="A4")
        self.set_auto_page_break(False)
        self.set_margins(LEFT, TOP, PAGE[0] - LEFT - WIDTH)
        self.c_margin = 0
        self._describe(paper)
        text = all_text(paper)
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


def all_text(paper: OfficialPaper) -> str:
    """Every character that may be drawn, for choosing the fonts."""
    parts = [paper.title, paper.number, paper.issuer, paper.head_line, paper.addressee, paper.copies_to, paper.printed_by,
             *paper.enclosed]
    for block in (*paper.body, *(block for annex in paper.annexes for block in annex.body)):
        parts += _texts_of(block)
    return "".join(parts).replace("\n", "").replace("\t", "")


def _texts_of(block: Block) -> list[str]:
    if isinstance(block, Items):
        return list(block.entries)
    if isinstance(block, Table):
        return [block.caption, *block.head, *(cell for row in block.rows for cell in row)]
    if isinstance(block, Chart):
        return [block.caption, block.mark_name, "…＋", *block.labels, *(one.name for one in block.series)]
    return [block.text]
