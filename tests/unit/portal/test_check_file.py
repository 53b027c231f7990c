"""The public check of a file: the issued one, one that was changed, one of somebody else; and the address in the QR code."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from sqlalchemy import update

from approval.codes import check_address
from approval.posts import EVERY_UNIT
from papers.models import paper_signatures, papers
from tests.hosting import Hall
from tests.staff import AS_BROWSER, SAME_ORIGIN, Site, make_site
from tests.unit.portal.test_case import CLERK, STEPS, accepted, opened, rev, with_fee


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = make_site(tmp_path_factory.mktemp("check"))
    made.services.approval.posts.give(CLERK.name, EVERY_UNIT, ["综合窗口"])
    for person, post in zip(STEPS, ("承办人", "审核人", "批准人"), strict=True):
        made.services.approval.posts.give(person.name, "gongxin", [post])
    return made


@pytest.fixture(scope="module")
def pdf(site: Site) -> tuple[str, bytes]:
    """(number, file) of a paper of a case."""
    case_no = accepted(site).case_no
    paper = site.services.approval.queries.of_applicant(case_no).receipts[-1]
    return paper.number, site.services.follow_up.papers.file(paper.number, "pdf")


def check(site: Site, content: bytes, name: str = "paper.pdf") -> str:
    client = site.client()
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/public/check/").text)[1]
    return client.post("/public/check/", data={"csrf": csrf, "file": (io.BytesIO(content), name)},
                       headers={**SAME_ORIGIN, **AS_BROWSER}).text


def verdict(text: str) -> str:
    found = re.search(r'verdict-(\w+)">', text)
    assert found is not None, text
    return found[1]


def test_the_issued_file_is_genuine_and_nothing_is_told_of_the_person(site: Site, pdf: tuple[str, bytes]):
    number, content = pdf
    text = check(site, content)
    assert verdict(text) == "genuine"
    assert number in text
    assert "Ed25519" in text
    assert "锦程" not in text


def test_the_docx_is_checked_by_its_digest(site: Site, pdf: tuple[str, bytes]):
    docx = site.services.follow_up.papers.file(pdf[0], "docx")
    assert verdict(check(site, docx, "paper.docx")) == "genuine"
    assert verdict(check(site, docx + b" ", "paper.docx")) == "unknown"


def test_a_changed_file_is_told_and_another_is_not_ours(site: Site, pdf: tuple[str, bytes]):
    content = pdf[1]
    place = content.index(b"stream") + 30
    assert verdict(check(site, content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])) == "altered"
    assert verdict(check(site, b"%PDF-1.4\nof somebody else")) == "unknown"


def test_a_changed_file_of_a_licence_borrows_nothing_of_the_licence(site: Site):
    """What stands beside its number would be read as being about this file."""
    told, fee = with_fee(site)
    approval = site.services.approval
    approval.ending.paid(told.case_no, fee, "票1")
    approval.ending.conclude(told.case_no, rev(site, told.case_no), "", CLERK)
    number = next(one.number for one in approval.queries.of_applicant(told.case_no).receipts if one.kind == "licence")
    content = site.services.follow_up.papers.file(number, "pdf")
    assert "standing-valid" in check(site, content)
    place = content.index(b"stream") + 30
    text = check(site, content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
    assert (verdict(text), "standing-valid" in text) == ("altered", False)


def test_a_paper_of_before_there_were_signatures_is_told_by_the_register(site: Site, tmp_path: Path):
    hall = Hall(tmp_path)
    number = hall.detail(hall.accepted()).receipts[-1].number
    content = hall.services.follow_up.papers.file(number, "pdf")
    with hall.services.uow() as uow:
        uow.conn.execute(paper_signatures.delete())
    assert hall.services.paper_check.check(content).by == "register"


def test_a_register_somebody_rewrote_contradicts_the_signature(tmp_path: Path):
    """Whoever can write the database cannot make a file ours: the key is not in it."""
    hall = Hall(tmp_path)
    case_no = hall.accepted()
    number = hall.detail(case_no).receipts[-1].number
    content = hall.services.follow_up.papers.file(number, "pdf")
    with hall.services.uow() as uow:
        uow.conn.execute(update(papers).where(papers.c.number == number).values(subject="hosted:another"))
    assert hall.services.paper_check.check(content).finding == "doubtful"


def test_a_file_is_made_once_and_stays_what_it_is(tmp_path: Path):
    hall = Hall(tmp_path)
    number = hall.detail(hall.accepted()).receipts[-1].number
    first = hall.services.follow_up.papers.file(number, "pdf")
    hall.services.follow_up.papers.make_files()
    assert hall.services.follow_up.papers.file(number, "pdf") == first


def test_the_code_leads_to_the_configured_address_whatever_host_was_asked(site: Site):
    told = accepted(site)
    paper = site.services.approval.queries.of_applicant(told.case_no).receipts[0]
    assert check_address(site.services.settings.portal.base_url, paper.code) == f"http://127.0.0.1:8050/public/check/{paper.code}"
    assert opened(site, told).get(f"/public/check/{paper.code}").status_code == 200


def test_without_a_file_the_form_says_so(site: Site):
    client = site.client()
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/public/check/").text)[1]
    answer = client.post("/public/check/", data={"csrf": csrf}, headers={**SAME_ORIGIN, **AS_BROWSER})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
