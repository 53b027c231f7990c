"""POST /api/v1/events and its neighbours, as another system meets them."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.test import TestResponse

from core.accounts import Accounts
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.errors import Unavailable
from core.unit_of_work import UnitOfWorkFactory
from feeds.delivery_reading import DeliveryReader
from feeds.http import Admission, TooManyRequests, events_blueprint
from feeds.ingest import Ingest
from feeds.limits import FeedLimits
from feeds.public_event import EventReader
from feeds.queries import FeedQueries
from tests.unit.feeds.conftest import FakeRecorder

URL = "/api/v1/events"


def _event(number: int, **changes: object) -> dict[str, object]:
    return {"id": f"e{number}", "kind": "accepted", "case_no": f"A{number}", "at": "2018-10-15T09:00:00+08:00"} | changes


@pytest.fixture
def accounts(database: Database, frozen_clock: FrozenClock) -> Accounts:
    return Accounts(UnitOfWorkFactory(database, frozen_clock, InProcessDoorbell()), frozen_clock)


@pytest.fixture
def token(accounts: Accounts) -> str:
    return accounts.issue_token("feed", "hall")


@pytest.fixture
def limits() -> FeedLimits:
    return FeedLimits(batch_size=2, max_body_bytes=10_000, max_events_per_request=20, max_line_bytes=4096,
                      body_timeout_s=0.5, retry_after_s=7)


@pytest.fixture
def client(ingest: Ingest, database: Database, frozen_clock: FrozenClock) -> Iterator[FlaskClient]:
    app = Flask(__name__)
    queries = FeedQueries(database, ingest.limits)
    app.register_blueprint(events_blueprint(ingest, queries, database, frozen_clock,
                                            DeliveryReader(EventReader("city"), ingest.limits)))
    with app.test_client() as client:
        yield client


@pytest.fixture
def auth(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def assert_problem(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    body: dict[str, Any] = response.get_json()
    assert (body["status"], body["code"]) == (status, code)
    return body


def test_every_record_is_acknowledged_in_order(client: FlaskClient, auth: dict[str, str], recorder: FakeRecorder) -> None:
    body = [_event(1), _event(2, kind="nonsense"), _event(1), "no object", _event(3, at="2030-01-01T00:00:00Z")]
    answer = client.post(URL, json=body, headers=auth).get_json()
    assert [one["status"] for one in answer["results"]] == ["ok", "malformed", "duplicate", "malformed", "unsuitable"]
    assert [one["index"] for one in answer["results"]] == [0, 1, 2, 3, 4]
    assert answer["results"][1]["detail"]["field"] == "kind"
    assert answer["results"][4]["code"] == "future_dated"
    assert (answer["source"], answer["accepted"], answer["duplicates"], answer["rejected"]) == ("hall", 1, 1, 3)
    assert [event.source for event in recorder.events] == ["hall"]


def test_the_same_delivery_again_is_all_duplicates(client: FlaskClient, auth: dict[str, str]) -> None:
    body = {"events": [_event(1), _event(2), _event(3)]}
    assert client.post(URL, json=body, headers=auth).get_json()["accepted"] == 3
    assert client.post(URL, json=body, headers=auth).get_json()["duplicates"] == 3


def test_json_lines_keep_good_lines_between_bad_ones(client: FlaskClient, auth: dict[str, str]) -> None:
    body = f"{json.dumps(_event(1))}\n{{broken\n\n{json.dumps(_event(2))}\n"
    answer = client.post(URL, data=body, content_type="application/x-ndjson", headers=auth).get_json()
    assert [one["status"] for one in answer["results"]] == ["ok", "malformed", "ok"]


def test_a_body_may_be_packed(client: FlaskClient, auth: dict[str, str]) -> None:
    body = gzip.compress(json.dumps([_event(1)]).encode(), mtime=0)
    answer = client.post(URL, data=body, content_type="application/json", headers=auth | {"Content-Encoding": "gzip"})
    assert answer.get_json()["accepted"] == 1


@pytest.mark.parametrize(("body", "content_type", "encoding", "status", "code"), [
    (b"[{", "application/json", "", 400, "body_unreadable"),
    (b'{"event": []}', "application/json", "", 400, "body_unreadable"),
    (b"", "application/json", "", 400, "body_unreadable"),
    (b"42", "application/json", "", 400, "body_unreadable"),
    ("[]".encode("utf-16"), "application/json", "", 400, "body_unreadable"),
    (b"[" * 200_000, "application/json", "", 413, "body_too_large"),
    (b"[" * 9_000, "application/json", "", 400, "body_unreadable"),
    (b"[" + b",".join([b"{}"] * 21) + b"]", "application/json", "", 413, "too_many_events"),
    (b"<xml/>", "application/xml", "", 415, "media_type_unsupported"),
    (b"[]", "application/json", "br", 415, "content_encoding_unsupported"),
    (gzip.compress(b"[" + b" " * 100_000 + b"]", mtime=0), "application/json", "gzip", 413, "body_too_large"),
    (gzip.compress(b" " * 5_000_000, mtime=0), "application/json", "gzip", 413, "body_too_large"),
    (gzip.compress(b"[]", mtime=0)[:-9], "application/json", "gzip", 400, "gzip_truncated"),
])
def test_a_body_that_cannot_be_read_records_nothing(client: FlaskClient, auth: dict[str, str], recorder: FakeRecorder,
                                                    body: bytes, content_type: str, encoding: str, status: int,
                                                    code: str) -> None:
    headers = auth | ({"Content-Encoding": encoding} if encoding else {})
    assert_problem(client.post(URL, data=body, content_type=content_type, headers=headers), status, code)
    assert recorder.events == []


def test_nothing_of_a_body_cut_off_is_said_to_be_kept(client: FlaskClient, auth: dict[str, str]) -> None:
    body = gzip.compress(json.dumps([_event(1)]).encode(), mtime=0)[:-9]
    answer = client.post(URL, data=body, content_type="application/json", headers=auth | {"Content-Encoding": "gzip"})
    assert "nothing of it was taken" in answer.json["details"]["remedy"]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"},
                                    {"Authorization": "Bearer "}])
def test_without_a_valid_token_nothing_is_taken(client: FlaskClient, header: dict[str, str], token: str) -> None:
    answer = client.post(URL, json=[_event(1)], headers=header)
    assert_problem(answer, 401, "token_required")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_is_no_token(client: FlaskClient, auth: dict[str, str], accounts: Accounts) -> None:
    assert accounts.revoke_tokens("feed", "hall") == 1
    assert_problem(client.post(URL, json=[_event(1)], headers=auth), 401, "token_required")


def test_the_token_of_a_screen_is_no_token_of_a_source(client: FlaskClient, accounts: Accounts) -> None:
    screen = accounts.issue_token("screen", "hall")
    answer = client.post(URL, json=[_event(1)], headers={"Authorization": f"Bearer {screen}"})
    assert_problem(answer, 401, "token_required")


def test_a_database_that_is_away_asks_to_come_again(client: FlaskClient, auth: dict[str, str],
                                                    recorder: FakeRecorder) -> None:
    recorder.failure = OperationalError("INSERT", {}, Exception("gone"))
    answer = client.post(URL, json=[_event(1)], headers=auth)
    assert_problem(answer, 503, "database_unavailable")
    assert answer.headers["Retry-After"] == "7"


def test_a_token_cannot_be_looked_up_while_the_database_is_away(client: FlaskClient, auth: dict[str, str],
                                                                database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def away() -> Iterator[Connection]:
        raise OperationalError("SELECT", {}, Exception("gone"))
        yield

    monkeypatch.setattr(database, "read", away)
    for answer in (client.post(URL, json=[_event(1)], headers=auth), client.get("/api/v1/sources/hall/health", headers=auth)):
        assert_problem(answer, 503, "database_unavailable")
        assert answer.headers["Retry-After"] == "7"


def test_a_bad_escape_in_an_array_costs_its_record_only(client: FlaskClient, auth: dict[str, str]) -> None:
    body = json.dumps([_event(1), _event(2, actor="@"), _event(3)]).replace("@", "\\ud800")
    answer = client.post(URL, data=body, content_type="application/json", headers=auth).get_json()
    assert [one["status"] for one in answer["results"]] == ["ok", "malformed", "ok"]


def test_a_record_longer_than_the_limit_costs_itself_only(client: FlaskClient, auth: dict[str, str]) -> None:
    answer = client.post(URL, json=[_event(1), _event(2, actor="x" * 5000)], headers=auth).get_json()
    assert [one.get("code") for one in answer["results"]] == [None, "line_too_long"]


@pytest.fixture
def server(client: FlaskClient) -> Iterator[BaseWSGIServer]:
    """The interface on a real socket, which the test client has not."""
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _begin_a_delivery(server: BaseWSGIServer, auth: dict[str, str], sent: str, length: str) -> socket.socket:
    head = (f"POST {URL} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {auth['Authorization']}\r\n"
            f"Content-Type: application/json\r\n{length}\r\n\r\n")
    connection = socket.create_connection(("127.0.0.1", server.server_port), timeout=20)
    connection.sendall((head + sent).encode())
    return connection


def _answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    with connection, connection.makefile("rb") as stream:
        head, _, body = stream.read().partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(("sent", "length"), [("[", "Content-Length: 100"), ("", "Content-Length: 100"),
                                              ("1\r\n[\r\n", "Transfer-Encoding: chunked")])
def test_senders_that_stop_half_way_hold_up_nobody_and_are_given_up(
        server: BaseWSGIServer, auth: dict[str, str], client: FlaskClient, recorder: FakeRecorder, sent: str,
        length: str) -> None:
    halves = [_begin_a_delivery(server, auth, sent, length) for _ in range(4)]
    body = json.dumps([_event(1)])
    status, told = _answer(_begin_a_delivery(server, auth, body, f"Content-Length: {len(body)}"))
    assert (status, told["accepted"]) == (200, 1)
    for half in halves:
        status, told = _answer(half)
        assert (status, told["code"]) == (408, "body_incomplete")
    assert len(recorder.events) == 1


def test_beyond_the_admission_cap_senders_are_told_when_to_come_back() -> None:
    admission = Admission(most=3, most_per_source=2, retry_after_s=5)
    with admission.enter("a"), admission.enter("a"):
        with pytest.raises(TooManyRequests) as too_many, admission.enter("a"):
            pass
        with admission.enter("b"), pytest.raises(Unavailable) as busy, admission.enter("c"):
            pass
    assert (too_many.value.status, too_many.value.retry_after) == (429, 5)
    assert (busy.value.status, busy.value.retry_after) == (503, 5)
    with admission.enter("a"):
        pass


def test_a_busy_source_gets_429_over_http(client: FlaskClient, auth: dict[str, str], recorder: FakeRecorder) -> None:
    started, go_on = threading.Semaphore(0), threading.Event()
    original = recorder.record

    def slow(*arguments: Any) -> Any:
        started.release()
        go_on.wait(10)
        return original(*arguments)

    recorder.record = slow  # type: ignore[method-assign]
    app = client.application
    threads = [threading.Thread(target=lambda number=number: app.test_client().post(URL, json=[_event(number)],
                                                                                    headers=auth)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    assert started.acquire(timeout=10)
    assert started.acquire(timeout=10)
    answer = client.post(URL, json=[_event(3)], headers=auth)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert_problem(answer, 429, "too_many_requests")
    assert answer.headers["Retry-After"] == "7"


def test_a_source_reads_its_own_health_only(client: FlaskClient, auth: dict[str, str]) -> None:
    client.post(URL, json=[_event(1)], headers=auth)
    health = client.get("/api/v1/sources/hall/health", headers=auth).get_json()
    assert (health["state"], health["accepted"], health["last_event_at"]) == ("ok", 1, "2018-10-15T01:00:00+00:00")
    assert_problem(client.get("/api/v1/sources/other/health", headers=auth), 403, "not_permitted")
    assert_problem(client.get("/api/v1/sources/hall/health"), 401, "token_required")


def test_a_source_with_a_token_that_never_delivered_shows_as_never(client: FlaskClient, auth: dict[str, str]) -> None:
    assert client.get("/api/v1/sources/hall/health", headers=auth).get_json()["state"] == "never"


def test_the_openapi_document_matches_the_interface(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    served = {str(rule) for rule in client.application.url_map.iter_rules() if str(rule).startswith("/api/")}
    assert {path.replace("{source}", "<source>") for path in document["paths"]} == served
    event = document["components"]["schemas"]["PublicEvent"]
    assert set(event["required"]) == {"id", "kind", "case_no", "at"}
    assert event["additionalProperties"] is False
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert reference in document["components"]["schemas"]
