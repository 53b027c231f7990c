"""Files: kept whole or not at all, scanned before they are kept, drafts forgotten."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from approval.materials import MaterialRules, Materials, clamd_scanner
from approval.matters import Application
from approval.stores import FolderStore
from core.errors import InvalidInput, NotFound, TooLarge, UpstreamError
from tests.hosting import APPLICANT, HALL, ITEM, Hall

PDF = b"%PDF-1.4\n1"


def materials(folder: Path, **more: object) -> Materials:
    return Materials(FolderStore(folder), MaterialRules(max_bytes=100, per_case=2), **more)  # type: ignore[arg-type]


def test_the_same_bytes_are_one_file(tmp_path: Path):
    kept = materials(tmp_path)
    first, second = kept.keep("a", "x.pdf", PDF), kept.keep("b", "y.pdf", PDF)
    assert first.sha256 == second.sha256
    with kept.open(first.sha256) as file:
        assert file.read() == PDF
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_disk_that_is_full_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UpstreamError, match="material_not_stored"):
        materials(tmp_path).keep("a", "x.pdf", PDF)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_that_changed_on_the_disk_is_not_given_out(tmp_path: Path):
    kept = materials(tmp_path)
    upload = kept.keep("a", "x.pdf", PDF)
    next(path for path in tmp_path.rglob("*") if path.is_file()).write_bytes(b"%PDF-other")
    with pytest.raises(UpstreamError, match="material_damaged"):
        kept.open(upload.sha256)


def test_the_files_of_one_case_have_their_limits_together(tmp_path: Path):
    kept = Materials(FolderStore(tmp_path), MaterialRules(per_case=3, case_bytes=25))
    files = [kept.keep("a", f"{n}.pdf", PDF + bytes([n])) for n in range(4)]
    kept.check_room(files[:2])
    with pytest.raises(TooLarge, match="materials_too_large"):
        kept.check_room(files[:3])
    with pytest.raises(TooLarge, match="too_many_materials"):
        kept.check_room(files)


def test_the_window_cannot_put_more_with_a_case_than_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    hall = Hall(tmp_path)
    case_no = hall.accepted()
    monkeypatch.setattr(hall.approval.materials, "rules", MaterialRules(per_case=1))
    hall.approval.intake.keep_file(case_no, hall.approval.materials.keep("jishu", "a.pdf", PDF), HALL)
    with pytest.raises(TooLarge, match="too_many_materials"):
        hall.approval.intake.keep_file(case_no, hall.approval.materials.keep("jishu", "b.pdf", PDF + b"2"), HALL)


# clamd ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def clamd() -> Iterator[str]:
    """Speaks the daemon's INSTREAM protocol; finds what contains EICAR."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                link, _ = server.accept()
            except OSError:
                return
            with link, link.makefile("rb") as stream:
                command, content = stream.read(10), b""
                while size := int.from_bytes(stream.read(4), "big"):
                    content += stream.read(size)
                found = command == b"zINSTREAM\0" and b"EICAR" in content
                link.sendall(b"stream: Eicar-Signature FOUND\0" if found else b"stream: OK\0")

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    server.close()


def test_what_the_scanner_finds_is_refused(tmp_path: Path, clamd: str):
    kept = materials(tmp_path, scan=clamd_scanner(clamd, 5))
    with pytest.raises(InvalidInput) as failure:
        kept.keep("a", "x.pdf", b"%PDF-EICAR")
    assert failure.value.details["found"] == "Eicar-Signature"
    assert kept.keep("a", "x.pdf", PDF).size == len(PDF)


def test_nothing_is_taken_in_while_nobody_can_look_at_it(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(UpstreamError, match="material_not_scanned"):
        materials(tmp_path, scan=clamd_scanner(address, 1)).keep("a", "x.pdf", PDF)


# Drafts -----------------------------------------------------------------------------------------------------------

def test_a_draft_is_kept_and_filed_with_its_files(tmp_path: Path):
    hall = Hall(tmp_path)
    drafts = hall.approval.drafts
    key = drafts.begin(ITEM)
    drafts.save(key, {"title": "城南基站"})
    for code in hall.papers():
        drafts.attach(key, code, f"{code}.pdf", PDF + code.encode())
    extra = drafts.attach(key, "changdi", "x.pdf", PDF)
    drafts.detach(key, "changdi", extra.sha256)
    draft = drafts.find(key)
    filed = hall.approval.intake.file(Application(ITEM, APPLICANT, draft.values["title"], uploads=draft.uploads), "web")
    drafts.discard(key)
    papers = hall.detail(filed.case_no).papers
    assert sorted(paper.code for paper in papers) == sorted(hall.papers())
    assert {paper.form for paper in papers} == {"file"}
    assert hall.events(filed.case_no)[0].data.materials == tuple(one.code for one in draft.uploads)
    with pytest.raises(NotFound):
        drafts.find(key)


def test_files_for_papers_that_are_asked_for_no_longer_take_no_room_in_a_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    hall = Hall(tmp_path)
    drafts = hall.approval.drafts
    monkeypatch.setattr(hall.approval.materials, "rules", MaterialRules(per_case=2))
    key, asked = drafts.begin(ITEM), ("jishu", "changdi")
    for code in ("shenqing", "jishu"):
        drafts.attach(key, code, f"{code}.pdf", PDF + code.encode())
    with pytest.raises(TooLarge):
        drafts.attach(key, "changdi", "场地.pdf", PDF)
    kept = drafts.attach(key, "changdi", "场地.pdf", PDF, asked)
    draft = drafts.find(key)
    assert ([one.code for one in draft.left_over(asked)], draft.only(asked).uploads[-1]) == (["shenqing"], kept)
    with pytest.raises(TooLarge):
        drafts.attach(key, "changdi", "另一页.pdf", PDF + b"2", asked)


def test_a_draft_has_its_limits_and_its_time(tmp_path: Path):
    hall = Hall(tmp_path)
    drafts = hall.approval.drafts
    key = drafts.begin(ITEM)
    with pytest.raises(TooLarge):
        drafts.save(key, {"title": "字" * 100_001})
    with pytest.raises(NotFound):
        drafts.find("guessed")
    hall.later(days=29)
    drafts.save(key, {"title": "新"})
    hall.later(days=29)
    assert (drafts.forget_old(), drafts.find(key).values) == (0, {"title": "新"})
    hall.later(days=2)
    assert drafts.forget_old() == 1
