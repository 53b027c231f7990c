"""登录会话: everybody sees and ends his own, an administrator anybody's; ended is ended at once."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.changelog import ROLE
from config.texts import LANGUAGES
from core.access import Role
from core.errors import NotFound
from core.instants import HOUR_US, MINUTE_US
from core.models import tokens
from dashboard.demo_accounts import DEMO_ACCOUNTS, DEMO_PASSWORD
from dashboard.gate import PEOPLES_SESSIONS, SESSIONS_PAGE
from tests.staff import SAME_ORIGIN, Site, csrf_of, make_site

PHONE = "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def on(site: Site, role: Role, agent: str = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0", address: str = "203.0.113.7") -> Any:
    client = site.app.test_client()
    client.environ_base.update(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    name = next(one.username for one in DEMO_ACCOUNTS if one.role is role)
    form = {"username": name, "password": DEMO_PASSWORD, "csrf": csrf_of(client)}
    assert client.post("/sign-in/", data=form, headers=SAME_ORIGIN).status_code == 303
    return client


def end(client: Any, page: str, session: str, username: str = "") -> int:
    with client.session_transaction() as cookie:
        token = cookie["csrf"]
    form = {"session": session, "username": username, "csrf": token}
    return int(client.post(page, data=form, headers=SAME_ORIGIN).status_code)


def names(text: str, username: str = "") -> list[str]:
    found = re.findall(r'name="username" value="([^"]+)">\s*<button[^>]*name="session" value="([0-9a-f]{16})"', text)
    return [name for who, name in found if username in ("", who)]


def is_in(client: Any) -> bool:
    return bool(client.get("/session/").status_code == 200)


def test_a_person_sees_where_he_is_signed_in_and_ends_one_of_them(site: Site):
    desk, phone = on(site, Role.DUTY_OFFICER), on(site, Role.DUTY_OFFICER, PHONE, "203.0.113.8")
    page = desk.get(SESSIONS_PAGE).text
    for words in ("Firefox · Windows", "Chrome · Android", "203.0.113.7", "203.0.113.8", "本机"):
        assert words in page
    others = names(phone.get(SESSIONS_PAGE).text)
    assert len(others) == 2
    desk_own = re.search(r"本机.*?value=\"([0-9a-f]{16})\"", page, re.DOTALL)[1]
    assert end(desk, SESSIONS_PAGE, next(one for one in others if one != desk_own)) == 303
    assert (is_in(desk), is_in(phone)) == (True, False)


def test_all_others_end_at_once_and_ending_this_one_is_signing_out(site: Site):
    desk, phone = on(site, Role.DUTY_OFFICER), on(site, Role.DUTY_OFFICER, PHONE)
    assert end(desk, SESSIONS_PAGE, "others") == 303
    assert (is_in(desk), is_in(phone)) == (True, False)
    assert end(desk, SESSIONS_PAGE, names(desk.get(SESSIONS_PAGE).text)[0]) == 303
    assert not is_in(desk)


def test_nobody_sees_or_ends_a_session_of_another(site: Site):
    officer, leader = on(site, Role.DUTY_OFFICER, PHONE), on(site, Role.LEADER)
    assert "Android" not in leader.get(SESSIONS_PAGE).text
    name = names(officer.get(SESSIONS_PAGE).text)[0]
    for given in (name, name[:8], "%" * 16, "_" * 16):
        assert end(leader, SESSIONS_PAGE, given) == 404
    assert leader.get(PEOPLES_SESSIONS).status_code == 403
    assert end(leader, PEOPLES_SESSIONS, name, "zhou") == 403
    assert is_in(officer)


def test_an_administrator_ends_anybodys_session_and_the_log_says_so(site: Site):
    officer, administrator = on(site, Role.DUTY_OFFICER, PHONE), on(site, Role.ADMINISTRATOR)
    name = names(administrator.get(PEOPLES_SESSIONS).text, "zhou")[0]
    assert end(administrator, PEOPLES_SESSIONS, name, "zhou") == 303
    assert not is_in(officer)
    with site.services.database.read() as conn:
        line = site.services.people._changes.read(conn, ROLE)[0]
    assert (line.subject, line.action, line.reason) == ("zhou", "signed_out", name)
    assert end(administrator, PEOPLES_SESSIONS, name, "zhou") == 404


def test_an_administrator_of_an_area_neither_sees_nor_ends_sessions_elsewhere(site: Site):
    officer, administrator = on(site, Role.DUTY_OFFICER, PHONE), on(site, Role.ADMINISTRATOR)
    name = names(administrator.get(PEOPLES_SESSIONS).text, "zhou")[0]
    found = site.services.accounts.list()
    own = next(one for one in found if Role.ADMINISTRATOR in one.roles)
    bound = replace(own.actor, area="360502")
    with pytest.raises(NotFound):
        site.services.people.end_session("zhou", name, actor=bound)
    assert is_in(officer)


def test_a_removed_role_and_a_new_password_end_sessions(site: Site):
    officer = on(site, Role.DUTY_OFFICER)
    site.services.accounts.change("zhou", roles=[Role.LEADER])
    assert not is_in(officer)
    inspector = on(site, Role.INSPECTOR)
    site.services.people.set_directly("li", password="another password")
    assert not is_in(inspector)
    assert site.services.accounts.sessions.live(HOUR_US, HOUR_US) == []


def test_an_old_copy_of_the_cookie_is_no_younger_than_its_session(site: Site):
    officer = on(site, Role.DUTY_OFFICER)
    with site.services.uow() as uow:
        row = uow.conn.execute(tokens.select().where(tokens.c.kind == "session")).first()
        uow.conn.execute(tokens.update().values(seen_at=row.seen_at - 121 * MINUTE_US))
    assert not is_in(officer)


def test_a_session_that_is_used_stays_and_says_when_it_was_used(site: Site):
    officer = on(site, Role.DUTY_OFFICER)
    with site.services.uow() as uow:
        row = uow.conn.execute(tokens.select().where(tokens.c.kind == "session")).first()
        uow.conn.execute(tokens.update().values(seen_at=row.seen_at - 90 * MINUTE_US))
    assert is_in(officer)
    assert site.services.accounts.sessions.live(HOUR_US, 24 * HOUR_US, "zhou")[0].seen_at >= row.seen_at


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_pages_have_their_words(site: Site, lang: str):
    administrator = on(site, Role.ADMINISTRATOR)
    for page in (SESSIONS_PAGE, PEOPLES_SESSIONS):
        assert "sessions_page." not in administrator.get(page, query_string={"lang": lang}).text
