"""Hosted cases at the end of a year whose successor is not published: everything a person can do is done, and what nobody can
compute yet is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from approval.matters import Application
from core.errors import InvalidInput
from dashboard.pages import hosted, work
from dashboard.words import words_of
from exchanging import inside_of
from portal.direct import Views
from server import build_server
from tests.hosting import APPLICANT, APPROVER, CLERK, HALL, HANDLER, HEAD, ITEM, ORG, REVIEWER, SHANGHAI, Hall
from tests.staff import AS_BROWSER, SAME_ORIGIN

BY_LAW = "wenlv-02"  # a hearing must be held before its decision
FIRST_STEPS = {
    "permit": "承办", "internal": "承办", "investment": "评估论证", "proposal": "办理", "reconsideration": "答复举证",
    "trading": "公告", "penalty": "调查取证", "inspection": "现场检查", "collection": "核定", "petition": "调查核实"}
DAYS = [datetime(2026, 12, 11, 10, tzinfo=SHANGHAI), datetime(2026, 12, 31, 10, tzinfo=SHANGHAI),
        datetime(2027, 1, 4, 10, tzinfo=SHANGHAI)]


@pytest.fixture(params=DAYS, ids=[f"{day:%m-%d}" for day in DAYS])
def hall(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    assert made.services.areas.default.calendar.last_year == 2026
    made.clock.move_to(request.param)
    yield made
    made.services.database.dispose()


def looked_at(hall: Hall, case_no: str, password: str = "") -> str:
    """The lists and the page of the staff with every form offered; with his password also the applicant's page, which it
    returns."""
    t = words_of(hall.services.texts, "zh-CN")
    people = (HALL, HANDLER, HEAD) if hall.detail(case_no).head.org == ORG else (HALL,)
    with Flask(__name__).test_request_context():
        for person in people:
            work.listed(hall.services, person, "", "城南", t)
            for name in work.work_lists.LISTS:
                work.listed(hall.services, person, name, "", t)
            for act in sorted(hall.detail(case_no, person).may):
                hosted.shown(hall.services, person, {"no": case_no, "act": act.value}, None, None, {}, t)
    if hall.detail(case_no).head.channel in ("web", "window"):
        Views(inside_of(hall.services)).of(case_no)
    return followed(hall, case_no, password) if password else ""


def followed(hall: Hall, case_no: str, password: str) -> str:
    """The applicant's own page."""
    client = build_server(hall.services).app.test_client()
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/public/case/").text)[1]  # type: ignore[index]
    entered = client.post("/public/case/enter", data={"csrf": csrf, "no": case_no, "password": password},
                          headers={**SAME_ORIGIN, **AS_BROWSER})
    assert entered.status_code == 303
    page = client.get("/public/case/")
    assert page.status_code == 200
    return str(page.text)


def papers_can_be_drawn(hall: Hall, case_no: str) -> None:
    for receipt in hall.detail(case_no).receipts:
        assert hall.services.follow_up.papers.file(receipt.number, "docx")[:2] == b"PK"


def test_a_licence_goes_its_whole_way(hall: Hall):
    filed, approval = hall.filed(papers=hall.papers(without="jishu")), hall.approval
    no = filed.case_no

    def act(service: Any, *given: Any, **more: Any) -> None:
        looked_at(hall, no)
        service(no, hall.rev(no), *given, **more)
        hall.later(minutes=10)

    act(approval.intake.ask_correction, ["jishu"], "缺技术资料", CLERK)
    looked_at(hall, no)
    approval.intake.correct(no, ["jishu"], CLERK, rev=hall.rev(no))
    act(approval.intake.accept, CLERK)
    act(approval.handling.claim, HANDLER)
    act(approval.handling.start_special, "testing", 5, "现场检测", HANDLER)
    act(approval.handling.end_special, "合格", HANDLER)
    act(approval.handling.ask_extension, 5, "会商", HANDLER)
    act(approval.handling.decide_extension, True, "同意", HEAD)
    act(approval.handling.complete, "同意", HANDLER)
    act(approval.handling.send_back, "承办", "再核", REVIEWER)
    act(approval.handling.complete, "同意", HANDLER)
    act(approval.handling.complete, "同意", REVIEWER)
    act(approval.handling.complete, "同意", APPROVER)
    looked_at(hall, no, filed.password)
    hall.conclude(no)
    approval.ending.collect(no, hall.rev(no), "本人", HALL)
    approval.ending.rate(no, 5, "")
    looked_at(hall, no)
    papers_can_be_drawn(hall, no)
    hall.services.sweeper.sweep_all()


