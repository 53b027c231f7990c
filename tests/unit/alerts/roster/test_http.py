"""The roster over HTTP: read by those on watch, edited by administrators and shift leaders."""

from __future__ import annotations

from typing import Any

import pytest

from core.access import Role
from tests.staff import SAME_ORIGIN, Site, make_site

SHIFT = {"username": "zhou", "role": "duty_officer", "weekday": 0, "from_min": 510, "until_min": 1050,
         "valid_from": "2026-01-01"}
LIAISON = {"org": "fagai", "role": "liaison", "name": "赵晓燕", "username": "zhao"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("roster"))


def post(site: Site, role: Role, path: str, body: Any) -> Any:
    return site.client(role).post(f"/api/v1/{path}", json=body, headers=SAME_ORIGIN)


def test_a_plan_is_written_read_and_ended(site: Site) -> None:
    stored = post(site, Role.ADMINISTRATOR, "roster/shifts", SHIFT).json
    week = site.client(Role.DUTY_OFFICER).get("/api/v1/roster?week=2026-03-18").json
    on_duty = site.client(Role.LEADER).get("/api/v1/roster/on-duty").json

    assert [len(day["turns"]) for day in week["week"]] == [1, 0, 0, 0, 0, 0, 0]
    assert week["changes"][0]["after"]["username"] == "zhou"
    assert on_duty["on_duty"] == [{"username": "zhou", "display_name": "周立新", "role": "duty_officer"}]
    ended = site.client(Role.ADMINISTRATOR).delete(f"/api/v1/roster/shifts/{stored['id']}?last_day=2026-03-15",
                                                   headers=SAME_ORIGIN)
    assert ended.status_code == 200
    assert site.client(Role.LEADER).get("/api/v1/roster/on-duty").json["on_duty"] == []


def test_an_exception_is_noted_and_taken_back(site: Site) -> None:
    stored = post(site, Role.ADMINISTRATOR, "roster/exceptions", {"day": "2026-03-17", "kind": "extra", "username": "zhou",
                                                                  "from_min": 510, "until_min": 1050}).json
    week = site.client(Role.DUTY_OFFICER).get("/api/v1/roster?week=2026-03-16").json

    assert [one["kind"] for one in week["week"][1]["exceptions"]] == ["extra"]
    gone = site.client(Role.ADMINISTRATOR).delete(f"/api/v1/roster/exceptions/{stored['id']}", headers=SAME_ORIGIN)
    assert gone.status_code == 200


def test_a_liaison_is_named_and_removed(site: Site) -> None:
    stored = post(site, Role.ADMINISTRATOR, "contacts", LIAISON).json
    assert [one["name"] for one in site.client(Role.INSPECTOR).get("/api/v1/contacts").json["contacts"]] == ["赵晓燕"]
    gone = site.client(Role.ADMINISTRATOR).delete(f"/api/v1/contacts/{stored['id']}", headers=SAME_ORIGIN)
    assert gone.status_code == 200
    assert site.client(Role.INSPECTOR).get("/api/v1/contacts").json == {"contacts": []}


@pytest.mark.parametrize(("path", "body"), [("roster/shifts", SHIFT), ("contacts", LIAISON)])
def test_others_on_watch_may_read_but_not_edit(site: Site, path: str, body: Any) -> None:
    assert post(site, Role.DUTY_OFFICER, path, body).status_code == 403
    assert post(site, Role.DEPARTMENT_USER, path, body).status_code == 403


@pytest.mark.parametrize(("path", "body", "code"), [
    ("roster/shifts", {"username": "zhou"}, "message_invalid"), ("roster/shifts", {**SHIFT, "weekday": 9}, "weekday_invalid"),
    ("contacts", {**LIAISON, "org": "nowhere"}, "org_unknown"), ("contacts", {**LIAISON, "role": "king"}, "message_invalid")])
def test_what_cannot_be_right_is_a_problem_with_a_code(site: Site, path: str, body: Any, code: str) -> None:
    answer = post(site, Role.ADMINISTRATOR, path, body)

    assert (answer.status_code, answer.json["code"]) == (400, code)


def test_a_day_that_is_none_is_refused(site: Site) -> None:
    assert site.client(Role.DUTY_OFFICER).get("/api/v1/roster?week=soon").json["code"] == "date_unreadable"
