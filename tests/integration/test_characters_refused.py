"""No control character becomes an error of the server, whoever sends it: on PostgreSQL, which stores no NUL."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from core.access import Role
from tests.staff import OWN_ORG, SAME_ORIGIN, Site, make_site, run_callback

BAD = ["\0", "\x0b", "\ud800"]
A_CASE = {"case-address.pathname": "/case/", "case-address.search": "?q=a"}


@pytest.fixture
def site(tmp_path: Any, fresh_postgres_url: str) -> Iterator[Site]:
    made = make_site(tmp_path, **{"database.url": fresh_postgres_url})
    made.app.config["PROPAGATE_EXCEPTIONS"] = False
    yield made
    made.services.database.dispose()


def bearing(site: Site) -> dict[str, str]:
    return {"Authorization": f"Bearer {site.services.accounts.issue_token('feed', 'hall')}"}


def test_no_address_with_one_reaches_the_database(site: Site):
    client, token = site.client(Role.INSPECTOR), bearing(site)
    rules = [re.sub(r"<(?:string:|path:)?\w+>", "a%00b", rule.rule) for rule in site.app.url_map.iter_rules()
             if "GET" in (rule.methods or ()) and rule.arguments]
    told = {path: answer.status_code for path in rules if "a%00b" in path and "<" not in path
            for answer in (client.get(path), site.app.test_client().get(path, headers=token))}
    assert len(told) > 20
    assert {path: status for path, status in told.items() if not 400 <= status < 500} == {}
    assert client.get("/api/v1/approval/cases/a%00b").json["code"] == "control_characters"
    assert site.app.test_client().get("/api/v1/sources/a%00b/health", headers=token).json["code"] == "control_characters"


@pytest.mark.parametrize("given", [
    {"case-address.pathname": "/case/360500/a%00b", "case-address.search": ""},
    {"case-address.pathname": "/case/", "case-address.search": "?q=a%00b"},
    {"case-address.pathname": "/case/", "case-address.search": "?q=a\ud800"},
    {"case-address.pathname": "/case/", "case-address.search": "?q=a\0"}])
def test_a_pages_callback_with_one_is_refused(site: Site, given: dict[str, str]):
    client = site.client(Role.INSPECTOR)
    assert run_callback(client, "/case/", "case-body.children", A_CASE).status_code == 200
    assert run_callback(client, "/case/", "case-body.children", given).status_code == 400


@pytest.mark.parametrize("bad", BAD)
def test_json_of_the_pages_is_refused(site: Site, bad: str):
    client = site.client(Role.INSPECTOR)
    incident = {"camera": f"a{bad}b", "kind": "x", "began_at": 1, "note": "x"}
    for address, body in (("/card/1/clips", {"camera": f"a{bad}b", "at": "2026-03-16 09:30:05"}),
                          ("/footage/incidents", {"incident": incident}), ("/footage/incidents/1/withdrawal", {"reason": bad})):
        for content_type in ("application/json", "text/plain"):
            answer = client.post(address, data=json.dumps(body), headers=SAME_ORIGIN, content_type=content_type)
            assert answer.status_code in (400, 403), (address, content_type, answer.text)
            assert answer.status_code == 403 or answer.json["code"] in ("control_characters", "message_invalid")


def test_a_bare_one_in_the_query_is_refused(site: Site):
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for query in (b"a%00b", b"a\x00b", b"a\x01b"):
            with socket.create_connection(("127.0.0.1", server.server_port)) as link:
                link.sendall(b"GET /public/items/?q=" + query + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                assert link.makefile("rb").readline().split()[1] == b"400"
    finally:
        server.shutdown()


def test_of_a_delivery_only_the_event_that_holds_one_is_refused(site: Site):
    def event(number: int, **more: Any) -> dict[str, Any]:
        return {"id": f"e{number}", "kind": "accepted", "case_no": f"F-{number}", "at": "2026-03-02T10:00:00+08:00",
                "org": OWN_ORG, "item": site.item_of(OWN_ORG), **more}

    bad = ["王\0明", "王\x0b明", "王\uffff", "\b", "\f"]
    events = [event(1, data={"applicant": "王\n明"}),
              *(event(place, data={"applicant": text}) for place, text in enumerate(bad, 2)),
              event(7, data={"materials": ["m\0"]}), event(8, data={"attributes": {"k\x01": "v"}}), event(9, actor="x\x7f")]
    answer = site.app.test_client().post("/api/v1/events", json=events, headers=bearing(site))

    told = {f"e{one['index'] + 1}": (one["code"], one["detail"]["field"])
            for one in answer.json["results"] if one["status"] != "ok"}
    refused = ("control_character", "data.applicant")
    assert told == {"e2": ("nul_character", "data.applicant"), **dict.fromkeys(("e3", "e4", "e5", "e6"), refused),
                    "e7": ("nul_character", "data.materials"), "e8": ("control_character", "data.attributes"),
                    "e9": ("control_character", "actor")}
    assert answer.json["accepted"] == 1
