"""Publishing a version moves no running case; a plan does, case by case, and says what it leaves alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from approval.migration_preview import PlanState
from cases.journal import events_of_cases
from cases.states import fold_all
from core.access import Actor, Role
from core.errors import Conflict, InvalidInput, NotPermitted
from papers.queries import PaperQueries
from tests.editing import ANNA, BEN, carried_out, content_of, published, seen, shorter, with_check_last
from tests.hosting import APPROVER, HALL, HANDLER, HEAD, ITEM, REVIEWER, SECOND, Hall

BY_LAW = "wenlv-02"  # a hearing must be held before its decision


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def picture(hall: Hall, case_no: str) -> Any:
    """Everything a running case has that an edit could move."""
    detail, case = hall.detail(case_no), hall.case(case_no)
    item = hall.approval.desk.item_of(detail.fold, ITEM)
    return (detail.flow, detail.head.step, detail.head.due_at, detail.head.rev, item.details, item.promised, case.clocks,
            case.light, hall.faults(case_no))


def test_publishing_changes_nothing_of_a_running_case_and_everything_of_a_new_one(hall: Hall) -> None:
    case_no = hall.accepted()
    hall.do(case_no, HANDLER)
    before = picture(hall, case_no)

    number = published(hall, shorter(hall))

    assert picture(hall, case_no) == before
    assert [row.case_no for row in hall.approval.queries.work(REVIEWER)] == [case_no]
    new = hall.file(papers=("shenqing", "shenfen", "jishu"))
    hall.approval.intake.accept(new, hall.rev(new), HALL)
    assert hall.detail(new).flow.inner == ("承办", "核查", "审核", "批准")
    assert (hall.detail(new).fold.pinned, str(hall.clocks(new)["promised"].limit_text)) == (number, "8wd")
    with pytest.raises(InvalidInput, match="papers_unlisted"):
        hall.file(papers=(*hall.papers(), "changdi"))
    fee = hall.approval.ending.charge(new, hall.rev(new), "pinlv", 1, HALL)
    old = hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 1, HALL)
    assert [hall.detail(no).fees[0]["amount_fen"] for no in (new, case_no)] == [20000, 10000]
    assert fee != old


def test_a_version_of_tomorrow_is_for_the_cases_of_tomorrow(hall: Hall) -> None:
    published(hall, shorter(hall), since=date(2026, 3, 17))
    assert len(hall.services.catalogue.items[ITEM].steps) == 5

    hall.on(17)

    assert len(hall.services.catalogue.items[ITEM].steps) == 6


def test_a_hearing_is_due_by_the_version_of_the_case_not_by_the_newest(hall: Hall) -> None:
    by_law, plain = hall.accepted(BY_LAW), hall.accepted()
    content, org = content_of(hall, BY_LAW), hall.services.catalogue.items[BY_LAW].org
    published(hall, {**content, "hearing": False, "special": []}, BY_LAW)
    published(hall, {**content_of(hall), "hearing": True})

    for step in ("承办", "审核"):
        hall.do(by_law, hall.officer(org, step))
    with pytest.raises(Conflict, match="hearing_due"):
        hall.do(by_law, hall.officer(org, "批准"))
    hall.approval.hearings.ask(by_law)
    hall.approval.hearings.hold(by_law, hall.rev(by_law), "双方到场", hall.officer(org, "批准"))
    hall.do(by_law, hall.officer(org, "批准"))
    with pytest.raises(InvalidInput, match="hearing_not_foreseen"):
        hall.approval.hearings.ask(plain)
    for person in (HANDLER, REVIEWER, APPROVER):
        hall.do(plain, person)
    assert [hall.detail(no).head.state for no in (by_law, plain)] == ["decided", "decided"]


def test_papers_and_extensions_go_by_the_version_of_the_case_too(hall: Hall) -> None:
    case_no, handling, content = hall.accepted(), hall.approval.handling, content_of(hall)
    *steps, approve, end = content["steps"]
    published(hall, {**content, "kind": "penalty", "promised": "15cd", "statutory": "90cd",
                     "steps": [*steps, {**approve, "name": "处罚决定"}, end]})

    handling.ask_extension(case_no, hall.rev(case_no), 10, "案情复杂", HANDLER)
    handling.decide_extension(case_no, hall.rev(case_no), True, "同意", HEAD)
    for person in (HANDLER, REVIEWER, APPROVER):
        hall.do(case_no, person)

    papers = PaperQueries(hall.services.database)
    extended, decision = (str(papers.content(one.number)) for kind in ("extended", "decision")
                          for one in hall.detail(case_no).receipts if one.kind == kind)
    assert "10个工作日" in extended
    assert ("准予" in decision, "处罚" in decision) == (True, False)


def test_an_item_out_of_service_takes_no_case_and_finishes_those_it_has(hall: Hall) -> None:
    case_no = hall.decided()
    published(hall, {**content_of(hall), "retired": True})

    with pytest.raises(InvalidInput, match="item_retired"):
        hall.file()
    hall.conclude(case_no)
    assert hall.detail(case_no).head.state == "concluded"


def test_a_new_item_takes_cases_from_its_first_day_on(hall: Hall) -> None:
    content = {**content_of(hall), "name": "业余电台设置", "materials": [], "fees": [], "fee": False}
    with pytest.raises(Conflict, match="config_subject_exists"):
        published(hall, content, ITEM, is_new=True)

    published(hall, content, "gongxin-99", is_new=True)

    case_no = hall.accepted("gongxin-99")
    assert hall.detail(case_no).flow.inner == ("承办", "审核", "批准")
    assert hall.clocks(case_no)["promised"].limit_text == "10wd"
    assert "gongxin-99" in [item.code for item in hall.services.catalogue.items_by_org["gongxin"]]


# By plan ------------------------------------------------------------------------------------------------------------

def test_a_plan_moves_a_case_with_one_event_and_its_clocks_follow(hall: Hall) -> None:
    case_no = hall.accepted()
    hall.do(case_no, HANDLER)
    hall.approval.handling.claim(case_no, hall.rev(case_no), REVIEWER)
    to = published(hall, with_check_last(hall))
    foreseen = seen(hall, to, {"审核": "复核"})[case_no]
    assert (foreseen.why, foreseen.step_before, foreseen.step_after) == ("", "审核", "复核")
    assert hall.due(case_no) == "03-30 09:00"

    plan = carried_out(hall, to, {"审核": "复核"}, [foreseen])

    assert (plan.state, plan.left_out) == (PlanState.DONE, {})
    event = hall.events(case_no)[-1]
    assert (event.kind.value, event.actor, event.step, event.data.from_step, event.data.plan, event.data.reason) == (
        "migrated", "安娜 anna", "复核", "审核", plan.id, "流程再造")
    detail = hall.detail(case_no)
    assert (detail.head.step, detail.head.claimed_by, detail.flow.inner) == ("复核", "gao", ("承办", "复核", "会商", "批准"))
    assert hall.due(case_no) == "03-27 09:00"
    assert detail.head.due_at == foreseen.due_after
    for person in (REVIEWER, another_reviewer(hall), APPROVER):
        hall.do(case_no, person)
    hall.conclude(case_no)
    assert hall.faults(case_no) == []


def another_reviewer(hall: Hall) -> Actor:
    person = Actor("bai", frozenset({Role.APPROVAL_STAFF}), "gongxin", "白露")
    hall.approval.posts.give("bai", "gongxin", ["审核人"])
    return person


def test_what_the_journal_says_folds_to_what_stands(hall: Hall) -> None:
    case_no = hall.accepted()
    hall.do(case_no, HANDLER)
    to = published(hall, with_check_last(hall))
    carried_out(hall, to, {"审核": "复核"}, seen(hall, to, {"审核": "复核"}).values())
    hall.do(case_no, REVIEWER)

    case = hall.case(case_no)
    with hall.services.database.read() as conn:
        assert fold_all(events_of_cases(conn, [case.case_id])[case.case_id]) == hall.detail(case_no).fold
    assert hall.detail(case_no).fold.pinned == to
    assert [done.step for done in hall.detail(case_no).fold.path] == ["承办", "复核"]


def test_steps_that_became_one_are_open_again_with_the_time_they_used(hall: Hall) -> None:
    case_no = hall.accepted()
    hall.later(days=1)
    hall.do(case_no, HANDLER)
    content = content_of(hall)
    accept, handle, _review, approve, end = content["steps"]
    to = published(hall, {**content, "steps": [accept, {**handle, "name": "审查", "limit": "7wd"}, approve, end]})
    steps = {"承办": "审查", "审核": "审查"}

    plan = carried_out(hall, to, steps, seen(hall, to, steps).values())

    assert plan.left_out == {}
    assert (hall.detail(case_no).head.step, hall.detail(case_no).fold.path) == ("审查", [])
    assert hall.due(case_no, "审查") == "03-25 09:00"  # seven days from the acceptance: what 承办 used is used
    for person in (SECOND, APPROVER):
        hall.do(case_no, person)
    assert hall.detail(case_no).head.state == "decided"


def test_a_case_that_would_skip_a_step_stays_and_says_so(hall: Hall) -> None:
    early, late = hall.accepted(), hall.accepted()
    hall.do(late, HANDLER)
    to = published(hall, {**shorter(hall), "materials": content_of(hall)["materials"]})

    foreseen = seen(hall, to, {})

    assert (foreseen[early].why, foreseen[late].why, foreseen[late].detail) == ("", "steps_missing", "核查")
    plan = carried_out(hall, to, {}, foreseen.values())
    assert plan.left_out == {late: ("steps_missing", "核查")}
    assert (hall.detail(early).fold.pinned, hall.detail(late).fold.pinned) == (to, 0)


def test_a_case_whose_fee_has_no_place_there_is_not_made_faulty(hall: Hall) -> None:
    case_no = hall.accepted()
    fee = hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 1, HALL)
    hall.approval.ending.paid(case_no, fee, "票1")
    to = published(hall, {**content_of(hall), "fees": [], "fee": False})

    assert (seen(hall, to, {})[case_no].why, seen(hall, to, {})[case_no].detail) == ("faults", "fee_without_basis")


def test_a_case_that_changed_since_the_preview_is_left_out_and_named(hall: Hall) -> None:
    first, second = hall.accepted(), hall.accepted()
    to = published(hall, with_check_last(hall))
    foreseen = seen(hall, to, {"审核": "复核"})
    hall.do(second, HANDLER)

    plan = carried_out(hall, to, {"审核": "复核"}, foreseen.values())

    assert plan.left_out == {second: ("case_changed", "")}
    assert [hall.detail(no).fold.pinned for no in (first, second)] == [to, 0]


def test_a_plan_begun_twice_moves_no_case_twice(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies after the first case; the plan goes on with the second."""
    cases = [hall.accepted(), hall.accepted()]
    to = published(hall, with_check_last(hall))
    migrations = hall.approval.migrations
    seen_cases = [(no, hall.rev(no)) for no in cases]
    plan = migrations.propose(ITEM, 0, to, {"审核": "复核"}, seen_cases, reason="流程再造", actor=ANNA)
    move, moved = migrations._move, list[str]()

    def dying(*args: Any) -> Any:
        if moved:
            raise KeyboardInterrupt
        moved.append(args[1].case_no)
        return move(*args)

    monkeypatch.setattr(migrations, "_move", dying)
    with pytest.raises(KeyboardInterrupt):
        migrations.carry_out(plan.id, actor=ANNA)
    monkeypatch.undo()
    assert migrations.carry_out(plan.id, actor=ANNA).left_out == {}
    assert [hall.kinds(no).count("migrated") for no in cases] == [1, 1]


