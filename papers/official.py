"""What an official document (公文) says, apart from how it is drawn: head, number, title, body, signature, end matter.

The layout follows GB/T 9704-2012 (党政机关公文格式). Equal papers give equal bytes, as docx and as PDF, so that the
hash of a file can be stored and the file be made again.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from papers.fonts import Fonts
    from papers.pdf_file import Drawn


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph"):
    """A paragraph of the body, its first line indented by two characters."""

    text: str


class Heading(msgspec.Struct, frozen=True, tag="heading"):
    """A heading of the body: level 1 is 一、 in 黑体, level 2 （一） in 楷体, with the number already in the text."""

    text: str
    level: int = 1


class Items(msgspec.Struct, frozen=True, tag="items"):
    """A list, numbered 1. 2. 3. unless `numbered` is False."""

    entries: tuple[str, ...]
    numbered: bool = True


class Table(msgspec.Struct, frozen=True, tag="table"):
    """A table over the whole width. `widths` are shares of it, one a column; equal when empty.

    `align` has a letter for each column, l, c or r; with it the heads stand in the middle, and the rows lie close. `points` is
    the size of the letters, 小4 (12 pt) when 0. `sums` are that many rows at the end which are set off as totals.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    widths: tuple[float, ...] = ()
    align: str = ""
    points: float = 0
    sums: int = 0


class ChartSeries(msgspec.Struct, frozen=True):
    """The values of a chart, one for each of its labels; None leaves a gap. `tone` names a colour (papers/charts.py)."""

    name: str
    values: tuple[float | None, ...]
    tone: str = "main"


class Chart(msgspec.Struct, frozen=True, tag="chart"):
    """A picture of figures over the whole width, its caption below.

    `columns` stand beside each other over every label; `bars` lie end to end beside it; `spans` show one value with the range
    from `lows` to `highs`, and a line at `mark` for what all are compared with. Values of a share are written in per cent.
    """

    kind: Literal["columns", "bars", "spans"]
    caption: str
    labels: tuple[str, ...]
    series: tuple[ChartSeries, ...]
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    mark: float | None = None
    mark_name: str = ""
    is_share: bool = False


Block = Paragraph | Heading | Items | Table | Chart


class Annex(msgspec.Struct, frozen=True):
    """附件: what follows on pages of its own after the signature, with a title of its own."""

    title: str
    body: tuple[Block, ...]


class OfficialPaper(msgspec.Struct, frozen=True, kw_only=True):
    """One document. `issuer` is who signs; `head` the red line above (发文机关标志), by default the issuer followed by 文件.

    `red_head=False` leaves out head and red line, for papers that are no missive (evidence, a list). `number` is the whole
    发文字号, e.g. 新监督〔2026〕3号. `attachments` are the names of what is attached, `copies_to` the 抄送 line, `printed_by`
    the 印发机关 of the end matter (版记), which is left out when both are empty. Texts are Chinese; every line break in a
    text begins a paragraph. `annexes` are bound with the paper, and named after those that are not.

    `check` is the address in the QR code that leads to the check of the paper, `seal` the SHA-256 of the picture of the seal in
    the register, `template` names the version of the words it was written with; each is left out when empty.
    """

    title: str
    number: str
    issuer: str
    addressee: str
    body: tuple[Block, ...]
    date: date
    attachments: tuple[str, ...] = ()
    head: str = ""
    copies_to: str = ""
    printed_by: str = ""
    red_head: bool = True
    check: str = ""
    seal: str = ""
    template: str = ""
    annexes: tuple[Annex, ...] = ()

    @property
    def enclosed(self) -> tuple[str, ...]:
        """The names of everything attached (附件说明)."""
        return (*self.attachments, *(annex.title for annex in self.annexes))

    @property
    def head_line(self) -> str:
        return self.head or f"{self.issuer}文件"

    @property
    def date_line(self) -> str:
        """成文日期 in Arabic figures without leading zeros (GB/T 9704 7.3.5.4)."""
        return f"{self.date.year}年{self.date.month}月{self.date.day}日"

    @property
    def has_end_matter(self) -> bool:
        return bool(self.copies_to or self.printed_by)

    def as_pdf(self, fonts: Fonts | None = None, seal: bytes | None = None) -> bytes:
        """The PDF, with the characters it uses embedded. Raises FontsMissing naming the package that brings them."""
        return self.draw(fonts, seal).content

    def draw(self, fonts: Fonts | None = None, seal: bytes | None = None) -> Drawn:
        """The same, and where the seal stands."""
        from papers.pdf_file import render
        return render(self, fonts, seal)

    def as_docx(self, seal: bytes | None = None, fonts: Fonts | None = None) -> bytes:
        """The docx for editing and filing; names the fonts of the standard, which the reader's computer supplies. Only a chart
        is drawn with `fonts` of this one: raises FontsMissing then."""
        from papers.word_file import render
        return render(self, seal, fonts)


def attachment_lines(names: tuple[str, ...]) -> list[str]:
    """附件说明: one attachment is named, several are numbered with their numbers below each other."""
    if len(names) == 1:
        return [f"附件：{names[0]}"]
    return [f"{'附件：' if place == 1 else '　　　'}{place}. {name}" for place, name in enumerate(names, 1)]


def annex_line(paper: OfficialPaper, place: int) -> str:
    """附件1, or 附件 where it is the only one; `place` counts from 0."""
    return "附件" if len(paper.enclosed) == 1 else f"附件{len(paper.attachments) + place + 1}"


def item_lines(items: Items) -> list[str]:
    return [f"{place}. {text}" if items.numbered else f"· {text}" for place, text in enumerate(items.entries, 1)]
