"""The gate: sessions, screens, forged requests, lock-outs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, g

from core.access import Actor, Role
from core.accounts import Account, Token, hash_of
from core.clock import FrozenClock
from core.errors import NotAuthenticated, NotPermitted
from dashboard.gate import FailedAttempts, Gate, GatePolicy, Rule, TooManyAttempts
from dashboard.sessions import SessionPolicy, Sessions

RULES = (Rule("/open", public=True), Rule("/desk/*", roles=frozenset({Role.DUTY_OFFICER})),
         Rule("/wall/*", roles=frozenset({Role.WALL_SCREEN, Role.DUTY_OFFICER})), Rule("/api/*", token="feed"),
         Rule("/local", local=True))


class FakeAccounts:
    """One duty officer; tokens in a dict."""

    def __init__(self) -> None:
        self.account = Account("zhou", "周立新", frozenset({Role.DUTY_OFFICER}), "", True, 0, 0, 0, 0)
        self.tokens: dict[tuple[str, str], Token] = {}
        self.now_us = 0  # of the moment, by whoever uses it
        self.sessions = self

    def touch(self, token_hash: str) -> None:
        self.tokens["session", token_hash] = replace(self.tokens["session", token_hash], seen_at=self.now_us)

    def find(self, username: str) -> Account | None:
        return self.account if username == self.account.username else None

    def issue_token(self, kind: str, name: str, _address: str = "", _device: str = "") -> str:
        token = f"yg_{kind}_{len(self.tokens)}"
        self.tokens[kind, hash_of(token)] = Token(kind, name, hash_of(token), self.now_us, None, self.now_us)
        return token

    def find_token(self, kind: str, token: str) -> Token | None:
        return self.find_token_by_hash(kind, hash_of(token))

    def find_session(self, token: str, username: str) -> tuple[Token | None, Account | None]:
        found = self.find_token("session", token)
        return (None, None) if found is None else (found, self.find(username))

    def find_token_by_hash(self, kind: str, token_hash: str) -> Token | None:
        return self.tokens.get((kind, token_hash))

    def revoke_token(self, kind: str, token: str) -> bool:
        return self.tokens.pop((kind, hash_of(token)), None) is not None

    def forget_sessions_before(self, _created_at: int) -> int:
        return 0


@pytest.fixture
def accounts() -> FakeAccounts:
    return FakeAccounts()


def make_app(accounts: FakeAccounts, clock: FrozenClock, **policy: Any) -> Flask:
    app = Flask(__name__)
    app.before_request(lambda: setattr(accounts, "now_us", clock.now_us()))
    sessions = Sessions(accounts, clock, SessionPolicy(idle_minutes=30, hours=12), "k" * 32)  # type: ignore[arg-type]
    gate = Gate(accounts, sessions, clock, GatePolicy(**policy), RULES)  # type: ignore[arg-type]
    gate.install(app)
    app.register_error_handler(NotAuthenticated, lambda error: (error.code, 401))
    app.register_error_handler(NotPermitted, lambda error: (error.code, 403))

    def who() -> str:
        return g.actor.name if g.actor else "nobody"
    for path in ("/open", "/desk/", "/wall/", "/api/events", "/local", "/forgotten"):
        app.add_url_rule(path, path, who, methods=["GET", "POST"])
    app.add_url_rule("/open/in", "in", lambda: sessions.open(accounts.account) or "in")
    app.add_url_rule("/open/out", "out", lambda: sessions.close() or "out")
    gate._rules = [Rule("/open/in", public=True), Rule("/open/out", public=True), *gate._rules]
    return app


@pytest.fixture
def app(accounts: FakeAccounts, frozen_clock: FrozenClock) -> Flask:
    return make_app(accounts, frozen_clock)


def test_a_route_without_a_rule_is_closed_to_everybody(app: Flask) -> None:
    client = app.test_client()
    client.get("/open/in")

    assert (403, "no_access_rule") == (client.get("/forgotten").status_code, client.get("/forgotten").text)


def test_an_unknown_address_tells_a_stranger_nothing(app: Flask) -> None:
    assert app.test_client().get("/no-such-thing").status_code == 401


def test_a_session_opens_what_the_role_allows_and_ends_at_sign_out(app: Flask) -> None:
    client = app.test_client()
    client.get("/open/in")
    inside = client.get("/desk/").text
    client.get("/open/out")

    assert inside == "zhou"
    assert client.get("/desk/").status_code == 401


def test_a_copied_cookie_is_worth_nothing_after_sign_out(app: Flask) -> None:
    client, thief = app.test_client(), app.test_client()
    client.get("/open/in")
    thief.set_cookie("yangguang_session", client.get_cookie("yangguang_session").value)  # type: ignore[union-attr]
    before = thief.get("/desk/").status_code
    client.get("/open/out")

    assert (before, thief.get("/desk/").status_code) == (200, 401)


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(app: Flask) -> None:
    cookie = app.test_client().get("/open/in").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_signing_in_gives_a_new_session_each_time(app: Flask) -> None:
    client = app.test_client()
    client.get("/open/in")
    first = client.get_cookie("yangguang_session").value  # type: ignore[union-attr]
    client.get("/open/in")

    assert client.get_cookie("yangguang_session").value != first  # type: ignore[union-attr]


def test_a_session_ends_after_idleness_and_work_keeps_it(app: Flask, frozen_clock: FrozenClock) -> None:
    client = app.test_client()
    client.get("/open/in")
    for _ in range(3):
        frozen_clock.advance(timedelta(minutes=29))
        assert client.get("/desk/").status_code == 200
    frozen_clock.advance(timedelta(minutes=31))

    assert client.get("/desk/").status_code == 401


def test_a_session_ends_at_its_absolute_limit_however_busy(app: Flask, frozen_clock: FrozenClock) -> None:
    client = app.test_client()
    client.get("/open/in")
    statuses = set()
    for _ in range(36):
        frozen_clock.advance(timedelta(minutes=20))
        statuses.add(client.get("/desk/").status_code)
    frozen_clock.advance(timedelta(minutes=1))

    assert statuses == {200}
    assert client.get("/desk/").status_code == 401


def test_a_new_generation_of_the_account_ends_its_sessions(app: Flask, accounts: FakeAccounts) -> None:
    client = app.test_client()
    client.get("/open/in")
    accounts.account = Account("zhou", "周立新", frozenset({Role.DUTY_OFFICER}), "", True, 1, 0, 0, 0)

    assert client.get("/desk/").status_code == 401


def test_a_live_link_outlives_idleness_but_not_its_session(accounts: FakeAccounts, frozen_clock: FrozenClock) -> None:
    app = make_app(accounts, frozen_clock)
    client = app.test_client()
    client.get("/open/in")
    cookie = f"yangguang_session={client.get_cookie('yangguang_session').value}"  # type: ignore[union-attr]
    gate = next(fn.__self__ for fn in app.before_request_funcs[None] if isinstance(getattr(fn, "__self__", None), Gate))

    def live() -> Actor | None:
        with app.test_request_context("/", headers={"Cookie": cookie}):
            from flask import request
            return gate.identify_live(request)
    frozen_clock.advance(timedelta(hours=11))
    after_idleness = live()
    frozen_clock.advance(timedelta(hours=2))
    after_the_limit = live()
    frozen_clock.move_to(frozen_clock.now() - timedelta(hours=13))
    client.get("/open/out")

    assert after_idleness is not None
    assert after_the_limit is None
    assert live() is None


@pytest.mark.parametrize(("headers", "status"), [
    ({"Sec-Fetch-Site": "same-origin"}, 200), ({"Origin": "http://localhost"}, 200),
    ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403), ({"Sec-Fetch-Site": "none"}, 403),
    ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}, 403), ({}, 403)])
def test_a_change_must_come_from_our_own_page(app: Flask, headers: dict[str, str], status: int) -> None:
    client = app.test_client()
    client.get("/open/in")

    assert client.post("/desk/", json={}, headers=headers).status_code == status


def test_a_client_that_names_no_origin_may_carry_the_token_instead(app: Flask) -> None:
    client = app.test_client()
    client.get("/open/in")
    with client.session_transaction() as session:
        token = session["csrf"]

    assert client.post("/desk/", json={}, headers={"X-CSRFToken": token}).status_code == 200
    assert client.post("/desk/", json={}, headers={"X-CSRFToken": "x" + token}).status_code == 403


def test_a_plain_form_needs_the_token_even_from_our_own_page(app: Flask) -> None:
    client = app.test_client()
    client.get("/open/in")
    with client.session_transaction() as session:
        token = session["csrf"]
    own = {"Origin": "http://localhost"}

    assert client.post("/desk/", data={"a": "1"}, headers=own).status_code == 403
    assert client.post("/desk/", data={"csrf": token}, headers=own).status_code == 200


def test_a_screen_exchanges_its_token_for_a_cookie_and_the_address_forgets_it(app: Flask, accounts: FakeAccounts) -> None:
    client, token = app.test_client(), accounts.issue_token("screen", "东墙")
    answer = client.get(f"/wall/?screen={token}")
    on_the_wall = client.get("/wall/").text
    on_the_desk = client.get("/desk/").status_code
    accounts.revoke_token("screen", token)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/wall/")
    assert on_the_wall == "screen:东墙"
    assert on_the_desk == 401
    assert client.get("/wall/").status_code == 401


def test_an_unknown_screen_token_and_a_forged_cookie_open_nothing(app: Flask) -> None:
    client = app.test_client()
    refused = client.get("/wall/?screen=yg_screen_made_up").status_code
    client.set_cookie("yangguang_screen", "Imh1bGxvIg.c2lnbmF0dXJl")

    assert refused == 401
    assert client.get("/wall/").status_code == 401


def test_in_a_demonstration_anybody_may_watch_the_wall_and_nothing_else(accounts: FakeAccounts,
                                                                       frozen_clock: FrozenClock) -> None:
    client = make_app(accounts, frozen_clock, demo=True).test_client()

    assert client.get("/wall/").text == "visitor"
    assert client.get("/desk/").status_code == 401


def test_a_feed_is_let_in_by_its_token_alone(app: Flask, accounts: FakeAccounts) -> None:
    client, token = app.test_client(), accounts.issue_token("feed", "hall")
    client.get("/open/in")

    assert client.post("/api/events").status_code == 403
    assert client.post("/api/events", headers={"Authorization": f"Bearer {token}"}).text == "feed:hall"
    assert client.post("/api/events", headers={"Authorization": "Bearer nonsense"}).status_code == 403


def test_a_local_route_is_closed_to_what_a_proxy_forwards(app: Flask) -> None:
    client = app.test_client()

    assert client.get("/local").status_code == 200
    assert client.get("/local", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
    assert client.get("/local", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 401


def test_an_address_that_fails_too_often_must_wait(frozen_clock: FrozenClock) -> None:
    failures = FailedAttempts(frozen_clock, GatePolicy(sign_in_failures=3, sign_in_window_minutes=5))
    for _ in range(3):
        failures.check("203.0.113.9")
        failures.add("203.0.113.9")
    failures.check("203.0.113.10")
    with pytest.raises(TooManyAttempts) as refusal:
        failures.check("203.0.113.9")
    frozen_clock.advance(timedelta(minutes=5))
    failures.check("203.0.113.9")

    assert refusal.value.status == 429
    assert refusal.value.retry_after == 300
