"""Papers drawn in a process of their own: the same files, and what goes wrong there stays there."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from core.errors import UpstreamError
from papers.draughtsman import NICENESS, Draughtsman, drawn
from papers.fonts import Fonts, FontsMissing
from papers.keys import KeyRing
from papers.signing import Signing
from tests.integration.test_papers import compose

CONTENT = msgspec.json.encode(compose("新监督〔2026〕1号")).decode()


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Fonts:
    return Fonts(folder=tmp_path_factory.mktemp("fonts"))


@pytest.fixture(scope="module")
def apart(fonts: Fonts) -> Iterator[Draughtsman]:
    made = Draughtsman(fonts, None)
    yield made
    made.close()


def process_of(apart: Draughtsman) -> psutil.Process:
    assert apart._process is not None
    return psutil.Process(apart._process.pid)


def test_files_drawn_apart_are_the_same_to_the_byte_and_yield_to_the_rest(apart: Draughtsman, fonts: Fonts):
    docx, pdf = apart.draw(CONTENT, ("docx", "pdf"), "gongxin", None)
    assert docx.opened() == drawn(CONTENT, "docx", "gongxin", None, fonts, None)
    assert pdf.opened() == drawn(CONTENT, "pdf", "gongxin", None, fonts, None)
    assert process_of(apart).nice() == NICENESS


def test_it_stays_up_and_a_paper_that_cannot_be_drawn_stops_no_other(apart: Draughtsman):
    apart.draw(CONTENT, ("docx",), "gongxin", None)
    before = process_of(apart).pid
    with pytest.raises(RuntimeError):
        apart.draw("{}", ("docx",), "gongxin", None)[0].opened()
    assert apart.draw(CONTENT, ("docx",), "gongxin", None)[0].opened()[:2] == b"PK"
    assert process_of(apart).pid == before


def test_after_a_crash_another_one_draws(apart: Draughtsman, monkeypatch: pytest.MonkeyPatch):
    apart.draw(CONTENT, ("docx",), "gongxin", None)
    process = process_of(apart)
    os.kill(process.pid, signal.SIGSTOP)
    monkeypatch.setattr(apart, "_timeout_s", 0.05)
    with pytest.raises(UpstreamError) as lost:
        apart.draw(CONTENT, ("docx",), "gongxin", None)
    assert lost.value.details == {"cause": "exit -9"}
    monkeypatch.undo()
    assert apart.draw(CONTENT, ("docx",), "gongxin", None)[0].opened()[:2] == b"PK"
    assert process_of(apart).pid != process.pid


def test_errors_of_ours_come_back_as_themselves_and_the_pdf_is_signed(tmp_path: Path, fonts: Fonts):
    apart = Draughtsman(Fonts({"body": tmp_path / "none.otf"}, folder=tmp_path), None)
    try:
        with pytest.raises(FontsMissing, match=r"none\.otf"):
            apart.draw(CONTENT, ("pdf",), "gongxin", None)[0].opened()
    finally:
        apart.close()
    signing = Draughtsman(fonts, Signing(KeyRing(tmp_path / "keys", "新余市")))
    try:
        assert b"/ByteRange" in signing.draw(CONTENT, ("pdf",), "gongxin", None)[0].opened()
    finally:
        signing.close()
