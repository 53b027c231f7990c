"""并联审批: many units at once, what waits waits, silence consents, and no part taken back leaves a decision standing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from alerts.alarms import standing_alarms
from approval.abolition import Abolition
from approval.flow import DISPATCH, JOIN, Part
from approval.models import hosted_nodes
from config.versions import Kind
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from jobs import take_silence
from tests.editing import content_of, published
from tests.hosting import APPROVER, DISPATCHER, HALL, JOINER, JOINT, LEAD, PLAN, Hall, staff

GO_ON = "会审意见已汇总"


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.services.database.dispose()


def conclude_project(hall: Hall, project: str) -> None:
    hall.do(project, JOINER, GO_ON)
    hall.approval.posts.give("luo", "fagai", ["批准人"])
    hall.do(project, APPROVER, "同意")
    hall.conclude(project)


def test_units_work_at_once_and_what_must_wait_waits(hall: Hall):
    project = hall.project()
    assert hall.parts(project) == {"land": "open", "water": "open", "build": "waiting", "fire": "waiting"}
    hall.finish(project, "land")
    assert hall.parts(project) == {"land": "done", "water": "open", "build": "waiting", "fire": "open"}
    hall.finish(project, "water")
    hall.finish(project, "fire")
    assert hall.parts(project)["build"] == "open"
    with pytest.raises(Conflict):
        hall.do(project, DISPATCHER)
    hall.finish(project, "build")
    assert hall.detail(project).head.step == "审核"
    conclude_project(hall, project)
    assert hall.case(project).state == "concluded"
    assert hall.faults(project) == [] == hall.faults(hall.part(project, "build"))


def test_every_part_has_a_clock_of_its_own(hall: Hall):
    project = hall.project()
    hall.later(days=1)
    hall.finish(project, "land")
    assert hall.clocks(hall.part(project, "fire"))["promised"].started.at == hall.clock.now_us()
    assert hall.clocks(hall.part(project, "water"))["promised"].started.at < hall.clock.now_us()


@pytest.mark.parametrize(("plan", "code"), [
    ((Part("a", "ziran-04", "shuili"),), "plan_item_of_other_unit"), ((Part("a", JOINT, "fagai"),), "plan_in_plan"),
    ((Part("a", "ziran-04", "ziran", after=("a",)),), "plan_circle"), ((), "plan_empty")])
def test_a_plan_that_cannot_be_is_refused_and_nothing_is_dispatched(hall: Hall, plan, code):
    project = hall.accepted(JOINT)
    with pytest.raises(InvalidInput) as failure:
        hall.approval.projects.dispatch(project, hall.rev(project), plan, "分发", DISPATCHER)
    assert (failure.value.code, hall.detail(project).head.step) == (code, DISPATCH)


def test_an_item_out_of_service_takes_no_part_of_a_project_either(hall: Hall):
    published(hall, {**content_of(hall, "yingji-01"), "retired": True}, "yingji-01")
    with pytest.raises(InvalidInput, match="item_retired"):
        hall.project()
    with hall.services.database.read() as conn:
        assert conn.execute(select(hosted_nodes)).all() == []


def test_a_part_still_to_begin_keeps_its_unit(hall: Hall):
    hall.project()
    with hall.services.database.read() as conn, pytest.raises(Conflict, match="organisation_in_use") as refusal:
        Abolition(hall.services.catalogue)(conn, Kind.ORGANISATION, "yingji", {"abolished": True})
    assert refusal.value.details["cases"] == 1


def test_a_dispatch_needs_its_plan_and_cannot_be_gone_back_to(hall: Hall):
    project = hall.accepted(JOINT)
    hall.approval.posts.give("tang", "fagai", ["综合窗口", "会审组", "审核人"])
    with pytest.raises(Conflict, match="plan_missing"):
        hall.do(project, DISPATCHER)
    project = hall.project((PLAN[0],))
    hall.finish(project, "land")
    for step in (DISPATCH, JOIN):
        with pytest.raises(Conflict, match="reopen_a_part"):
            hall.approval.handling.send_back(project, hall.rev(project), step, "再议", JOINER)


def test_a_dispatch_is_done_by_whoever_took_it(hall: Hall):
    project = hall.accepted(JOINT)
    hall.approval.posts.give("tan", "fagai", ["综合窗口"])
    hall.approval.handling.claim(project, hall.rev(project), staff("tan", "谭静", "fagai"))
    with pytest.raises(Conflict, match="task_taken"):
        hall.approval.projects.dispatch(project, hall.rev(project), PLAN, "分发", DISPATCHER)


def test_silence_is_consent_where_the_plan_says_so_and_only_after_the_limit(hall: Hall):
    project = hall.project((Part("water", "shuili-03", "shuili", silent=True), Part("fire", "yingji-01", "yingji")))
    hall.later(days=3)
    assert hall.approval.projects.consent_by_silence() == 0
    hall.later(days=60)
    assert hall.approval.projects.consent_by_silence() == 1
    assert hall.parts(project) == {"water": "done", "fire": "open"}
    told = hall.events(hall.part(project, "water"))[-1]
    assert (told.kind, told.actor) == ("concluded", "系统 system")
    assert told.data.opinion == "超过承诺时限未答复，视为同意（超时默许）。"


def test_a_part_that_was_answered_in_the_meantime_keeps_no_other_from_its_consent(hall: Hall, monkeypatch: pytest.MonkeyPatch):
    plan = (Part("fire", "yingji-01", "yingji", silent=True), Part("water", "shuili-03", "shuili", silent=True))
    project = hall.project(plan)
    hall.later(days=90)
    late = hall.approval.projects._silent_and_late()
    assert len(late) == 2
    hall.finish(project, "fire")
    monkeypatch.setattr(hall.approval.projects, "_silent_and_late", lambda: late)
    assert hall.approval.projects.consent_by_silence() == 1
    assert hall.parts(project) == {"fire": "done", "water": "done"}
    assert hall.kinds(hall.part(project, "fire")).count("concluded") == 1


def test_a_part_that_failed_or_is_not_late_any_more_keeps_no_other_from_its_consent(
        hall: Hall, monkeypatch: pytest.MonkeyPatch):
    plan = (Part("fire", "yingji-01", "yingji", silent=True), Part("water", "shuili-03", "shuili", silent=True))
    project = hall.project(plan)
    early = [hall.part(project, node) for node in ("fire", "water")]
    monkeypatch.setattr(hall.approval.projects, "_silent_and_late", lambda: early)
    assert hall.approval.projects.consent_by_silence() == 0
    hall.later(days=90)
    conclude = hall.approval.ending.conclude_in

    def stumbling(uow, case, *given):
        if case.case_no == early[0]:
            raise ZeroDivisionError
        conclude(uow, case, *given)
    monkeypatch.setattr(hall.approval.ending, "conclude_in", stumbling)
    assert hall.approval.projects.consent_by_silence() == 1
    assert hall.parts(project) == {"fire": "open", "water": "done"}
    assert hall.approval.projects.unconsented == (early[0],)


def test_silence_that_could_not_be_taken_is_an_alarm_until_it_is(hall: Hall, monkeypatch: pytest.MonkeyPatch):
    hall.project((Part("fire", "yingji-01", "yingji", silent=True),))
    hall.later(days=90)

    def failing(*_given: object) -> None:
        raise ZeroDivisionError

    def alarms() -> list[str]:
        with hall.services.database.read() as conn:
            return [alarm.code for alarm in standing_alarms(conn)]

    with monkeypatch.context() as patch:
        patch.setattr(hall.approval.ending, "conclude_in", failing)
        take_silence(hall.services)
        assert "silence_failed" in alarms()
    take_silence(hall.services)
    assert "silence_failed" not in alarms()


def test_a_part_that_is_asked_again_is_not_through_by_silence_at_once(hall: Hall):
    project = hall.project((Part("water", "shuili-03", "shuili", silent=True), Part("fire", "yingji-01", "yingji")))
    hall.later(days=90)
    assert hall.approval.projects.consent_by_silence() == 1
    hall.approval.projects.reopen(project, hall.rev(project), "water", "须实际审查", HALL)
    hall.later(days=30)
    assert hall.approval.projects.consent_by_silence() == 0
    assert hall.parts(project) == {"water": "open", "fire": "open"}
    hall.finish(project, "water")
    assert hall.parts(project)["water"] == "done"


def test_a_part_that_is_decided_outlives_its_project(hall: Hall):
    project = hall.project((Part("water", "shuili-03", "shuili"), Part("fire", "yingji-01", "yingji")))
    number = hall.part(project, "water")
    while step := hall.detail(number).head.step:
        hall.approval.handling.complete(number, hall.rev(number), "同意", hall.officer("shuili", step))
    hall.approval.ending.withdraw(project, "不建了")
    assert hall.detail(number).head.state == "decided"
    assert hall.detail(hall.part(project, "fire")).head.state == "withdrawn"
    hall.conclude(number)
    assert hall.detail(number).head.state == "concluded"


def test_a_part_held_for_one_that_is_refused_ends_with_its_project(hall: Hall):
    project = hall.project()
    hall.finish(project, "land")
    hall.approval.projects.reopen(project, hall.rev(project), "land", "红线图有误", HALL)
    number, fire = hall.part(project, "land"), hall.part(project, "fire")
    while step := hall.detail(number).head.step:
        result = "refused" if hall.detail(number).decides else "granted"
        hall.do(number, hall.officer("ziran", step), result=result, reason="占用耕地")
    hall.approval.ending.conclude(number, hall.rev(number), "", HALL)
    hall.finish(project, "water")
    assert hall.detail(fire).head.state == "suspended"
    while step := hall.detail(project).head.step:
        hall.do(project, JOINER if step == "审核" else hall.officer(LEAD, step), result="refused", reason="用地未获同意")
    hall.approval.ending.conclude(project, hall.rev(project), "", HALL)
    assert hall.detail(fire).head.state == "withdrawn"


def test_a_project_given_up_takes_its_parts_with_it(hall: Hall):
    project = hall.project()
    hall.finish(project, "land")
    hall.approval.ending.withdraw(project, "项目取消")
    states = {node: hall.case(number).state for node in ("land", "water", "fire") if (number := hall.part(project, node))}
    assert states == {"land": "concluded", "water": "withdrawn", "fire": "withdrawn"}


# A part taken back ------------------------------------------------------------------------------------------------

def all_done(hall: Hall) -> str:
    project = hall.project()
    for node in ("land", "water", "fire", "build"):
        hall.finish(project, node)
    return project


def test_a_part_reopened_behind_the_join_withdraws_all_that_rests_on_it_in_one_act(hall: Hall):
    project = all_done(hall)
    hall.do(project, JOINER, GO_ON)
    hall.approval.projects.reopen(project, hall.rev(project), "land", "红线图有误", DISPATCHER)
    assert hall.parts(project) == {"land": "open", "water": "done", "build": "waiting", "fire": "waiting"}
    assert hall.detail(project).head.step == JOIN
    assert {node: hall.case(hall.part(project, node)).state for node in ("land", "build", "fire")} == {
        "land": "accepted", "build": "suspended", "fire": "suspended"}
    with pytest.raises(Conflict):
        hall.conclude(project)


def test_after_it_all_is_done_again_the_project_ends_and_nothing_is_a_fault(hall: Hall):
    project = all_done(hall)
    hall.later(hours=1)
    hall.approval.projects.reopen(project, hall.rev(project), "land", "红线图有误", DISPATCHER)
    hall.later(hours=1)
    for node in ("land", "fire", "build"):
        hall.finish(project, node)
    conclude_project(hall, project)
    assert hall.faults(project) == []
    assert [hall.faults(hall.part(project, node)) for node in ("land", "water", "fire", "build")] == [[], [], [], []]
    assert hall.kinds(hall.part(project, "build")).count("concluded") == 2


def test_a_part_in_hand_is_held_while_what_it_rests_on_is_done_again(hall: Hall):
    project = hall.project()
    hall.finish(project, "land")
    fire = hall.part(project, "fire")
    hall.approval.handling.complete(fire, hall.rev(fire), "同意", hall.officer("yingji", "承办"))
    before = hall.due(fire)
    hall.approval.projects.reopen(project, hall.rev(project), "land", "红线图有误", DISPATCHER)
    assert (hall.case(fire).state, hall.detail(fire).head.step) == ("suspended", "")
    hall.later(days=1)
    hall.finish(project, "land")
    assert (hall.case(fire).state, hall.detail(fire).head.step) == ("accepted", "承办")
    assert hall.due(fire) > before
    assert hall.kinds(fire)[-3:] == ["rolled_back", "held", "released"]


def test_only_what_is_through_can_be_reopened(hall: Hall):
    project = hall.project()
    for node, code in (("water", "part_not_done"), ("build", "part_not_done")):
        with pytest.raises(Conflict, match=code):
            hall.approval.projects.reopen(project, hall.rev(project), node, "再议", DISPATCHER)


def test_a_part_that_was_collected_is_not_reopened_and_the_project_goes_on(hall: Hall):
    project = all_done(hall)
    fire = hall.part(project, "fire")
    hall.approval.ending.collect(fire, hall.rev(fire), "本人", HALL)
    for node in ("fire", "land"):  # fire waited for land
        with pytest.raises(Conflict, match="part_not_to_reopen"):
            hall.approval.projects.reopen(project, hall.rev(project), node, "再议", DISPATCHER)
    conclude_project(hall, project)
    assert hall.case(project).state == "concluded"

# Parts that came to nothing, and parts refused ------------------------------------------------------------------------

def void(hall: Hall, project: str, node: str) -> str:
    """The unit of the part declares it void."""
    number = hall.part(project, node)
    head = staff(f"{node}-head", "周正", hall.detail(number).head.org)
    hall.approval.posts.give(head.name, head.only_org or "", ["分管领导"])
    hall.approval.ending.void(number, hall.rev(number), "立项错误", head)
    return number


def refuse(hall: Hall, project: str, node: str) -> None:
    number = hall.part(project, node)
    while (step := hall.detail(number).head.step):
        decides = {"result": "refused", "reason": "不符合规范"} if hall.detail(number).decides else {}
        hall.do(number, hall.officer(hall.detail(number).head.org, step), **decides)
    hall.conclude(number)


def test_a_void_part_holds_the_join_until_the_lead_unit_begins_it_anew(hall: Hall):
    project = hall.project((Part("water", "shuili-03", "shuili"), Part("fire", "yingji-01", "yingji")))
    hall.finish(project, "water")
    voided = void(hall, project, "fire")
    assert (hall.parts(project), hall.detail(project).head.step) == ({"water": "done", "fire": "void"}, JOIN)
    with pytest.raises(Conflict, match="parts_void"):
        hall.do(project, JOINER)
    assert [line.is_held for line in hall.approval.queries.work(JOINER) if line.case_no == project] == [True]
    hall.approval.projects.begin_anew(project, hall.rev(project), "fire", "重新立项", DISPATCHER)
    again = hall.part(project, "fire")
    assert (again, hall.parts(project)["fire"]) == (f"{voided}-2", "open")
    assert [line.is_held for line in hall.approval.queries.work(JOINER) if line.case_no == project] == [False]
    void(hall, project, "fire")
    hall.approval.projects.begin_anew(project, hall.rev(project), "fire", "再次立项", DISPATCHER)
    assert hall.part(project, "fire") == f"{voided}-3"
    hall.finish(project, "fire")
    conclude_project(hall, project)
    assert (hall.case(project).state, hall.faults(project)) == ("concluded", [])
    assert "子项 fire 重新派发：重新立项" in [event.data.reason for event in hall.events(project)]


def test_a_part_left_out_lets_what_waited_for_it_begin(hall: Hall):
    project = hall.project((Part("land", "ziran-04", "ziran"), Part("fire", "yingji-01", "yingji", after=("land",))))
    number = void(hall, project, "land")
    assert hall.parts(project) == {"land": "void", "fire": "waiting"}
    hall.approval.projects.leave_out(project, hall.rev(project), "land", "用地已有批复", DISPATCHER)
    assert hall.parts(project) == {"land": "left_out", "fire": "open"}
    assert hall.part(project, "land") == number
    hall.finish(project, "fire")
    conclude_project(hall, project)
    assert hall.case(project).state == "concluded"


def test_the_only_part_left_out_ends_the_join(hall: Hall):
    project = hall.project((Part("land", "ziran-04", "ziran"),))
    hall.approval.ending.withdraw(hall.part(project, "land"), "不办了")
    assert hall.parts(project) == {"land": "void"}
    hall.approval.projects.leave_out(project, hall.rev(project), "land", "无须办理", DISPATCHER)
    assert hall.detail(project).head.step == "审核"


def test_only_what_came_to_nothing_is_begun_anew_or_left_out_and_only_by_the_lead_unit(hall: Hall):
    project = hall.project()
    hall.finish(project, "land")
    projects = hall.approval.projects
    for act in (projects.begin_anew, projects.leave_out):
        for node, code in (("land", "part_not_void"), ("water", "part_not_void"), ("build", "part_not_void")):
            with pytest.raises(Conflict, match=code):
                act(project, hall.rev(project), node, "再议", DISPATCHER)
        with pytest.raises(NotFound, match="plan_node_unknown"):
            act(project, hall.rev(project), "sky", "再议", DISPATCHER)
        with pytest.raises(NotPermitted):
            act(project, hall.rev(project), "land", "再议", staff("stranger", "外人", "shuili"))


def test_a_refused_part_has_answered_what_waited_for_it_never_begins_and_the_project_cannot_be_granted(hall: Hall):
    project = hall.project((Part("land", "ziran-04", "ziran"), Part("water", "shuili-03", "shuili"),
                            Part("fire", "yingji-01", "yingji", after=("land",))))
    refuse(hall, project, "land")
    assert (hall.parts(project), hall.detail(project).head.step) == (
        {"land": "refused", "water": "open", "fire": "waiting"}, JOIN)
    hall.finish(project, "water")
    assert hall.detail(project).head.step == "审核"
    hall.do(project, JOINER, GO_ON)
    hall.approval.posts.give("luo", "fagai", ["批准人"])
    with pytest.raises(Conflict, match="parts_refused") as refusal:
        hall.do(project, APPROVER, "同意")
    assert refusal.value.details["nodes"] == "land"
    assert hall.detail(project).head.step == "批准"
    hall.do(project, APPROVER, "不予", result="refused", reason="用地不符合规划")
    hall.conclude(project)
    decided = next(event for event in hall.events(project) if event.kind == "decided")
    assert decided.data.reason == "用地不符合规划\n子项不予：land；因此未办理：fire。"
    assert (hall.case(project).state, hall.case(project).fold.refused is not None) == ("concluded", True)


def test_a_refused_part_reopened_and_granted_lets_the_project_be_granted(hall: Hall):
    project = hall.project((Part("land", "ziran-04", "ziran"), Part("fire", "yingji-01", "yingji", after=("land",))))
    refuse(hall, project, "land")
    assert hall.detail(project).head.step == "审核"
    hall.approval.projects.reopen(project, hall.rev(project), "land", "补充论证", DISPATCHER)
    assert hall.parts(project) == {"land": "open", "fire": "waiting"}
    hall.finish(project, "land")
    hall.finish(project, "fire")
    conclude_project(hall, project)
    assert (hall.case(project).state, hall.case(project).fold.refused) == ("concluded", None)


def test_a_project_given_up_leaves_void_and_refused_parts_as_they_are(hall: Hall):
    project = hall.project()
    void(hall, project, "water")
    refuse(hall, project, "land")
    hall.approval.ending.withdraw(project, "项目取消")
    assert [hall.case(hall.part(project, node)).state for node in ("land", "water")] == ["concluded", "voided"]
    assert hall.faults(hall.part(project, "land")) == []


def test_a_part_is_reopened_behind_one_that_came_to_nothing(hall: Hall):
    project = hall.project((Part("land", "ziran-04", "ziran"), Part("fire", "yingji-01", "yingji", after=("land",))))
    hall.finish(project, "land")
    void(hall, project, "fire")
    hall.approval.projects.reopen(project, hall.rev(project), "land", "红线图有误", DISPATCHER)
    assert hall.parts(project) == {"land": "open", "fire": "void"}
    hall.approval.projects.begin_anew(project, hall.rev(project), "fire", "重新立项", DISPATCHER)
    assert hall.parts(project) == {"land": "open", "fire": "waiting"}
    hall.finish(project, "land")
    assert hall.parts(project)["fire"] == "open"
