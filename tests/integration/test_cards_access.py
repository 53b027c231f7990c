"""Who may do what with which card: every role with every command, departments and areas, over HTTP and beneath it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Request, jsonify
from flask.testing import FlaskClient
from msgspec.structs import replace

from alerts.card_commands import CommandType
from alerts.http import create_blueprint
from alerts.occasions import Occasion, Origin
from alerts.transitions import ROLES
from cases.events import CaseFacts
from core.access import Actor, Role
from core.database import Database
from core.errors import NotAuthenticated, NotPermitted, SupervisionError
from tests.unit.alerts.house import ALICE, BOB, CHARLIE, LEA, WALL, House, days_ago, facts_of, passed
from tests.unit.alerts.life import LEADER, Life

DISTRICT = Actor("emil", frozenset({Role.INSPECTOR}), area="360502")
DISTRICT_CLERK = Actor("fang", frozenset({Role.DEPARTMENT_USER}), org="D01", area="360502")
OTHER_CLERK = Actor("gao", frozenset({Role.DEPARTMENT_USER}), org="D02")
PEOPLE = {actor.name: actor for actor in (ALICE, BOB, CHARLIE, LEA, WALL, LEADER, DISTRICT, DISTRICT_CLERK, OTHER_CLERK)}
FULL = {"comment": "x", "reason": "x", "text": "x", "order_no": "1", "reply_limit": "1wd", "decision": "reject",
        "level": "yellow", "org": "D01", "area": "360500", "title": "x"}
# domain.md §1.2 and wall.md §4.2, said a second time: who may begin each of them.
STAFF = {"duty_officer", "shift_leader", "inspector", "administrator"}
MATRIX = {
    "acknowledge": STAFF, "unacknowledge": STAFF,
    "confirm": {"shift_leader", "inspector", "leader"}, "dismiss": {"shift_leader", "inspector", "leader"},
    "shelve": STAFF | {"leader"}, "unshelve": STAFF | {"leader"},
    "take_out_of_service": STAFF | {"leader"}, "return_to_service": STAFF | {"leader"},
    "stop_by_law": STAFF | {"leader"}, "resume_by_law": STAFF | {"leader"}, "request_reply": STAFF | {"leader"},
    "dispatch": STAFF | {"leader"}, "reply": {"department_user"}, "accept_reply": {"inspector", "leader"},
    "reject_reply": {"inspector", "leader"}, "appeal": {"department_user"}, "decide_appeal": {"inspector", "leader"},
    "propose_revoke": STAFF | {"leader"}, "confirm_revoke": {"shift_leader", "inspector", "leader"},
    "reject_revoke": {"shift_leader", "inspector", "leader"}, "write_off": {"shift_leader", "inspector", "leader"},
    "escalate": STAFF | {"leader"}, "comment": STAFF | {"leader", "department_user"}, "issue": STAFF | {"leader"},
}


@pytest.fixture
def life(fresh_database_url: str) -> Iterator[Life]:
    """Card 1 of D01 in the city, 2 of D02 in the city, 3 of D01 in the district; 4 of D01 waits for confirmation."""
    database = Database(fresh_database_url)
    database.create_all()
    life = Life(House(database))
    places = [("360500", "D01"), ("360500", "D02"), ("360502", "D01")]
    for number, (area, org) in enumerate(places, start=1):
        event = passed(case_id=number)
        life.house.record(replace(event, case=CaseFacts(number, f"n{number}", area, org, "I001", "t")))
    with life.house.units() as uow:
        life.house.cards.raise_occasions(uow, [Occasion(
            key="finding:G1:D01", origin=Origin.FINDING, case=facts_of(4), rule="G1", rule_version="1", level=2,
            at=days_ago(0), needs_confirmation=True, evidence={})])
    yield life
    database.dispose()


@pytest.fixture
def client(life: Life) -> FlaskClient:
    def who(request: Request) -> Actor | None:
        return PEOPLE.get(request.headers.get("X-Actor", ""))

    app = Flask("cards")
    app.register_blueprint(create_blueprint(life.house.cards, life.house.queries, who, life.reads))
    app.register_error_handler(SupervisionError, lambda error: (jsonify(error.as_problem()), error.status))
    return app.test_client()


def listed(client: FlaskClient, who: Actor, query: str = "") -> list[int]:
    answer = client.get(f"/api/v1/cards?{query}", headers={"X-Actor": who.name})
    assert answer.status_code == 200, answer.text
    return sorted(card["id"] for card in answer.json["cards"])


def test_the_roles_of_every_command_are_those_of_the_matrix():
    assert {kind.value: {role.value for role in roles} for kind, roles in ROLES.items()} == MATRIX


@pytest.mark.parametrize("kind", CommandType, ids=str)
def test_nobody_else_gets_as_far_as_the_card(life: Life, kind: CommandType):
    cards = [] if kind is CommandType.ISSUE else [life.card(1)]
    for role in Role:
        actor = Actor("x", frozenset({role}), org="D01")
        if role.value in MATRIX[kind.value]:
            continue
        with pytest.raises(NotPermitted):
            life.command(kind.value, actor, *cards, **FULL)
    with pytest.raises(NotAuthenticated):
        life.command(kind.value, None, *cards, **FULL)
    assert life.card(1).rev == 1


def test_every_list_shows_what_the_reader_may_see(client: FlaskClient):
    assert [listed(client, who) for who in (ALICE, CHARLIE, OTHER_CLERK, DISTRICT, DISTRICT_CLERK)] == [
        [1, 2, 3], [1, 3], [2], [3], [3]]
    assert [listed(client, who, "disposition=to_confirm") for who in (BOB, CHARLIE, DISTRICT)] == [[4], [], []]
    assert client.get("/api/v1/cards?disposition=to_confirm", headers={"X-Actor": WALL.name}).status_code == 403
    assert client.get("/api/v1/cards?disposition=lost", headers={"X-Actor": BOB.name}).status_code == 400


def test_a_total_counts_no_card_that_is_not_shown(client: FlaskClient):
    assert client.get("/api/v1/cards", headers={"X-Actor": OTHER_CLERK.name}).json["total"] == 1


@pytest.mark.parametrize(("who", "seen"), [(ALICE, [200] * 4), (CHARLIE, [200, 404, 200, 404]),
                                           (OTHER_CLERK, [404, 200, 404, 404]), (DISTRICT, [404, 404, 200, 404])],
                         ids=lambda value: getattr(value, "name", ""))
def test_a_card_one_may_not_see_is_answered_like_one_that_does_not_exist(client: FlaskClient, who: Actor, seen: list[int]):
    assert [client.get(f"/api/v1/cards/{n}", headers={"X-Actor": who.name}).status_code for n in (1, 2, 3, 4)] == seen


def execute(client: FlaskClient, who: Actor, card_id: int, **members: Any) -> Any:
    body = {"command_id": f"{who.name}-{card_id}", "cards": [{"id": card_id, "rev": 1}], **members}
    return client.post("/api/v1/cards/commands", json=body, headers={"X-Actor": who.name})


def test_a_department_replies_for_its_own_cards_only(client: FlaskClient, life: Life):
    own = execute(client, CHARLIE, 1, type="reply", text="已整改").json["results"][0]
    others = execute(client, CHARLIE, 2, type="reply", text="已整改").json["results"][0]

    assert (own["ok"], others["ok"], others["error"]) == (True, False, "card_not_found")
    assert life.card(2).disposition == "to_sign"


def test_a_district_works_on_its_own_cards_only(client: FlaskClient):
    assert execute(client, DISTRICT, 3, type="acknowledge").json["results"][0]["state"] == "acked"
    assert execute(client, DISTRICT, 1, type="acknowledge").json["results"][0]["error"] == "card_not_found"
    assert execute(client, DISTRICT_CLERK, 1, type="reply", text="x").json["results"][0]["error"] == "card_not_found"


def test_a_card_by_hand_stays_within_the_area_of_who_issues_it(life: Life):
    members = {**FULL, "area": "360500"}
    with pytest.raises(NotPermitted):
        life.command("issue", DISTRICT, **members)
    [result] = life.command("issue", DISTRICT, **{**members, "area": ""}).results
    assert life.card(result.id).area == "360502"


def test_closed_cards_are_listed_to_staff_the_last_first(client: FlaskClient, life: Life):
    for number in (1, 2):
        life.do("propose_revoke", ALICE, number, reason="误报")
        life.do("confirm_revoke", LEA, number)
        life.wait(minutes=1)

    answer = client.get("/api/v1/cards?state=closed", headers={"X-Actor": ALICE.name}).json
    assert [card["id"] for card in answer["cards"]] == [2, 1]
    assert listed(client, CHARLIE, "state=closed") == [1]
    assert client.get("/api/v1/cards?state=closed", headers={"X-Actor": WALL.name}).status_code == 403


def test_one_department_may_be_asked_for(client: FlaskClient):
    assert listed(client, ALICE, "org=D01") == [1, 3]
    assert listed(client, OTHER_CLERK, "org=D01") == []


@pytest.mark.parametrize(("members", "code"), [
    ({"type": "shelve"}, "field_missing"), ({"type": "explode"}, "command_unknown"),
    ({"type": "request_reply", "reply_limit": "soon"}, "limit_unreadable"),
    ({"type": "acknowledge", "comment": "长" * 501}, "comment_too_long")])
def test_a_command_that_cannot_be_is_refused_whole_with_its_field(client: FlaskClient, members: dict[str, str], code: str):
    answer = execute(client, ALICE, 1, **members)
    assert (answer.status_code // 100, answer.json["code"]) == (4, code)


def test_a_wall_does_not_learn_of_what_nobody_confirmed(client: FlaskClient):
    assert client.get("/api/v1/cards/4", headers={"X-Actor": WALL.name}).status_code == 404


def test_a_department_does_not_read_what_the_supervisors_remark(client: FlaskClient, life: Life):
    life.do("comment", ALICE, 1, comment="疑似有意拖延")
    life.do("comment", CHARLIE, 1, comment="正在补办")

    def remarks(who: Actor) -> list[str]:
        log = client.get("/api/v1/cards/1", headers={"X-Actor": who.name}).json["log"]
        return [line["reason"] for line in log if line["action"] == "comment"]

    assert (remarks(BOB), remarks(CHARLIE)) == (["疑似有意拖延", "正在补办"], ["正在补办"])


def test_who_opens_the_evidence_is_written_down(client: FlaskClient, life: Life):
    for who in (BOB, CHARLIE, WALL, OTHER_CLERK):
        client.get("/api/v1/cards/1", headers={"X-Actor": who.name})

    assert [(look.actor, look.what, look.subject) for look in life.reads.looks()] == [
        ("charlie", "card_evidence", "1"), ("bob", "card_evidence", "1")]


def test_the_log_of_a_card_comes_with_it(client: FlaskClient):
    execute(client, ALICE, 1, type="acknowledge", comment="已核实")

    log = client.get("/api/v1/cards/1", headers={"X-Actor": BOB.name}).json["log"]
    assert [(line["action"], line["actor_name"], line["reason"]) for line in log] == [
        ("opened", "系统", ""), ("acknowledged", "艾丽", "已核实")]
