"""LibreOffice opens what we issue: a bulletin of fifty departments, as docx and as workbook, becomes a PDF that says it all.

LibreOffice is half a gigabyte, so `make test` does not install it: `make test-office` does, and runs this.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument

from evaluation.bulletins.figures import MonthFigures, Place, UnitFigures
from evaluation.bulletins.phrases import Telling
from evaluation.bulletins.workbook import workbook
from papers.fonts import Fonts
from tests.unit.evaluation.test_bulletin_text import INDICATORS, SAY, counts, figures, paper, unit

OFFICE = shutil.which("soffice")
DEPARTMENTS, TIMEOUT_S = 50, 300
SYLLABLES = "发展改革教育科技工信民政司法财政人社资源生态住建交通水利农业商务文旅卫健退役应急审计国资市监统计医保信访金融"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not here: `make test-office` installs it and runs this; or sudo "
                                              "apt-get install --no-install-recommends libreoffice-writer libreoffice-calc"),
    pytest.mark.skipif(bool(Fonts().missing()), reason="no Chinese fonts: sudo apt-get install fonts-noto-cjk")]


def departments() -> list[UnitFigures]:
    """Fifty with names of their own; every seventh has nothing to be measured by, so no place."""
    made = []
    for at in range(DEPARTMENTS):
        n = 0 if at % 7 == 6 else 100 + at
        late, place = (at % 3, Place(at + 1, max(1, at - 3), at + 5)) if n else (0, None)
        made.append(unit(f"{SYLLABLES[at:at + 2]}事务管理", place, received=n, accepted=n, concluded=n, early=n // 2,
                         on_due_day=n - n // 2 - late, late=late, timed=n, used_days=3 * n, yellow=at % 4, red=at % 2))
    return made


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Pages of what LibreOffice makes of both files, without blanks, by the kind of file."""
    folder, units = tmp_path_factory.mktemp("office"), departments()
    told = figures(*units, trend=tuple(MonthFigures(f"2025-{month:02}", counts(received=month)) for month in range(1, 13)))
    written = paper(told)
    (folder / "docx.docx").write_bytes(written.as_docx(fonts=Fonts(folder=folder / "fonts")))
    (folder / "xlsx.xlsx").write_bytes(workbook(Telling(told, INDICATORS, SAY), written))
    convert(folder, "docx.docx", "xlsx.xlsx")
    return {kind: pages(folder / f"{kind}.pdf") for kind in ("docx", "xlsx")}


def convert(folder: Path, *names: str) -> None:
    """With a profile of its own: nobody's settings, and no other LibreOffice that runs, have a part in it."""
    assert OFFICE is not None
    done = subprocess.run(
        [OFFICE, "--headless", "--norestore", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--convert-to", "pdf",
         "--outdir", str(folder), *(str(folder / name) for name in names)],
        capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env={**os.environ, "HOME": str(folder)})
    assert done.returncode == 0, done.stderr


def pages(file: Path) -> list[str]:
    with PdfDocument(file) as document:
        return [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in document]


@pytest.mark.parametrize("kind", ["docx", "xlsx"])
def test_every_department_and_the_title_are_in_what_libreoffice_shows(converted: dict[str, list[str]], kind: str) -> None:
    text = "".join(converted[kind])
    assert len(converted[kind]) > 1
    assert "关于2026年3月全市行政审批电子监察情况的通报" in text
    assert len({one.name for one in departments()}) == DEPARTMENTS
    assert [one.name for one in departments() if one.name not in text] == []
    assert "#REF" not in text
    assert "Err:" not in text


def test_the_paper_begins_with_its_red_head_and_number(converted: dict[str, list[str]]) -> None:
    first = converted["docx"][0]
    assert "新余市行政审批电子监察中心文件" in first
    assert "新监通报〔2026〕3号" in first
    assert "附件1" in "".join(converted["docx"])