@pytest.mark.parametrize("until", [None, "today"])
def test_papers_may_follow(hall: Hall, until: str | None):
    filed = hall.filed(papers=hall.papers(without="changdi"))
    no, day = filed.case_no, hall.approval.desk.today("360500", hall.clock.now_us())
    hall.approval.intake.accept(no, hall.rev(no), HALL, deferred=["changdi"], until=day if until else None)
    looked_at(hall, no, filed.password)
    paper = next(one for one in hall.detail(no).papers if one.state == "deferred")
    assert paper.promised_at is not None
    hall.approval.intake.supply(no, ["changdi"], HALL, rev=hall.rev(no))
    assert hall.detail(no).deferred == []


def test_the_last_day_there_is_for_papers_is_that_of_plain_weeks(tmp_path: Path):
    """Ten working days from Friday, 2026-12-25: New Year's day is not known to be off."""
    hall = Hall(tmp_path)
    hall.clock.move_to(datetime(2026, 12, 25, 10, tzinfo=SHANGHAI))
    for until, is_taken in ((date(2027, 1, 8), True), (date(2027, 1, 9), False)):
        no = hall.file(papers=hall.papers(without="changdi"))
        if is_taken:
            hall.approval.intake.accept(no, hall.rev(no), HALL, deferred=["changdi"], until=until)
            continue
        with pytest.raises(InvalidInput, match="promise_out_of_range") as refusal:
            hall.approval.intake.accept(no, hall.rev(no), HALL, deferred=["changdi"], until=until)
        assert refusal.value.details["last"] == "2027-01-08"
    hall.services.database.dispose()


def test_a_hearing_is_asked_for_and_held(hall: Hall):
    filed = hall.filed(BY_LAW)
    no, org = filed.case_no, hall.services.catalogue.items[BY_LAW].org
    hall.approval.intake.accept(no, hall.rev(no), HALL)
    hall.approval.hearings.ask(no, "涉及相邻权益")
    looked_at(hall, no, filed.password)
    hall.approval.hearings.hold(no, hall.rev(no), "双方到场", hall.officer(org, "承办"))
    for step in ("承办", "审核", "批准"):
        hall.do(no, hall.officer(org, step))
    looked_at(hall, no, filed.password)
    assert hall.case(no).state == "decided"


def test_a_project_goes_through(hall: Hall):
    project = hall.project()
    looked_at(hall, project)
    for node in ("land", "water", "fire", "build"):
        hall.finish(project, node)
        looked_at(hall, hall.part(project, node))
    hall.approval.projects.consent_by_silence()
    looked_at(hall, project)
    assert hall.detail(project).head.step == "审核"


def test_a_case_of_every_kind_of_power_is_taken_in(hall: Hall):
    taken = {}
    for one in {item.kind: item for item in hall.services.catalogue.items.values() if not item.details.form}.values():
        channel = "window" if "window" in one.power.opened_by else "office"
        application = Application(one.code, APPLICANT, "城南", papers=hall.papers(one.code))
        no = hall.approval.intake.file(application, channel, HALL).case_no  # type: ignore[arg-type]
        assert (hall.case(no).state, hall.detail(no).head.step) == ("received", ""), one.code
        hall.approval.intake.accept(no, hall.rev(no), HALL)
        looked_at(hall, no)
        assert (hall.case(no).state, hall.kinds(no), hall.faults(no)) == ("accepted", ["received", "accepted"], []), one.code
        assert "promised" in hall.clocks(no) or one.promised is None, one.code
        taken[str(one.kind)] = hall.detail(no).head.step
    assert taken == FIRST_STEPS


@pytest.mark.parametrize("how", ["refuse", "withdraw", "void", "return"])
def test_it_ends_otherwise(hall: Hall, how: str):
    no = hall.file(ITEM)
    assert "acceptance" in hall.clocks(no)
    if how == "return":
        hall.approval.intake.ask_correction(no, hall.rev(no), ["jishu"], "缺技术资料", CLERK)
    match how:
        case "refuse":
            hall.approval.intake.refuse(no, hall.rev(no), "不属于本机关", CLERK)
        case "withdraw":
            hall.approval.ending.withdraw(no, "不再需要")
        case "void":
            hall.approval.ending.void(no, hall.rev(no), "重复", HEAD)
        case "return":
            hall.approval.ending.return_(no, hall.rev(no), "逾期未补正", CLERK)
    looked_at(hall, no)
    state = {"refuse": "not_accepted", "withdraw": "withdrawn", "void": "voided", "return": "returned"}[how]
    assert (hall.case(no).state, hall.kinds(no)[-1], hall.faults(no)) == (state, state, [])
    assert (hall.clocks(no), hall.detail(no, HEAD).may) == ({}, frozenset()), "nothing runs and nothing is left to do"
