"""Previews: pictures of pages, drawn in a child with limits; no metadata, no crash of ours, shown to who may see the file."""

from __future__ import annotations

import io
import os
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image

from approval.matters import Application
from approval.posts import EVERY_UNIT
from approval.previews import PreviewRules, Previews
from core.access import Actor, Role
from core.child import ChildLimits, Children
from core.errors import NotFound, UpstreamError
from papers.pictures import draw
from tests.hosting import APPLICANT, ITEM
from tests.staff import Site, make_site
from tests.unit.portal.test_case import browser, opened, post

CHILDREN = Children()


def pdf(pages: int = 3) -> bytes:
    made = FPDF()
    for _ in range(pages):
        made.add_page()
        made.rect(10, 10, 100, 100, style="F")
    return bytes(made.output())


def photo() -> bytes:
    """A landscape picture, red on its left, that a telephone held upright: EXIF says it is to be turned; and where it was."""
    picture = Image.new("RGB", (400, 200), "white")
    picture.paste((255, 0, 0), (0, 0, 100, 200))
    exif = picture.getexif()
    exif[0x0112], exif[0x010F] = 6, "SecretCamera"
    made = BytesIO()
    picture.save(made, "JPEG", exif=exif)
    return made.getvalue()


def bomb() -> bytes:
    """A PNG that says it is 60,000 pixels on a side."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def size_of(png: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(png)).size


# The child --------------------------------------------------------------------------------------------------------

def test_a_page_of_a_pdf_is_a_picture_that_wide():
    made = draw(CHILDREN, pdf(), "application/pdf", 2, 300)
    assert made.pages == 3
    assert abs(size_of(made.png)[0] - 300) <= 1


def test_a_photo_is_turned_as_it_says_and_keeps_nothing_of_where_it_was_taken():
    made = draw(CHILDREN, photo(), "image/jpeg", 1, 300).png
    picture = Image.open(BytesIO(made))
    assert picture.size == (200, 400)
    assert picture.getpixel((100, 20))[0] > 200 > 100 > picture.getpixel((100, 20))[1]
    assert picture.getexif() == {}
    assert b"SecretCamera" not in made


@pytest.mark.parametrize(("content", "media_type"), [
    (b"%PDF-1.4 nothing", "application/pdf"), (bomb(), "image/png"), (b"<svg/>", "image/png"),
    (b"GIF89a" + bytes(100), "image/png"), (b"", "image/jpeg")])
def test_what_cannot_be_drawn_costs_nothing_but_its_picture(content: bytes, media_type: str):
    with pytest.raises(UpstreamError, match="child_failed"):
        draw(CHILDREN, content, media_type)


def test_a_child_that_uses_too_much_ends_alone(tmp_path: Path):
    script = tmp_path / "greedy.py"
    script.write_text("kept = [bytearray(1 << 24) for _ in range(1000)]")
    with pytest.raises(UpstreamError) as failure:
        Children(ChildLimits(memory_mib=256)).run(script, b"")
    assert "MemoryError" in failure.value.details["cause"]
    script.write_text("while True: pass")
    with pytest.raises(UpstreamError) as failure:
        Children(ChildLimits(seconds=1)).run(script, b"")
    assert failure.value.details["cause"] == "time"


def test_a_child_writes_no_file_and_knows_no_setting(tmp_path: Path):
    script = tmp_path / "curious.py"
    script.write_text(f"with open({str(tmp_path / 'x')!r}, 'w') as file: file.write('1')")
    with pytest.raises(UpstreamError):
        CHILDREN.run(script, b"")
    script.write_text("import os; print(sorted(os.environ))")
    assert b"YANGGUANG" not in CHILDREN.run(script, b"")


def test_a_child_that_is_killed_is_told_by_its_signal(tmp_path: Path):
    script = tmp_path / "killed.py"
    script.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(UpstreamError) as failure:
        CHILDREN.run(script, b"")
    assert failure.value.details["cause"] == "signal 9"


# What is kept -----------------------------------------------------------------------------------------------------

def previews(folder: Path, content: bytes, **more: object) -> Previews:
    return Previews(lambda _sha256: BytesIO(content), CHILDREN, PreviewRules(folder, **more))  # type: ignore[arg-type]


def test_a_picture_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = previews(tmp_path, pdf())
    first = made.picture("a" * 64, "application/pdf", 1, "small")
    monkeypatch.setattr(Children, "run", lambda *_: pytest.fail("drawn again"))
    assert made.picture("a" * 64, "application/pdf", 1, "small") == first
    assert made.pages("a" * 64, "application/pdf") == 3


def test_a_file_that_cannot_be_drawn_is_not_tried_at_every_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = previews(tmp_path, b"%PDF-1.4 broken")
    for _ in range(2):
        with pytest.raises(UpstreamError, match="preview_failed"):
            made.picture("a" * 64, "application/pdf", 1, "small")
        monkeypatch.setattr(Children, "run", lambda *_: pytest.fail("tried again"))
    assert made.pages("a" * 64, "application/pdf") == 0


@pytest.mark.parametrize(("media_type", "page", "size"), [
    ("text/html", 1, "small"), ("image/svg+xml", 1, "small"), ("application/pdf", 0, "small"), ("application/pdf", 4, "small"),
    ("application/pdf", 31, "small"), ("application/pdf", 1, "../../x")])
def test_there_is_no_preview_of_anything_else(tmp_path: Path, media_type: str, page: int, size: str):
    with pytest.raises(NotFound, match="preview_not_found"):
        previews(tmp_path, pdf()).picture("a" * 64, media_type, page, size)


def test_the_longest_unused_pictures_go_first(tmp_path: Path):
    made = previews(tmp_path, pdf(), room_mib=1)
    for place, name in enumerate("abc"):
        path = tmp_path / name
        path.write_bytes(b"x" * 600_000)
        os.utime(path, (place, place))
    assert made.tidy() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_pages_that_are_not_there_start_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    drawn: list[int] = []

    def counted(children: Children, content: bytes, media_type: str, page: int, width: int):
        drawn.append(page)
        return draw(children, content, media_type, page, width)

    monkeypatch.setattr("approval.previews.draw", counted)
    made = previews(tmp_path, pdf(2))
    for page in (9, 9, 8):
        with pytest.raises(NotFound):
            made.picture("a" * 64, "application/pdf", page, "small")
    assert drawn == [1]
    assert made.pages("a" * 64, "application/pdf") == 2


# Who sees them ----------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = make_site(tmp_path_factory.mktemp("previews"))
    made.services.approval.posts.give("window", EVERY_UNIT, ["综合窗口"])
    return made


def filed(site: Site, content: bytes) -> tuple[object, str]:
    approval = site.services.approval
    upload = approval.materials.keep("jishu", "扫描件.pdf", content)
    return approval.intake.file(Application(ITEM, APPLICANT, "城南基站", uploads=(upload,)), "web"), upload.sha256


def test_the_applicant_sees_his_own_files_and_nobody_elses(site: Site):
    told, sha256 = filed(site, pdf(2))
    _others, foreign = filed(site, pdf(1))
    client = opened(site, told)
    page = client.get("/public/case/").text
    assert f"/public/case/file/{sha256}/1" in page
    answer = client.get(f"/public/case/file/{sha256}/1?size=large")
    assert (answer.status_code, answer.mimetype, answer.headers["X-Content-Type-Options"]) == (200, "image/png", "nosniff")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert client.get(f"/public/case/file/{foreign}/1").status_code == 404
    assert client.get(f"/public/case/file/{sha256}/9").status_code == 404
    assert site.client().get(f"/public/case/file/{sha256}/1").status_code == 404


def test_staff_see_what_they_may_see_and_a_look_in_full_is_written_down(site: Site):
    told, sha256 = filed(site, pdf(2))
    at = f"/api/v1/approval/cases/{told.case_no}/files/{sha256}/preview/1"  # type: ignore[attr-defined]
    inspector = site.client(Role.INSPECTOR)
    assert inspector.get(f"{at}?size=small").mimetype == "image/png"
    assert inspector.get(at).status_code == 200
    assert site.services.read_log.looks("material_preview")[0].subject.endswith("/1")
    assert site.client().get(at).status_code in (401, 403)
    assert site.client(Role.DEPARTMENT_USER).get(at).status_code == 404  # of another unit


def test_a_draft_shows_its_files_to_the_browser_that_has_it(site: Site):
    client = browser(site)
    post(client, f"/public/apply/{ITEM}/begin")
    post(client, f"/public/apply/{ITEM}/materials/", code="jishu", **{"file-jishu": (io.BytesIO(photo()), "a.jpg")})
    page = client.get(f"/public/apply/{ITEM}/materials/").text
    at = page.split('class="thumb" src="')[1].split('"')[0]
    assert client.get(at).mimetype == "image/png"
    assert browser(site).get(at).status_code == 404


def test_the_actor_of_a_unit_is_no_stranger(site: Site):
    """The department whose case it is sees the pictures too."""
    told, sha256 = filed(site, pdf(1))
    own = Actor("u", frozenset({Role.DEPARTMENT_USER}), "gongxin")
    assert site.services.approval.queries.file_of(told.case_no, sha256, own).sha256 == sha256  # type: ignore[attr-defined]
