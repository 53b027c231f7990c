"""免重复提交: a file given once serves again, for the same applicant only, its origin and where needed his consent noted."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from approval.matters import Applicant, Application
from approval.posts import EVERY_UNIT
from core.errors import InvalidInput, NotFound
from tests.hosting import APPLICANT, HALL, Hall, staff
from tests.staff import Site, make_site
from tests.unit.portal.test_case import browser, post

FIRST, SECOND = "gongxin-01", "ziran-06"  # of two departments
PDF = b"%PDF-1.4\n1"


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def given(approval: Any, applicant: Applicant = APPLICANT) -> Any:
    """A case with one file."""
    upload = approval.materials.keep("jishu", "营业执照.pdf", PDF)
    return approval.intake.file(Application(FIRST, applicant, "城南基站", uploads=(upload,)), "web")


def paper_of(services: Any, item: str) -> str:
    return next(iter(services.catalogue.items[item].details.materials))


def second(hall: Hall, applicant: Applicant = APPLICANT) -> str:
    return hall.approval.intake.file(Application(SECOND, applicant, "另一件事"), "web").case_no


def test_the_window_takes_over_what_was_given_to_another_department(hall: Hall):
    first, case_no, code = given(hall.approval).case_no, second(hall), paper_of(hall.services, SECOND)
    offered = hall.approval.reuse.for_case(case_no, HALL)
    assert [(one.case_no, one.file_name) for one in offered] == [(first, "营业执照.pdf")]
    hall.approval.reuse.take_over(case_no, code, offered[0].sha256, "申请人当面同意", HALL)
    kept = hall.detail(case_no).papers[-1]
    assert (kept.form, kept.source_case, kept.consent, kept.sha256) == ("reused", first, "申请人当面同意", offered[0].sha256)
    assert hall.approval.reuse.for_case(case_no, HALL) == []


def test_without_the_applicants_consent_the_window_takes_nothing(hall: Hall):
    given(hall.approval)
    case_no = second(hall)
    offered = hall.approval.reuse.for_case(case_no, HALL)
    with pytest.raises(InvalidInput, match="words_missing"):
        hall.approval.reuse.take_over(case_no, paper_of(hall.services, SECOND), offered[0].sha256, " ", HALL)


@pytest.mark.parametrize("other", [replace(APPLICANT, identity_no="91360500MA9999999X"), replace(APPLICANT, identity_no=""),
                                   replace(APPLICANT, name="别的公司")])
def test_nobody_is_offered_what_another_applicant_gave(hall: Hall, other: Applicant):
    told = given(hall.approval)
    case_no = second(hall, other)
    assert hall.approval.reuse.for_case(case_no, HALL) == []
    sha256 = hall.detail(told.case_no).papers[0].sha256
    with pytest.raises(NotFound, match="material_not_reusable"):
        hall.approval.reuse.take_over(case_no, paper_of(hall.services, SECOND), str(sha256), "同意", HALL)


def test_after_a_year_it_is_asked_for_anew(hall: Hall):
    given(hall.approval)
    hall.later(days=366)
    assert hall.approval.reuse.for_case(second(hall), HALL) == []


def test_somebody_without_a_post_is_told_of_no_file(hall: Hall):
    given(hall.approval)
    with pytest.raises(NotFound):
        hall.approval.reuse.for_case(second(hall), staff("nobody", "无岗"))


# Online -----------------------------------------------------------------------------------------------------------

@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path)
    made.services.approval.posts.give("window", EVERY_UNIT, ["综合窗口"])
    return made


def applying(site: Site, told: Any, **more: str) -> Any:
    """A browser that opened the earlier case and has begun another application."""
    client = browser(site)
    post(client, "/public/case/enter", no=told.case_no, password=told.password)
    post(client, f"/public/apply/{SECOND}/begin")
    form = {"kind": "company", "name": APPLICANT.name, "identity_no": APPLICANT.identity_no, "phone": APPLICANT.phone,
            "title": "另一件事", **more}
    assert post(client, f"/public/apply/{SECOND}/", **form).status_code == 303
    return client


def take(site: Site, client: Any, **more: str) -> Any:
    text = client.get(f"/public/apply/{SECOND}/materials/").text
    found = re.search(r'<option value="([0-9a-f]{64})">营业执照', text)
    return post(client, f"/public/apply/{SECOND}/materials/earlier", code=paper_of(site.services, SECOND),
                sha256=found[1] if found else "0" * 64, **more)


def test_the_applicant_chooses_a_file_of_the_case_he_opened(site: Site):
    told = given(site.services.approval)
    client = applying(site, told)
    assert take(site, client).status_code == 303
    assert f"沿用自办件 {told.case_no}" in client.get(f"/public/apply/{SECOND}/materials/").text
    assert post(client, f"/public/apply/{SECOND}/review/", agreed="yes").status_code == 200
    number = re.search(r'id="case-no">([^<]+)<', client.get("/public/case/").text)
    assert number is None or number[1]


def test_an_agent_needs_the_applicants_consent_which_is_kept(site: Site):
    client = applying(site, given(site.services.approval), agent="李代办")
    assert take(site, client).status_code == 400
    assert take(site, client, consent="yes").status_code == 303


def test_without_an_opened_case_or_for_another_applicant_nothing_is_offered(site: Site):
    told = given(site.services.approval)
    assert take(site, applying(site, told, identity_no="91360500MA9999999X")).status_code == 404
    client = applying(site, told)
    post(client, "/public/case/leave")
    assert take(site, client).status_code == 404
