"""Subscriptions over HTTP: for administrators in a session and for programs with their token, each of his area; for nobody
else. Secrets are in one answer only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import main
from core.access import Role
from evaluation.webhooks.kinds import EventType
from tests.staff import SAME_ORIGIN, Site, make_site

URL = "/api/v1/webhooks"
WISH = {"name": "省平台", "url": "https://sheng.example/hook", "types": ["scores.frozen"]}
ADMIN, COUNTY = "chen", "360521"
WRITES = (URL, f"{URL}/1/test", f"{URL}/1/disable", f"{URL}/1/enable", f"{URL}/deliveries/1/retry",
          f"{URL}/deliveries/1/give-up")


@pytest.fixture
def site(tmp_path: Path, fresh_database_url: str) -> Iterator[Site]:
    made = make_site(tmp_path, **{"database.url": fresh_database_url})
    yield made
    made.services.database.dispose()


def bearer(site: Site, name: str = ADMIN, kind: str = "admin") -> dict[str, str]:
    return {"Authorization": f"Bearer {site.services.accounts.issue_token(kind, name)}"}


def program(site: Site) -> FlaskClient:
    return site.app.test_client()


def added(site: Site, headers: dict[str, str], **more: Any) -> TestResponse:
    return program(site).post(URL, json={**WISH, **more}, headers=headers)


def test_a_program_subscribes_tries_and_disables_and_sees_the_secret_once(site: Site) -> None:
    token, client = bearer(site), program(site)
    made = added(site, token)
    assert made.status_code == 201, made.text
    number, secret = made.json["id"], made.json["secret"]  # type: ignore[index]
    assert len(secret) >= 32
    listed = client.get(URL, headers=token)
    assert secret not in listed.text
    [shown] = listed.json["subscriptions"]  # type: ignore[index]
    assert (shown["id"], shown["url"], shown["types"], shown["enabled"], shown["created_by"]) == (
        number, WISH["url"], WISH["types"], True, ADMIN)
    assert client.post(f"{URL}/{number}/test", headers=token).json == {"id": number}
    [delivery] = client.get(f"{URL}/deliveries", headers=token).json["deliveries"]  # type: ignore[index]
    assert (delivery["type"], delivery["state"], delivery["subscription"]) == ("webhook.test", "queued", number)
    assert client.post(f"{URL}/{number}/disable", headers=token).status_code == 200
    [delivery] = client.get(f"{URL}/deliveries", headers=token).json["deliveries"]  # type: ignore[index]
    assert delivery["state"] == "cancelled"
    assert client.post(f"{URL}/{number}/test", headers=token).status_code == 409
    assert client.post(f"{URL}/{number}/enable", headers=token).status_code == 200
    assert client.get(URL, headers=token).json["subscriptions"][0]["enabled"] is True  # type: ignore[index]
    own = added(site, token, name="自带密钥", secret="q" * 40)
    assert own.json["secret"] == "q" * 40  # type: ignore[index]
    assert client.post(f"{URL}/deliveries/{delivery['id']}/retry", headers=token).status_code == 409
    log = site.services.editing.log("webhook")
    assert {edit.actor for edit in log} == {ADMIN}
    assert secret not in repr(log)


def test_an_administrator_in_a_session_does_the_same(site: Site) -> None:
    client = site.client(Role.ADMINISTRATOR)
    made = client.post(URL, json={**WISH, "types": [one.value for one in EventType]}, headers=SAME_ORIGIN)
    assert made.status_code == 201, made.text
    assert client.post(URL, json=WISH, headers={"Origin": "https://evil.example"}).status_code == 403, "another site's form"
    assert len(client.get(URL).json["subscriptions"]) == 1  # type: ignore[index]


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.LEADER, Role.DEPARTMENT_USER, Role.DUTY_OFFICER])
def test_nobody_else_gets_in(site: Site, role: Role) -> None:
    client = site.client(role)
    for path in (URL, f"{URL}/deliveries"):
        assert client.get(path).status_code == 403
        assert program(site).get(path).status_code == 401
        assert program(site).get(path, headers=bearer(site, "hall", "feed")).status_code == 401
        assert program(site).get(path, headers=bearer(site, "monitor", "probe")).status_code == 401
        assert program(site).get(path, headers={"Authorization": "Bearer yg_admin_x"}).status_code == 401
    for path in WRITES:
        assert client.post(path, json=WISH, headers=SAME_ORIGIN).status_code == 403
        assert program(site).post(path, json=WISH).status_code == 401


def test_a_token_is_worth_what_its_owner_is_and_opens_nothing_else(site: Site) -> None:
    token, accounts = bearer(site), site.services.accounts
    for elsewhere in ("/people/", "/api/v1/scores", "/api/v1/exports", "/api/v1/history?subject=events", "/webhooks/"):
        assert program(site).get(elsewhere, headers=token).status_code in (302, 401), elsewhere
    assert program(site).get(URL, headers=token).status_code == 200
    accounts.change(ADMIN, roles={Role.INSPECTOR})
    assert program(site).get(URL, headers=token).status_code == 401
    accounts.change(ADMIN, roles={Role.INSPECTOR, Role.ADMINISTRATOR})
    assert program(site).get(URL, headers=token).status_code == 200
    accounts.deactivate(ADMIN)
    assert program(site).get(URL, headers=token).status_code == 401
    accounts.change(ADMIN, is_active=True)
    accounts.revoke_tokens("admin", ADMIN)
    assert program(site).get(URL, headers=token).status_code == 401
    assert program(site).get(URL, headers=bearer(site, "nobody")).status_code == 401


def test_who_is_bound_to_an_area_has_the_subscriptions_of_it(site: Site) -> None:
    city = bearer(site)
    whole = added(site, city).json["id"]  # type: ignore[index]
    site.services.accounts.change(ADMIN, area=COUNTY)
    own = added(site, city, area="360500")
    assert own.status_code == 201
    shown = program(site).get(URL, headers=city).json["subscriptions"]  # type: ignore[index]
    assert [(one["id"], one["area"]) for one in shown] == [(own.json["id"], COUNTY)]  # type: ignore[index]
    for act in ("test", "disable", "enable"):
        assert program(site).post(f"{URL}/{whole}/{act}", headers=city).status_code == 404


@pytest.mark.parametrize(("wish", "status"), [
    ({"name": " "}, 400), ({"types": []}, 400), ({"types": ["scores.lost"]}, 400), ({"url": "http://sheng.example"}, 400),
    ({"url": "https://user:x@sheng.example"}, 400), ({"area": "999999"}, 400), ({"secret": "short"}, 400), ({"more": 1}, 400),
    ({"name": "x" * 65}, 400)])
def test_what_cannot_be_is_refused(site: Site, wish: dict[str, Any], status: int) -> None:
    token = bearer(site)
    answer = added(site, token, **wish)
    assert answer.status_code == status, answer.text
    assert answer.json["code"]  # type: ignore[index]
    assert program(site).get(URL, headers=token).json == {"subscriptions": []}


def test_the_command_gives_a_token_to_administrators_only(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    database = ("--database", str(site.services.database.url.render_as_string(hide_password=False)))
    assert main(["token", "admin", ADMIN, *database]) == 0
    token = capsys.readouterr().out.strip().splitlines()[-1]
    assert program(site).get(URL, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    for name in ("li", "nobody"):
        assert main(["token", "admin", name, *database]) == 1
    assert "yg_admin_" not in capsys.readouterr().out
