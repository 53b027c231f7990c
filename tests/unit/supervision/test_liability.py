"""The matrix cell by cell, and proposals that are decided by a person."""

from __future__ import annotations

import pytest

from cases.events import CaseEvent, EventData, EventKind
from core.errors import Conflict, InvalidInput, NotPermitted
from core.instants import to_us
from supervision.liability import Evidence, Exemption, Fault, Grade, Person, Post, Responsibility, persons_of, propose
from supervision.liability_service import Circumstances
from tests.staff import NOW, OWN_ORG
from tests.unit.supervision.office import INSPECTOR, LEADER, OFFICER, UNIT, Office

H, R, A = Person("张三", Post.HANDLER), Person("李四", Post.REVIEWER), Person("王五", Post.APPROVER)
ALL = (H, R, A)
D, M, I = Responsibility.DIRECT, Responsibility.MAIN, Responsibility.IMPORTANT  # noqa: E741 - the three columns of the matrix


def told(fault: Fault, **more) -> dict[str, Responsibility]:
    proposal = propose(Evidence(fault=fault, level=more.pop("level", 2), persons=more.pop("persons", ALL), **more))
    return {one.person: one.responsibility for one in proposal.persons}


@pytest.mark.parametrize(("fault", "more", "expected"), [
    (Fault.OVERDUE, {}, {"张三": D, "李四": M, "王五": I}),
    (Fault.PROCEDURE, {}, {"张三": D, "李四": M, "王五": I}),
    (Fault.FALSIFIED, {}, {"张三": D, "李四": M, "王五": I}),
    (Fault.FALSIFIED, {"noticed_by_reviewer": True}, {"张三": D}),
    (Fault.OPINION_CHANGED, {"changed_by": Post.REVIEWER}, {"李四": D}),
    (Fault.OPINION_CHANGED, {"changed_by": Post.APPROVER}, {"王五": D}),
    (Fault.COLLECTIVE, {}, {"王五": D}),
    (Fault.BYPASS, {}, {"张三": D, "李四": M, "王五": I}),
])
def test_the_matrix_says_who_answers_how(fault: Fault, more: dict, expected: dict[str, Responsibility]):
    assert told(fault, **more) == expected


@pytest.mark.parametrize(("level", "damage", "before", "grade"), [
    (2, False, 0, Grade.GENERAL), (3, False, 0, Grade.SERIOUS), (2, True, 0, Grade.SERIOUS), (2, False, 1, Grade.SERIOUS),
    (3, False, 1, Grade.VERY_SERIOUS), (3, True, 3, Grade.VERY_SERIOUS)])
def test_the_grade_follows_card_damage_and_earlier_faults(level: int, damage: bool, before: int, grade: Grade):
    evidence = Evidence(fault=Fault.OVERDUE, level=level, persons=(H,), damage=damage, faults_before={"张三": before})
    [one] = propose(evidence).persons

    assert one.grade is grade
    assert one.forms
    assert ("repeated" in [code for code, _ in one.reasons]) == (before >= 1)


def test_falsification_is_never_general():
    [one] = propose(Evidence(fault=Fault.FALSIFIED, level=2, persons=(H,))).persons

    assert one.grade is Grade.SERIOUS


@pytest.mark.parametrize("exemption", list(Exemption))
def test_what_frees_of_liability_proposes_nobody_and_says_why(exemption: Exemption):
    proposal = propose(Evidence(fault=Fault.OVERDUE, level=3, persons=ALL, exemption=exemption))

    assert (proposal.persons, proposal.exempt) == ((), exemption)


def test_who_did_two_posts_answers_once_and_for_the_nearest():
    persons = (Person("张三", Post.APPROVER), Person("张三", Post.HANDLER))

    assert told(Fault.OVERDUE, persons=persons) == {"张三": D}


def event(kind: EventKind, actor: str, at: int = 0, **more) -> CaseEvent:
    data = EventData(post=more.pop("post", None))
    return CaseEvent(source="hall", source_event_id=f"{kind}{actor}{at}", kind=kind, case_no="A-1", area="360500",
                     claimed_at=to_us(NOW) + at, org=OWN_ORG, actor=actor, data=data, **more)


def test_persons_are_read_from_posts_steps_and_kinds():
    events = [event(EventKind.ACCEPTED, "甲"), event(EventKind.STEP, "乙", step="审核"),
              event(EventKind.STEP, "丙", post="批准人"), event(EventKind.DECIDED, "丁"), event(EventKind.STEP, "戊",
                                                                                           step="归档"),
                                                                                           event(EventKind.COLLECTED, "己")]

    assert [(one.name, one.post.value) for one in persons_of(events)] == [
        ("甲", "handler"), ("乙", "reviewer"), ("丙", "approver"), ("丁", "approver")]


def proposed(office: Office, **circumstances) -> int:
    card = office.card_on()
    office.services.recorder.record([event(EventKind.STEP, "钱程", step="承办"), event(EventKind.STEP, "何清", 1, step="审核")])
    return office.desk.liability.propose(card.id, Circumstances(**circumstances), INSPECTOR)


def test_a_proposal_comes_from_card_and_journal_and_waits_for_a_person(office: Office):
    proposed(office)
    [row] = office.desk.liability.listed(INSPECTOR)

    assert (row.state, row.proposal.fault) == ("proposed", Fault.OVERDUE)
    assert {one.person: one.responsibility for one in row.proposal.persons} == {"钱程": D, "何清": M}


def test_a_decision_is_taken_once_with_a_reason_and_counts_for_the_next(office: Office):
    number = proposed(office)
    with pytest.raises(InvalidInput):
        office.desk.liability.decide(number, LEADER, "accepted", " ")
    office.desk.liability.decide(number, LEADER, "accepted", "事实清楚")
    with pytest.raises(Conflict, match="liability_decided"):
        office.desk.liability.decide(number, LEADER, "rejected", "再议")

    office.later(days=30)
    office.desk.liability.propose(office.desk.liability.listed(INSPECTOR)[0].card_id, Circumstances(), INSPECTOR)
    newest = office.desk.liability.listed(INSPECTOR)[0]
    assert all("repeated" in [code for code, _ in one.reasons] for one in newest.proposal.persons)


def test_a_rejected_proposal_holds_nobody(office: Office):
    office.desk.liability.decide(proposed(office), LEADER, "rejected", "系统故障所致")
    [row] = office.desk.liability.listed(INSPECTOR)

    assert (row.state, row.decision, row.reason) == ("rejected", (), "系统故障所致")


def test_a_changed_proposal_keeps_both(office: Office):
    number = proposed(office)
    [row] = office.desk.liability.listed(INSPECTOR)
    office.desk.liability.decide(number, LEADER, "changed", "审核人已提出意见", row.proposal.persons[:1])
    [row] = office.desk.liability.listed(INSPECTOR)

    assert (len(row.proposal.persons), len(row.decision)) == (2, 1)


def test_two_proposals_about_a_card_wait_for_each_other(office: Office):
    proposed(office)
    card_id = office.desk.liability.listed(INSPECTOR)[0].card_id

    with pytest.raises(Conflict, match="liability_undecided"):
        office.desk.liability.propose(card_id, Circumstances(), INSPECTOR)


@pytest.mark.parametrize("actor", [OFFICER, UNIT])
def test_only_inspectors_and_leaders_propose_and_decide(office: Office, actor):
    with pytest.raises(NotPermitted):
        office.desk.liability.propose(1, Circumstances(), actor)
