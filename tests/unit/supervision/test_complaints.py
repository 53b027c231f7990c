"""The life of a complaint: intake, route, terms, answer, call-back; and what its clocks and findings raise."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from cases.models import journal
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, TooLarge
from supervision.complaints.matters import Filing, Reporter
from tests.staff import OTHER_ORG, OWN_ORG
from tests.unit.supervision.office import INSPECTOR, LEADER, OFFICER, OTHER_UNIT, REPORTER, UNIT, Office


def kinds_in_journal(office: Office, no: str) -> list[str]:
    with office.services.database.read() as conn:
        return list(conn.scalars(select(journal.c.kind).where(journal.c.case_no == no).order_by(journal.c.seq)))


def cards_about(office: Office, text: str) -> list[object]:
    return [card for card in office.services.alert_queries.active(None, 100, 0, None).cards if text in str(card)]


def test_a_complaint_goes_to_the_body_for_what_it_is_about(office: Office):
    routes = {category: office.desk.complaint_queries.find(office.complain(category), INSPECTOR).head.route
              for category in ("attitude", "fees", "illegal_approval", "refusal")}

    assert routes == {"attitude": "service_centre", "fees": "environment", "illegal_approval": "supervision",
                      "refusal": "legal"}


def test_nobody_judges_in_his_own_cause(office: Office):
    no = office.complain("refusal", org="sifa")  # complaints about refusals are the legal office's, which is this very unit

    assert office.desk.complaint_queries.find(no, INSPECTOR).head.route == "supervision"


def test_numbers_are_one_series_a_kind_and_year(office: Office):
    assert [office.complain(), office.ask(), office.complain()] == ["TS2026-000001", "ZX2026-000001", "TS2026-000002"]


def test_the_life_of_a_complaint_is_a_case_in_the_journal(office: Office):
    no = office.complain()
    office.desk.complaints.accept(no, office.rev(no), OFFICER)
    office.desk.complaints.answer(no, office.rev(no), INSPECTOR, "已责令改正并向您致歉。", "unfounded")
    office.desk.complaints.call_back(no, office.rev(no), OFFICER, "satisfied", "表示认可")

    found = office.desk.complaint_queries.find(no, INSPECTOR)
    assert kinds_in_journal(office, no) == ["complained", "complaint_accepted", "complaint_answered"]
    assert found.head.state == "closed"
    assert [entry.action for entry in found.log] == ["filed", "accept", "answer", "call_back"]
    case = office.services.case_queries.find_case(no, office.clock.now_us())
    assert case.org == "市行政服务中心管理委员会"
    assert case.closed_at is not None


def test_a_refusal_needs_its_reason_and_ends_it(office: Office):
    no = office.complain()
    with pytest.raises(InvalidInput, match="complaint_field_missing"):
        office.desk.complaints.refuse(no, office.rev(no), OFFICER, " ")
    office.desk.complaints.refuse(no, office.rev(no), OFFICER, "反映事项已由法院受理")

    assert office.desk.complaint_queries.find(no, INSPECTOR).head.state == "refused"
    assert kinds_in_journal(office, no)[-1] == "not_accepted"


def test_terms_count_working_days_and_acceptance_is_due_in_five(office: Office):
    """Filed on Monday 2026-03-16: accept by Monday 23rd, answer by Monday 30th; late from the day after."""
    head = office.desk.complaint_queries.find(office.complain(), INSPECTOR).head

    assert office.desk.complaints._dates.day("360500", head.accept_due_at - 1).isoformat() == "2026-03-23"
    assert office.desk.complaints._dates.day("360500", head.due_at - 1).isoformat() == "2026-03-30"


def test_an_extension_is_granted_by_a_second_person_and_moves_the_term(office: Office):
    no = office.complain()
    service = office.desk.complaints
    service.accept(no, office.rev(no), INSPECTOR)
    before = office.desk.complaint_queries.find(no, INSPECTOR).head.due_at
    service.ask_extension(no, office.rev(no), INSPECTOR, 3, "需现场核查")
    with pytest.raises(NotPermitted, match="approval_by_another"):
        service.decide_extension(no, office.rev(no), INSPECTOR, grant=True)
    service.decide_extension(no, office.rev(no), LEADER, grant=True, reason="同意")

    found = office.desk.complaint_queries.find(no, INSPECTOR)
    assert found.extra_days == 3
    assert office.desk.complaints._dates.day("360500", found.head.due_at - 1).isoformat() == "2026-04-02"
    assert found.head.due_at > before
    assert kinds_in_journal(office, no)[-1] == "complaint_extended"


@pytest.mark.parametrize("days", [0, 11, -1])
def test_more_days_than_the_rules_leave_are_refused(office: Office, days: int):
    no = office.complain()
    office.desk.complaints.accept(no, office.rev(no), OFFICER)

    with pytest.raises(InvalidInput, match="extension_out_of_range"):
        office.desk.complaints.ask_extension(no, office.rev(no), OFFICER, days, "需现场核查")


def test_after_the_term_no_extension_can_be_asked_for(office: Office):
    no = office.complain()
    office.desk.complaints.accept(no, office.rev(no), OFFICER)
    office.later(days=20)

    with pytest.raises(Conflict, match="extension_too_late"):
        office.desk.complaints.ask_extension(no, office.rev(no), OFFICER, 2, "需现场核查")


def test_who_acts_on_what_he_has_not_seen_is_told(office: Office):
    no = office.complain()
    office.desk.complaints.accept(no, 0, OFFICER)

    with pytest.raises(Conflict, match="complaint_changed"):
        office.desk.complaints.answer(no, 0, OFFICER, "答复内容", "unfounded")


def test_what_has_no_place_in_its_state_is_refused(office: Office):
    no = office.complain()

    with pytest.raises(Conflict, match="complaint_not_in_state"):
        office.desk.complaints.answer(no, office.rev(no), OFFICER, "答复内容", "unfounded")


def test_a_transfer_keeps_the_term_and_says_from_where_to_where(office: Office):
    no = office.complain()
    due = office.desk.complaint_queries.find(no, INSPECTOR).head.due_at
    office.desk.complaints.transfer(no, office.rev(no), OFFICER, "legal", "属法制审查事项")

    found = office.desk.complaint_queries.find(no, INSPECTOR)
    assert (found.head.route, found.head.due_at) == ("legal", due)
    assert found.log[-1].detail == {"from": "service_centre", "to": "legal"}


@pytest.mark.parametrize(("org", "route"), [(OWN_ORG, "unit"), ("sifa", "legal"), ("sifa", "unit")])
def test_a_complaint_is_not_transferred_to_the_unit_it_accuses(office: Office, org: str, route: str):
    no = office.complain(org=org)
    office.desk.complaints.accept(no, office.rev(no), OFFICER)
    with pytest.raises(InvalidInput, match="complaint_route_accused") as refusal:
        office.desk.complaints.transfer(no, office.rev(no), OFFICER, route, "转办")

    assert "supervision" in refusal.value.details["accepted"]
    assert ("legal" in refusal.value.details["accepted"]) == (org != "sifa")
    with pytest.raises(NotFound):
        office.desk.complaint_queries.find(no, UNIT)


def test_a_consultation_may_go_back_to_the_unit_that_was_asked(office: Office):
    no = office.ask()
    office.desk.complaints.transfer(no, office.rev(no), OFFICER, "legal", "涉及法制审查")
    office.desk.complaints.transfer(no, office.rev(no), OFFICER, "unit", "由单位答复")

    assert "answer" in office.desk.complaint_queries.find(no, UNIT).may


def test_dissatisfaction_opens_it_again_with_a_new_term_and_a_new_case(office: Office):
    service, no = office.desk.complaints, office.complain()
    service.accept(no, office.rev(no), OFFICER)
    service.answer(no, office.rev(no), INSPECTOR, "不属实。", "unfounded")
    office.later(days=20)
    service.call_back(no, office.rev(no), OFFICER, "dissatisfied", "未核实窗口录像")

    found = office.desk.complaint_queries.find(no, INSPECTOR)
    assert (found.head.state, found.head.closed_at, found.head.finding, found.answer) == ("handling", None, "", "")
    assert [(one.n, one.answer, one.finding, one.satisfaction) for one in found.earlier] == [
        (1, "不属实。", "unfounded", "dissatisfied")]
    assert found.earlier[0].answered_at < office.clock.now_us()
    assert found.head.due_at > office.clock.now_us()
    assert office.services.case_queries.find_case(f"{no}-2", office.clock.now_us()).closed_at is None
    service.ask_extension(no, office.rev(no), INSPECTOR, 3, "需调取录像")
    service.decide_extension(no, office.rev(no), LEADER, grant=True)
    assert office.desk.complaint_queries.find(no, INSPECTOR).head.due_at > found.head.due_at
    service.answer(no, office.rev(no), INSPECTOR, "经查属实。", "verified")
    service.call_back(no, office.rev(no), OFFICER, "satisfied", "认可")

    ended = office.desk.complaint_queries.find(no, INSPECTOR)
    assert (ended.head.state, ended.answer, [one.answer for one in ended.earlier]) == ("closed", "经查属实。", ["不属实。"])
    assert kinds_in_journal(office, no) == ["complained", "complaint_accepted", "complaint_answered"]
    assert kinds_in_journal(office, f"{no}-2") == [
        "complained", "complaint_accepted", "complaint_extended", "complaint_answered"]


def test_a_question_answered_in_vain_is_open_again(office: Office):
    no = office.ask()
    office.desk.complaints.answer(no, office.rev(no), UNIT, "请到窗口咨询。")
    office.desk.complaints.call_back(no, office.rev(no), OFFICER, "dissatisfied", "没有回答问题")
    office.desk.complaints.answer(no, office.rev(no), UNIT, "需要身份证和施工图。")

    assert kinds_in_journal(office, f"{no}-2") == ["consulted", "answered"]


def test_what_proved_true_raises_a_card_against_the_unit(office: Office):
    no = office.complain("extortion")
    office.desk.complaints.accept(no, office.rev(no), OFFICER)
    office.desk.complaints.answer(no, office.rev(no), INSPECTOR, "经查属实，已移交处理。", "verified")

    [card] = cards_about(office, "查实")
    assert (card.org, card.level) == (OWN_ORG, "red")


def test_what_is_true_in_part_is_at_most_yellow_and_what_is_not_raises_nothing(office: Office):
    for finding in ("partly", "unfounded"):
        no = office.complain("extortion")
        office.desk.complaints.accept(no, office.rev(no), OFFICER)
        office.desk.complaints.answer(no, office.rev(no), INSPECTOR, "经查。", finding)

    assert [card.level for card in cards_about(office, "查实")] == ["yellow"]


def test_the_same_number_of_a_source_is_taken_once(office: Office):
    filing = Filing("complaint", "fees", OWN_ORG, "多收费用", "多收了二百元", source="feed:12345", source_ref="A-7")

    assert office.desk.complaints.file(filing, REPORTER, OFFICER) == office.desk.complaints.file(filing, REPORTER, OFFICER)
    assert office.desk.complaint_queries.counts(INSPECTOR, office.clock.now_us())["all"] == 1


@pytest.mark.parametrize(("change", "code"), [
    ({"kind": "praise"}, "complaint_kind_unknown"), ({"category": "handling"}, "complaint_category_unknown"),
    ({"org": " "}, "complaint_field_missing"), ({"content": ""}, "complaint_field_missing")])
def test_a_filing_that_cannot_be_right_names_the_field(office: Office, change: dict[str, str], code: str):
    values = {"kind": "complaint", "category": "fees", "org": OWN_ORG, "title": "多收费用", "content": "多收了", **change}

    with pytest.raises(InvalidInput, match=code):
        office.desk.complaints.file(Filing(**values), Reporter(), OFFICER)


def test_a_text_that_is_too_long_is_told_the_limit(office: Office):
    with pytest.raises(TooLarge, match="4000"):
        office.complain(content="长" * 4001)


def test_a_consultation_is_the_units_own_to_answer(office: Office):
    no = office.ask()
    assert office.desk.complaint_queries.find(no, UNIT).may == ["ask_extension", "answer", "note"]
    with pytest.raises(NotFound):
        office.desk.complaint_queries.find(no, OTHER_UNIT)
    office.desk.complaints.answer(no, office.rev(no), UNIT, "请携带身份证到三楼窗口。")

    assert kinds_in_journal(office, no) == ["consulted", "answered"]


def test_a_unit_does_not_see_who_complained_of_it_nor_that_anybody_did(office: Office):
    no = office.complain(org=OWN_ORG)

    rows, total = office.desk.complaint_queries.listed(UNIT, _every(), office.clock.now_us())
    assert (rows, total) == ([], 0)
    with pytest.raises(NotFound):
        office.desk.complaint_queries.find(no, UNIT)
    with pytest.raises(NotFound):
        office.desk.complaints.answer(no, office.rev(no), UNIT, "没有此事", "unfounded")


def test_a_bad_rating_not_put_right_in_five_days_raises_one_yellow_card(office: Office):
    no = office.desk.complaints.file(Filing("rating", "bad_rating", OTHER_ORG, "差评整改", "1 分", about_case="B-1"),
                                     Reporter(), OFFICER)
    office.later(days=4)
    office.desk.watch()
    assert cards_about(office, "差评") == []
    office.later(days=5)
    office.desk.watch()
    office.desk.watch()

    [card] = cards_about(office, "差评")
    assert (card.org, card.level) == (OTHER_ORG, "yellow")
    office.desk.complaints.answer(no, office.rev(no), INSPECTOR, "已上门致歉。")
    assert office.desk.complaint_queries.find(no, INSPECTOR).head.state == "answered"


def _every() -> object:
    from supervision.complaints.queries import WantedComplaints
    return WantedComplaints()
