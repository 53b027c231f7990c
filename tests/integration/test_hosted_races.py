"""Hosted cases under several hands, on both databases: one wins, the others are told; no number twice, none left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from approval.matters import Application
from approval.numbering import is_case_number
from cases.models import clock_rungs
from core.errors import Conflict, InvalidInput
from tests.hosting import APPLICANT, APPROVER, DISPATCHER, HALL, HANDLER, ITEM, PLAN, REVIEWER, SECOND, Hall, at_once

HANDS = 6


@pytest.fixture
def hall(fresh_database_url: str, tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path, fresh_database_url)
    yield made
    made.services.database.dispose()


def test_two_people_do_the_same_step_and_one_of_them_has_done_it(hall: Hall):
    case_no = hall.accepted()
    seen = hall.rev(case_no)
    said = at_once(*[lambda who=person: hall.approval.handling.complete(case_no, seen, "同意", who)
                     for person in (HANDLER, SECOND)])
    assert sorted(said) == ["case_changed", "done"]
    assert hall.kinds(case_no).count("step") == 1


def test_a_withdrawal_and_a_step_at_once_leave_one_of_both(hall: Hall):
    case_no = hall.accepted()
    seen = hall.rev(case_no)
    said = at_once(lambda: hall.approval.handling.complete(case_no, seen, "同意", HANDLER),
                   lambda: hall.approval.ending.withdraw(case_no))
    assert said[1] == "done"  # the applicant sees no revision: he may always take it back
    assert said[0] in ("done", "case_changed", "case_not_in_state")
    assert hall.kinds(case_no)[-1] == "withdrawn"
    assert hall.approval.queries.work(REVIEWER) == []


def concluded(hall: Hall) -> str:
    """One without fees and papers."""
    case_no = hall.accepted("gongxin-04")
    for rev, person in enumerate((HANDLER, REVIEWER, APPROVER), start=hall.rev(case_no)):
        hall.approval.handling.complete(case_no, rev, "同意", person)
    hall.approval.ending.conclude(case_no, hall.rev(case_no), "", HALL)
    return case_no


def test_an_applicant_rates_once_however_often_he_presses(hall: Hall):
    case_no = concluded(hall)
    said = at_once(*[lambda: hall.approval.ending.rate(case_no, 1, "态度差")] * HANDS)
    assert sorted(said) == ["done", *["rated_once"] * (HANDS - 1)]
    assert hall.kinds(case_no).count("rated") == 1


def test_a_second_rating_in_the_same_transaction_is_refused(hall: Hall):
    case_no = concluded(hall)

    def rate_twice() -> None:
        with hall.services.uow() as uow, hall.services.uow.joining(uow):
            for score in (5, 1):
                hall.approval.ending.rate(case_no, score)

    with pytest.raises(Conflict, match="rated_once"):
        rate_twice()
    assert hall.kinds(case_no).count("rated") == 0


def test_numbers_have_no_gap_and_no_double_whoever_files_and_whatever_fails(hall: Hall):
    missing = Application(ITEM, APPLICANT, papers=("unlisted",))

    def file_some() -> None:
        for _ in range(4):
            hall.file()
            with pytest.raises(InvalidInput):
                hall.approval.intake.file(missing, "window", HALL)

    assert at_once(*[file_some] * HANDS) == ["done"] * HANDS
    numbers = sorted(row.case_no for row in hall.approval.queries.search(HALL, "", 1000))
    assert [int(number.split("-")[3]) for number in numbers] == list(range(1, 4 * HANDS + 1))
    assert all(map(is_case_number, numbers))
    receipts = sorted(receipt.number for number in numbers for receipt in hall.detail(number).receipts)
    assert len(set(receipts)) == len(numbers)


def test_the_last_two_parts_of_a_project_end_at_once_and_the_join_is_done_once(hall: Hall):
    plan = tuple(part for part in PLAN if not part.after)
    project = hall.project(plan)
    for part in plan:
        number = hall.part(project, part.node)
        while step := hall.detail(number).head.step:
            hall.approval.handling.complete(number, hall.rev(number), "同意", hall.officer(part.org, step))
    ends = [(number, hall.rev(number)) for number in (hall.part(project, part.node) for part in plan)]
    said = at_once(*[lambda no=number, rev=seen: hall.approval.ending.conclude(no, rev, "", HALL) for number, seen in ends])
    assert said == ["done", "done"]
    assert (hall.detail(project).head.step, hall.kinds(project).count("step")) == ("审核", 2)


def test_a_part_ends_while_another_is_reopened_and_the_project_stays_at_its_join(hall: Hall):
    plan = tuple(part for part in PLAN if not part.after)
    project = hall.project(plan)
    hall.finish(project, "land")
    number = hall.part(project, "water")
    while step := hall.detail(number).head.step:
        hall.approval.handling.complete(number, hall.rev(number), "同意", hall.officer("shuili", step))
    seen, whole = hall.rev(number), hall.rev(project)
    said = at_once(lambda: hall.approval.ending.conclude(number, seen, "", HALL),
                   lambda: hall.approval.projects.reopen(project, whole, "land", "红线图有误", DISPATCHER))
    assert said[0] == "done"
    if said[1] == "done":
        assert (hall.parts(project)["land"], hall.detail(project).head.step) == ("open", "会审")
    else:
        assert (said[1], hall.detail(project).head.step) == ("case_changed", "审核")


def test_an_act_that_fails_half_way_leaves_nothing(hall: Hall, monkeypatch: pytest.MonkeyPatch):
    """The paper cannot be composed: no event, no task, no number is left behind."""
    case_no = hall.file()
    seen, before = hall.rev(case_no), hall.kinds(case_no)

    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("the composer broke")

    monkeypatch.setattr(type(hall.approval.desk.receipts), "_paper", broken)
    with pytest.raises(RuntimeError):
        hall.approval.intake.accept(case_no, seen, HALL)
    monkeypatch.undo()
    assert (hall.kinds(case_no), hall.rev(case_no), hall.approval.queries.work(HANDLER)) == (before, seen, [])
    hall.approval.intake.accept(case_no, seen, HALL)
    assert [one.number for one in hall.detail(case_no).receipts][-1].endswith("1号")


def test_the_paper_cannot_be_drawn_and_the_case_goes_on(hall: Hall, monkeypatch: pytest.MonkeyPatch):
    """The register holds what the paper says; its file is made later, and again until it can be."""
    from papers.official import OfficialPaper

    def broken(self: OfficialPaper, *_: object) -> bytes:
        raise Conflict("renderer_broken")

    monkeypatch.setattr(OfficialPaper, "draw", broken)
    case_no = hall.accepted()
    number = hall.detail(case_no).receipts[-1].number
    hall.services.follow_up.papers.make_files()
    with pytest.raises(Conflict):
        hall.services.follow_up.papers.file(number, "pdf")
    monkeypatch.undo()
    assert hall.services.follow_up.papers.file(number, "docx")[:2] == b"PK"
    assert hall.case(case_no).state == "accepted"


def test_work_lists_on_this_database(hall: Hall):
    queries, cases = hall.approval.queries, [hall.accepted() for _ in range(3)]
    hall.do(cases[2], HANDLER)
    hall.approval.handling.claim(cases[0], hall.rev(cases[0]), SECOND)
    assert [row.case_no for row in queries.work(HANDLER)] == [cases[1], cases[0]]
    assert [row.case_no for row in queries.work(REVIEWER, limit=1)] == [cases[2]]
    assert [row.case_no for row in queries.intake(HALL)] == []
    assert [row.case_no for row in queries.decided(HALL)] == []


def test_a_rung_that_passed_is_found_by_the_step_that_comes_after_it(hall: Hall):
    """An act reads with its case when a clock of it waits for a look; one that does is looked at, before any sweep."""
    case_no = hall.accepted()
    hall.on(26)
    before = hall.clocks(case_no)["promised"]
    hall.do(case_no, HANDLER)
    after = hall.clocks(case_no)["promised"]
    with hall.services.database.read() as conn:
        told = conn.execute(select(clock_rungs.c.rung).where(clock_rungs.c.case_id == hall.case(case_no).case_id)).all()
    assert (before.due_at, bool(told)) == (after.due_at, True)


def test_a_task_taken_by_another_is_refused_to_whoever_acts_next(hall: Hall):
    """What is read of the task with the case is what stands there at that moment, also in one transaction with the claim."""
    case_no = hall.accepted()
    with hall.services.uow() as uow, hall.services.uow.joining(uow):
        hall.approval.handling.claim(case_no, hall.rev(case_no), SECOND)
        with pytest.raises(Conflict) as refusal:
            hall.approval.handling.complete(case_no, hall.rev(case_no) + 1, "同意", HANDLER)
        assert refusal.value.code == "task_taken"
        hall.approval.handling.complete(case_no, hall.rev(case_no) + 1, "同意", SECOND)
    assert [row.case_no for row in hall.approval.queries.work(REVIEWER)] == [case_no]
