"""Handovers over HTTP: from the draft to both signatures, each by the officer whose part it is."""

from __future__ import annotations

from typing import Any

import pytest

from core.access import Role
from tests.staff import SAME_ORIGIN, Site, make_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("handover"))


def post(site: Site, role: Role, path: str, body: Any = None) -> Any:
    return site.client(role).post(f"/api/v1/handovers{path}", json=body or {}, headers=SAME_ORIGIN)


def test_a_shift_goes_from_one_officer_to_the_other(site: Site) -> None:
    leader = next(account.username for account in site.services.accounts.list() if Role.SHIFT_LEADER in account.roles)
    number = post(site, Role.DUTY_OFFICER, "", {"incoming": leader}).json["id"]

    assert post(site, Role.DUTY_OFFICER, f"/{number}/notes", {"notes": "无异常"}).json["notes"] == "无异常"
    assert post(site, Role.SHIFT_LEADER, f"/{number}/offer").status_code == 403
    assert post(site, Role.DUTY_OFFICER, f"/{number}/offer").json["state"] == "offered"
    decided = post(site, Role.SHIFT_LEADER, f"/{number}/decide", {"items": [1], "decision": "accepted"})
    assert decided.status_code == 200
    signed = post(site, Role.SHIFT_LEADER, f"/{number}/sign").json
    assert (signed["state"], signed["signed_at"] is not None) == ("signed", True)
    history = site.client(Role.INSPECTOR).get("/api/v1/handovers").json
    assert [one["state"] for one in history["handovers"]] == ["signed"]
    assert site.client(Role.INSPECTOR).get(f"/api/v1/handovers/{number}").json["notes"] == "无异常"
    assert post(site, Role.DUTY_OFFICER, f"/{number}/cancel").json["code"] == "handover_state"


def test_whoever_does_no_duty_hands_nothing_over(site: Site) -> None:
    assert post(site, Role.INSPECTOR, "", {"incoming": "zhou"}).status_code == 403
    assert post(site, Role.DEPARTMENT_USER, "", {"incoming": "zhou"}).status_code == 403


def test_what_cannot_be_read_is_refused(site: Site) -> None:
    assert post(site, Role.DUTY_OFFICER, "", {"to": "zhou"}).json["code"] == "message_invalid"
    assert site.client(Role.DUTY_OFFICER).get("/api/v1/handovers/99").json["code"] == "handover_not_found"
