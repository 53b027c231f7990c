"""A cookie found genuine is not examined again, yet never outlives its time nor a change of the key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
from flask import Flask, session
from flask.testing import FlaskClient

from dashboard import sessions


@pytest.fixture
def server() -> Flask:
    server = Flask(__name__)
    server.secret_key, server.session_interface = "k" * 32, sessions._Cookies()

    @server.get("/set/<name>")
    def put(name: str) -> str:
        session.update(name=name)
        return ""

    @server.get("/")
    def read() -> str:
        return str(session.get("name", ""))

    return server


@pytest.fixture
def client(server: Flask) -> Iterator[FlaskClient]:
    with server.test_client() as client:
        client.get("/set/何静")
        yield client


def test_a_genuine_cookie_is_examined_once(server, client):
    with patch.object(sessions._Cookies, "_examined", autospec=True, side_effect=sessions._Cookies._examined) as examined:
        said = [client.get("/").get_data(as_text=True) for _ in range(3)]

    assert (said, examined.call_count) == (["何静"] * 3, 1)


def test_a_changed_cookie_is_nobodys(client):
    assert client.get("/").get_data(as_text=True) == "何静"
    genuine = client.get_cookie("session").value

    for place in (0, len(genuine) // 2, len(genuine) - 2):
        client.set_cookie("session", genuine[:place] + ("x" if genuine[place] != "x" else "y") + genuine[place + 1:])
        assert client.get("/").get_data(as_text=True) == ""


def test_one_known_as_genuine_still_gets_too_old(server, client, monkeypatch):
    assert client.get("/").get_data(as_text=True) == "何静"
    later = sessions.SystemClock().now_us() + int(server.permanent_session_lifetime / timedelta(microseconds=1)) + 60_000_000
    monkeypatch.setattr(sessions.SystemClock, "now_us", lambda _self: later)
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later / 1e6)

    assert client.get("/").get_data(as_text=True) == ""


def test_another_key_makes_every_cookie_worthless(server, client):
    assert client.get("/").get_data(as_text=True) == "何静"
    server.secret_key = "l" * 32

    assert client.get("/").get_data(as_text=True) == ""


def test_what_one_request_changes_is_not_there_for_the_next_with_the_old_cookie(client):
    old = client.get_cookie("session").value
    client.get("/set/林涛")
    client.set_cookie("session", old)

    assert client.get("/").get_data(as_text=True) == "何静"


def test_no_more_are_remembered_than_may_be(server, client, monkeypatch):
    monkeypatch.setattr(sessions, "_COOKIES_KEPT", 2)
    for name in "甲乙丙丁":
        client.get(f"/set/{name}")
        assert client.get("/").get_data(as_text=True) == name
        assert len(server.session_interface._genuine) <= 2
