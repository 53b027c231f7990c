"""Cards over HTTP: the same command, the same guards, one error shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient

from alerts.http import create_blueprint
from cases.events import ClockKind
from core.database import Database
from core.errors import SupervisionError
from tests.unit.alerts.house import House, passed
from tests.unit.alerts.live import actor_of


@pytest.fixture
def house(fresh_sqlite_url: str) -> Iterator[House]:
    database = Database(fresh_sqlite_url)
    database.create_all()
    yield House(database)
    database.dispose()


@pytest.fixture
def client(house: House) -> FlaskClient:
    app = Flask("cards")
    app.register_blueprint(create_blueprint(house.cards, house.queries, actor_of))
    app.register_error_handler(SupervisionError, lambda error: (jsonify(error.as_problem()), error.status))
    return app.test_client()


def sign(client: FlaskClient, who: str, rev: int = 1, command_id: str = "c-1") -> Any:
    body = {"command_id": command_id, "cards": [{"id": 1, "rev": rev}], "comment": "已核实"}
    return client.post("/api/v1/cards/acknowledge", json=body, headers={"X-Actor": who})


def test_an_officer_signs(house: House, client: FlaskClient):
    house.record(passed())

    answer = sign(client, "alice")

    assert (answer.status_code, answer.json["ok"]) == (200, True)
    assert house.only_card().state == "acked"


def test_a_conflict_tells_the_present_state(house: House, client: FlaskClient):
    house.record(passed())
    house.record(passed("red", kind=ClockKind.STATUTORY))

    [told] = sign(client, "alice").json["results"]
    assert (told["ok"], told["error"], told["rev"], told["state"]) == (False, "card_changed", 2, "unack")


@pytest.mark.parametrize(("who", "status", "code"), [("", 401, "sign_in_required"), ("charlie", 403, "not_permitted"),
                                                     ("wall-1", 403, "not_permitted")])
def test_only_those_with_the_role_may_sign(house: House, client: FlaskClient, who: str, status: int, code: str):
    house.record(passed())

    answer = sign(client, who)
    assert (answer.status_code, answer.json["code"]) == (status, code)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"command_id": 1, "cards": []}', b"[" * 100_000, b"\xff\xfe"])
def test_a_body_that_cannot_be_read_is_refused(client: FlaskClient, body: bytes):
    answer = client.post("/api/v1/cards/acknowledge", data=body, headers={"X-Actor": "alice"})
    assert (answer.status_code, answer.json["code"]) == (400, "message_invalid")


def test_cards_are_listed_by_level_and_page(house: House, client: FlaskClient):
    house.record(*(passed("yellow", case_id=n) for n in range(1, 6)), passed("red", case_id=9))

    page = client.get("/api/v1/cards?level=yellow&limit=2&offset=4", headers={"X-Actor": "bob"}).json
    assert (page["total"], [card["case_no"] for card in page["cards"]]) == (5, ["2018-0005"])


@pytest.mark.parametrize("query", ["level=purple", "limit=-1", "limit=ten", "offset=99999999999"])
def test_a_question_that_makes_no_sense_is_refused(client: FlaskClient, query: str):
    assert client.get(f"/api/v1/cards?{query}", headers={"X-Actor": "bob"}).status_code == 400


def test_a_department_user_sees_his_own_cards_only(house: House, client: FlaskClient):
    mine = passed(case_id=1)
    other = passed(case_id=2)
    house.record(mine, type(other)(**{**{n: getattr(other, n) for n in other.__struct_fields__},
                                      "case": type(other.case)(2, "2018-0002", "360500", "D02", "I001", "t")}))

    seen = client.get("/api/v1/cards", headers={"X-Actor": "charlie"}).json
    assert [card["org"] for card in seen["cards"]] == ["D01"]
    assert client.get("/api/v1/cards/2", headers={"X-Actor": "charlie"}).status_code == 404
    assert client.get("/api/v1/cards/1", headers={"X-Actor": "charlie"}).status_code == 200


def test_a_card_shows_its_evidence_and_history(house: House, client: FlaskClient):
    house.record(passed())
    sign(client, "alice")

    card = client.get("/api/v1/cards/1", headers={"X-Actor": "bob"}).json
    assert card["evidence"][0]["rule_version"] == "kechuang@2018.1"
    assert [change["card"]["state"] for change in card["history"]] == ["unack", "acked"]
    assert client.get("/api/v1/cards/77", headers={"X-Actor": "bob"}).status_code == 404


def test_a_wall_reads_the_card_and_nothing_anybody_wrote_on_it(house: House, client: FlaskClient):
    house.record(passed())
    sign(client, "alice")

    answer = client.get("/api/v1/cards/1", headers={"X-Actor": "wall-1"})
    assert (answer.status_code, set(answer.json), answer.json["card"]["id"]) == (200, {"card"}, 1)
    assert "log" in client.get("/api/v1/cards/1", headers={"X-Actor": "bob"}).json
    assert client.get("/api/v1/cards/77", headers={"X-Actor": "wall-1"}).status_code == 404
