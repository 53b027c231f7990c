"""Who sees and handles a hosted case: by role, by level (city or district), by department, by post. One table, held to the
services and to what the interface performs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from approval.matters import Application
from approval.performing import ActOn, perform
from approval.posts import EVERY_UNIT
from core.access import Actor, Role
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from tests.hosting import APPLICANT, HALL, ITEM, ORG, Hall

CITY, DISTRICT, OTHER = "360500", "360502", "minzheng"
HANDLER_POST, WINDOW_POST = "承办人", "综合窗口"


@dataclass(frozen=True)
class Row:
    """A person, the posts he holds as (unit, post), and what he may: see the case, find it in his work, do its open step,
    take applications for its unit."""

    name: str
    actor: Actor
    posts: tuple[tuple[str, str], ...] = ()
    sees: bool = False
    works: bool = False
    acts: bool = False
    files: bool = False


def person(name: str, role: Role, org: str = "", area: str = "") -> Actor:
    return Actor(f"m-{name}", frozenset({role}), org, name, area)


STAFF, UNIT, INSPECTOR, LEADER = Role.APPROVAL_STAFF, Role.DEPARTMENT_USER, Role.INSPECTOR, Role.LEADER
MATRIX = (
    Row("inspector", person("inspector", INSPECTOR), sees=True), Row("leader", person("leader", LEADER), sees=True),
    Row("inspector-of-the-city", person("ic", INSPECTOR, area=CITY), sees=True),
    Row("inspector-of-a-district", person("id", INSPECTOR, area=DISTRICT)),
    Row("leader-of-a-district", person("ld", LEADER, area=DISTRICT)),
    Row("department", person("department", UNIT, ORG), sees=True),
    Row("department-of-a-district", person("dd", UNIT, ORG, DISTRICT)),
    Row("another-department", person("another", UNIT, OTHER)),
    Row("staff-without-post", person("nopost", STAFF, ORG), sees=True),
    Row("handler", person("handler", STAFF, ORG), ((ORG, HANDLER_POST),), sees=True, works=True, acts=True),
    Row("handler-of-the-city", person("hc", STAFF, ORG, CITY), ((ORG, HANDLER_POST),), sees=True, works=True, acts=True),
    Row("handler-bound-to-a-district", person("hd", STAFF, ORG, DISTRICT), ((ORG, HANDLER_POST),)),
    Row("handler-elsewhere", person("he", STAFF, OTHER), ((OTHER, HANDLER_POST),)),
    Row("another-post", person("clerk", STAFF, ORG), ((ORG, WINDOW_POST),), sees=True, files=True),
    Row("the-one-window", person("window", STAFF, OTHER), ((EVERY_UNIT, WINDOW_POST),), sees=True, files=True),
    Row("the-one-window-of-a-district", person("wd", STAFF, OTHER, DISTRICT), ((EVERY_UNIT, WINDOW_POST),)),
    Row("post-in-a-second-unit", person("second", STAFF, OTHER), ((OTHER, WINDOW_POST), (ORG, HANDLER_POST)),
        sees=True, works=True,
        acts=True),
    Row("duty-officer", person("duty", Role.DUTY_OFFICER)), Row("administrator", person("admin", Role.ADMINISTRATOR)),
    Row("role-lost", person("lost", UNIT, OTHER), ((ORG, HANDLER_POST),)),
)
READERS = {STAFF, UNIT, INSPECTOR, LEADER}


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Hall:
    made = Hall(tmp_path_factory.mktemp("matrix"))
    assert made.services.catalogue.organisations[ORG].area == CITY
    for row in MATRIX:
        for org in {org for org, _ in row.posts}:
            made.approval.posts.give(row.actor.name, org, [post for unit, post in row.posts if unit == org])
    return made


@pytest.fixture(scope="module")
def case_no(hall: Hall) -> str:
    return hall.accepted()


def refused(call: Any) -> bool:
    try:
        call()
    except (NotFound, NotPermitted):
        return True
    except (Conflict, InvalidInput):
        return False
    return False


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_who_sees_the_case_its_files_and_its_past(hall: Hall, case_no: str, row: Row):
    queries = hall.approval.queries
    if row.actor.roles & READERS:
        assert refused(lambda: queries.find(case_no, row.actor)) is not row.sees
        assert refused(lambda: queries.as_it_stood(case_no, hall.clock.now_us(), row.actor)) is not row.sees
        assert refused(lambda: queries.file_of(case_no, "x" * 64, row.actor))
        assert bool(queries.search(row.actor, case_no)) is row.sees


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_whose_work_list_has_it(hall: Hall, case_no: str, row: Row):
    if row.actor.has(STAFF):
        assert (case_no in [line.case_no for line in hall.approval.queries.work(row.actor)]) is row.works


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_who_does_the_open_step(hall: Hall, row: Row):
    number = hall.accepted()
    told = ActOn(rev=hall.rev(number), words="同意")
    assert refused(lambda: perform(hall.approval, number, "complete", told, row.actor, lambda _name: None)) is not row.acts
    assert (hall.detail(number).head.step != "承办") is row.acts


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_who_takes_applications_for_the_unit(hall: Hall, row: Row):
    application = Application(ITEM, APPLICANT, "城南基站", papers=hall.papers())
    assert refused(lambda: hall.approval.intake.file(application, "window", row.actor)) is not row.files


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
@pytest.mark.parametrize("act", ["accept", "claim", "hand_over", "send_back", "start_special", "ask_extension", "charge",
                                 "waive",
                                 "conclude", "collect", "void", "reopen", "dispatch"])
def test_nobody_who_does_not_see_a_case_does_anything_to_it(hall: Hall, case_no: str, row: Row, act: str):
    if row.sees and row.actor.has(STAFF):
        return
    before = hall.rev(case_no)
    told = ActOn(rev=before, words="同意", reason="测试", to="he", days=1, kind="hearing", code="x", to_step="承办", node="a")
    with pytest.raises((NotFound, NotPermitted, InvalidInput, Conflict)):
        perform(hall.approval, case_no, act, told, row.actor, lambda _name: HALL)
    assert hall.rev(case_no) == before


def test_the_window_of_a_district_finds_nothing_of_the_city_in_its_lists(hall: Hall):
    number = hall.file()
    window = next(row.actor for row in MATRIX if row.name == "the-one-window-of-a-district")
    assert number in [line.case_no for line in hall.approval.queries.intake(replace(window, area=CITY))]
    assert hall.approval.queries.intake(window) == []
    assert hall.approval.queries.decided(window) == []
