"""月通报 for everybody: those published, each to be read on any screen and taken away as it was issued.

What is shown comes from a shelf: of the services of this process (portal/shelf.py), or on a public site of its own of what the
inside told it (exchange/outer/shelf.py).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Protocol
from urllib.parse import quote

import msgspec
from flask import Response, request

from core.errors import NotFound
from core.instants import from_us
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
    area: str
    month: str
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
    """One whole; of a withdrawn one there is no paper any more. `compared` is when it was last compared with the record,
    written out, "" before. `files` are the SHA-256 of its files by their kind, "" for one that is made for its first reader."""

    line: PublishedLine
    paper: OfficialPaper | None
    corrections: tuple[CorrectedFigure, ...]
    compared: str
    files: Mapping[str, str]


class Shelf(Protocol):
    """Where published bulletins stand."""

    def years(self) -> Sequence[str]:
        """Those there are bulletins of, the newest first."""

    def listed(self, year: str) -> Sequence[PublishedLine]:
        """Those of a year, the newest month first, that of everything before those of areas."""

    def find(self, number: int) -> PublishedBulletin:
        """Raises NotFound for what was never published."""

    def file(self, number: int, kind: str) -> tuple[str, bytes]:
        """(number of the paper, file). Raises NotFound, also for what was withdrawn."""


class BulletinPages:
    """Under /public/bulletins/."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def listed(self) -> Response:
        years = self._portal.bulletins.years()
        asked = request.args.get("year", "")
        year = asked if asked in years else next(iter(years), "")
        lines = self._portal.bulletins.listed(year)
        return page(self._portal, "bulletins", found=lines, years=years, year=year,
                    instead={line.id: instead_of(line, lines) for line in lines})

    def one(self, number: int) -> Response:
        shelf = self._portal.bulletins
        found = shelf.find(number)
        parts = [] if found.paper is None else parts_of(found.paper)
        return page(self._portal, "bulletin", found=found, parts=parts,
                    instead=instead_of(found.line, shelf.listed(found.line.month[:4])))

    def file(self, number: int, kind: str) -> Response:
        if kind not in TYPES:
            raise NotFound("bulletin_file_unknown", kind=kind[:16], accepted=", ".join(TYPES))
        name, content = self._portal.bulletins.file(number, kind)
        response = Response(content, mimetype=TYPES[kind])
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{name}.{kind}')}"
        return response


def written_on(us: int | None, zone: tzinfo, form: str = "%Y-%m-%d") -> str:
    """An instant on the wall clock of the city; "" for none."""
    return "" if us is None else from_us(us).astimezone(zone).strftime(form)


def instead_of(line: PublishedLine, among: Sequence[PublishedLine]) -> PublishedLine | None:
    """The one that holds in the place of a withdrawn one: of the same month and area."""
    if not line.withdrawn:
        return None
    return next((one for one in among if not one.withdrawn and (one.area, one.month) == (line.area, line.month)), None)


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
