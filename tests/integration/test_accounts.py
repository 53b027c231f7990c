"""Accounts and tokens on real databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from core.access import Role
from core.accounts import AccountPolicy, Accounts, hash_of
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
from core.models import accounts as account_table
from core.models import tokens as token_table
from core.unit_of_work import UnitOfWorkFactory

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
RIGHT, WRONG = "correct horse battery", "not the password"


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url)
    database.create_all()
    yield database
    database.dispose()


@pytest.fixture
def accounts(database: Database, frozen_clock: FrozenClock) -> Accounts:
    uow = UnitOfWorkFactory(database, frozen_clock, InProcessDoorbell())
    accounts = Accounts(uow, frozen_clock, AccountPolicy(lock_after=3, lock_minutes=15), QUICK)
    accounts.create("zhou", RIGHT, display_name="周立新", roles=[Role.DUTY_OFFICER])
    return accounts


def fail(accounts: Accounts, times: int, username: str = "zhou") -> None:
    for _ in range(times):
        with pytest.raises(NotAuthenticated):
            accounts.authenticate(username, WRONG)


def test_the_right_password_opens_and_a_wrong_one_does_not(accounts: Accounts) -> None:
    account = accounts.authenticate("zhou", RIGHT)
    fail(accounts, 1)

    assert account.display_name == "周立新"
    assert account.actor.roles == {Role.DUTY_OFFICER}


def test_the_password_is_kept_only_as_an_argon2_hash(accounts: Accounts, database: Database) -> None:
    with database.read() as conn:
        stored = conn.execute(select(account_table.c.password_hash)).scalar_one()

    assert stored.startswith("$argon2id$")
    assert RIGHT not in stored


def test_unknown_wrong_locked_and_deactivated_are_told_the_same(accounts: Accounts) -> None:
    accounts.create("li", RIGHT, display_name="李敏", roles=[Role.INSPECTOR])
    accounts.deactivate("li")
    accounts.create("wang", RIGHT, display_name="王建国", roles=[Role.LEADER])
    fail(accounts, 3, "wang")
    told = set()
    for username, password in (("nobody", RIGHT), ("zhou", WRONG), ("li", RIGHT), ("wang", RIGHT)):
        with pytest.raises(NotAuthenticated) as refusal:
            accounts.authenticate(username, password)
        told.add((refusal.value.code, str(refusal.value)))

    assert told == {("sign_in_failed", "sign_in_failed")}


def test_an_unknown_name_costs_a_password_check_too(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    monkeypatch.setattr(accounts.passwords, "verifies", lambda stored, password: checked.append(stored) or False)
    fail(accounts, 1, "nobody")
    fail(accounts, 1, "zhou")

    assert len(checked) == 2
    assert all(stored.startswith("$argon2id$") for stored in checked)


def test_an_account_is_locked_after_so_many_failures_and_opens_again(accounts: Accounts, frozen_clock: FrozenClock) -> None:
    fail(accounts, 3)
    with pytest.raises(NotAuthenticated):
        accounts.authenticate("zhou", RIGHT)
    frozen_clock.advance(timedelta(minutes=15))

    assert accounts.authenticate("zhou", RIGHT).username == "zhou"


def test_a_success_forgets_earlier_failures(accounts: Accounts) -> None:
    fail(accounts, 2)
    accounts.authenticate("zhou", RIGHT)
    fail(accounts, 2)

    assert accounts.authenticate("zhou", RIGHT).failed_attempts == 0


def test_guesses_made_at_the_same_time_all_count(accounts: Accounts) -> None:
    guessers = [threading.Thread(target=fail, args=(accounts, 1)) for _ in range(6)]
    for guesser in guessers:
        guesser.start()
    for guesser in guessers:
        guesser.join()

    with pytest.raises(NotAuthenticated):
        accounts.authenticate("zhou", RIGHT)


@pytest.mark.parametrize(("change", "is_active"), [({"roles": [Role.LEADER]}, True), ({"is_active": False}, False),
                                                   ({"password": "another password"}, True)])
def test_every_change_ends_live_sessions(accounts: Accounts, change: dict[str, object], is_active: bool) -> None:
    session = accounts.issue_token("session", "zhou")
    before = accounts.get("zhou")
    after = accounts.change("zhou", **change)  # type: ignore[arg-type]

    assert after.generation == before.generation + 1
    assert after.is_active is is_active
    assert accounts.find_token("session", session) is None


def test_accounts_that_make_no_sense_are_refused(accounts: Accounts) -> None:
    def create(username: str = "new", password: str = RIGHT, roles: list[Role] | None = None, org: str = "") -> None:
        accounts.create(username, password, display_name="", roles=[Role.LEADER] if roles is None else roles, org=org)

    for refused, code in ((lambda: create("Zhou!"), "username_invalid"),
                          (lambda: create(password="short"), "password_too_short"),
                          (lambda: create(roles=[]), "roles_missing"),
                          (lambda: create(roles=[Role.DEPARTMENT_USER]), "department_user_needs_org")):
        with pytest.raises(InvalidInput) as refusal:
            refused()
        assert refusal.value.code == code
    with pytest.raises(Conflict):
        create("zhou")
    with pytest.raises(NotFound):
        accounts.change("nobody", is_active=False)


def test_a_token_is_shown_once_and_kept_as_a_hash(accounts: Accounts, database: Database) -> None:
    token = accounts.issue_token("screen", "东墙")
    with database.read() as conn:
        stored = conn.execute(select(token_table.c.token_hash)).scalar_one()

    assert stored == hash_of(token)
    assert token not in repr(accounts.list_tokens("screen"))


def test_a_token_opens_its_own_kind_until_it_is_revoked(accounts: Accounts) -> None:
    token = accounts.issue_token("screen", "东墙")
    found = accounts.find_token("screen", token)

    assert found is not None
    assert found.name == "东墙"
    assert accounts.find_token("feed", token) is None
    assert accounts.revoke_tokens("screen", "东墙") == 1
    assert accounts.find_token("screen", token) is None
    assert accounts.revoke_token("screen", token) is False
