"""Notices over HTTP: the log for those on watch, an inbox for its owner."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from alerts.notices.models import notices
from core.access import Role
from tests.staff import OWN_ORG, SAME_ORIGIN, Site, make_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = make_site(tmp_path_factory.mktemp("notices"))
    liaison = {"org": OWN_ORG, "role": "liaison", "name": "赵晓燕", "username": "zhao"}
    assert site.client(Role.ADMINISTRATOR).post("/api/v1/contacts", json=liaison, headers=SAME_ORIGIN).status_code == 200
    site.record_case("2026-1", OWN_ORG)
    return site


def test_the_log_says_who_was_told_of_a_card(site: Site) -> None:
    answer = site.client(Role.INSPECTOR).get("/api/v1/notices?card=1").json

    assert ("liaison", "in_site", "sent") in {(row["addressee"], row["channel"], row["state"]) for row in answer["notices"]}
    assert set(answer["counts"]) == {"queued", "sending", "dead"}
    assert all(row["state"] == "sent" for row in site.client(Role.INSPECTOR).get("/api/v1/notices?state=sent").json["notices"])


def test_a_department_reads_its_own_inbox_and_not_the_log(site: Site) -> None:
    zhao = site.client(Role.DEPARTMENT_USER)
    before = zhao.get("/api/v1/inbox").json

    assert before["unread"] == len(before["notices"]) > 0
    assert zhao.post("/api/v1/inbox/read", json={}, headers=SAME_ORIGIN).json == {"read": before["unread"]}
    assert zhao.get("/api/v1/inbox").json["unread"] == 0
    assert zhao.get("/api/v1/notices").status_code == 403


def test_a_dead_notice_is_sent_again_by_whoever_is_on_duty(site: Site) -> None:
    number = site.client(Role.DUTY_OFFICER).get("/api/v1/notices").json["notices"][0]["id"]
    with site.services.uow() as uow:
        uow.conn.execute(update(notices).where(notices.c.id == number).values(state="dead"))
    path = f"/api/v1/notices/{number}/resend"

    assert site.client(Role.LEADER).post(path, headers=SAME_ORIGIN).status_code == 403
    assert site.client(Role.DUTY_OFFICER).post(path, headers=SAME_ORIGIN).json == {"ok": True}
    again = site.client(Role.DUTY_OFFICER).post(path, headers=SAME_ORIGIN)
    assert (again.status_code, again.json["code"]) == (409, "notice_not_dead")
    assert site.client(Role.LEADER).get(f"/api/v1/notices/{number}/attempts").json == {"attempts": []}


@pytest.mark.parametrize(("path", "code"), [("notices?card=x", "number_invalid"), ("inbox?limit=-1", "number_invalid")])
def test_a_number_that_is_none_is_refused(site: Site, path: str, code: str) -> None:
    assert site.client(Role.DUTY_OFFICER).get(f"/api/v1/{path}").json["code"] == code


def test_a_command_that_cannot_be_read_is_refused(site: Site) -> None:
    answer = site.client(Role.DUTY_OFFICER).post("/api/v1/inbox/read", json={"all": 1}, headers=SAME_ORIGIN)

    assert (answer.status_code, answer.json["code"]) == (400, "message_invalid")
