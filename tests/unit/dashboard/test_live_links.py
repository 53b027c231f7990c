"""What a live link was let in by, and when that no longer holds: real accounts, real cookies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask, Response, request

from core.access import Role
from core.accounts import Accounts
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.unit_of_work import UnitOfWorkFactory
from dashboard.gate import Gate, GatePolicy, PasswordMustChange
from dashboard.sessions import SCREEN_COOKIE, SESSION_COOKIE, Credential, SessionPolicy, Sessions


class Door:
    """A gate on a database, and the cookies it gives."""

    def __init__(self, database: Database, clock: FrozenClock) -> None:
        self.clock = clock
        self.accounts = Accounts(UnitOfWorkFactory(database, clock, InProcessDoorbell()), clock)
        self.zhou = self.accounts.create("zhou", "correct horse", display_name="周立新", roles={Role.DUTY_OFFICER})
        self.sessions = Sessions(self.accounts, clock, SessionPolicy(hours=12), "k" * 32)
        self.gate = Gate(self.accounts, self.sessions, clock, GatePolicy())
        self.app = Flask(__name__)
        self.sessions.install(self.app)

    def sign_in(self) -> Credential:
        with self.app.test_request_context():
            self.sessions.open(self.accounts.get("zhou"))
            answer = Response()
            self.app.session_interface.save_session(self.app, request_session(), answer)
        return self.connect(SESSION_COOKIE, answer)

    def pair(self) -> Credential:
        answer = Response()
        with self.app.test_request_context():
            assert self.sessions.pair_screen(self.accounts.issue_token("screen", "东墙"), answer)
        return self.connect(SCREEN_COOKIE, answer)

    def connect(self, name: str, answer: Response) -> Credential:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        assert cookie.startswith(name)
        with self.app.test_request_context(headers={"Cookie": cookie}):
            credential = self.gate.credential_of(request)
        assert credential is not None
        return credential


def request_session():
    from flask import session
    return session._get_current_object()  # type: ignore[attr-defined]


@pytest.fixture
def door(fresh_sqlite_url: str, frozen_clock: FrozenClock) -> Iterator[Door]:
    database = Database(fresh_sqlite_url)
    database.create_all()
    yield Door(database, frozen_clock)
    database.dispose()


def test_a_stranger_has_no_credential(door: Door):
    with door.app.test_request_context():
        assert door.gate.credential_of(request) is None


def test_people_and_screens_hold_until_something_happens(door: Door):
    person, screen = door.sign_in(), door.pair()
    assert (person.kind, person.name, screen.kind, screen.name) == ("session", "zhou", "screen", "东墙")
    door.clock.advance(timedelta(hours=12))
    assert door.sessions.holding({person, screen}) == {person, screen}


@pytest.mark.parametrize("happens", [
    lambda door: door.clock.advance(timedelta(hours=12, seconds=1)),
    lambda door: door.accounts.deactivate("zhou"),
    lambda door: door.accounts.change("zhou", roles={Role.LEADER}),
    lambda door: door.accounts.revoke_tokens("session", "zhou"),
], ids=["the absolute limit", "deactivated", "roles changed", "signed out"])
def test_a_link_of_a_session_ends_with_it_and_a_screen_stays(door: Door, happens: Callable[[Door], object]):
    person, screen = door.sign_in(), door.pair()
    happens(door)
    assert door.sessions.holding({person, screen}) == {screen}


def test_a_link_of_a_screen_ends_when_its_token_is_revoked(door: Door):
    person, screen = door.sign_in(), door.pair()
    door.accounts.revoke_tokens("screen", "东墙")
    assert door.sessions.holding({person, screen}) == {person}


def test_a_live_link_is_closed_to_who_must_change_his_password_first(door: Door) -> None:
    with door.accounts._uow() as uow:
        door.accounts.change_in(uow.conn, "zhou", door.zhou.standing, door.accounts.hash("set by another"))
    with door.app.test_request_context():
        door.sessions.open(door.accounts.get("zhou"))
        with pytest.raises(PasswordMustChange):
            door.gate.identify_live(request)
