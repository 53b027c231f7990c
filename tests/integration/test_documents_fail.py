"""What breaks while papers and files are handled: the applicant sees what happened, and nothing is half done."""

from __future__ import annotations

import errno
import gc
import io
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from approval.posts import EVERY_UNIT
from core.child import Children, child_failed
from papers.models import papers as register
from papers.official import OfficialPaper
from tests.hosting import ITEM
from tests.staff import Site, make_site
from tests.unit.approval.test_previews import pdf
from tests.unit.portal.test_case import CLERK, accepted, browser, opened, post

AT = f"/public/apply/{ITEM}/materials/"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path)
    made.services.approval.posts.give(CLERK.name, EVERY_UNIT, ["综合窗口"])
    return made


def applying(site: Site) -> Any:
    client = browser(site)
    assert post(client, f"/public/apply/{ITEM}/begin").status_code == 303
    return client


def kept(site: Site) -> list[Path]:
    """Every file in the folder of materials, whole or half."""
    return [path for path in site.services.settings.approval.material_dir.rglob("*") if path.is_file()]


# The renderer -----------------------------------------------------------------------------------------------------

def test_a_renderer_that_crashes_is_told_and_the_paper_comes_later(site: Site, monkeypatch: pytest.MonkeyPatch):
    told = accepted(site)
    client, papers = opened(site, told), site.services.follow_up.papers
    paper = site.services.approval.queries.of_applicant(told.case_no).receipts[-1]

    def crashes(*_: object) -> object:
        raise RuntimeError("a glyph nobody drew")

    monkeypatch.setattr(OfficialPaper, "draw", crashes)
    answer = client.get(f"/public/case/paper/{paper.code}/pdf")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert paper.number in answer.text
    assert "glyph" not in answer.text
    assert papers.make_files() == 0  # and one that cannot be drawn keeps no other from being made
    with site.services.database.read() as conn:
        assert conn.scalar(select(register.c.problem).where(register.c.number == paper.number)) == "a glyph nobody drew"
    assert client.get(f"/public/case/paper/{paper.code}/docx").status_code == 200
    monkeypatch.undo()
    assert papers.make_files() == 2
    assert client.get(f"/public/case/paper/{paper.code}/pdf").data.startswith(b"%PDF")


def test_a_preview_whose_child_is_killed_leaves_the_file_and_the_page(site: Site, monkeypatch: pytest.MonkeyPatch):
    client = applying(site)

    def killed(*_: object) -> bytes:
        raise child_failed(f"signal {int(signal.SIGKILL)}")

    monkeypatch.setattr(Children, "run", killed)
    assert post(client, AT, code="jishu", **{"file-jishu": (io.BytesIO(pdf()), "图纸.pdf")}).status_code == 303
    page = client.get(AT).text
    assert "图纸.pdf" in page
    assert 'class="thumb"' not in page
    assert len(kept(site)) == 1


# The disk ---------------------------------------------------------------------------------------------------------

def test_a_disk_that_is_full_is_told_at_the_paper_and_the_next_try_works(site: Site, monkeypatch: pytest.MonkeyPatch):
    client = applying(site)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    answer = post(client, AT, code="jishu", **{"file-jishu": (io.BytesIO(pdf()), "图纸.pdf")})
    assert answer.status_code == 502
    assert re.search(r'role="alert" id="problem-jishu">[^<]*稍后重试', answer.text)
    assert kept(site) == []
    monkeypatch.undo()
    assert post(client, AT, code="jishu", **{"file-jishu": (io.BytesIO(pdf()), "图纸.pdf")}).status_code == 303
    assert "图纸.pdf" in client.get(AT).text


# The line ---------------------------------------------------------------------------------------------------------

@pytest.fixture
def served(site: Site) -> Iterator[int]:
    """The site on a real socket."""
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


# Werkzeug leaves the half it had received in its own temporary file to the collector, which closes and removes it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_upload_cut_off_on_the_way_leaves_nothing_and_can_be_sent_again(site: Site, served: int):
    client = applying(site)
    cookies = "; ".join(f"{one.key}={one.value}" for one in client._cookies.values())
    head = (f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{client.csrf}\r\n--b\r\n'
            'Content-Disposition: form-data; name="code"\r\n\r\njishu\r\n--b\r\n'
            'Content-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
            "Content-Type: application/pdf\r\n\r\n").encode()
    whole = head + pdf() + os.urandom(2 << 20) + b"\r\n--b--\r\n"
    with socket.create_connection(("127.0.0.1", served)) as link:
        link.sendall((f"POST {AT} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nCookie: {cookies}\r\n"
                      f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(whole)}\r\n\r\n").encode())
        link.sendall(whole[:1 << 20])
        link.shutdown(socket.SHUT_WR)
        answer = link.recv(4096)  # whoever still listens is told; the sender that is gone hears nothing
    assert not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3"))
    gc.collect()
    assert kept(site) == []
    assert "a.pdf" not in client.get(AT).text
    assert post(client, AT, code="jishu", **{"file-jishu": (io.BytesIO(pdf()), "a.pdf")}).status_code == 303
    assert len(kept(site)) == 1
