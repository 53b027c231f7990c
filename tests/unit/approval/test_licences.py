"""结果证照: issued with the conclusion or not at all, good for its term, ended by a decision in writing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from approval.licences import months_on
from approval.matters import Act
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, SupervisionError
from papers.queries import PaperQueries
from tests.hosting import APPLICANT, APPROVER, CLERK, HALL, HANDLER, HEAD, REVIEWER, Hall

ELECTRONIC = """
  gongxin-04:
    licence: electronic
    form:
      - {code: frequency, name: 发射频率, kind: number, unit: 兆赫, at_least: 1}
    guide: {result: 无线电频率使用许可证, valid_months: 120}
"""


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def ready(hall: Hall, result: str = "granted") -> str:
    """A case that only waits for its conclusion."""
    case_no = hall.decided(result, "不符合条件" if result == "refused" else "")
    if result == "granted":
        fee = hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 1, HALL)
        hall.approval.ending.paid(case_no, fee, "赣票1")
    return case_no


def conclude(hall: Hall, case_no: str, **more: object) -> None:
    hall.approval.ending.conclude(case_no, hall.rev(case_no), "办结", HALL, **more)  # type: ignore[arg-type]


def end(hall: Hall, case_no: str, number: str, how: str = "revoked", person: object = HEAD, ground: str = "材料不实") -> None:
    hall.approval.licences.end(case_no, hall.rev(case_no), number, how, ground, person)  # type: ignore[arg-type]


@pytest.mark.parametrize(("first", "months", "last"), [
    ("2026-03-16", 36, "2029-03-15"), ("2026-01-31", 1, "2026-02-28"), ("2024-02-29", 12, "2025-02-28"),
    ("2026-03-31", 6, "2026-09-30"), ("2026-03-31", 2, "2026-05-30"),
    ("2026-12-01", 1, "2026-12-31"), ("2026-01-01", 12, "2026-12-31")])
def test_a_term_ends_the_day_before_its_like(first: str, months: int, last: str) -> None:
    assert months_on(date.fromisoformat(first), months).isoformat() == last


def test_a_granted_case_gives_its_licence_with_its_conclusion(hall: Hall) -> None:
    case_no = ready(hall)
    assert hall.detail(case_no).licences == []
    conclude(hall, case_no)
    [licence] = hall.detail(case_no).licences
    assert (licence.name, licence.holder, licence.identity_no) == ("无线电台执照", APPLICANT.name, APPLICANT.identity_no)
    assert (licence.valid_from, licence.valid_until) == (date(2026, 3, 16), date(2029, 3, 15))
    assert licence.number == "市工信局证〔2026〕1号"
    assert [event.data.certificate_no for event in hall.events(case_no) if event.kind == "concluded"] == [licence.number]
    assert "licence_issued" not in hall.kinds(case_no)  # on paper: it is handed over


def test_the_paper_of_a_licence_says_who_may_do_what_until_when(hall: Hall) -> None:
    case_no = ready(hall)
    conclude(hall, case_no)
    receipt = next(one for one in hall.detail(case_no).receipts if one.kind == "licence")
    paper = PaperQueries(hall.services.database).content(receipt.number)
    assert (paper.title, paper.addressee) == ("无线电台执照", "")
    told = dict(paper.body[0].rows)  # type: ignore[union-attr,arg-type]
    assert told["持证主体"] == APPLICANT.name
    assert told["证件号码"] == APPLICANT.identity_no
    assert told["有效期限"] == "自2026年3月16日至2029年3月15日"
    assert hall.services.follow_up.papers.file(receipt.number, "pdf").startswith(b"%PDF")
    assert hall.services.follow_up.papers.file(receipt.number, "docx").startswith(b"PK")


def test_an_electronic_licence_is_told_to_the_journal_and_names_what_the_form_said(tmp_path: Path) -> None:
    hall = Hall(tmp_path, details=ELECTRONIC)
    case_no = hall.file("gongxin-04", papers=(), fields={"frequency": "450"})
    hall.approval.intake.accept(case_no, hall.rev(case_no), HALL)
    for person in (HANDLER, REVIEWER, APPROVER):
        hall.do(case_no, person)
    conclude(hall, case_no)
    [licence] = hall.detail(case_no).licences
    assert hall.kinds(case_no)[-2:] == ["concluded", "licence_issued"]
    assert licence.valid_until == date(2036, 3, 15)
    assert licence.medium == "electronic"
    paper = PaperQueries(hall.services.database).content(licence.number)
    assert any("发射频率（兆赫）：450" in getattr(block, "entries", ()) for block in paper.body)


def test_a_refused_case_gives_none(hall: Hall) -> None:
    case_no = ready(hall, "refused")
    with pytest.raises(InvalidInput, match="licence_not_foreseen"):
        conclude(hall, case_no, certificate_no="证1")
    conclude(hall, case_no)
    assert hall.detail(case_no).licences == []
    assert [one.kind for one in hall.detail(case_no).receipts].count("licence") == 0


def test_one_made_elsewhere_is_entered_under_its_own_number_and_not_drawn(hall: Hall) -> None:
    first, second = ready(hall), ready(hall)
    conclude(hall, first, certificate_no=" 赣B-0001 ", until=date(2027, 3, 15))
    [licence] = hall.detail(first).licences
    assert (licence.number, licence.is_drawn, licence.valid_until) == ("赣B-0001", False, date(2027, 3, 15))
    assert "licence" not in [one.kind for one in hall.detail(first).receipts]
    with pytest.raises(Conflict, match="licence_number_taken"):
        conclude(hall, second, certificate_no="赣B-0001")
    assert hall.detail(second).head.state == "decided"  # nothing is half done
    with pytest.raises(InvalidInput, match="licence_number_too_long"):
        conclude(hall, second, certificate_no="9" * 65)


@pytest.mark.parametrize("until", [date(2026, 3, 15), date(2029, 3, 16)])
def test_a_term_may_be_shorter_and_never_longer_than_published(hall: Hall, until: date) -> None:
    case_no = ready(hall)
    with pytest.raises(InvalidInput, match="licence_term_out_of_range") as refused:
        conclude(hall, case_no, until=until)
    assert (refused.value.details["first"], refused.value.details["last"]) == ("2026-03-16", "2029-03-15")


@pytest.mark.parametrize(("how", "title"), [("revoked", "撤销无线电台执照决定书"), ("cancelled", "注销无线电台执照决定书")])
def test_it_ends_by_a_decision_in_writing(hall: Hall, how: str, title: str) -> None:
    case_no = ready(hall)
    conclude(hall, case_no)
    [licence] = hall.detail(case_no).licences
    assert Act.END_LICENCE in hall.detail(case_no, HEAD).may
    end(hall, case_no, licence.number, how)
    [ended] = hall.detail(case_no).licences
    assert (ended.state, ended.ground, ended.is_good(date(2026, 3, 17))) == (how, "材料不实", False)
    event = hall.events(case_no)[-1]
    assert (event.kind, event.data.result, event.data.certificate_no) == ("licence_ended", how, licence.number)
    assert PaperQueries(hall.services.database).content(str(event.data.document_no)).title == title
    assert hall.faults(case_no) == []
    assert Act.END_LICENCE not in hall.detail(case_no, HEAD).may
    with pytest.raises(NotFound, match="licence_not_valid"):
        end(hall, case_no, licence.number)


@pytest.mark.parametrize(("change", "refusal"), [
    ({"person": CLERK}, NotPermitted), ({"how": "lost"}, InvalidInput), ({"number": "无此证"}, NotFound),
    ({"ground": " "}, InvalidInput)])
def test_nobody_ends_one_without_post_ground_or_number(hall: Hall, change: dict[str, object],
                                                       refusal: type[SupervisionError]) -> None:
    case_no = ready(hall)
    conclude(hall, case_no)
    [licence] = hall.detail(case_no).licences
    with pytest.raises(refusal):
        end(hall, case_no, **{"number": licence.number, **change})  # type: ignore[arg-type]
    assert [one.state for one in hall.detail(case_no).licences] == ["valid"]


def test_an_open_case_has_no_licence_to_end(hall: Hall) -> None:
    case_no = ready(hall)
    with pytest.raises(Conflict, match="case_not_in_state"):
        end(hall, case_no, "x")


def test_a_licence_still_valid_may_be_ended_after_it_was_collected(hall: Hall) -> None:
    case_no = ready(hall)
    conclude(hall, case_no)
    hall.approval.ending.collect(case_no, hall.rev(case_no), "本人", HALL)
    end(hall, case_no, hall.detail(case_no).licences[0].number, "cancelled")
    assert hall.detail(case_no).licences[0].state == "cancelled"


def test_a_part_done_again_loses_the_licence_its_first_end_gave(tmp_path: Path) -> None:
    hall = Hall(tmp_path, details="""
  shuili-03:
    licence: electronic
""")
    project = hall.project()
    hall.finish(project, "water")
    part = hall.part(project, "water")
    [licence] = hall.detail(part).licences
    assert (licence.state, licence.identity_no, licence.holder) == ("valid", APPLICANT.identity_no, APPLICANT.name)
    hall.approval.projects.reopen(project, hall.rev(project), "water", "计算有误", HALL)
    assert [one.state for one in hall.detail(part).licences] == ["revoked"]
    assert hall.kinds(part)[-2:] == ["licence_ended", "reopened"]


def test_a_licence_is_found_by_the_code_of_its_own_paper_only(hall: Hall) -> None:
    case_no = ready(hall)
    conclude(hall, case_no)
    codes = {one.kind: one.code for one in hall.detail(case_no).receipts}
    found = hall.approval.queries.licence(codes["licence"])
    assert found is not None
    assert found.valid_until == date(2029, 3, 15)
    assert hall.approval.queries.licence(codes["concluded"]) is None
