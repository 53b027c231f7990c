"""The monthly bulletin of fifty departments with five years of days: from the click to all three files, two persons included.

Floor: the same words, cells and pictures put plainly into a docx, a PDF and a workbook by the same libraries, without layout,
register, hashes and signatures.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter
from docx import Document
from fpdf import FPDF

from bootstrap import Services
from core.access import Actor, Role
from evaluation.bulletins.service import FileName
from papers.chart_pictures import as_png
from papers.charts import draw
from papers.fonts import Fonts
from papers.official import Chart, OfficialPaper, Table
from tests.bench.figures import fill
from tests.bench.harness import Line, Options, Spent, percentile, stopwatch, store
from tests.bench.house import house

INSPECTOR, LEADER = (Actor(name, frozenset({role})) for name, role in (("li", Role.INSPECTOR), ("wang", Role.LEADER)))
NOW = datetime(2026, 11, 5, 1, 0, tzinfo=UTC)
MONTHS = tuple(f"2026-{month:02}" for month in range(10, 4, -1))
KINDS: tuple[FileName, ...] = ("docx", "pdf", "xlsx")
LIMIT_S = 20.0


def run(options: Options) -> list[Line]:
    """Per database: the first bulletin of an installation, which makes its fonts small, and those after it."""
    return [line for name in options.stores for line in _measured(options.folder, name)]


def _measured(folder: Path, name: str) -> list[Line]:
    with store(name, folder) as (url, _others), house(url, folder, NOW) as (services, _clock):
        fill(services)
        services.follow_up.papers.fonts = Fonts(folder=folder / f"fonts-{name}")  # as a new installation has none
        took = [_made(services, month) for month in MONTHS]
        paper = services.bulletins.service.paper(services.bulletins.queries.find(len(MONTHS), LEADER))
        floor = [_floor(services, paper) for _ in MONTHS[1:]]
    return [_line(f"the first bulletin, {name}", took[:1], floor, "fonts are cut small once for an installation"),
            _line(f"a bulletin, {name}", took[1:], floor, f"{len(MONTHS) - 1} months, 50 departments, {_size(paper)}")]


def _made(services: Services, month: str) -> Spent:
    """From the click to the last file, in this process."""
    desk, queries = services.bulletins.service, services.bulletins.queries
    with stopwatch() as spent:
        number = desk.produce("", month, INSPECTOR)
        desk.submit(number, 1, INSPECTOR)
        desk.issue(number, 2, LEADER)
        for kind in KINDS:
            desk.file(queries.find(number, LEADER), kind)
    return spent


def _line(what: str, took: list[Spent], floor: list[Spent], sample: str) -> Line:
    ours, plain = (percentile([one.cpu for one in spents], 0.5) for spents in (took, floor))
    return Line(what, _said(took), f"written plainly: {_said(floor)}", f"{ours / plain:.1f} CPU",
                f"≤ {LIMIT_S:g} s wall", max(one.wall for one in took) <= LIMIT_S, sample)


def _said(spents: list[Spent]) -> str:
    """The middle of them, and the longest."""
    walls = [one.wall for one in spents]
    return (f"{percentile(walls, 0.5):.1f} s wall, {max(walls):.1f} s at most, "
            f"{percentile([one.cpu for one in spents], 0.5):.1f} s CPU")


def _size(paper: OfficialPaper) -> str:
    blocks = [block for annex in paper.annexes for block in annex.body]
    rows = sum(len(block.rows) for block in blocks if isinstance(block, Table))
    return f"{rows} rows in {sum(isinstance(block, Table) for block in blocks)} tables, three files"


def _floor(services: Services, paper: OfficialPaper) -> Spent:
    with stopwatch() as spent:
        _docx(services, paper)
        _pdf(services, paper)
        _xlsx(paper)
    return spent


def _parts(paper: OfficialPaper) -> list[object]:
    return [*paper.body, *(block for annex in paper.annexes for block in annex.body)]


def _docx(services: Services, paper: OfficialPaper) -> None:
    document = Document()
    for block in _parts(paper):
        if isinstance(block, Table):
            grid = document.add_table(rows=0, cols=len(block.head))
            for row in (block.head, *block.rows):
                for cell, text in zip(grid.add_row().cells, row, strict=True):
                    cell.text = text
        elif isinstance(block, Chart):
            document.add_picture(io.BytesIO(as_png(draw(block, 156.0), services.follow_up.papers.fonts)))
        else:
            document.add_paragraph(block.text)  # type: ignore[attr-defined]
    document.save(io.BytesIO())


def _pdf(services: Services, paper: OfficialPaper) -> None:
    sheet, text = FPDF(), "".join(map(str, _parts(paper)))
    sheet.add_font("body", "", str(services.follow_up.papers.fonts.file("body", text)))
    sheet.set_font("body", size=9)
    sheet.add_page()
    for block in _parts(paper):
        if isinstance(block, Table):
            for row in (block.head, *block.rows):
                for cell in row:
                    sheet.cell(15, 5, cell.replace("\n", ""))
                sheet.ln()
        elif not isinstance(block, Chart):
            sheet.multi_cell(0, 5, block.text, new_x="LMARGIN", new_y="NEXT")  # type: ignore[attr-defined]
    sheet.output()


def _xlsx(paper: OfficialPaper) -> None:
    book = xlsxwriter.Workbook(io.BytesIO(), {"in_memory": True})
    for block in _parts(paper):
        if isinstance(block, Table):
            page = book.add_worksheet()
            for number, row in enumerate((block.head, *block.rows)):
                page.write_row(number, 0, row)
    book.close()
