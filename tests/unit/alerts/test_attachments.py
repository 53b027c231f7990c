"""Files of a reply: what is taken, what is refused in words, and who may open them."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from alerts.attachments import AttachmentRules
from core.access import Role
from core.errors import InvalidInput, TooLarge
from core.uploads import KINDS, checked_type, clean_name
from tests.staff import OTHER_ORG, OWN_ORG, SAME_ORIGIN, Site, make_site

PDF = b"%PDF-1.7\n%%EOF"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = make_site(tmp_path_factory.mktemp("attachments"))
    for case_no, org in (("XY-1", OWN_ORG), ("XY-2", OTHER_ORG)):
        site.record_case(case_no, org)
    return site


def card_of(site: Site, case_no: str) -> int:
    return next(card.id for card in site.services.alert_queries.active().cards if card.case_no == case_no)


def send(site: Site, role: Role, case_no: str, name: str, content: bytes) -> TestResponse:
    return site.client(role).post(f"/api/v1/cards/{card_of(site, case_no)}/attachments", query_string={"name": name},
                                  data=content, content_type="application/octet-stream", headers=SAME_ORIGIN)


def test_a_file_is_kept_under_its_digest_and_given_back_byte_for_byte(site: Site) -> None:
    kept = send(site, Role.DEPARTMENT_USER, "XY-1", "整改 说明.pdf", PDF).json
    answer = site.client(Role.INSPECTOR).get(f"/api/v1/cards/{card_of(site, 'XY-1')}/attachments/{kept['sha256']}")

    assert (kept["name"], kept["size"], kept["uploaded_name"]) == ("整改 说明.pdf", len(PDF), "赵晓燕")
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    look = site.services.read_log.looks("attachment")[0]
    assert (look.actor_name, look.subject) == ("李敏", f"{card_of(site, 'XY-1')}/{kept['sha256']}")


def test_the_same_bytes_twice_are_one_file(site: Site) -> None:
    first, second = (send(site, Role.DEPARTMENT_USER, "XY-1", name, PDF + b"x").json for name in ("a.pdf", "b.pdf"))

    assert first == second


def test_another_units_card_takes_and_gives_nothing(site: Site) -> None:
    assert send(site, Role.DEPARTMENT_USER, "XY-2", "a.pdf", PDF).status_code == 404
    other = card_of(site, "XY-2")
    assert site.client(Role.DEPARTMENT_USER).get(f"/api/v1/cards/{other}/attachments").status_code == 404


def test_a_form_of_another_site_cannot_send_a_file(site: Site) -> None:
    answer = site.client(Role.DEPARTMENT_USER).post(
        f"/api/v1/cards/{card_of(site, 'XY-1')}/attachments?name=a.pdf", data=PDF, headers={"Origin": "http://elsewhere.example"})

    assert answer.status_code == 403


@pytest.mark.parametrize(("name", "content", "code"), [
    ("a.pdf", b"", "attachment_empty"), ("run.exe", b"MZ", "attachment_type_refused"),
    ("a.pdf", b"MZ not a pdf", "attachment_not_its_type"), ("a.txt", b"a\x00b", "attachment_not_its_type"),
    ("no-ending", b"x", "attachment_type_refused"), ("", b"x", "attachment_name_missing")])
def test_what_cannot_be_taken_is_refused_in_words(site: Site, name: str, content: bytes, code: str) -> None:
    answer = send(site, Role.DEPARTMENT_USER, "XY-1", name, content)

    assert (answer.status_code, answer.json["code"]) == (400, code)
    assert answer.json["detail"] != code


def test_a_file_above_the_limit_is_told_the_limit() -> None:
    with pytest.raises(TooLarge) as refusal:
        checked_type("big.txt", b"x" * 11, ("txt",), 10)
    assert refusal.value.details["name"] == "big.txt"


def test_a_full_card_takes_no_more(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.record_case("XY-9", OWN_ORG)
    most = site.services.attachments.rules.per_card
    for number in range(most):
        assert send(site, Role.DEPARTMENT_USER, "XY-9", f"{number}.txt", str(number).encode()).status_code == 200

    answer = send(site, Role.DEPARTMENT_USER, "XY-9", "one-more.txt", b"more")
    assert (answer.status_code, answer.json["code"]) == (409, "attachments_full")


@pytest.mark.parametrize(("given", "kept"), [
    ("../../etc/passwd.txt", "passwd.txt"), ("c:\\papers\\报告.docx", "报告.docx"), ("a\x00b.pdf", "a_b.pdf"),
    ("x" * 300 + ".pdf", "x" * 156 + ".pdf")])
def test_a_name_loses_its_path_and_keeps_its_ending(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_every_ending_has_a_type_and_a_nameless_file_none() -> None:
    assert set(AttachmentRules().types) == set(KINDS)
    with pytest.raises(InvalidInput):
        clean_name(" . ")
