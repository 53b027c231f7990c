"""Who reported, looked for on every page a person can open: the frame, every callback's answer, every press, every export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from core.access import Actor, Role
from core.models import read_log
from dashboard.demo_accounts import DEMO_PASSWORD
from dashboard.gate import STAFF
from dashboard.navigation import places_for
from server import PAGES
from tests.staff import OWN_ORG, SAME_ORIGIN, sign_in
from tests.unit.supervision.office import AREA, INSPECTOR, OFFICER, REPORTER, Office

SECRETS = (REPORTER.name, REPORTER.phone, REPORTER.address)
SIGNED = f"我叫{REPORTER.name}，电话{REPORTER.phone}，住{REPORTER.address}。窗口让我跑了三次。"


class Matter:
    """A complaint that proved true, at the unit itself, with the card it led to and the case complained of."""

    def __init__(self, office: Office) -> None:
        self.card = office.card_on(case_no="A-1")
        self.asked = office.complain("handling", content=SIGNED, about_case="A-1", kind="consultation")
        self.no = office.complain("extortion", content=SIGNED, about_case="A-1")
        desk = office.desk.complaints
        for route in ("legal", "unit"):
            desk.transfer(self.asked, office.rev(self.asked), OFFICER, route, f"请答复{REPORTER.name}")
        desk.accept(self.no, office.rev(self.no), OFFICER, f"{REPORTER.name}反映")
        desk.answer(self.no, office.rev(self.no), INSPECTOR, f"{REPORTER.name}反映属实", "verified")
        self.handler = office.desk.rules.complaints.bodies[office.desk.complaint_queries.find(self.no, INSPECTOR).head.route]
        self.cards = [card.id for card in office.services.alert_queries.active(None, 100, 0, None).cards]

    def searches(self) -> list[str]:
        return ["", *(f"?no={no}" for no in (self.no, self.asked)), *(f"?card={number}" for number in self.cards), "?order=1"]

    def paths(self, prefix: str) -> list[str]:
        if prefix == "/case/":
            return [f"/case/{AREA}/{no}" for no in ("A-1", self.no, self.asked)]
        return [f"/card/{number}" for number in self.cards] if prefix == "/card/" else [prefix]


@pytest.fixture
def matter(office: Office) -> Matter:
    return Matter(office)


def asked_of_callbacks(client: FlaskClient, prefix: str, pathname: str, search: str, *,
                       may_press: bool = True) -> Iterator[tuple[str, TestResponse]]:
    """Every callback of a page as the browser asks it at first, and again for every button it waits for."""
    for known in client.get(f"{prefix}_dash-dependencies").json:
        buttons = [_key(part) for part in known["inputs"] if part["property"] == "n_clicks" and not part["id"].startswith("{")]
        for changed in ["", *(buttons if may_press else [])]:
            yield f"{prefix} {known['output']} {changed}", _ask(client, prefix, known, pathname, search, changed)


def _ask(client: FlaskClient, prefix: str, known: Any, pathname: str, search: str, changed: str) -> TestResponse:
    def told(parts: Any) -> list[Any]:
        return [[] if part["id"].startswith("{") else {**part, "value": _value(part, pathname, search, changed)}
                for part in parts]

    names = known["output"].strip(".").split("...")
    outputs = [[] if name.startswith("{") else dict(zip(("id", "property"), name.split("@")[0].rsplit(".", 1), strict=True))
               for name in names]
    body = {"output": known["output"], "outputs": outputs if known["output"].startswith("..") else outputs[0],
            "inputs": told(known["inputs"]), "state": told(known["state"]),
            "changedPropIds": [changed or next((_key(part) for part in known["inputs"] if part["property"] == "search"), "")]}
    answer: TestResponse = client.post(f"{prefix}_dash-update-component", json=body, headers=SAME_ORIGIN)
    return answer


def _key(part: Any) -> str:
    return f"{part['id']}.{part['property']}"


def _value(part: Any, pathname: str, search: str, changed: str) -> Any:
    if part["property"] == "n_clicks":
        return 1 if _key(part) == changed else None
    if part["property"] == "value":
        return "想知道是谁"
    return {"search": search, "pathname": pathname}.get(part["property"])


def found_on_pages(client: FlaskClient, role: Role, matter: Matter) -> tuple[list[str], set[str]]:
    """(places where something of the reporter stands, the pages that answered). On a page that shows complaints every button is
    pressed; on the others of supervising staff they would change the installation and say nothing of complaints."""
    told, answered = [], set()
    for prefix in pages_of(role):
        for address in (prefix, f"{prefix}_dash-layout"):
            told += [address for secret in SECRETS if secret in _plain(client.get(address))]
        for pathname in matter.paths(prefix):
            for search in matter.searches():
                may_press = prefix == "/complaints/" or role is Role.DEPARTMENT_USER
                for place, answer in asked_of_callbacks(client, prefix, pathname, search, may_press=may_press):
                    told += [f"{place} {search}" for secret in SECRETS if secret in _plain(answer)]
                    answered |= {place.split(" ")[0]} if answer.status_code == 200 else set()
    return told, answered


def pages_of(role: Role) -> list[str]:
    menu = {place.address for _group, places in places_for(Actor("x", frozenset({role}))) for place in places}
    return [page.PREFIX for page in PAGES if page.PREFIX in menu | {"/card/"}]


def _plain(answer: TestResponse) -> str:
    """The text of an answer with the escapes of JSON undone."""
    text = answer.get_data(as_text=True)
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text


@pytest.mark.parametrize("who", ["unit", "handler"])
def test_a_department_user_finds_the_complaint_on_his_pages_and_nowhere_who_reported(office: Office, matter: Matter,
                                                                                    who: str) -> None:
    """`unit`: of the unit itself, which is asked and complained of; `handler`: of the body the complaint was given to."""
    client, no = client_of(office, matter, who), matter.asked if who == "unit" else matter.no
    told, answered = found_on_pages(client, Role.DEPARTMENT_USER, matter)

    assert told == []
    assert {"/case/", "/card/", "/complaints/", "/orders/"} <= answered
    shown = asked_of_callbacks(client, "/complaints/", "/complaints/", f"?no={no}")
    assert any("窗口让我跑了三次" in _plain(answer) for _place, answer in shown)
    assert reads(office) == []


def client_of(office: Office, matter: Matter, who: str) -> FlaskClient:
    if who == "unit":
        return office.site.client(Role.DEPARTMENT_USER)
    office.services.accounts.create("body", DEMO_PASSWORD, display_name="受理机构", roles=[Role.DEPARTMENT_USER],
                                    org=matter.handler)
    client = office.site.app.test_client()
    assert sign_in(client, "body").status_code == 303
    return client


def test_no_export_and_no_answer_of_an_interface_tells_a_department_user(office: Office, matter: Matter) -> None:
    client = office.site.client(Role.DEPARTMENT_USER)
    addresses = [*(f"/card/{number}/evidence.json" for number in matter.cards),
                 *(f"/api/v1/cards/{number}" for number in matter.cards), "/api/v1/cards", "/api/v1/inbox", "/api/v1/orders",
                 "/api/v1/papers", "/api/v1/complaints", *(f"/api/v1/complaints/{no}" for no in (matter.asked, matter.no)),
                 *(f"/api/v1/complaints?q={quote(secret)}" for secret in SECRETS)]
    answers = {address: client.get(address) for address in addresses}

    assert [address for address, answer in answers.items() for secret in SECRETS if secret in _plain(answer)] == []
    assert answers[f"/api/v1/complaints/{matter.asked}"].status_code == 200
    assert answers[f"/api/v1/complaints/{matter.asked}"].json["has_reporter"] is False
    assert [answers[f"/api/v1/complaints?q={quote(secret)}"].json["total"] for secret in SECRETS] == [0, 0, 0]


@pytest.mark.parametrize("role", sorted(STAFF - {Role.DEPARTMENT_USER, Role.INSPECTOR, Role.LEADER}))
def test_officers_and_administrators_find_it_nowhere_either(office: Office, matter: Matter, role: Role) -> None:
    told, answered = found_on_pages(office.site.client(role), role, matter)

    assert (told, reads(office)) == ([], [])
    assert "/complaints/" in answered


def test_an_inspector_is_shown_it_when_he_presses_with_a_reason_and_is_on_record(office: Office, matter: Matter) -> None:
    client = office.site.client(Role.INSPECTOR)
    search = f"?no={matter.no}"
    answers = dict(asked_of_callbacks(client, "/complaints/", "/complaints/", search))
    telling = [place for place, answer in answers.items() if REPORTER.phone in _plain(answer)]

    assert telling == ["/complaints/ complaints-reporter.children complaints-identity.n_clicks"]
    assert reads(office) == [("reporter", matter.no, "li")]
    entry = office.desk.complaint_queries.find(matter.no, INSPECTOR).log[-1]
    assert (entry.action, entry.words, entry.actor) == ("identity_read", "想知道是谁", "li")


def test_without_a_reason_he_is_shown_nothing_and_nothing_is_on_record(office: Office, matter: Matter,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}._value", lambda part, _path, search, changed: (
        int(_key(part) == changed) if part["property"] == "n_clicks" else search if part["property"] == "search" else None))
    client = office.site.client(Role.INSPECTOR)
    answers = asked_of_callbacks(client, "/complaints/", "/complaints/", f"?no={matter.no}")

    assert [place for place, answer in answers if REPORTER.phone in _plain(answer)] == []
    assert reads(office) == []


def reads(office: Office) -> list[tuple[str, str, str]]:
    """Looks at who reported, as the read log keeps them."""
    with office.services.database.read() as conn:
        rows = conn.execute(select(read_log).where(read_log.c.what == "reporter")).all()
    return [(row.what, row.subject, row.actor) for row in rows]


def test_the_unit_is_the_one_complained_of(office: Office, matter: Matter) -> None:
    """What makes the tests above tests: the complaint is about the department user's own unit."""
    assert office.desk.complaint_queries.find(matter.no, INSPECTOR).head.org == OWN_ORG
    assert office.desk.complaint_queries.find(matter.no, INSPECTOR).has_reporter
