"""Files on the public site of its own: pictures of what was handed in here, papers told by their signature, honest refusals."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

from approval.cashier import Received
from approval.posts import EVERY_UNIT
from core.database import Database
from exchange.envelopes import written
from exchange.outer.models import papers
from papers.marks import qr_picture
from portal.desk import PaperFacts
from tests.hosting import HALL, staff
from tests.pair import Pair
from tests.unit.exchange.test_outer_payments import REPOSITORY, due
from tests.unit.exchange.test_public_site import APPLY, WHO, browser, post


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def check(client: Any, content: bytes) -> Any:
    return post(client, "/public/check/", file=(io.BytesIO(content), "paper.pdf"))


def issued(pair: Pair, kind: str) -> bytes:
    """The file of a paper of the inside."""
    number = pair.hall.detail(pair.hall.accepted()).receipts[-1].number
    return pair.hall.services.follow_up.papers.file(number, kind)


def trust(pair: Pair) -> None:
    """What an administrator does: the certificate of the inside, without its key, is put where the public site looks."""
    folder = pair.folder / "outer" / "keys" / "certificates"
    folder.mkdir(parents=True)
    whole = (pair.folder / "inner" / "keys" / "installation.pem").read_text()
    (folder / "installation.pem").write_text("".join(re.findall(r"-----BEGIN CERT.*?CERTIFICATE-----\n", whole, re.S)))


def test_without_certificates_no_file_is_asked_for_and_none_is_judged(pair: Pair):
    client = browser(pair)
    assert 'id="file"' not in client.get("/public/check/").text
    refused = check(client, b"%PDF-1.4")
    assert refused.status_code == 404
    assert "请凭文书校验码查验" in refused.text


def test_with_the_certificate_a_pdf_is_told_by_its_signature(pair: Pair):
    pdf = issued(pair, "pdf")
    trust(pair)
    shutil.rmtree(pair.folder / "inner" / "keys")  # nothing of the inside is asked
    client = browser(pair)
    assert 'id="file"' in client.get("/public/check/").text
    assert "verdict-genuine" in check(client, pdf).text
    place = pdf.index(b"stream") + 30
    assert "verdict-altered" in check(client, pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1:]).text


def test_what_only_the_register_could_tell_is_not_called_false(pair: Pair):
    docx = issued(pair, "docx")
    issued(pair, "pdf")
    trust(pair)
    client = browser(pair)
    assert "Word 文书请凭校验码查验" in check(client, docx).text
    answer = check(client, b"%PDF-1.4 of somebody")
    assert "请凭校验码查验" in answer.text
    assert "verdict-" not in answer.text


def test_the_file_of_a_receipt_that_is_void_is_told_void(pair: Pair):
    _, case_no, fee, amount = due(pair)
    approval, second = pair.hall.approval, staff("shen", "沈出纳")
    for person in (HALL, second):
        approval.posts.give(person.name, EVERY_UNIT, ["综合窗口"])
    payment = approval.cashier.record(case_no, pair.hall.rev(case_no), Received((fee,), "cash", "收据", amount), HALL)
    pdf = pair.hall.services.follow_up.papers.file(pair.hall.detail(case_no).receipts[-1].number, "pdf")
    pair.round()
    trust(pair)
    client = browser(pair)
    assert "standing-void" not in check(client, pdf).text
    approval.reversals.ask(case_no, pair.hall.rev(case_no), payment, "收据不是本件", HALL)
    approval.reversals.confirm(case_no, pair.hall.rev(case_no), payment, second)
    pair.round()
    text = check(client, pdf).text
    assert ["verdict-genuine" in text, "standing-void" in text, "2026-03-16" in text] == [True, True, True]


def test_papers_told_before_their_number_had_a_column_are_found_by_it_too(fresh_database_url: str):
    config = Config(REPOSITORY / "alembic.ini")
    config.set_main_option("script_location", str(REPOSITORY / "migrations_outer"))
    config.set_main_option("sqlalchemy.url", fresh_database_url.replace("%", "%%"))
    command.upgrade(config, "0003")
    database = Database(fresh_database_url)
    told = [PaperFacts(f"C{n}", "payment", "permit", f"证〔2026〕{n}号", "工信局", "2026-03-16", "3605…") for n in (1, 2)]
    with database.transaction() as conn:
        conn.execute(text("INSERT INTO papers (code, facts) VALUES (:code, :facts)"),
                     [{"code": one.code, "facts": written(one).decode()} for one in told])
    command.upgrade(config, "head")
    with database.read() as conn:
        kept = conn.execute(select(papers.c.code, papers.c.number).order_by(papers.c.code)).all()
    command.downgrade(config, "0003")
    database.dispose()
    assert [tuple(row) for row in kept] == [(one.code, one.number) for one in told]


def test_pictures_are_of_the_files_that_are_here_and_of_nobody_elses(pair: Pair):
    client = browser(pair)
    post(client, f"{APPLY}begin")
    post(client, APPLY, **WHO, then="next")
    photo = (io.BytesIO(qr_picture("x")), "照片.png")
    assert post(client, f"{APPLY}materials/", code="shenqing", **{"file-shenqing": photo}).status_code == 303
    shown = client.get(f"{APPLY}materials/").text
    [at] = re.findall(r'<img class="thumb" src="([^"]+)"', shown)
    assert client.get(at).data.startswith(b"\x89PNG")
    assert browser(pair).get(at).status_code == 404
    assert "沿用" not in shown
    assert post(client, f"{APPLY}materials/earlier", code="shenqing", sha256="0" * 64).status_code == 404
    assert post(client, f"{APPLY}review/", agreed="yes").status_code == 200
    pair.round()
    text = client.get("/public/case/").text
    [at] = re.findall(r'<img class="thumb" src="([^"]+)"', text)
    assert client.get(at).data.startswith(b"\x89PNG")
    shutil.rmtree(pair.folder / "outer" / "files")
    text = client.get("/public/case/").text
    assert "照片.png" in text
    assert "thumb" not in text
