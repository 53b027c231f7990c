"""Tables as files: what a spreadsheet reads, and that no text becomes a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile

from defusedxml.ElementTree import fromstring

from evaluation.spreadsheets import Sheet, as_csv, as_xlsx

EVIL = '=HYPERLINK("http://x","y")'
TABLE = Sheet("提前办结率 [1/2]", ["=1+1", "2024 年 3 月"], ["单位", "数值", "件数"],
              [[EVIL, 0.873, 400], ["市教育局", None, -7]], ["", "0.0%", "#,##0"])
NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def test_a_csv_is_read_back_and_its_formulas_are_texts() -> None:
    given = as_csv(TABLE)
    assert given.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(given.decode("utf-8-sig"))))
    assert rows == [["'=1+1"], ["2024 年 3 月"], ["单位", "数值", "件数"], ["'" + EVIL, "0.873", "400"], ["市教育局", "", "-7"]]


def test_an_xlsx_has_numbers_as_numbers_texts_as_texts_and_no_formula() -> None:
    with zipfile.ZipFile(io.BytesIO(as_xlsx([TABLE]))) as book:
        assert book.testzip() is None
        sheet = fromstring(book.read("xl/worksheets/sheet1.xml"))
        texts = ["".join(one.itertext()) for one in fromstring(book.read("xl/sharedStrings.xml")).findall("m:si", NS)]
        name = re.search(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
    cells = {cell.get("r"): (cell.get("t"), cell.findtext("m:v", namespaces=NS)) for cell in sheet.iter(f"{{{NS['m']}}}c")}
    assert sheet.findall(".//m:f", NS) == []
    assert [texts[int(cells[place][1])] for place in ("A1", "A3", "A4", "A5")] == ["=1+1", "单位", EVIL, "市教育局"]
    assert (cells["B4"], cells["C4"], cells["C5"]) == ((None, "0.873"), (None, "400"), (None, "-7"))
    assert "B5" not in cells
    assert name is not None
    assert name[1] == "提前办结率  1 2 "
