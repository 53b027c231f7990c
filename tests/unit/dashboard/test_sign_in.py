"""Signing in and out through the real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from approval.payments.ledger import Overdue
from approval.payments.service import Payments
from core.access import Actor, Role
from core.database import Database
from core.health import Check, Readiness
from dashboard.demo_accounts import DEMO_PASSWORD
from dashboard.pages.home import address_for
from dashboard.pages.sign_in import safe_address
from tests.staff import AS_BROWSER, SAME_ORIGIN, Site, csrf_of, make_site, sign_in


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("sign_in"))


@pytest.mark.parametrize(("role", "address"), [
    (Role.DUTY_OFFICER, "/desk/"), (Role.INSPECTOR, "/desk/"), (Role.DEPARTMENT_USER, "/unit/"), (Role.LEADER, "/wall/"),
    (Role.ADMINISTRATOR, "/feeds/"), (Role.WALL_SCREEN, "/wall/")])
def test_everybody_is_sent_to_the_page_he_works_on(role: Role, address: str) -> None:
    assert address_for(Actor("x", frozenset({role}))) == address


def test_a_stranger_is_sent_to_the_sign_in_page_and_then_where_he_wanted_to_go(site: Site) -> None:
    client = site.client()
    sent = client.get("/desk/?lang=zh", headers=AS_BROWSER)
    welcomed = sign_in(client, "zhou", next="/desk/?lang=zh")

    assert sent.headers["Location"] == "/sign-in/?next=%2Fdesk%2F%3Flang%3Dzh"
    assert (welcomed.status_code, welcomed.headers["Location"]) == (303, "/desk/?lang=zh")
    assert client.get("/desk/").status_code == 200


def test_a_program_without_a_token_is_not_told_to_sign_in(site: Site) -> None:
    answer = site.client().post("/api/v1/events", json=[])

    assert (answer.status_code, answer.json["code"]) == (401, "token_required")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert site.client(Role.ADMINISTRATOR).post("/api/v1/events", json=[], headers=SAME_ORIGIN).status_code == 403


def test_the_other_language_keeps_where_one_wanted_to_go(site: Site) -> None:
    page = site.client().get("/sign-in/?next=/feeds/?record=17", headers=AS_BROWSER).text
    assert 'href="?lang=en&amp;next=/feeds/%3Frecord%3D17"' in page


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)",
                                     "desk/", "/desk/\r\nSet-Cookie: a=b", "/sign-in/", "/sign-out/", "http:/evil", "/a\\b"])
def test_the_next_address_never_leads_elsewhere(address: str) -> None:
    assert safe_address(address) == ""


def test_a_wrong_password_says_so_in_chinese_and_keeps_the_name(site: Site) -> None:
    answer = sign_in(site.client(), "zhou", "wrong")

    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text
    assert 'value="zhou"' in answer.text
    assert "wrong" not in answer.text


def test_the_sign_in_form_needs_its_token(site: Site) -> None:
    client = site.client()
    form = {"username": "zhou", "password": DEMO_PASSWORD}

    assert client.post("/sign-in/", data=form, headers=SAME_ORIGIN).status_code == 403


def test_signing_out_is_a_form_with_a_token_and_ends_the_session(site: Site) -> None:
    client = site.client(Role.DUTY_OFFICER)
    by_link = client.get("/sign-out/").status_code
    with client.session_transaction() as session:
        token = session["csrf"]
    forged = client.post("/sign-out/", headers={"Origin": "http://evil.example"}, data={"csrf": token}).status_code
    done = client.post("/sign-out/", headers=SAME_ORIGIN, data={"csrf": token})

    assert (by_link, forged) == (405, 403)
    assert done.headers["Location"] == "/sign-in/"
    assert client.get("/session/").status_code == 401


def test_an_address_that_keeps_failing_must_wait(site: Site) -> None:
    outside = {"REMOTE_ADDR": "203.0.113.77"}
    client = site.client()
    token = csrf_of(client)
    form = {"username": "nobody-at-all", "password": "x", "csrf": token}
    answers = [client.post("/sign-in/", data=form, headers=SAME_ORIGIN, environ_base=outside) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [401] * 20 + [429]


def test_demonstration_accounts_are_shown_in_the_demonstration_only(site: Site, tmp_path: Path) -> None:
    demo = make_site(tmp_path, demo=True)

    assert DEMO_PASSWORD not in site.client().get("/sign-in/").text
    assert "周立新" in demo.client().get("/sign-in/").text
    assert demo.client().get("/").headers["Location"] == "/wall/"
    assert demo.client().get("/wall/").status_code == 200
    assert demo.client().get("/desk/", headers=AS_BROWSER).status_code == 302


def test_the_page_speaks_english_when_asked_and_remembers_it(site: Site) -> None:
    client = site.client()

    assert "Sign in" in client.get("/sign-in/?lang=en").text
    assert 'lang="en"' in client.get("/sign-in/").text
    assert "登录" in client.get("/sign-in/?lang=zh").text


def test_readiness_tells_what_is_wrong_and_only_to_those_who_may_know(site: Site) -> None:
    answer = site.client().get("/readyz")
    checks = {check["name"]: check["ok"] for check in answer.json["checks"]}  # type: ignore[index]

    assert answer.status_code == 503  # no scheduler runs in this test
    assert checks == {"database": True, "doorbell": True, "scheduler": False, "last_sweep": False, "payments": True}
    assert site.client().get("/readyz", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code in (302, 401)


def test_an_order_that_is_not_settled_is_told_and_takes_no_server_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Readiness, "checks", lambda _self: [Check("database", True, ""), Check("scheduler", True, "")])
    monkeypatch.setattr(Payments, "overdue", lambda _self: Overdue(silent=1, oldest="PAY1", minutes=31))
    answer = site.client().get("/readyz")

    assert (answer.status_code, answer.json["ready"]) == (200, True)  # type: ignore[index]
    (payments,) = (check for check in answer.json["checks"] if check["name"] == "payments")  # type: ignore[index]
    assert (payments["ok"], payments["vital"], "PAY1" in payments["detail"]) == (False, False, True)


def test_a_public_site_that_never_answered_is_told_and_takes_no_server_away(tmp_path: Path,
                                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(tmp_path, exchange={"url": "https://outside.example.gov.cn", "key": "k" * 64})
    monkeypatch.setattr(Readiness, "checks", lambda _self: [Check("database", True, ""), Check("scheduler", True, "")])
    answer = site.client().get("/readyz")

    assert (answer.status_code, answer.json["ready"]) == (200, True)  # type: ignore[index]
    (exchange,) = (check for check in answer.json["checks"] if check["name"] == "exchange")  # type: ignore[index]
    assert (exchange["ok"], exchange["vital"], "last success never" in exchange["detail"]) == (False, False, True)


def test_readiness_without_a_database_is_an_answer_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = site.client()
    client.get("/healthz")  # the pages are laid out before the first answer

    def away(_self: Database) -> None:
        raise OperationalError("SELECT 1", {}, Exception("away"))
    monkeypatch.setattr(Database, "read", away)
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert [check["name"] for check in answer.json["checks"]] == ["database", "doorbell"]  # type: ignore[index]


def test_refusals_are_problem_details_for_programs_and_a_page_for_people(site: Site) -> None:
    client = site.client(Role.DUTY_OFFICER)
    program = client.get("/nothing", headers={"Accept": "application/json"})
    person = client.get("/nothing", headers={"Accept": "text/html"})

    assert program.mimetype == "application/problem+json"
    assert program.json["status"] == 404  # type: ignore[index]
    assert (person.status_code, person.mimetype) == (404, "text/html")
    assert "返回首页" in person.text


def test_every_page_before_the_staff_pages_has_its_name_in_the_tab_and_above_its_form(site: Site) -> None:
    door = site.client().get("/sign-in/", headers=AS_BROWSER).text
    assert "<title>登录 ·" in door
    assert "<h2>登录</h2>" in door
    client = site.client()
    sign_in(client, "zhou")
    for at in ("/account/password", "/account/second-factor"):
        page = client.get(at, headers=AS_BROWSER).text
        title = page.split("<title>")[1].split(" ·")[0]
        assert title
        assert f"<h1>{title}</h1>" in page
    assert "<title>404 ·" in client.get("/nothing-here/", headers=AS_BROWSER).text
