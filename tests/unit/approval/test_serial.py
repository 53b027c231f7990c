"""One case from the window to its licence, and everything that may be done to it on the way or must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from approval.matters import Act, Applicant, Application
from approval.models import hosted_cases
from approval.numbering import is_case_number
from cases.events import EventKind
from cases.loading import load_cases
from cases.states import fold_all
from core.access import Actor, Role
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, SupervisionError
from tests.hosting import APPROVER, CLERK, HALL, HANDLER, HEAD, ITEM, ORG, REVIEWER, SECOND, Hall


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.services.database.dispose()


def refused(code: str, act: Callable[[], object], kind: type[SupervisionError] = Conflict) -> None:
    with pytest.raises(kind) as failure:
        act()
    assert failure.value.code == code


# A life -----------------------------------------------------------------------------------------------------------

def test_a_whole_life_is_in_the_journal_and_has_no_fault(hall: Hall):
    case_no = hall.decided()
    hall.conclude(case_no)
    hall.approval.ending.collect(case_no, hall.rev(case_no), "王小明 身份证后四位0012", HALL)
    hall.approval.ending.rate(case_no, 5)

    assert hall.kinds(case_no) == ["received", "accepted", "step", "step", "step", "decided", "fee_charged", "concluded",
                                   "collected", "rated"]
    assert (hall.faults(case_no), hall.case(case_no).state) == ([], "collected")
    assert [event.actor for event in hall.events(case_no)[2:5]] == ["林涛 lin", "高敏 gao", "罗勇 luo"]
    given = ["received", "accepted", "decision", "fee", "licence", "concluded"]
    assert [one.kind for one in hall.detail(case_no).receipts] == given


def test_its_clocks_are_those_of_the_supervision(hall: Hall):
    case_no = hall.accepted()
    assert (hall.due(case_no), hall.due(case_no, "承办")) == ("03-30 09:00", "03-24 09:00")
    hall.on(25)
    hall.services.sweeper.sweep_all()
    cards = hall.services.alert_queries.active(None, 100, 0, None).cards
    assert [(card.case_no, card.level) for card in cards if card.case_no == case_no]


def test_an_item_decided_at_once_is_accepted_and_concluded(hall: Hall):
    case_no = hall.accepted("gongan-10")
    hall.conclude(case_no)
    assert hall.kinds(case_no) == ["received", "accepted", "concluded"]
    assert hall.faults(case_no) == []


def test_a_refusal_needs_its_reason_and_no_fee(hall: Hall):
    refused("words_missing", lambda: hall.decided("refused"), InvalidInput)
    case_no = hall.decided("refused", "频率已被占用")
    hall.approval.ending.conclude(case_no, hall.rev(case_no), "", HALL)
    assert (hall.faults(case_no), hall.case(case_no).state) == ([], "concluded")


# Intake -----------------------------------------------------------------------------------------------------------

def test_an_online_filing_is_answered_received_and_accepted(hall: Hall):
    filed = hall.filed(channel="web", papers=())
    for act in (hall.approval.intake.pre_accept, ):
        act(filed.case_no, hall.rev(filed.case_no), HALL)
    hall.approval.intake.receive(filed.case_no, hall.rev(filed.case_no), hall.papers(), HALL)
    hall.approval.intake.accept(filed.case_no, hall.rev(filed.case_no), HALL)
    assert hall.kinds(filed.case_no) == ["submitted", "pre_accepted", "received", "accepted"]
    assert hall.approval.queries.progress(filed.case_no, filed.password).head.step == "承办"


def test_number_and_password_open_a_case_and_nothing_else_does(hall: Hall):
    filed = hall.filed()
    other = hall.filed()
    for case_no, password in ((filed.case_no, other.password), ("nothing", filed.password), (filed.case_no, "")):
        refused("case_or_password_wrong", lambda no=case_no, word=password: hall.approval.queries.progress(no, word), NotFound)


def test_numbers_count_by_unit_and_day_and_notice_a_slip(hall: Hall):
    first, second = hall.file(), hall.file()
    hall.on(17)
    third = hall.file()
    assert [number.rpartition("-")[0] for number in (first, second, third)] == [
        "360500-gongxin-20260316-0001", "360500-gongxin-20260316-0002", "360500-gongxin-20260317-0001"]
    assert is_case_number(first)
    assert not is_case_number(first.replace("0001", "0010"))


def test_what_is_missing_is_named_and_nothing_is_half_done(hall: Hall):
    case_no = hall.file(papers=hall.papers(without="shenfen"))
    refused("papers_missing", lambda: hall.approval.intake.accept(case_no, hall.rev(case_no), HALL), InvalidInput)
    assert hall.kinds(case_no) == ["received"]


def test_a_paper_may_follow_where_the_item_allows_it_and_must_before_the_end(hall: Hall):
    case_no = hall.file(papers=hall.papers(without="changdi"))
    refused("papers_not_deferrable",
            lambda: hall.approval.intake.accept(case_no, hall.rev(case_no), HALL, deferred=["shenfen"]), InvalidInput)
    hall.approval.intake.accept(case_no, hall.rev(case_no), HALL, deferred=["changdi"])
    for person in (HANDLER, REVIEWER, APPROVER):
        hall.do(case_no, person)
    refused("papers_to_follow", lambda: hall.conclude(case_no))
    hall.approval.intake.supply(case_no, ["changdi"], HALL)
    fee = hall.detail(case_no).fees[0]["id"] if hall.detail(case_no).fees else None
    assert fee is not None
    hall.approval.ending.conclude(case_no, hall.rev(case_no), "", HALL)
    assert hall.faults(case_no) == []


def test_nobody_may_be_asked_for_a_paper_that_is_not_listed(hall: Hall):
    case_no = hall.file()
    refused("papers_unlisted",
            lambda: hall.approval.intake.ask_correction(case_no, hall.rev(case_no), ["meal"], "缺", HALL), InvalidInput)


def test_a_correction_is_asked_for_once(hall: Hall):
    case_no = hall.file(papers=hall.papers(without="jishu"))
    hall.approval.intake.ask_correction(case_no, hall.rev(case_no), ["jishu"], "缺技术资料申报表", HALL)
    hall.approval.intake.correct(case_no, ["jishu"])
    refused("correction_once",
            lambda: hall.approval.intake.ask_correction(case_no, hall.rev(case_no), ["shenfen"], "再缺", HALL))
    hall.approval.intake.accept(case_no, hall.rev(case_no), HALL)
    assert hall.faults(case_no) == []


def test_a_correction_brings_everything_or_says_that_the_rest_will_not_come(hall: Hall):
    case_no = hall.file(papers=())
    hall.approval.intake.ask_correction(case_no, hall.rev(case_no), ["jishu", "shenqing"], "缺两项", HALL)
    for papers in ([], ["jishu"]):
        with pytest.raises(InvalidInput, match="correction_incomplete") as lacking:
            hall.approval.intake.correct(case_no, papers)
        names = [hall.services.catalogue.items[ITEM].details.materials[code].name for code in ("jishu", "shenqing")]
        assert lacking.value.details["papers"] == "、".join(names[len(papers):])
    assert (hall.detail(case_no).head.state, hall.detail(case_no).papers) == ("correcting", [])
    hall.approval.intake.correct(case_no, ["jishu"], rest_withheld=True)
    assert hall.detail(case_no).head.state == "received"
    assert hall.events(case_no)[-1].data.attributes == {"withheld": names[1]}
    refused("papers_missing", lambda: hall.approval.intake.accept(case_no, hall.rev(case_no), HALL), InvalidInput)


def test_corrections_that_never_come_end_in_a_return(hall: Hall):
    case_no = hall.file(papers=hall.papers(without="jishu"))
    hall.approval.intake.ask_correction(case_no, hall.rev(case_no), ["jishu"], "缺", HALL)
    hall.approval.ending.return_(case_no, hall.rev(case_no), "逾期未补正", HALL)
    assert hall.case(case_no).state == "returned"


@pytest.mark.parametrize(("applicant", "code"), [
    (Applicant("", phone="1"), "applicant_name_invalid"), (Applicant("王"), "applicant_contact_missing"),
    (Applicant("王", phone="1" * 300), "field_too_long")])
def test_an_application_says_which_field_is_wrong(hall: Hall, applicant: Applicant, code: str):
    with pytest.raises(InvalidInput) as failure:
        hall.approval.intake.file(Application(ITEM, applicant), "web")
    assert (failure.value.code, bool(failure.value.details["key"])) == (code, True)


# Steps ------------------------------------------------------------------------------------------------------------

def test_a_step_belongs_to_whoever_holds_its_post_and_took_it(hall: Hall):
    case_no = hall.accepted()
    refused("post_missing", lambda: hall.do(case_no, REVIEWER), NotPermitted)
    hall.approval.handling.claim(case_no, hall.rev(case_no), SECOND)
    refused("task_taken", lambda: hall.do(case_no, HANDLER))
    refused("task_taken", lambda: hall.approval.handling.claim(case_no, hall.rev(case_no), HANDLER))
    hall.approval.handling.hand_over(case_no, hall.rev(case_no), HANDLER, "休假", SECOND)
    hall.do(case_no, HANDLER)
    assert hall.kinds(case_no)[-2:] == ["reassigned", "step"]


def test_one_person_does_not_do_two_steps(hall: Hall):
    case_no = hall.accepted()
    hall.do(case_no, HALL)
    refused("same_person", lambda: hall.do(case_no, HALL))


def test_two_people_at_the_same_case_and_one_of_them_is_told(hall: Hall):
    case_no = hall.accepted()
    seen = hall.rev(case_no)
    hall.approval.handling.complete(case_no, seen, "同意", HANDLER)
    refused("case_changed", lambda: hall.approval.handling.complete(case_no, seen, "同意", SECOND))


def test_going_back_withdraws_what_followed_and_gives_it_to_whoever_had_it(hall: Hall):
    case_no = hall.accepted()
    hall.approval.handling.claim(case_no, hall.rev(case_no), HANDLER)
    hall.do(case_no, HANDLER)
    hall.later(days=1)
    refused("step_not_behind",
            lambda: hall.approval.handling.send_back(case_no, hall.rev(case_no), "批准", "再核", REVIEWER), InvalidInput)
    hall.approval.handling.send_back(case_no, hall.rev(case_no), "承办", "图纸不清", REVIEWER)
    head = hall.detail(case_no).head
    assert (head.step, head.claimed_by) == ("承办", HANDLER.name)
    hall.do(case_no, HANDLER)
    hall.do(case_no, REVIEWER)
    hall.do(case_no, APPROVER)
    hall.conclude(case_no)
    assert hall.faults(case_no) == []


def test_a_decision_is_withdrawn_by_going_back_and_taken_anew(hall: Hall):
    case_no = hall.decided("refused", "频率已被占用")
    hall.approval.handling.send_back(case_no, hall.rev(case_no), "审核", "频率已释放", APPROVER)
    refused("steps_open", lambda: hall.approval.ending.conclude(case_no, hall.rev(case_no), "", HALL))
    hall.do(case_no, REVIEWER)
    hall.do(case_no, APPROVER)
    hall.conclude(case_no)
    assert (hall.faults(case_no), hall.events(case_no)[-1].data.result) == ([], "granted")


def test_nothing_is_concluded_before_it_is_decided(hall: Hall):
    case_no = hall.accepted()
    refused("steps_open", lambda: hall.approval.ending.conclude(case_no, hall.rev(case_no), "", HALL))


# The clock --------------------------------------------------------------------------------------------------------

def test_a_special_procedure_is_of_an_allowed_kind_within_its_ceiling_and_told_in_writing(hall: Hall):
    case_no = hall.accepted()
    for kind, days, code in (("auction", 5, "special_not_allowed"), ("testing", 99, "special_too_long"),
                             ("testing", 0, "special_too_long")):
        with pytest.raises(InvalidInput, match=code):
            hall.approval.handling.start_special(case_no, hall.rev(case_no), kind, days, "设备检测", HANDLER)
    hall.approval.handling.start_special(case_no, hall.rev(case_no), "testing", 5, "设备检测", HANDLER)
    refused("case_not_in_state", lambda: hall.do(case_no, HANDLER))
    hall.on(19)
    hall.approval.handling.end_special(case_no, hall.rev(case_no), "检测合格", HANDLER)
    assert hall.due(case_no) == "04-02 09:00"  # three days stood still
    assert hall.detail(case_no).receipts[-1].kind == "special"
    assert hall.faults(case_no) == []


def test_more_days_are_asked_for_in_time_once_and_decided_by_another(hall: Hall):
    case_no = hall.accepted()
    handling = hall.approval.handling
    handling.ask_extension(case_no, hall.rev(case_no), 5, "案情复杂", HANDLER)
    hall.approval.posts.give(HANDLER.name, ORG, ["承办人", "分管领导"])
    refused("other_person_needed",
            lambda: handling.decide_extension(case_no, hall.rev(case_no), True, "", HANDLER), NotPermitted)
    handling.decide_extension(case_no, hall.rev(case_no), True, "", HEAD)
    assert hall.due(case_no) == "04-06 09:00" or hall.due(case_no) == "04-07 09:00"
    refused("extension_once", lambda: handling.ask_extension(case_no, hall.rev(case_no), 1, "再", HANDLER))
    assert hall.faults(case_no) == []


def test_no_days_are_granted_once_the_limit_is_over(hall: Hall):
    """Asked for in time and left lying: a grant would undo that the case was late, and its card."""
    case_no, handling = hall.accepted(), hall.approval.handling
    handling.ask_extension(case_no, hall.rev(case_no), 5, "案情复杂", HANDLER)
    hall.on(30, 9)
    refused("extension_limit_over", lambda: handling.decide_extension(case_no, hall.rev(case_no), True, "同意", HEAD))
    assert (hall.due(case_no), hall.detail(case_no).extension["state"]) == ("03-30 09:00", "asked")  # type: ignore[index]
    handling.decide_extension(case_no, hall.rev(case_no), False, "已届满", HEAD)
    other = hall.accepted()
    handling.ask_extension(other, hall.rev(other), 5, "案情复杂", HANDLER)
    handling.start_special(other, hall.rev(other), "testing", 20, "设备检测", HANDLER)
    hall.later(days=20)
    handling.decide_extension(other, hall.rev(other), True, "同意", HEAD)  # nothing is over while it stands still
    assert hall.faults(other) == []


def test_too_late_is_too_late(hall: Hall):
    case_no = hall.accepted()
    hall.on(24)
    with pytest.raises(Conflict) as failure:
        hall.approval.handling.ask_extension(case_no, hall.rev(case_no), 5, "案情复杂", HANDLER)
    assert failure.value.details["left"] == 4


# The end ----------------------------------------------------------------------------------------------------------

def test_a_fee_is_the_published_standard_and_is_settled_before_the_end(hall: Hall):
    case_no = hall.decided()
    ending = hall.approval.ending
    refused("fees_missing", lambda: ending.conclude(case_no, hall.rev(case_no), "", HALL))
    refused("fee_without_basis", lambda: ending.charge(case_no, hall.rev(case_no), "banquet", 1, HALL), InvalidInput)
    fee = ending.charge(case_no, hall.rev(case_no), "pinlv", 3, HALL)
    assert hall.detail(case_no).fees[0]["amount_fen"] == 30_000
    refused("fees_owed", lambda: ending.conclude(case_no, hall.rev(case_no), "", HALL))
    refused("post_missing", lambda: ending.waive(case_no, hall.rev(case_no), fee, "低保", CLERK), NotPermitted)
    ending.waive(case_no, hall.rev(case_no), fee, "公益台站，依财综〔2016〕11号免收", HEAD)
    refused("fee_not_due", lambda: ending.paid(case_no, fee, "票1"), NotFound)
    ending.conclude(case_no, hall.rev(case_no), "", HALL)
    assert hall.faults(case_no) == []


def test_the_applicant_may_take_it_back_and_rates_once(hall: Hall):
    case_no = hall.accepted()
    hall.approval.ending.withdraw(case_no, "不再需要")
    assert hall.case(case_no).state == "withdrawn"
    assert hall.approval.queries.work(HANDLER) == []
    hall.approval.ending.rate(case_no, 2, "太慢")
    refused("rated_once", lambda: hall.approval.ending.rate(case_no, 5))


def test_voiding_needs_a_head_and_a_reason(hall: Hall):
    case_no = hall.accepted()
    refused("post_missing", lambda: hall.approval.ending.void(case_no, hall.rev(case_no), "重复申报", CLERK), NotPermitted)
    hall.approval.ending.void(case_no, hall.rev(case_no), "重复申报", HEAD)
    assert hall.case(case_no).state == "voided"


# Lists and sight --------------------------------------------------------------------------------------------------

def test_lists_hold_what_one_may_do_the_nearest_end_first(hall: Hall):
    slow = hall.accepted()
    hall.later(hours=1)
    urgent, filed = hall.accepted("gongxin-02"), hall.file()
    queries = hall.approval.queries
    assert [row.case_no for row in queries.work(HANDLER)] == sorted(
        (slow, urgent), key=lambda number: hall.clocks(number)["promised"].due_at)
    assert queries.work(REVIEWER) == []
    assert [row.case_no for row in queries.intake(CLERK)] == [filed]
    assert queries.intake(HANDLER) == []
    hall.approval.handling.claim(slow, hall.rev(slow), SECOND)
    assert [row.case_no for row in queries.work(HANDLER)][-1] == slow


def test_what_waits_for_others_hides_nothing_of_mine(hall: Hall):
    queries, cases = hall.approval.queries, [hall.accepted() for _ in range(4)]
    hall.do(cases[-1], HANDLER)
    assert [row.case_no for row in queries.work(REVIEWER, limit=1)] == [cases[-1]]
    hall.approval.handling.claim(cases[0], hall.rev(cases[0]), SECOND)
    assert [row.case_no for row in queries.work(HANDLER, limit=2)] == cases[1:3]


def test_only_whoever_may_see_a_case_sees_it(hall: Hall):
    case_no = hall.accepted()
    stranger = Actor("zhu", frozenset({Role.APPROVAL_STAFF}), "jiaoyu", "朱红")
    for actor in (stranger, Actor("qian", frozenset({Role.DEPARTMENT_USER}), "minzheng"),
                  Actor("li", frozenset({Role.INSPECTOR}), area="360521")):
        refused("hosted_case_not_found", lambda who=actor: hall.detail(case_no, who), NotFound)
        assert hall.approval.queries.search(actor, case_no) == []
    for actor in (HANDLER, Actor("zhao", frozenset({Role.DEPARTMENT_USER}), ORG), Actor("li", frozenset({Role.INSPECTOR}))):
        assert hall.detail(case_no, actor).head.case_no == case_no
    assert hall.detail(case_no, Actor("li", frozenset({Role.INSPECTOR}))).may == frozenset()


def test_the_page_offers_what_the_service_allows(hall: Hall):
    case_no = hall.accepted()
    assert hall.detail(case_no, HANDLER).may >= {Act.CLAIM, Act.COMPLETE, Act.START_SPECIAL, Act.ASK_EXTENSION}
    assert hall.detail(case_no, REVIEWER).may == {Act.CHARGE, Act.KEEP_FILE}
    assert Act.VOID in hall.detail(case_no, HEAD).may


def test_a_case_keeps_the_flow_it_was_filed_with(hall: Hall):
    case_no = hall.accepted()
    with hall.services.database.read() as conn:
        flow = conn.scalar(select(hosted_cases.c.flow).where(hosted_cases.c.case_no == case_no))
    assert [step.name for step in hall.detail(case_no).flow.steps] == ["受理", "承办", "审核", "批准", "办结"]
    assert '"item_version":"2026.1"' in flow


def test_two_writings_of_one_act_and_of_others_around_it_lose_nothing(hall: Hall):
    """What the act read of its case is used for the first writing only: the second goes by what the first left."""
    case_no = hall.accepted()
    desk = hall.approval.desk
    with desk.units() as uow:
        first, second = desk.load(uow, case_no), desk.load(uow, case_no)
        desk.tell(uow, first, EventKind.REASSIGNED, HANDLER, reason="一")
        desk.flush(uow, first)
        desk.tell(uow, first, EventKind.REASSIGNED, HANDLER, reason="二")
        desk.save(uow, first)
        second.events = first.events
        desk.tell(uow, second, EventKind.REASSIGNED, HANDLER, reason="三")
        desk.flush(uow, second)
    told = fold_all(hall.events(case_no))
    with hall.services.database.read() as conn:
        kept = load_cases(conn, [hall.case(case_no).case_id])[hall.case(case_no).case_id].fold
    assert hall.kinds(case_no).count("reassigned") == 3
    assert kept == told
