"""What an official document (公文) says, apart from how it is drawn: head, number, title, body, signature, end matter.

The layout follows GB/T 9704-2012 (党政机关公文格式). Equal papers give equal bytes, as docx and as PDF, so that the
hash of a file can be stored and the file be made again.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

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
    """A table over the whole width. `widths` are shares of it, one a column; equal when empty."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    widths: tuple[float, ...] = ()


Block = Paragraph | Heading | Items | Table


class OfficialPaper(msgspec.Struct, frozen=True, kw_only=True):
    """One document. `issuer` is who signs; `head` the red line above (发文机关标志), by default the issuer followed by 文件.

    `red_head=False` leaves out head and red line, for papers that are no missive (evidence, a list). `number` is the whole
    发文字号, e.g. 新监督〔2026〕3号. `attachments` are the names of what is attached, `copies_to` the 抄送 line, `printed_by`
    the 印发机关 of the end matter (版记), which is left out when both are empty. Texts are Chinese; every line break in a
    text begins a paragraph.

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

    def as_docx(self, seal: bytes | None = None) -> bytes:
        """The docx for editing and filing; names the fonts of the standard, which the reader's computer supplies."""
        from papers.word_file import render
        return render(self, seal)


def attachment_lines(names: tuple[str, ...]) -> list[str]:
    """附件说明: one attachment is named, several are numbered with their numbers below each other."""
    if len(names) == 1:
        return [f"附件：{names[0]}"]
    return [f"{'附件：' if place == 1 else '　　　'}{place}. {name}" for place, name in enumerate(names, 1)]


def item_lines(items: Items) -> list[str]:
    return [f"{place}. {text}" if items.numbered else f"· {text}" for place, text in enumerate(items.entries, 1)]
