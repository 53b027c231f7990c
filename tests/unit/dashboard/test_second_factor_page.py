"""The page that sets the second factor, and the sign-in that asks for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from core import second_factor
from core.access import Role
from core.clock import SystemClock
from dashboard.demo_accounts import DEMO_PASSWORD
from tests.staff import AS_BROWSER, SAME_ORIGIN, Site, csrf_of, make_site, sign_in

PAGE = "/account/second-factor"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def code(site: Site, salt: str, shift: int = 0) -> str:
    step = SystemClock().now_us() // second_factor.STEP_US + shift
    return second_factor.code_at(site.services.accounts.factor_of("li", salt), step)


def asked(client: FlaskClient, **form: str):
    token = re.search(r'name="csrf" value="([^"]+)"', client.get(PAGE, headers=AS_BROWSER).text)
    assert token is not None
    return client.post(PAGE, data={"csrf": token[1], "password": DEMO_PASSWORD, **form}, headers={**SAME_ORIGIN, **AS_BROWSER})


def salt_on(client: FlaskClient) -> str:
    found = re.search(r'name="salt" value="([0-9a-f]{40})"', client.get(PAGE, headers=AS_BROWSER).text)
    assert found is not None
    return found[1]


def test_it_is_turned_on_asked_for_and_turned_off(site: Site):
    client = site.client(Role.INSPECTOR)
    salt = salt_on(client)
    assert asked(client, salt=salt, code="000000", act="set").status_code == 403
    assert asked(client, salt=salt, code=code(site, salt, -1), act="set").status_code == 303
    assert "需要动态口令" in client.get(PAGE, headers=AS_BROWSER).text

    other = site.app.test_client()
    assert sign_in(other, "li").status_code == 401
    token = csrf_of(other)
    entered = other.post("/sign-in/", headers=SAME_ORIGIN, data={
        "csrf": token, "username": "li", "password": DEMO_PASSWORD, "code": code(site, salt)})
    assert entered.status_code == 303
    assert asked(other, code="111111", act="drop").status_code == 403
    assert asked(other, code=code(site, salt, 1), act="drop").status_code == 303
    assert sign_in(site.app.test_client(), "li").status_code == 303


def test_it_is_in_the_log_and_ends_other_sessions(site: Site):
    first, second = site.client(Role.INSPECTOR), site.client(Role.INSPECTOR)
    salt = salt_on(first)
    assert asked(first, salt=salt, code=code(site, salt), act="set").status_code == 303
    assert second.get("/desk/", headers=AS_BROWSER).status_code in (302, 303)
    line = site.services.people.log(site.services.accounts.get("chen").actor, "li")[0]
    assert (line.actor, line.after["second_factor"]) == ("li", "set")


@pytest.mark.parametrize("form", [{"password": "wrong"}, {"salt": ""}, {"salt": "z" * 40}, {"salt": "a" * 4000}])
def test_nothing_else_sets_it(site: Site, form: dict[str, str]):
    client = site.client(Role.INSPECTOR)
    salt = salt_on(client)
    answer = asked(client, **{"salt": salt, "code": code(site, salt), "act": "set", **form})
    assert answer.status_code in (400, 403)
    assert site.services.accounts.get("li").factor_salt == ""
