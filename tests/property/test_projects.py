"""Over random plans and acts: no project is decided or concluded while a part is open, and every part's way is in order."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from approval.flow import Part
from core.errors import Conflict
from tests.hosting import DISPATCHER, Hall
from tests.unit.approval.test_projects import GO_ON, JOINER, conclude_project

ITEMS = [("ziran-04", "ziran"), ("shuili-03", "shuili"), ("zhujian-02", "zhujian"), ("yingji-01", "yingji"),
         ("yingji-02", "yingji"), ("zhujian-03", "zhujian")]


def random_plan(rng: Random) -> tuple[Part, ...]:
    count = rng.randint(2, len(ITEMS))
    return tuple(Part(f"n{place}", *ITEMS[place], after=tuple(
        f"n{earlier}" for earlier in range(place) if rng.random() < 0.4)) for place in range(count))


def in_order(hall: Hall, project: str, plan: tuple[Part, ...]) -> None:
    """What must hold after every act."""
    parts, head = hall.parts(project), hall.detail(project).head
    for part in plan:
        if parts[part.node] != "waiting":
            assert all(parts[before] == "done" for before in part.after), "a part is at work before what it waits for"
        number = hall.part(project, part.node)
        state = hall.case(number).state if number else "none"
        expected = {"waiting": ("none", "suspended"), "open": ("accepted", "decided"), "done": ("concluded",)}
        assert state in expected[parts[part.node]]
    if any(state != "done" for state in parts.values()):
        assert (head.step, head.state) == ("会审", "accepted"), "the project went on while a part is open"


def act(hall: Hall, project: str, plan: tuple[Part, ...], rng: Random) -> None:
    parts = hall.parts(project)
    node = rng.choice(sorted(parts))
    number = hall.part(project, node)
    with suppress(Conflict):
        match rng.choice(("step", "step", "step", "finish", "finish", "back", "reopen", "go_on", "end")):
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
        assert not any(order.intersection(hall.faults(hall.part(project, part.node))) for part in plan)
        hall.services.database.dispose()


def finish_all(hall: Hall, project: str) -> None:
    while open_ones := [node for node, state in hall.parts(project).items() if state == "open"]:
        hall.finish(project, open_ones[0])
    if hall.detail(project).head.step == "批准":
        hall.approval.handling.send_back(project, hall.rev(project), "审核", "复核", _approver(hall))
    conclude_project(hall, project)


def _approver(hall: Hall):
    from tests.hosting import APPROVER
    hall.approval.posts.give(APPROVER.name, "fagai", ["批准人"])
    return APPROVER
