"""An applicant signs in by a code or a password, sees his cases anywhere, and nobody else's."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from applicants.codes import CodePolicy
from applicants.models import (
    applicant_cases,
    applicant_codes,
    applicant_contacts,
    applicant_drafts,
    applicant_sessions,
    applicants,
)
from tests.staff import AS_BROWSER, SAME_ORIGIN, Site, make_site

ITEM, PHONE, OTHER = "gongxin-01", "13979000001", "13979000002"
ACCOUNT, APPLY = "/public/account/", "/public/apply/gongxin-01/"
ADDRESSES = itertools.count(1)  # limits go by the network address
SECRET = "correct horse battery"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = make_site(tmp_path_factory.mktemp("accounts"), demo=True)
    made.services.applicants.people._codes.policy = CodePolicy(pause_s=0, per_contact=50, per_contact_day=99)
    return made


@pytest.fixture
def site(city: Site) -> Site:
    """Nobody has an account yet."""
    with city.services.uow() as uow:
        for table in (applicants, applicant_contacts, applicant_codes, applicant_sessions, applicant_cases, applicant_drafts):
            uow.conn.execute(table.delete())
    return city


def browser(site: Site, agent: str = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0") -> Any:
    client: Any = site.app.test_client()
    client.agent, client.environ_base["REMOTE_ADDR"] = agent, f"203.0.113.{next(ADDRESSES)}"
    client.csrf = re.search(r'name="csrf" value="([^"]+)"', client.get(f"{ACCOUNT}enter/").text)[1]
    return client


def post(client: Any, at: str, **form: object) -> Any:
    return client.post(at, data={"csrf": client.csrf, **form},
                       headers={**SAME_ORIGIN, **AS_BROWSER, "User-Agent": client.agent})


def code_for(client: Any, contact: str) -> str:
    found = re.search(r'id="shown-code">(\d{6})<', post(client, f"{ACCOUNT}code", contact=contact).text)
    assert found is not None
    return found[1]


def signed_in(site: Site, contact: str = PHONE, **more: Any) -> Any:
    client = browser(site, **more)
    answer = post(client, f"{ACCOUNT}enter/", contact=contact, code=code_for(client, contact))
    assert answer.status_code == 303
    return client


def filed(client: Any) -> tuple[str, str]:
    post(client, f"{APPLY}begin")
    who = {"kind": "company", "name": "新余锦程通信有限公司", "phone": "13979000001", "title": "城南基站"}
    post(client, APPLY, **who, then="next")
    receipt = post(client, f"{APPLY}review/", agreed="yes").text
    return tuple(re.search(rf'id="{name}">([^<]+)<', receipt)[1] for name in ("case-no", "password"))  # type: ignore[return-value]


def problem(answer: Any) -> str:
    found = re.search(r'id="problem">([^<]+)<', answer.text)
    assert found is not None, answer.text
    return found[1]


def test_who_signs_in_by_a_code_files_and_finds_his_case_on_another_device(site: Site):
    client = signed_in(site)
    number, _password = filed(client)
    elsewhere = signed_in(site, agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)")
    assert number in elsewhere.get(ACCOUNT).text
    assert post(elsewhere, f"{ACCOUNT}case", no=number).headers["Location"] == "/public/case/"
    assert "城南基站" in elsewhere.get("/public/case/").text


def test_a_draft_is_continued_on_another_device_and_the_facts_are_filled_in(site: Site):
    client = signed_in(site)
    filed(client)
    post(client, f"{APPLY}begin")
    fresh = client.get(APPLY).text
    assert 'value="新余锦程通信有限公司"' in fresh
    assert f'value="{PHONE}"' in fresh
    post(client, APPLY, name="新余锦程通信有限公司", title="城北基站", then="keep")
    elsewhere = signed_in(site)
    assert post(elsewhere, f"{ACCOUNT}draft", item=ITEM).headers["Location"] == APPLY
    assert 'value="城北基站"' in elsewhere.get(APPLY).text
    assert post(signed_in(site, OTHER), f"{ACCOUNT}draft", item=ITEM).status_code == 404


def test_a_case_filed_without_an_account_is_linked_by_number_and_password(site: Site):
    number, password = filed(browser(site))
    client = signed_in(site)
    assert number not in client.get(ACCOUNT).text
    assert post(client, f"{ACCOUNT}link", no=number, password="2345678923").status_code == 404
    assert post(client, f"{ACCOUNT}link", no=number, password=password).status_code == 303
    assert number in client.get(ACCOUNT).text


def test_nobody_opens_a_case_of_another_account(site: Site):
    number, _ = filed(signed_in(site))
    stranger = signed_in(site, OTHER)
    assert post(stranger, f"{ACCOUNT}case", no=number).status_code == 404
    assert number not in stranger.get(ACCOUNT).text
    assert post(browser(site), f"{ACCOUNT}case", no=number).status_code == 404


def test_a_code_is_good_once_and_only_the_latest(site: Site):
    client = browser(site)
    first, second = code_for(client, PHONE), code_for(client, PHONE)
    if first != second:
        assert post(client, f"{ACCOUNT}enter/", contact=PHONE, code=first).status_code == 401
    assert post(client, f"{ACCOUNT}enter/", contact=PHONE, code=second).status_code == 303
    assert post(browser(site), f"{ACCOUNT}enter/", contact=PHONE, code=second).status_code == 401
    assert post(browser(site), f"{ACCOUNT}enter/", contact=PHONE, code=first).status_code == 401


def test_the_answer_is_the_same_whether_an_account_exists(site: Site):
    client = signed_in(site)
    post(client, f"{ACCOUNT}settings/password", new=SECRET, again=SECRET)
    stranger = browser(site)
    known, unknown = (post(stranger, f"{ACCOUNT}password", contact=one, password="wrong password 1") for one in (PHONE, OTHER))
    assert (known.status_code, problem(known)) == (unknown.status_code, problem(unknown)) == (401, problem(known))
    sent = [re.sub(r'"[^"]{20,}"|\d', "", post(stranger, f"{ACCOUNT}code", contact=one).text) for one in (PHONE, OTHER)]
    assert sent[0] == sent[1]


def test_a_password_opens_the_account_and_changing_it_ends_other_sessions(site: Site):
    client = signed_in(site)
    assert post(client, f"{ACCOUNT}settings/password", new="short", again="short").status_code == 400
    assert post(client, f"{ACCOUNT}settings/password", new=SECRET, again="another one 12").status_code == 400
    assert post(client, f"{ACCOUNT}settings/password", new=SECRET, again=SECRET).status_code == 303
    other = browser(site)
    assert post(other, f"{ACCOUNT}password", contact="+86 139-7900-0001", password=SECRET).status_code == 303
    new = {"new": SECRET + "2", "again": SECRET + "2"}
    assert post(client, f"{ACCOUNT}settings/password", old="wrong password", **new).status_code == 403
    assert post(client, f"{ACCOUNT}settings/password", old=SECRET, **new).status_code == 303
    assert other.get(ACCOUNT).status_code == 303
    assert client.get(ACCOUNT).status_code == 200


def test_sessions_are_listed_with_device_and_can_be_ended_one_by_one_and_all(site: Site):
    client = signed_in(site)
    phone = signed_in(site, agent="Mozilla/5.0 (Linux; Android 15) MicroMessenger/8")
    page = client.get(f"{ACCOUNT}settings/").text
    assert "Chrome · Windows" in page
    assert "微信 · Android" in page
    name = re.search(r'name="session" value="([0-9a-f]+)"', page)[1]
    stranger = signed_in(site, OTHER)
    assert post(stranger, f"{ACCOUNT}settings/session", session=name).status_code == 404
    assert post(client, f"{ACCOUNT}settings/session", session=name).status_code == 303
    assert phone.get(ACCOUNT).status_code == 303
    again = signed_in(site)
    post(client, f"{ACCOUNT}leave-everywhere")
    assert [one.get(ACCOUNT).status_code for one in (client, again)] == [303, 303]


def test_a_session_cookie_is_http_only_and_worth_nothing_after_signing_out(site: Site):
    client = signed_in(site)
    cookie = client.get_cookie("yangguang_applicant", path="/public/")
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    post(client, f"{ACCOUNT}leave")
    client.set_cookie("yangguang_applicant", cookie.value, path="/public/")
    assert client.get(ACCOUNT).status_code == 303


def test_a_second_contact_opens_the_same_account_and_one_of_another_account_is_refused(site: Site):
    client = signed_in(site)
    number, _ = filed(client)
    answer = post(client, f"{ACCOUNT}settings/contact", contact="Wang@Example.com").text
    code = re.search(r'id="shown-code">(\d{6})<', answer)[1]
    assert post(client, f"{ACCOUNT}settings/contact", contact="wang@example.com", code=code).status_code == 303
    assert number in signed_in(site, "wang@example.com").get(ACCOUNT).text
    taken = signed_in(site, OTHER)
    code = code_for(taken, PHONE)
    assert post(taken, f"{ACCOUNT}settings/contact", contact=PHONE, code=code).status_code == 409


@pytest.mark.parametrize(("asked", "led_to"), [("/public/apply/gongxin-01/", "/public/apply/gongxin-01/"),
                                               ("https://evil.example/", ACCOUNT), ("/public//evil.example", ACCOUNT),
                                               ("/desk/", ACCOUNT), ("/public/../desk/", ACCOUNT)])
def test_after_signing_in_one_is_led_to_a_page_of_this_site_only(site: Site, asked: str, led_to: str):
    client = browser(site)
    answer = post(client, f"{ACCOUNT}enter/", contact=PHONE, code=code_for(client, PHONE), next=asked)
    assert answer.headers["Location"] == led_to


def test_nothing_but_a_demonstration_shows_a_code(tmp_path: Path):
    client = browser(make_site(tmp_path))
    answer = post(client, f"{ACCOUNT}code", contact=PHONE)
    assert answer.status_code == 503
    assert "shown-code" not in answer.text


def test_text_somebody_typed_is_never_markup(site: Site):
    client, script = signed_in(site), "<script>alert(1)</script>"
    facts = dict.fromkeys(("name", "address", "agent", "identity_no"), script)
    assert post(client, f"{ACCOUNT}settings/facts", **facts).status_code == 303
    for text in (client.get(f"{ACCOUNT}settings/").text, post(client, f"{ACCOUNT}code", contact=script).text):
        assert "<script>" not in text
        assert "&lt;script&gt;" in text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_has_its_words_in_both_languages(site: Site, lang: str):
    client = signed_in(site)
    filed(client)
    for address in (f"{ACCOUNT}enter/", ACCOUNT, f"{ACCOUNT}settings/"):
        text = client.get(address, query_string={"lang": lang}).text
        assert re.findall(r"\b(?:portal|state|error)\.[a-z_]+\.?[a-z_.]*\b(?<!css)", text.replace("portal.css", "")) == []


def test_signing_out_leaves_nobody_a_draft_and_the_account_keeps_it(site: Site):
    client = signed_in(site)
    post(client, f"{APPLY}begin")
    post(client, APPLY, name="王小明", phone=PHONE, title="城南基站", then="keep")
    assert client.get_cookie("yangguang_draft", path=APPLY) is not None
    post(client, f"{ACCOUNT}leave")
    assert client.get_cookie("yangguang_draft", path=APPLY) is None
    assert ITEM in signed_in(site).get(ACCOUNT).text


def test_a_case_that_is_filed_shows_its_password_whatever_fails_behind_it(site: Site, monkeypatch: pytest.MonkeyPatch):
    client = signed_in(site)
    post(client, f"{APPLY}begin")
    post(client, APPLY, name="王小明", phone=PHONE, title="城南基站", then="next")

    def fail(*_args: object) -> None:
        raise RuntimeError("database is locked")

    monkeypatch.setattr("portal.accounts.desk.AccountDesk.filed", fail)
    monkeypatch.setattr("approval.queries.HostedQueries.of_applicant", fail)
    receipt = post(client, f"{APPLY}review/", agreed="yes")
    assert receipt.status_code == 200
    assert re.search(r'id="password">\S+<', receipt.text)
