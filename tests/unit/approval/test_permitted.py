"""What is offered is what the services do: nothing that would be refused, nothing left out that would not be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from approval.matters import Act
from approval.models import hosted_cases
from approval.performing import PERFORMED
from core.access import Actor
from core.errors import Conflict, InvalidInput, NotPermitted
from tests.hosting import APPROVER, CLERK, DISPATCHER, HALL, HANDLER, HEAD, ITEM, ORG, REVIEWER, SECOND, Hall

OF_STEP = {Act.CLAIM, Act.COMPLETE}
ELSEWHERE = {Act.WITHDRAW, Act.RATE, Act.KEEP_FILE, Act.MIGRATE}  # the applicant's, one with a route of its own, a plan's


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.services.database.dispose()


def may(hall: Hall, case_no: str, person: Actor) -> set[Act]:
    return set(hall.detail(case_no, person).may)


def test_every_act_of_the_staff_is_performed_by_its_name():
    assert {act.value for act in Act} - {act.value for act in ELSEWHERE} == set(PERFORMED)


def test_a_file_is_kept_with_an_open_case_only(hall: Hall):
    case_no, upload = hall.decided("refused", "不符合条件"), hall.approval.materials.keep("jishu", "a.pdf", b"%PDF-1.7\n1")
    assert Act.KEEP_FILE in may(hall, case_no, CLERK)
    hall.approval.intake.keep_file(case_no, upload, CLERK)
    hall.approval.ending.conclude(case_no, hall.rev(case_no), "", HALL)
    assert Act.KEEP_FILE not in may(hall, case_no, CLERK)
    with pytest.raises(Conflict, match="case_not_in_state"):
        hall.approval.intake.keep_file(case_no, upload, CLERK)


def test_who_did_an_earlier_step_is_not_offered_the_next(hall: Hall):
    hall.approval.posts.give(HANDLER.name, ORG, ["承办人", "审核人"])
    case_no = hall.accepted()
    assert may(hall, case_no, HANDLER) >= OF_STEP
    hall.do(case_no, HANDLER)
    assert not may(hall, case_no, HANDLER) & OF_STEP
    assert may(hall, case_no, REVIEWER) >= OF_STEP
    with pytest.raises(Conflict, match="same_person"):
        hall.do(case_no, HANDLER)


def test_what_another_has_taken_is_his(hall: Hall):
    case_no = hall.accepted()
    hall.approval.handling.claim(case_no, hall.rev(case_no), SECOND)
    assert not may(hall, case_no, HANDLER) & OF_STEP
    assert may(hall, case_no, SECOND) & OF_STEP == {Act.COMPLETE}


def test_papers_fees_and_corrections_are_offered_where_there_are_some(hall: Hall):
    case_no = hall.file(papers=hall.papers(without="changdi"))
    assert Act.ASK_CORRECTION in may(hall, case_no, CLERK)
    hall.approval.intake.ask_correction(case_no, hall.rev(case_no), ["jishu"], "数据不全", CLERK)
    hall.approval.intake.correct(case_no, ["jishu"], CLERK, rev=hall.rev(case_no))
    assert Act.ASK_CORRECTION not in may(hall, case_no, CLERK)
    hall.approval.intake.accept(case_no, hall.rev(case_no), CLERK, deferred=["changdi"])
    assert {Act.SUPPLY, Act.PAID, Act.WAIVE} & may(hall, case_no, CLERK) == {Act.SUPPLY}
    hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 1, CLERK)
    hall.approval.intake.supply(case_no, ["changdi"], CLERK, rev=hall.rev(case_no))
    assert {Act.SUPPLY, Act.PAID, Act.WAIVE} & may(hall, case_no, CLERK) == {Act.PAID}
    assert Act.WAIVE in may(hall, case_no, HEAD)


def test_nobody_decides_on_the_days_he_asked_for(hall: Hall):
    hall.approval.posts.give(HANDLER.name, ORG, ["承办人", "分管领导"])
    case_no = hall.accepted()
    hall.approval.handling.ask_extension(case_no, hall.rev(case_no), 3, "材料复核", HANDLER)
    assert Act.GRANT_EXTENSION not in may(hall, case_no, HANDLER)
    assert {Act.GRANT_EXTENSION, Act.REFUSE_EXTENSION} <= may(hall, case_no, HEAD)
    assert Act.ASK_EXTENSION not in may(hall, case_no, SECOND)


def test_a_project_is_dispatched_its_parts_join_it_and_a_part_is_reopened(hall: Hall):
    case_no = hall.accepted("fagai-01")
    assert may(hall, case_no, DISPATCHER) & {Act.COMPLETE, Act.DISPATCH} == {Act.DISPATCH}
    project = hall.project()
    assert not may(hall, project, DISPATCHER) & {*OF_STEP, Act.DISPATCH, Act.REOPEN, Act.SEND_BACK}
    hall.finish(project, "land")
    assert may(hall, project, DISPATCHER) & {*OF_STEP, Act.DISPATCH, Act.REOPEN, Act.SEND_BACK} == {Act.REOPEN}
    assert not hall.detail(project, DISPATCHER).earlier


def test_a_signature_is_given_once_and_nobody_has_the_step_for_himself(tmp_path: Path):
    hall = Hall(tmp_path, details="  gongxin-04:\n    signers: {批准: [批准人, 分管领导]}\n")
    case_no = hall.accepted("gongxin-04")
    hall.do(case_no, HANDLER)
    hall.do(case_no, REVIEWER)
    assert may(hall, case_no, APPROVER) & {*OF_STEP, Act.HAND_OVER} == {Act.COMPLETE}
    with pytest.raises(Conflict, match="step_signed_together"):
        hall.approval.handling.claim(case_no, hall.rev(case_no), APPROVER)
    with pytest.raises(Conflict, match="step_signed_together"):
        hall.approval.handling.hand_over(case_no, hall.rev(case_no), HEAD, "出差", APPROVER)
    hall.do(case_no, HEAD)
    assert Act.COMPLETE not in may(hall, case_no, HEAD)
    hall.do(case_no, APPROVER)
    assert hall.case(case_no).state == "decided"
    hall.services.database.dispose()


@pytest.mark.parametrize(("act", "attempt"), [
    (Act.CHARGE, lambda hall, no, who: hall.approval.ending.charge(no, hall.rev(no), "pinlv", 1, who)),
    (Act.CLAIM, lambda hall, no, who: hall.approval.handling.claim(no, hall.rev(no), who)),
    (Act.ASK_EXTENSION, lambda hall, no, who: hall.approval.handling.ask_extension(no, hall.rev(no), 2, "复核", who)),
    (Act.VOID, lambda hall, no, who: hall.approval.ending.void(no, hall.rev(no), "重复", who)),
    (Act.START_SPECIAL, lambda hall, no, who: hall.approval.handling.start_special(no, hall.rev(no), "testing", 3, "检", who)),
    (Act.COMPLETE, lambda hall, no, who: hall.do(no, who))], ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("person", [CLERK, HANDLER, REVIEWER, APPROVER, HEAD, HALL], ids=lambda person: person.name)
def test_what_is_offered_is_done_and_what_is_not_is_refused(hall: Hall, act: Act, attempt: Callable[..., object],
                                                            person: Actor):
    case_no = hall.accepted(ITEM)
    offered = act in may(hall, case_no, person)
    try:
        attempt(hall, case_no, person)
        done = True
    except (NotPermitted, Conflict):
        done = False
    assert done is offered


def test_a_hearing_of_a_case_filed_before_flows_said_so_can_be_held(hall: Hall):
    """Its flow was kept without that member; the item of the case says whether one is held."""
    case_no, plain = hall.accepted("wenlv-02"), hall.accepted()
    forget_hearings(hall)
    assert {Act.HOLD_HEARING, Act.ASK_HEARING} <= may(hall, case_no, HALL)
    hall.approval.hearings.hold(case_no, hall.rev(case_no), "双方到场", HALL)
    with pytest.raises(InvalidInput, match="hearing_not_foreseen"):
        hall.approval.hearings.hold(plain, hall.rev(plain), "双方到场", HALL)


def forget_hearings(hall: Hall) -> None:
    with hall.services.uow() as uow:
        for case_no, flow in uow.conn.execute(select(hosted_cases.c.case_no, hosted_cases.c.flow)).all():
            kept = {name: value for name, value in json.loads(flow).items() if name not in ("hearing", "decides")}
            uow.conn.execute(update(hosted_cases).where(hosted_cases.c.case_no == case_no).values(flow=json.dumps(kept)))
