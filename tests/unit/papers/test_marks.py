"""The QR code and the seal: read back from the finished files, where the standard wants them."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.errors import ConfigError
from papers.fonts import Fonts
from papers.marks import SEAL_MM, Seals, qr_picture
from papers.pdf_file import LINE, render
from tests.ground import font_folder
from tests.unit.papers.specimen import PAPER

ADDRESS = "https://zwfw.example.gov.cn/public/check/ABCDEFGH23456789"
MARKED = msgspec.structs.replace(PAPER, check=ADDRESS, seal="0" * 64)


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    found = Fonts(folder=font_folder())
    if found.missing() or shutil.which("pdftoppm") is None:
        pytest.skip("no Chinese fonts or no poppler-utils: scripts/setup test brings them")
    return found


def red_disc() -> bytes:
    picture = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((5, 5, 395, 395), outline=(213, 0, 0, 255), width=16)
    made = BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def picture_of(pdf: bytes, folder: Path) -> np.ndarray:
    """The last page at 200 dots an inch, as an office prints at least."""
    (folder / "paper.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "200", "-png", str(folder / "paper.pdf"), str(folder / "page")], check=True)
    return cv2.imread(str(sorted(folder.glob("page*.png"))[-1]))


def test_a_telephone_reads_the_code_of_the_printed_pdf(fonts: Fonts, tmp_path: Path):
    told, _corners, _code = cv2.QRCodeDetector().detectAndDecode(picture_of(MARKED.as_pdf(fonts), tmp_path))
    assert told == ADDRESS


def test_the_docx_holds_the_same_code(tmp_path: Path):
    with zipfile.ZipFile(BytesIO(MARKED.as_docx(red_disc()))) as package:
        pictures = [package.read(name) for name in package.namelist() if name.startswith("word/media/")]
    codes = [cv2.QRCodeDetector().detectAndDecode(cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR))[0]
             for one in pictures]
    assert ADDRESS in codes
    assert red_disc() in pictures


def test_the_seal_lies_over_the_signature_with_its_top_within_a_line_of_the_text(fonts: Fonts, tmp_path: Path):
    drawn = render(MARKED, fonts, red_disc())
    image = picture_of(drawn.content, tmp_path).astype(int)
    red = (image[..., 2] > 150) & (image[..., 1] < 90) & (image[..., 0] < 90)
    rows, columns = np.nonzero(red)
    mm = 25.4 / 200
    assert abs((rows.min() * mm) - drawn.seal_at.y) < 1.5
    assert abs((columns.max() - columns.min()) * mm - SEAL_MM) < 2
    assert 3 * LINE - 3 - SEAL_MM / 2 < LINE  # from the end of the text to the top of the seal


def test_a_paper_without_marks_is_drawn_as_before(fonts: Fonts):
    assert b"/Subtype /Image" not in PAPER.as_pdf(fonts)
    assert b"/Subtype /Image" in MARKED.as_pdf(fonts)


def test_equal_papers_with_marks_are_equal_to_the_byte(fonts: Fonts):
    assert MARKED.as_pdf(fonts, red_disc()) == MARKED.as_pdf(fonts, red_disc())
    assert MARKED.as_docx(red_disc()) == MARKED.as_docx(red_disc())
    assert qr_picture(ADDRESS) == qr_picture(ADDRESS)


def test_seals_are_found_by_unit_and_a_file_that_is_none_stops_the_start(tmp_path: Path):
    (tmp_path / "gongxin.png").write_bytes(red_disc())
    assert Seals(tmp_path).of("gongxin") == red_disc()
    assert Seals(tmp_path).of("fagai") is None
    (tmp_path / "fagai.png").write_bytes(b"<svg/>")
    with pytest.raises(ConfigError, match="seal_unusable"):
        Seals(tmp_path)
