"""A project is one picture: who may read it in its lead unit reads its parts, wherever they are shown, and acts on none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from approval.flow import Part
from approval.performing import PERFORMED
from approval.posts import EVERY_UNIT
from core.access import Actor, Role
from core.errors import NotFound
from server import build_server
from tests.hosting import HALL, HANDLER, ITEM, LEAD, ORG, Hall
from tests.staff import SAME_ORIGIN, outputs_with, run_callback, sign_in

CITY, DISTRICT, OF_NEIGHBOUR = "360500", "360502", "ziran"
STAFF, UNIT = Role.APPROVAL_STAFF, Role.DEPARTMENT_USER
PLAN = (Part("radio", ITEM, ORG), Part("land", "ziran-04", OF_NEIGHBOUR))


@dataclass(frozen=True)
class Row:
    """A person, the posts he holds as (unit, post), and whether he reads the project and its part of unit ORG."""

    name: str
    actor: Actor
    posts: tuple[tuple[str, str], ...] = ()
    project: bool = False
    part: bool = False


def row(name: str, role: Role, org: str = "", area: str = "", posts: tuple[tuple[str, str], ...] = (), *,
        project: bool = False, part: bool = False) -> Row:
    return Row(name, Actor(f"p-{name}", frozenset({role}), org, name, area), posts, project, part)


BOTH = {"project": True, "part": True}
MATRIX = (
    row("department-of-the-lead", UNIT, LEAD, **BOTH), row("staff-of-the-lead", STAFF, LEAD, **BOTH),
    row("clerk-of-the-lead", STAFF, LEAD, posts=((LEAD, "综合窗口"),), **BOTH),
    row("post-in-the-lead", STAFF, "minzheng", posts=((LEAD, "会审组"),), **BOTH),
    row("lead-of-the-city", STAFF, LEAD, CITY, **BOTH), row("lead-of-a-district", STAFF, LEAD, DISTRICT),
    row("department-of-the-part", UNIT, ORG, part=True), row("staff-of-the-part", STAFF, ORG, part=True),
    row("department-of-another-part", UNIT, OF_NEIGHBOUR), row("staff-of-another-part", STAFF, OF_NEIGHBOUR),
    row("department-of-none", UNIT, "minzheng"), row("staff-of-none", STAFF, "minzheng", posts=(("minzheng", "承办人"),)),
    row("post-lost", UNIT, "minzheng", posts=((LEAD, "综合窗口"),)),
    row("the-one-window", STAFF, "minzheng", posts=((EVERY_UNIT, "综合窗口"),), **BOTH),
    row("inspector", Role.INSPECTOR, **BOTH), row("leader-of-a-district", Role.LEADER, area=DISTRICT))


@dataclass(frozen=True)
class Shown:
    """An installation with a project, its part, and a file of the part."""

    hall: Hall
    app: Flask
    project: str
    part: str
    digest: str

    def client(self, name: str) -> FlaskClient:
        client = self.app.test_client()
        assert sign_in(client, f"p-{name}").status_code == 303
        return client


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    hall = Hall(tmp_path_factory.mktemp("project"))
    for one in MATRIX:
        hall.services.accounts.create(one.actor.name, "yangguang-demo", display_name=one.name, roles=one.actor.roles,
                                      org=one.actor.org, area=one.actor.area)
        for org, post in one.posts:
            hall.approval.posts.give(one.actor.name, org, [post])
    project = hall.project(PLAN)
    part = hall.part(project, "radio")
    upload = hall.approval.materials.keep("shenqing", "基站设计.png", picture())
    hall.approval.intake.keep_file(part, upload, HALL)
    hall.approval.handling.start_special(part, hall.rev(part), "testing", 3, "现场检测", HANDLER)  # gives a paper out
    return Shown(hall, build_server(hall.services).app, project, part, upload.sha256)


def picture(colour: str = "red") -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (8, 8), colour).save(drawn, "PNG")
    return drawn.getvalue()


def found(call: Callable[[], object]) -> bool:
    try:
        call()
    except NotFound:
        return False
    return True


@pytest.mark.parametrize("one", MATRIX, ids=lambda one: one.name)
def test_who_reads_a_project_and_who_reads_its_part(shown: Shown, one: Row):
    queries, now = shown.hall.approval.queries, shown.hall.clock.now_us()
    for case_no, sees in ((shown.project, one.project), (shown.part, one.part)):
        assert found(lambda no=case_no: queries.find(no, one.actor)) is sees
        assert found(lambda no=case_no: queries.as_it_stood(no, now, one.actor)) is sees
        assert (case_no in [line.case_no for line in queries.search(one.actor, case_no)]) is sees
        assert queries.may_read(shown.hall.case(case_no).case_id, one.actor) is sees
    assert found(lambda: queries.file_of(shown.part, shown.digest, one.actor)) is one.part


@pytest.mark.parametrize("one", [one for one in MATRIX if not one.actor.area or one.name == "lead-of-the-city"],
                         ids=lambda one: one.name)
def test_page_interface_materials_and_papers_agree(shown: Shown, one: Row):
    client, address = shown.client(one.name), f"/api/v1/approval/cases/{shown.part}"
    status = 200 if one.part else 404
    code = shown.hall.detail(shown.part).receipts[0].code
    for below in ("", "/flow", f"/files/{shown.digest}", f"/files/{shown.digest}/preview/1", f"/papers/{code}/docx",
                  f"/at/{shown.hall.clock.now().isoformat().replace('+', '%2B')}"):
        assert client.get(address + below).status_code == status, below
    page = run_callback(client, "/hosted/", outputs_with(client, "/hosted/", "hosted-body.children"), {
        "hosted-address.search": f"?no={shown.part}", "hosted-changed.data": None, "hosted-tick.n_intervals": 0},
        {"hosted-seen.data": None, "hosted-kept.data": {}})
    assert (shown.digest in page.text) is one.part
    assert (f'?no={shown.project}"' in page.text) is (one.part and one.project)  # no way to where he may not go
    explained = run_callback(client, "/case/", "case-body.children", {
        "case-address.pathname": f"/case/{CITY}/{shown.part}", "case-address.search": ""})
    assert ("clock-sentence" in explained.text) is one.part


@pytest.mark.parametrize("name", ["department-of-the-lead", "clerk-of-the-lead", "post-in-the-lead"])
def test_the_lead_unit_does_nothing_to_a_part(shown: Shown, name: str):
    one = next(one for one in MATRIX if one.name == name)
    client, address = shown.client(name), f"/api/v1/approval/cases/{shown.part}"
    assert shown.hall.approval.queries.find(shown.part, one.actor).may == frozenset()
    before = shown.hall.detail(shown.part)
    told = {"rev": before.head.rev, "words": "同意", "reason": "测试", "code": shown.digest, "days": 1, "kind": "hearing"}
    for act in PERFORMED:
        assert client.post(f"{address}/acts/{act}", json=told, headers=SAME_ORIGIN).status_code in (400, 403, 404, 409), act
    kept = client.post(f"{address}/files?code=shenqing&name=a.png", data=picture("blue"), headers=SAME_ORIGIN)
    assert kept.status_code == 403
    after = shown.hall.detail(shown.part)
    assert (after.head.rev, after.head.claimed_by, len(after.papers)) == (
        before.head.rev, before.head.claimed_by, len(before.papers))
