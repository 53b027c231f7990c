"""环节表单与环节文书: what a step asks of whoever does it, kept with its visit and told to the journal with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from approval.bpmn import flow_as_bpmn
from approval.flow import flow_of
from approval.matters import Act, Applicant, Application
from core.errors import ConfigError, Conflict, InvalidInput, NotFound, NotPermitted
from tests.hosting import APPROVER, HALL, HANDLER, REVIEWER, SECOND, Hall

ITEM = "gongxin-04"
DETAILS = """
  gongxin-04:
    step_fields:
      - {step: 承办, code: measured, name: 实测能耗, kind: number, unit: 吨, at_least: 0}
      - {step: 承办, code: remark, name: 备注, required: false}
    step_papers:
      - {step: 承办, code: kanyan, name: 现场勘验记录}
      - {step: 承办, code: photo, name: 现场照片, required: false}
"""
PDF = b"%PDF-1.4\nrecord"


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path, details=DETAILS)


@pytest.fixture
def case_no(hall: Hall) -> str:
    number = hall.file(ITEM, papers=())
    hall.approval.intake.accept(number, hall.rev(number), HALL)
    return number


def attach(hall: Hall, case_no: str, code: str = "kanyan", content: bytes = PDF, person: object = HANDLER) -> str:
    upload = hall.approval.materials.keep(code, "勘验.pdf", content)
    hall.approval.step_records.keep(case_no, upload, person)  # type: ignore[arg-type]
    return upload.sha256


def test_a_step_is_done_with_its_form_and_its_documents_and_the_journal_has_both(hall: Hall, case_no: str) -> None:
    digest = attach(hall, case_no)
    hall.do(case_no, HANDLER, fields={"measured": " 1,200.5 ", "remark": ""})
    step = hall.events(case_no)[-1]
    assert (step.kind, step.step) == ("step", "承办")
    assert step.data.attributes == {"实测能耗（吨）": "1,200.5", "现场勘验记录": digest}
    assert hall.detail(case_no).head.step == "审核"
    for person in (REVIEWER, APPROVER):  # these steps ask for nothing
        hall.do(case_no, person)
    assert hall.detail(case_no).head.state == "decided"


@pytest.mark.parametrize(("fields", "code"), [
    ({}, "form_field_missing"), ({"measured": "许多"}, "form_field_no_number"), ({"measured": "-1"}, "form_field_out_of_range"),
    ({"measured": "1", "other": "x"}, "form_field_unknown")])
def test_a_form_that_is_not_right_names_its_field(hall: Hall, case_no: str, fields: dict[str, str], code: str) -> None:
    attach(hall, case_no)
    with pytest.raises(InvalidInput, match=code) as refused:
        hall.do(case_no, HANDLER, fields=fields)
    assert str(refused.value.details["key"]).startswith("fields.")
    assert hall.detail(case_no).head.step == "承办"


def test_a_step_without_its_document_is_not_done_and_says_which(hall: Hall, case_no: str) -> None:
    attach(hall, case_no, "photo")
    with pytest.raises(Conflict, match="step_papers_missing") as refused:
        hall.do(case_no, HANDLER, fields={"measured": "1"})
    assert refused.value.details["papers"] == "现场勘验记录"


def test_a_document_belongs_to_its_visit_so_a_step_sent_back_is_documented_anew(hall: Hall, case_no: str) -> None:
    attach(hall, case_no)
    hall.do(case_no, HANDLER, fields={"measured": "1"})
    hall.approval.handling.send_back(case_no, hall.rev(case_no), "承办", "数据有误", REVIEWER)
    with pytest.raises(Conflict, match="step_papers_missing"):
        hall.do(case_no, HANDLER, fields={"measured": "2"})
    attach(hall, case_no, content=b"%PDF-1.4\nsecond")
    hall.do(case_no, HANDLER, fields={"measured": "2"})
    assert [one.is_current for one in hall.detail(case_no).step_papers] == [False, False]  # both stay to be read


def test_a_wrong_file_is_taken_back_before_the_step_is_done(hall: Hall, case_no: str) -> None:
    digest = attach(hall, case_no)
    attach(hall, case_no)  # the same once more is the same
    assert len(hall.detail(case_no).step_papers) == 1
    assert Act.DROP_STEP_PAPER in hall.detail(case_no, HANDLER).may
    hall.approval.step_records.drop(case_no, hall.rev(case_no), digest, HANDLER)
    assert [(one.is_current, one.dropped_by) for one in hall.detail(case_no).step_papers] == [(False, "林涛")]
    assert Act.DROP_STEP_PAPER not in hall.detail(case_no, HANDLER).may
    with pytest.raises(NotFound):
        hall.approval.step_records.drop(case_no, hall.rev(case_no), digest, HANDLER)


def test_a_colleague_touches_no_document_of_a_step_another_has_claimed(hall: Hall, case_no: str) -> None:
    hall.approval.handling.claim(case_no, hall.rev(case_no), HANDLER)
    digest = attach(hall, case_no)
    for act in (lambda: attach(hall, case_no, "photo", person=SECOND),
                lambda: hall.approval.step_records.drop(case_no, hall.rev(case_no), digest, SECOND)):
        with pytest.raises(Conflict, match="task_taken"):
            act()
    assert Act.DROP_STEP_PAPER not in hall.detail(case_no, SECOND).may
    assert Act.DROP_STEP_PAPER in hall.detail(case_no, HANDLER).may


def test_only_who_may_do_the_step_documents_it_and_only_what_it_asks_for(hall: Hall, case_no: str) -> None:
    with pytest.raises(NotPermitted):
        attach(hall, case_no, person=APPROVER)
    with pytest.raises(InvalidInput, match="step_paper_unlisted") as refused:
        attach(hall, case_no, "shenqing")
    assert refused.value.details["accepted"] == "kanyan、photo"
    attach(hall, case_no)
    hall.do(case_no, SECOND, fields={"measured": "1"})
    with pytest.raises(InvalidInput, match="step_paper_unlisted"):
        attach(hall, case_no, person=REVIEWER)  # the next step asks for none


def test_a_step_that_asks_for_nothing_takes_no_form(hall: Hall) -> None:
    number = hall.accepted()
    with pytest.raises(InvalidInput, match="form_field_unknown"):
        hall.do(number, HANDLER, fields={"measured": "1"})


def test_the_applicant_sees_none_of_it(hall: Hall) -> None:
    filed = hall.filed(ITEM, papers=())
    hall.approval.intake.accept(filed.case_no, hall.rev(filed.case_no), HALL)
    digest = attach(hall, filed.case_no)
    assert digest not in [paper.sha256 for paper in hall.approval.queries.of_applicant(filed.case_no).papers]
    assert hall.approval.queries.file_of(filed.case_no, digest, HANDLER).file_name == "勘验.pdf"


def test_the_store_keeps_what_a_step_names(hall: Hall, case_no: str) -> None:
    attach(hall, case_no)
    check = hall.approval.storekeeper.check()
    assert (check.files, check.missing, check.damaged) == (1, (), ())


def test_the_last_who_signs_fills_in_the_form(tmp_path: Path) -> None:
    hall = Hall(tmp_path, details=DETAILS + "    signers: {承办: [承办人, 审核人]}\n")
    number = hall.approval.intake.file(
        Application(ITEM, Applicant("某某公司", "company", phone="13979000001"), "技改"), "window", HALL).case_no
    hall.approval.intake.accept(number, hall.rev(number), HALL)
    with pytest.raises(InvalidInput, match="step_form_with_last"):
        hall.do(number, HANDLER, fields={"measured": "1"})
    hall.do(number, HANDLER)
    with pytest.raises(InvalidInput, match="form_field_missing"):
        hall.do(number, REVIEWER)
    attach(hall, number, person=REVIEWER)
    hall.do(number, REVIEWER, fields={"measured": "3"})
    assert hall.events(number)[-1].data.attributes["实测能耗（吨）"] == "3"  # type: ignore[index]


def test_the_drawn_flow_names_what_a_step_asks(hall: Hall) -> None:
    item = hall.services.catalogue.items[ITEM]
    drawn = flow_as_bpmn(flow_of(item), item.code, item.name, item.details.asked).decode()
    assert "实测能耗（吨）、备注、《现场勘验记录》、《现场照片》" in drawn


@pytest.mark.parametrize(("lines", "field"), [
    ("    step_papers:\n      - {step: 办结, code: kanyan, name: 记录}\n", "step"),
    ("    step_fields:\n      - {step: 承办, code: a, name: 甲}\n      - {step: 承办, code: a, name: 乙}\n", "code"),
    ("    step_fields:\n      - {step: 承办, code: a, name: 甲}\n      - {step: 承办, code: b, name: 甲}\n", "name"),
    ("    step_fields:\n      - {step: 承办, code: a, name: 甲}\n    step_papers:\n      - {step: 承办, code: b, name: 甲}\n",
     "name")])
def test_a_city_file_that_asks_what_cannot_be_asked_is_refused(tmp_path: Path, lines: str, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Hall(tmp_path, details=f"\n  gongxin-04:\n{lines}")
    assert str(refused.value.details["key"]).endswith(f".{field}")
    assert refused.value.details["remedy"]
