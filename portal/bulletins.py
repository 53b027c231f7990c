"""月通报 for everybody: those published, each to be read on any screen and taken away as it was issued.

What is shown comes from a shelf. A public site of its own has none: bulletins are not sent there.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote

import msgspec
from flask import Response

from core.errors import NotFound
from papers.chart_pictures import as_svg
from papers.charts import draw
from papers.official import Block, Chart, Heading, Items, OfficialPaper, Table, annex_line, item_lines
from portal.parts import Portal, page

NARROW_MM, WIDE_MM = 96.0, 156.0  # of charts: letters keep their size on a telephone
TYPES = {"pdf": "application/pdf", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
         "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


class PublishedLine(msgspec.Struct, frozen=True):
    """A bulletin in the list. `day` is the day of publication, written out; `withdrawn` says on which day and `reason` why it
    was withdrawn since, "" for one that holds."""

    id: int
    title: str
    number: str
    day: str
    withdrawn: str = ""
    reason: str = ""


class CorrectedFigure(msgspec.Struct, frozen=True):
    """A figure the record says otherwise by now, named in the language of the page; `name` is a department, "" for all."""

    name: str
    figure: str
    then: str
    now: str


class PublishedBulletin(msgspec.Struct, frozen=True):
    """One whole. `compared` is when it was last compared with the record, written out, "" before."""

    line: PublishedLine
    paper: OfficialPaper
    corrections: tuple[CorrectedFigure, ...]
    compared: str


class Shelf(Protocol):
    """Where published bulletins stand."""

    def listed(self) -> Sequence[PublishedLine]: ...

    def find(self, number: int, language: str) -> PublishedBulletin:
        """Raises NotFound for what was never published."""

    def file(self, number: int, kind: str) -> tuple[str, bytes]:
        """(number of the paper, file). Raises NotFound, also for what was withdrawn."""


class BulletinPages:
    """Under /public/bulletins/."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def listed(self) -> Response:
        return page(self._portal, "bulletins", found=self._shelf().listed())

    def one(self, number: int) -> Response:
        found = self._shelf().find(number, self._portal.words().language)
        return page(self._portal, "bulletin", found=found, parts=parts_of(found.paper), kinds=tuple(TYPES))

    def file(self, number: int, kind: str) -> Response:
        if kind not in TYPES:
            raise NotFound("bulletin_file_unknown", kind=kind[:16], accepted=", ".join(TYPES))
        name, content = self._shelf().file(number, kind)
        response = Response(content, mimetype=TYPES[kind])
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{name}.{kind}')}"
        return response

    def _shelf(self) -> Shelf:
        if self._portal.bulletins is None:
            raise NotFound("bulletins_elsewhere")
        return self._portal.bulletins


class Part(msgspec.Struct, frozen=True):
    """A piece of the page: `kind` is heading, text, table, chart or annex."""

    kind: str
    text: str = ""
    table: Table | None = None
    narrow: str = ""
    wide: str = ""


def parts_of(paper: OfficialPaper) -> list[Part]:
    """The paper from its first paragraph to its last annex, for the template."""
    parts = [part for block in paper.body for part in _parts(block)]
    for place, annex in enumerate(paper.annexes):
        parts.append(Part("annex", f"{annex_line(paper, place)}　{annex.title}"))
        parts += [part for block in annex.body for part in _parts(block)]
    return parts


def _parts(block: Block) -> list[Part]:
    if isinstance(block, Table):
        return [Part("table", block.caption, table=block)]
    if isinstance(block, Chart):
        return [Part("chart", block.caption, narrow=_picture(block, NARROW_MM), wide=_picture(block, WIDE_MM))]
    if isinstance(block, Items):
        return [Part("text", line) for line in item_lines(block)]
    if isinstance(block, Heading):
        return [Part("heading", block.text)]
    return [Part("text", line) for line in block.text.splitlines()]


def _picture(chart: Chart, width: float) -> str:
    """As an address that holds the picture itself."""
    return f"data:image/svg+xml;base64,{b64encode(as_svg(draw(chart, width), chart.caption).encode()).decode()}"
