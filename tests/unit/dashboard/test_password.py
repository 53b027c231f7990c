"""修改密码: what it asks for, what it ends, what it leaves in the log, and that who must do it gets nowhere else."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config.changelog import ROLE, Edit
from core.access import Role
from core.accounts import AccountPolicy
from dashboard.demo_accounts import DEMO_PASSWORD
from dashboard.gate import PASSWORD_PAGE
from dashboard.http import OwnPassword
from tests.staff import AS_BROWSER, SAME_ORIGIN, Site, make_site, sign_in

NEW_PASSWORD = "correct horse battery"
SET_BY_OTHERS = "given by a technician"
HERE = {"REMOTE_ADDR": "203.0.113.40"}


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("password"))


def change(client: FlaskClient, old: str, new: str = NEW_PASSWORD, again: str | None = None,
           next_address: str = "") -> TestResponse:
    with client.session_transaction() as session:
        token = session["csrf"]
    form = {"old": old, "new": new, "again": new if again is None else again, "csrf": token, "next": next_address}
    answer: TestResponse = client.post(PASSWORD_PAGE, data=form, headers=SAME_ORIGIN, environ_base=HERE)
    return answer


def forced(site: Site, username: str = "zhou") -> FlaskClient:
    """Somebody whose password the technician has just set, signed in with it."""
    site.services.people.set_directly(username, password=SET_BY_OTHERS)
    client = site.app.test_client()
    assert sign_in(client, username, SET_BY_OTHERS).status_code == 303
    return client


def last_line(site: Site) -> Edit:
    with site.services.database.read() as conn:
        return site.services.people._changes.read(conn, ROLE)[0]


def test_a_person_changes_his_password_and_goes_on_while_his_other_sessions_end(site: Site) -> None:
    here, elsewhere = site.client(Role.DUTY_OFFICER), site.client(Role.DUTY_OFFICER)
    done = change(here, DEMO_PASSWORD, next_address="/desk/?lang=zh")

    assert (done.status_code, done.headers["Location"]) == (303, "/desk/?lang=zh")
    assert here.get("/desk/").status_code == 200
    assert elsewhere.get("/session/").status_code == 401
    assert sign_in(site.app.test_client(), "zhou", DEMO_PASSWORD).status_code == 401
    assert sign_in(site.app.test_client(), "zhou", NEW_PASSWORD).status_code == 303


def test_the_log_tells_of_the_change_and_never_of_the_password(site: Site) -> None:
    change(site.client(Role.INSPECTOR), DEMO_PASSWORD)
    line = last_line(site)

    assert (line.actor, line.subject, line.action) == ("li", "li", "own")
    assert {"password"} == line.after.keys() - line.before.keys()
    assert NEW_PASSWORD not in str(line)


@pytest.mark.parametrize(("old", "new", "again", "words", "status"), [
    ("wrong", NEW_PASSWORD, None, "原密码不正确", 403),
    (DEMO_PASSWORD, "short", None, f"至少 {AccountPolicy().password_min_length} 位", 400),
    (DEMO_PASSWORD, NEW_PASSWORD, "another one entirely", "两次输入的密码不一致", 400),
    (DEMO_PASSWORD, DEMO_PASSWORD, None, "不能与原密码相同", 400)])
def test_what_is_wrong_is_said_and_nothing_changes(site: Site, old: str, new: str, again: str | None, words: str,
                                                   status: int) -> None:
    client = site.client(Role.DUTY_OFFICER)
    refused = change(client, old, new, again)

    assert refused.status_code == status
    assert words in refused.text.partition('role="alert"')[2]
    assert new not in refused.text
    assert client.get("/desk/").status_code == 200
    assert sign_in(site.app.test_client(), "zhou").status_code == 303


def test_guessing_the_old_password_locks_the_account_like_failed_sign_ins(site: Site) -> None:
    client = site.client(Role.DUTY_OFFICER)
    answers = [change(client, "wrong").status_code for _ in range(AccountPolicy().lock_after)]

    assert answers == [403] * AccountPolicy().lock_after
    assert change(client, DEMO_PASSWORD).status_code == 403
    assert sign_in(site.app.test_client(), "zhou").status_code == 401


def test_an_address_that_keeps_guessing_must_wait(site: Site) -> None:
    clients = [site.client(role) for role in (Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER)]
    for client in clients:
        for _ in range(5):
            change(client, "wrong")

    assert change(site.client(Role.ADMINISTRATOR), DEMO_PASSWORD).status_code == 429


def test_the_form_needs_its_token(site: Site) -> None:
    form = {"old": DEMO_PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD}

    assert site.client(Role.DUTY_OFFICER).post(PASSWORD_PAGE, data=form, headers=SAME_ORIGIN).status_code == 403


def test_who_must_change_is_led_to_the_page_and_to_nothing_else(site: Site) -> None:
    client = forced(site)
    led = client.get("/desk/?lang=zh", headers=AS_BROWSER)
    callback = client.post("/desk/_dash-update-component", json={}, headers=SAME_ORIGIN)
    api = client.get("/api/v1/cards")
    page = client.get(PASSWORD_PAGE)

    assert (led.status_code, led.headers["Location"]) == (302, f"{PASSWORD_PAGE}?next=%2Fdesk%2F%3Flang%3Dzh")
    for refused in (callback, api, client.get("/session/"), client.get("/wall/_dash-layout")):
        assert (refused.status_code, refused.json["code"]) == (403, "password_must_change")
    assert "当前密码由他人设置" in page.text
    assert "返回" not in page.text


def test_once_changed_everything_is_open_again(site: Site) -> None:
    client = forced(site)
    kept = change(client, SET_BY_OTHERS, SET_BY_OTHERS)
    done = change(client, SET_BY_OTHERS, next_address="/case/")

    assert kept.status_code == 400
    assert (done.status_code, done.headers["Location"]) == (303, "/case/")
    assert client.get("/case/").status_code == 200
    assert not site.services.accounts.get("zhou").must_change


def test_who_must_change_may_sign_out(site: Site) -> None:
    client = forced(site)
    with client.session_transaction() as session:
        token = session["csrf"]
    left = client.post("/sign-out/", headers=SAME_ORIGIN, data={"csrf": token})

    assert left.headers["Location"] == "/sign-in/"
    assert client.get(PASSWORD_PAGE).status_code == 401


def test_a_change_of_roles_neither_sets_nor_lifts_the_duty(site: Site) -> None:
    site.services.people.set_directly("zhou", password=SET_BY_OTHERS)
    site.services.people.set_directly("zhou", area="360500")
    site.services.people.set_directly("li", roles=[Role.LEADER])

    assert site.services.accounts.get("zhou").must_change
    assert not site.services.accounts.get("li").must_change


def test_the_people_of_the_demonstration_are_not_made_to_change_theirs(site: Site) -> None:
    assert [one.username for one in site.services.accounts.list() if one.must_change] == []


def test_a_screen_or_a_visitor_has_no_password_to_change(tmp_path_factory: pytest.TempPathFactory) -> None:
    site = make_site(tmp_path_factory.mktemp("visitor"), demo=True)

    assert site.client().get("/wall/").status_code == 200
    assert site.client().get(PASSWORD_PAGE).status_code == 401


@pytest.mark.parametrize("address", ["https://evil.example/", PASSWORD_PAGE, "/account/else", ""])
def test_after_the_change_one_is_led_to_work_and_never_elsewhere(site: Site, address: str) -> None:
    assert change(site.client(Role.DUTY_OFFICER), DEMO_PASSWORD, next_address=address).headers["Location"] == "/desk/"


def test_live_links_of_the_person_end_with_the_change(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    client = site.client(Role.DUTY_OFFICER)
    view = site.app.view_functions["site.change_password"].__self__  # type: ignore[attr-defined]
    assert isinstance(view, OwnPassword)
    monkeypatch.setattr(view._gate, "on_leave", ended.append)
    change(client, DEMO_PASSWORD)

    assert ended == ["zhou"]
