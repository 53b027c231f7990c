"""Papers, keys and files at the command line: what is printed, and the exit code a script reads."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest

from commands import documents
from core.errors import InvalidInput
from tests.hosting import Hall


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Hall:
    return Hall(tmp_path_factory.mktemp("commands"))


@pytest.fixture(scope="module")
def paper(hall: Hall, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An issued PDF."""
    number = hall.detail(hall.accepted()).receipts[-1].number
    file = tmp_path_factory.mktemp("paper") / "paper.pdf"
    file.write_bytes(hall.services.follow_up.papers.file(number, "pdf"))
    return file


def told(**values: object) -> argparse.Namespace:
    return argparse.Namespace(**{"keys": None, "rotate": False, "dry_run": False, "to": None, **values})


def test_an_issued_paper_is_genuine_a_changed_one_altered_another_not_ours(hall: Hall, paper: Path, tmp_path: Path, capsys):
    assert documents.check_paper(hall.services, told(file=str(paper))) == 0
    assert ": genuine (number " in capsys.readouterr().out
    content = paper.read_bytes()
    place = content.index(b"stream") + 40
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
    assert documents.check_paper(hall.services, told(file=str(changed))) == 3
    assert ": altered" in capsys.readouterr().out
    other = tmp_path / "other.docx"
    other.write_bytes(b"PK\x03\x04")
    assert documents.check_paper(hall.services, told(file=str(other))) == 3
    assert ": not ours" in capsys.readouterr().out


def test_a_stranger_checks_it_with_the_public_certificates_alone(hall: Hall, paper: Path, tmp_path: Path, capsys):
    settings = hall.services.settings
    public = tmp_path / "certificates"
    public.mkdir()
    for number, one in enumerate(documents.KeyRing(settings.papers.key_dir, "").certificates()):
        (public / f"{number}.pem").write_bytes(one)
    assert documents.check(settings, told(file=str(paper), keys=str(public))) == 0
    assert "by signature" in capsys.readouterr().out
    with pytest.raises(InvalidInput, match="paper_key_unusable"):
        documents.check(settings, told(file=str(paper), keys=str(tmp_path / "nothing")))


def test_after_a_rotation_the_paper_is_still_genuine(hall: Hall, paper: Path, capsys):
    documents.paper_keys(hall.services, told(rotate=True))
    shown = capsys.readouterr().out
    assert shown.count("signs") == 1
    assert "checks only" in shown
    assert documents.check_paper(hall.services, told(file=str(paper))) == 0


def test_files_are_checked_swept_and_a_copy_needs_to_know_where_to(hall: Hall, tmp_path: Path, capsys):
    hall.approval.materials.keep("jishu", "a.pdf", b"%PDF-1.4\n1")
    assert documents.materials(hall.services, told(action="check")) == 0
    assert documents.materials(hall.services, told(action="sweep", dry_run=True)) == 0
    assert "0 files nobody names, kept" in capsys.readouterr().out
    for to in (None, "disk"):
        with pytest.raises(InvalidInput, match="store_unnamed"):
            documents.materials(hall.services, told(action="copy", to=to))
    shutil.rmtree(hall.services.settings.approval.material_dir)
    assert documents.materials(hall.services, told(action="check")) == 0
