"""The other powers: who opens a case, how it goes, what ends its limits, what its papers are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from approval.matters import Act, Applicant, Application
from core.access import Actor
from core.errors import Conflict, InvalidInput, SupervisionError
from papers.queries import PaperQueries
from tests.hosting import HALL, Hall, staff

PENALTY, PETITION, REVIEW, PROPOSAL = "chengguan-81", "xinfang-81", "sifa-81", "fagai-82"
PARTY = Applicant("新余宏达建筑有限公司", "company", phone="13979000002")


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.services.database.dispose()


def refused(code: str, act: Callable[[], object], kind: type[SupervisionError] = InvalidInput) -> None:
    with pytest.raises(kind) as failure:
        act()
    assert failure.value.code == code


def officers(hall: Hall, item: str) -> Callable[[str], Actor]:
    """One person for each step of the flow, as nobody does two."""
    flow, known = hall.services.catalogue.items[item], dict[str, Actor]()
    for place, step in enumerate(flow.steps):
        known[step] = staff(f"{item}-{place}", step, flow.org)
        hall.approval.posts.give(known[step].name, flow.org, flow.details.posts[step])
    return known.__getitem__


def opened(hall: Hall, item: str, channel: str) -> str:
    person = officers(hall, item)(hall.services.catalogue.items[item].steps[0])
    application = Application(item, PARTY, "擅自挖掘城市道路", papers=hall.papers(item))
    case_no = hall.approval.intake.file(application, channel, None if channel == "web" else person).case_no  # type: ignore[arg-type]
    if channel == "web":
        hall.approval.intake.receive(case_no, hall.rev(case_no), (), HALL)
        person = HALL
    hall.approval.intake.accept(case_no, hall.rev(case_no), person)
    return case_no


def until(hall: Hall, case_no: str, item: str, step: str) -> None:
    """Everything up to that step is done."""
    person = officers(hall, item)
    while (at := hall.detail(case_no).head.step) and at != step:
        hall.do(case_no, person(at))


def paper_of(hall: Hall, case_no: str, kind: str) -> str:
    number = next(one.number for one in hall.detail(case_no).receipts if one.kind == kind)
    return PaperQueries(hall.services.database).content(number).title


# A penalty --------------------------------------------------------------------------------------------------------

def test_a_penalty_is_opened_by_the_unit_decided_served_executed_and_closed(hall: Hall):
    case_no = opened(hall, PENALTY, "office")
    person = officers(hall, PENALTY)
    until(hall, case_no, PENALTY, "送达")
    assert (hall.case(case_no).state, hall.detail(case_no).head.step) == ("decided", "送达")
    until(hall, case_no, PENALTY, "")
    hall.approval.ending.conclude(case_no, hall.rev(case_no), "已执行完毕", person("结案"))
    assert hall.kinds(case_no) == ["received", "accepted", *["step"] * 4, "decided", "step", "step", "concluded"]
    assert (hall.faults(case_no), hall.case(case_no).state) == ([], "concluded")


def test_its_limit_ends_with_the_decision_and_its_service_has_a_limit_of_its_own(hall: Hall):
    case_no = opened(hall, PENALTY, "office")
    hall.on(1, month=4)
    until(hall, case_no, PENALTY, "送达")
    clocks = hall.clocks(case_no)
    assert (clocks["statutory"].condition, clocks["promised"].condition) == ("ended", "ended")
    assert (clocks["送达"].condition, hall.due(case_no, "送达")) == ("running", "04-14 00:00")  # by day, as the item


def test_ninety_days_that_end_on_a_day_of_rest_end_with_the_next_working_day(hall: Hall):
    case_no = opened(hall, PENALTY, "office")  # Monday 16 March: the ninetieth day is Sunday 14 June
    clock = hall.clocks(case_no)["statutory"]
    assert (clock.limit_text, clock.amount, hall.due(case_no, "statutory")) == ("90cd", 91, "06-16 00:00")


def test_its_papers_are_those_of_a_penalty(hall: Hall):
    case_no = opened(hall, PENALTY, "office")
    until(hall, case_no, PENALTY, "送达")
    assert [paper_of(hall, case_no, kind) for kind in ("received", "accepted", "decision")] == [
        "案件线索登记表", "立案通知书", "行政处罚决定书"]


def test_nobody_files_a_penalty_from_outside_and_its_party_has_no_password(hall: Hall):
    for channel, person in (("web", None), ("window", HALL)):
        refused("not_opened_so", lambda c=channel, p=person: hall.approval.intake.file(  # type: ignore[misc]
            Application(PENALTY, PARTY), c, p))
    person = officers(hall, PENALTY)("立案")
    assert hall.approval.intake.file(Application(PENALTY, PARTY), "office", person).password == ""
    refused("not_opened_so", lambda: hall.approval.intake.file(Application("gongxin-01", PARTY), "office", HALL))


def test_going_back_from_its_execution_leaves_the_decision_and_going_behind_it_takes_it_back(hall: Hall):
    case_no, person = opened(hall, PENALTY, "office"), officers(hall, PENALTY)
    until(hall, case_no, PENALTY, "执行")
    hall.later(hours=1)
    hall.approval.handling.send_back(case_no, hall.rev(case_no), "送达", "送达回证有误", person("执行"))
    assert (hall.case(case_no).state, hall.clocks(case_no)["statutory"].condition) == ("decided", "ended")
    hall.later(hours=1)
    hall.approval.handling.send_back(case_no, hall.rev(case_no), "法制审核", "适用法律有误", person("送达"))
    assert (hall.case(case_no).state, hall.clocks(case_no)["statutory"].condition) == ("accepted", "running")
    until(hall, case_no, PENALTY, "")
    refused_twice = [event for event in hall.kinds(case_no) if event == "decided"]
    assert (len(refused_twice), hall.faults(case_no)) == (2, [])


def test_a_party_is_heard_before_it_is_punished_when_it_asks(hall: Hall):
    case_no, person = opened(hall, PENALTY, "office"), officers(hall, PENALTY)
    hall.approval.hearings.ask(case_no, "要求听证", person("立案"), rev=hall.rev(case_no))
    until(hall, case_no, PENALTY, "处罚决定")
    refused("hearing_due", lambda: hall.do(case_no, person("处罚决定")), Conflict)
    hall.approval.hearings.hold(case_no, hall.rev(case_no), "已听证", person("处罚决定"))
    hall.do(case_no, person("处罚决定"))
    assert hall.faults(case_no) == []


# Petition, reconsideration, proposal ------------------------------------------------------------------------------

def test_a_petition_is_filed_by_a_citizen_accepted_within_fifteen_days_and_answered(hall: Hall):
    filed = hall.approval.intake.file(Application(PETITION, Applicant("王小明", phone="13979000003"), "小区噪声扰民"), "web")
    clock = hall.clocks(filed.case_no)["pre_acceptance"]
    assert (filed.password != "", clock.limit_text) == (True, "15cd")
    case_no = opened(hall, PETITION, "web")
    until(hall, case_no, PETITION, "意见送达")
    assert [paper_of(hall, case_no, kind) for kind in ("accepted", "decision")] == ["信访事项受理告知书", "信访事项处理意见书"]
    assert hall.clocks(case_no)["promised"].condition == "ended"


def test_sixty_days_of_a_reconsideration_are_extended_by_thirty_at_most(hall: Hall):
    case_no, person = opened(hall, REVIEW, "window"), officers(hall, REVIEW)
    before = hall.clocks(case_no)["statutory"].due_at
    at = hall.detail(case_no).head.step
    refused("extension_too_long", lambda: hall.approval.handling.ask_extension(
        case_no, hall.rev(case_no), 31, "案情复杂", person(at)))
    hall.approval.handling.ask_extension(case_no, hall.rev(case_no), 30, "案情复杂", person(at))
    hall.approval.handling.decide_extension(case_no, hall.rev(case_no), True, "同意", person("复议决定"))
    assert (hall.clocks(case_no)["statutory"].due_at - before) // (24 * 3600 * 10**6) in range(28, 33)
    assert paper_of(hall, case_no, "extended") == "行政复议延期审理通知书"


def test_three_months_are_counted_by_the_calendar(hall: Hall):
    case_no = opened(hall, PROPOSAL, "window")
    assert (hall.clocks(case_no)["statutory"].limit_text, hall.due(case_no, "statutory")) == ("3mo", "06-17 00:00")


def test_a_case_decided_and_to_be_served_waits_in_the_work_list_of_who_serves_it(hall: Hall):
    case_no, person = opened(hall, PENALTY, "office"), officers(hall, PENALTY)
    until(hall, case_no, PENALTY, "送达")
    row = next(row for row in hall.approval.queries.work(person("送达")) if row.case_no == case_no)
    assert row.due_at is None  # the limit of the penalty was kept by its decision
    assert Act.COMPLETE in hall.detail(case_no, person("送达")).may
