"""Charts and annexes of official papers: what is drawn, in every form alike, and how the pages of annexes begin."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from docx import Document
from docx.oxml.ns import qn
from PIL import Image

from papers.chart_pictures import as_png, as_svg
from papers.charts import Box, Dot, Drawing, Words, draw, height_of
from papers.fonts import Fonts
from papers.official import Annex, Chart, ChartSeries, OfficialPaper, Paragraph, Table
from tests.ground import font_folder
from tests.unit.papers.specimen import PAPER

MONTHS = Chart("columns", "图1　近3个月受理件数", ("1月", "2月", "3月"), (ChartSeries("受理", (120.0, None, 0.0)),
                                                                 ChartSeries("办结", (100.0, 90.0, 95.0), "second")))
CARDS = Chart("bars", "图2　各部门红黄牌", ("市公安局", "市民政局"), (ChartSeries("黄牌", (3.0, 0.0), "yellow"),
                                                              ChartSeries("红牌", (1.0, 2.0), "red")))
PLACES = Chart("spans", "图3　按时办结率", ("市公安局", "一个名称长得无论如何都放不进图中一行的部门单位名称之最"),
               (ChartSeries("按时办结率", (0.98, 0.9)),), (0.95, 0.8), (1.0, 0.96), 0.93, "总体", is_share=True)
SUMMED = Table(("部门", "件数"), (("市公安局", "12"), ("合计", "12")), align="lr", points=9, sums=1)
WHOLE = msgspec.structs.replace(
    PAPER, attachments=(), body=(*PAPER.body, MONTHS),
    annexes=(Annex("件数表", (SUMMED,)), Annex("说明", (Paragraph("无。"), PLACES))))


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    found = Fonts(folder=font_folder())
    if found.missing() or shutil.which("pdftotext") is None:
        pytest.skip("no Chinese fonts or no poppler-utils: scripts/setup test brings them")
    return found


def words(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Words)]


def boxes(drawing: Drawing) -> list[Box]:
    return [shape for shape in drawing.shapes if isinstance(shape, Box)]


@pytest.mark.parametrize("chart", [MONTHS, CARDS, PLACES], ids=lambda chart: chart.kind)
@pytest.mark.parametrize("width", [156.0, 96.0])
def test_nothing_is_drawn_outside_its_sheet(chart: Chart, width: float) -> None:
    drawing = draw(chart, width)

    assert (drawing.width, drawing.height) == (width, height_of(chart))
    for shape in drawing.shapes:
        x, y = (shape.x1, shape.y1) if not hasattr(shape, "x") else (shape.x, shape.y)
        assert 0 <= x <= width
        assert 0 <= y <= drawing.height


def test_columns_are_as_high_as_their_figures_and_a_gap_is_no_nought() -> None:
    drawn = boxes(draw(MONTHS, 156.0))[:5]  # the legend follows

    assert drawn[0].height / drawn[1].height == pytest.approx(1.2)
    assert drawn[3].height == 0
    assert {"120", "100", "0", "1月"} <= set(words(draw(MONTHS, 156.0)))


def test_bars_lie_end_to_end_with_every_figure() -> None:
    drawn = boxes(draw(CARDS, 156.0))

    assert drawn[0].x + drawn[0].width == pytest.approx(drawn[1].x)
    assert {"3＋1", "0＋2"} <= set(words(draw(CARDS, 156.0)))


def test_a_figure_below_nought_is_told_and_has_no_length(fonts: Fonts) -> None:
    odd = msgspec.structs.replace(CARDS, series=(ChartSeries("黄牌", (-3.0, 2.0)), ChartSeries("红牌", (1.0, -1.0))))

    assert {"-3＋1", "2＋-1"} <= set(words(draw(odd, 156.0)))
    assert all(box.width > 0 for box in boxes(draw(odd, 156.0)))
    assert as_png(draw(odd, 156.0), fonts).startswith(b"\x89PNG")


def test_spans_are_in_per_cent_and_long_names_are_cut() -> None:
    told = words(draw(PLACES, 156.0))

    assert {"98.0%", "90.0%", "总体93.0%"} <= set(told)
    assert any(text.endswith("…") for text in told)
    assert sum(isinstance(shape, Dot) for shape in draw(PLACES, 156.0).shapes) == 3


def test_a_chart_of_nothing_can_be_drawn() -> None:
    empty = Chart("columns", "无", ("1月",), (ChartSeries("受理", (0.0,)),))

    assert draw(empty, 156.0).shapes
    assert draw(msgspec.structs.replace(empty, kind="bars"), 156.0).shapes


def test_the_svg_is_named_and_escaped() -> None:
    svg = as_svg(draw(msgspec.structs.replace(CARDS, labels=("<甲>&", "乙")), 96.0), "<图>")

    assert "&lt;甲&gt;&amp;" in svg
    assert 'aria-label="&lt;图&gt;"' in svg
    assert "<甲>" not in svg


def test_the_picture_is_the_same_for_the_same_chart(fonts: Fonts) -> None:
    first = as_png(draw(PLACES, 156.0), fonts)

    assert first == as_png(draw(PLACES, 156.0), fonts)
    assert Image.open(BytesIO(first)).width == round(156 * 200 / 25.4)


def test_annexes_begin_pages_of_their_own_and_are_named_before_the_signature(fonts: Fonts, tmp_path: Path) -> None:
    file = tmp_path / "paper.pdf"
    file.write_bytes(WHOLE.as_pdf(fonts))
    pages = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, check=True, text=True).stdout.split("\f")
    plain = [re.sub(r"\s", "", page) for page in pages]

    assert "附件：1.件数表2.说明" in "".join(plain[:-3])
    assert plain[-3].startswith("附件1件数表部门件数市公安局12合计12")
    assert plain[-2].startswith("附件2说明无。")
    assert "印发" in plain[-2]
    assert "98.0%" in plain[-2]


def test_the_docx_has_the_charts_as_named_pictures_and_the_annexes_on_new_pages(fonts: Fonts) -> None:
    content = WHOLE.as_docx(None, fonts)
    document = Document(BytesIO(content))

    assert content == WHOLE.as_docx(None, fonts)
    assert [line.text for line in document.paragraphs if line.paragraph_format.page_break_before] == ["附件1", "附件2"]
    with zipfile.ZipFile(BytesIO(content)) as package:
        text = package.read("word/document.xml").decode()
    assert f'descr="{MONTHS.caption}"' in text
    layout = document.tables[-1]._tbl.tblPr
    assert [part.tag for part in layout].index(qn("w:tblCellMar")) < [part.tag for part in layout].index(qn("w:tblLook"))


def test_a_paper_with_charts_survives_being_kept_as_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(WHOLE), type=OfficialPaper) == WHOLE