def test_a_plan_needs_a_second_administrator_where_two_are_needed(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    case_no = hall.accepted()
    to = published(hall, with_check_last(hall))
    for name in ("anna", "ben"):
        hall.services.accounts.create(name, "long enough 1", display_name=name, roles=[Role.ADMINISTRATOR])
    migrations = hall.approval.migrations
    plan = migrations.propose(ITEM, 0, to, {"审核": "复核"}, [(case_no, hall.rev(case_no))], reason="流程再造", actor=ANNA)

    with pytest.raises(Conflict, match="proposal_decided"):
        migrations.carry_out(plan.id, actor=ANNA)
    with pytest.raises(NotPermitted, match="second_administrator_needed"):
        migrations.confirm(plan.id, actor=ANNA)
    with pytest.raises(NotPermitted):
        migrations.confirm(plan.id, actor=HALL)
    migrations.confirm(plan.id, actor=BEN)
    assert migrations.carry_out(plan.id, actor=BEN).state is PlanState.DONE
    assert [line.action for line in hall.services.editing.log("migration", ITEM)] == ["confirmed", "proposed"]


def test_a_step_without_a_counterpart_is_named(hall: Hall) -> None:
    to = published(hall, with_check_last(hall))

    with pytest.raises(InvalidInput, match="migration_step_unmapped") as refusal:
        seen(hall, to, {})

    assert refusal.value.details["key"] == "step.审核"
