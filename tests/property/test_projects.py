"""Over random plans and acts: no project is decided or concluded while a part is open, and every part's way is in order."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from approval.flow import Part, dependents
from core.errors import Conflict, InvalidInput
from tests.hosting import DISPATCHER, HALL, Hall
from tests.unit.approval.test_projects import GO_ON, JOINER, conclude_project, refuse, void

STATES = {"waiting": ("none", "suspended"), "open": ("accepted", "decided", "suspended"), "done": ("concluded", "collected"),
          "refused": ("concluded",), "void": ("voided",), "left_out": ("voided",)}
ITEMS = [("ziran-04", "ziran"), ("shuili-03", "shuili"), ("zhujian-02", "zhujian"), ("yingji-01", "yingji"),
         ("yingji-02", "yingji"), ("zhujian-03", "zhujian")]


def random_plan(rng: Random) -> tuple[Part, ...]:
    count = rng.randint(2, len(ITEMS))
    return tuple(Part(f"n{place}", *ITEMS[place], after=tuple(
        f"n{earlier}" for earlier in range(place) if rng.random() < 0.4), silent=rng.random() < 0.3) for place in range(count))


def in_order(hall: Hall, project: str, plan: tuple[Part, ...]) -> None:
    """What must hold after every act."""
    parts, head = hall.parts(project), hall.detail(project).head
    for part in plan:
        if parts[part.node] in ("open", "done", "refused"):
            through = [parts[before] in ("done", "left_out") for before in part.after]
            assert all(through), "a part is at work before what it waits for"
        number = hall.part(project, part.node)
        case = hall.case(number) if number else None
        assert (case.state if case else "none") in STATES[parts[part.node]]
        assert case is None or (case.fold.refused is not None) <= (parts[part.node] in ("refused", "open", "void"))
    if any(state in ("open", "void") for state in parts.values()):
        assert (head.step, head.state) == ("会审", "accepted"), "the project went on while a part is open or came to nothing"
    blocked = {one for part in plan if parts[part.node] == "refused" for one in dependents(plan, part.node)}
    if head.step != "会审":
        assert {node for node, state in parts.items() if state == "waiting"} <= blocked
    if hall.case(project).fold.decided is not None:
        assert "refused" not in parts.values(), "granted against a refusal"


def special(hall: Hall, number: str) -> None:
    """Begin one, or end the one that runs."""
    person = hall.officer(hall.detail(number).head.org, "承办")
    if hall.detail(number).head.state == "suspended":
        hall.approval.handling.end_special(number, hall.rev(number), "已完成", person)
    else:
        kind = next(iter(hall.services.catalogue.items[hall.detail(number).head.item].special), "expert_review")
        hall.approval.handling.start_special(number, hall.rev(number), kind, 1, "需要评审", person)


def act(hall: Hall, project: str, plan: tuple[Part, ...], rng: Random) -> None:
    parts = hall.parts(project)
    node = rng.choice(sorted(parts))
    number = hall.part(project, node)
    with suppress(Conflict, InvalidInput):
        match rng.choice(("step", "step", "step", "finish", "finish", "back", "reopen", "go_on", "end", "refuse", "void",
                          "collect", "special", "silence", "begin_anew", "leave_out")):
            case "step" if number and (step := hall.detail(number).head.step):
                person = hall.officer(hall.detail(number).head.org, step)
                hall.approval.handling.complete(number, hall.rev(number), "同意", person)
            case "finish" if parts[node] == "open":
                hall.finish(project, node)
            case "back" if number and (behind := hall.detail(number).earlier) and (step := hall.detail(number).head.step):
                person = hall.officer(hall.detail(number).head.org, step)
                hall.approval.handling.send_back(number, hall.rev(number), rng.choice(behind), "再核", person)
            case "reopen":
                hall.approval.projects.reopen(project, hall.rev(project), node, "再议", DISPATCHER)
            case "refuse" if parts[node] == "open" and hall.detail(number).head.step:
                refuse(hall, project, node)
            case "void" if parts[node] in ("open", "waiting") and number and rng.random() < 0.4:
                void(hall, project, node)
            case "collect" if parts[node] == "done" and rng.random() < 0.2:
                hall.approval.ending.collect(number, hall.rev(number), "本人", HALL)
            case "special" if number:
                special(hall, number)
            case "silence":
                hall.later(days=rng.choice((1, 30)))
                hall.approval.projects.consent_by_silence()
            case "begin_anew":
                hall.approval.projects.begin_anew(project, hall.rev(project), node, "重新立项", DISPATCHER)
            case "leave_out":
                hall.approval.projects.leave_out(project, hall.rev(project), node, "无须办理", DISPATCHER)
            case "go_on":
                hall.do(project, JOINER, GO_ON)
            case "end":
                hall.conclude(project)


@pytest.mark.parametrize("seed", range(12))
def test_no_project_is_through_while_a_part_is_open(seed: int):
    rng = Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        hall = Hall(Path(folder))
        plan = random_plan(rng)
        project = hall.project(plan)
        in_order(hall, project, plan)
        for _ in range(25):
            hall.later(minutes=rng.randint(1, 90))
            act(hall, project, plan, rng)
            in_order(hall, project, plan)
        finish_all(hall, project)
        assert hall.case(project).state == "concluded"
        order = {"step_skipped", "step_reversed", "out_of_order", "event_after_end", "closed_twice"}
        assert not order.intersection(hall.faults(project))
        assert not any(order.intersection(hall.faults(number)) for part in plan
                       if not by_silence(hall, number := hall.part(project, part.node)))
        hall.services.database.dispose()


def by_silence(hall: Hall, number: str) -> bool:
    """Its unit never answered: that steps were left out is its fault indeed."""
    return any((event.kind, event.actor) == ("concluded", "系统 system") for event in hall.events(number))


def finish_all(hall: Hall, project: str) -> None:
    """Whatever stands in the way is settled as the lead unit may; then the project is concluded."""
    ways = {"open": lambda node: finish(hall, project, node),
            "void": lambda node: hall.approval.projects.leave_out(project, hall.rev(project), node, "无须办理", DISPATCHER),
            "refused": lambda node: hall.approval.projects.reopen(project, hall.rev(project), node, "补充论证", DISPATCHER)}
    while left := [(node, state) for node, state in hall.parts(project).items() if state in ways]:
        ways[left[0][1]](left[0][0])
    if hall.detail(project).head.step == "批准":
        hall.approval.handling.send_back(project, hall.rev(project), "审核", "复核", _approver(hall))
    conclude_project(hall, project)


def finish(hall: Hall, project: str, node: str) -> None:
    """Also one whose special procedure runs, or that is refused and waits for its conclusion."""
    number = hall.part(project, node)
    if hall.detail(number).head.state == "suspended":
        special(hall, number)
    hall.finish(project, node)


def _approver(hall: Hall):
    from tests.hosting import APPROVER
    hall.approval.posts.give(APPROVER.name, "fagai", ["批准人"])
    return APPROVER
