"""The second factor, by the vectors of RFC 4226 and RFC 6238, and what it does to signing in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import second_factor
from core.access import Role
from core.accounts import Accounts
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.errors import NotAuthenticated, NotPermitted
from core.instants import to_us
from core.unit_of_work import UnitOfWorkFactory
from tests.staff import QUICK

RFC_KEY = b"12345678901234567890"
NOW = datetime(2026, 3, 16, 1, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.mark.parametrize(("count", "code"), list(enumerate(
    ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])))
def test_the_codes_are_those_of_rfc_4226(count: int, code: str):
    assert second_factor.code_at(RFC_KEY, count) == code


@pytest.mark.parametrize(("seconds", "code"), [
    (59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")])
def test_the_steps_are_those_of_rfc_6238(seconds: int, code: str):
    assert second_factor.matching_step(RFC_KEY, code, seconds * 1_000_000, 0) == seconds // 30


def test_a_code_is_right_one_step_around_and_once():
    now = to_us(NOW)
    step = now // second_factor.STEP_US
    around = {shift: second_factor.matching_step(RFC_KEY, second_factor.code_at(RFC_KEY, step + shift), now, 0)
              for shift in (-2, -1, 0, 1, 2)}
    assert around == {-2: None, -1: step - 1, 0: step, 1: step + 1, 2: None}
    assert second_factor.matching_step(RFC_KEY, second_factor.code_at(RFC_KEY, step), now, step) is None


class Door:
    def __init__(self, folder: Path, key: bytes = b"k" * 32) -> None:
        self.database = Database(f"sqlite:///{folder / 'door.db'}")
        self.database.create_all()
        self.clock = FrozenClock(NOW)
        units = UnitOfWorkFactory(self.database, self.clock, InProcessDoorbell())
        self.accounts = Accounts(units, self.clock, hasher=QUICK, factor_key=key)
        self.salt = second_factor.new_salt()

    def code(self, shift: int = 0, name: str = "li") -> str:
        step = self.clock.now_us() // second_factor.STEP_US + shift
        return second_factor.code_at(self.accounts.factor_of(name, self.salt), step)


@pytest.fixture
def door(tmp_path: Path):
    made = Door(tmp_path)
    made.accounts.create("li", PASSWORD, display_name="李敏", roles=[Role.INSPECTOR])
    yield made
    made.database.dispose()


def test_without_one_no_code_is_asked_for(door: Door):
    assert door.accounts.authenticate("li", PASSWORD).username == "li"


def test_it_is_set_by_showing_a_code_and_then_asked_for(door: Door):
    with pytest.raises(NotPermitted, match="code_wrong"):
        door.accounts.set_factor("li", door.salt, "000000")
    before = door.accounts.get("li").generation
    assert door.accounts.set_factor("li", door.salt, door.code()).generation == before + 1
    for code in ("", "123456", door.code()):  # the one that set it is used up
        with pytest.raises(NotAuthenticated, match="sign_in_failed"):
            door.accounts.authenticate("li", PASSWORD, code)
    assert door.accounts.authenticate("li", PASSWORD, door.code(1)).username == "li"
    with pytest.raises(NotAuthenticated):
        door.accounts.authenticate("li", PASSWORD, door.code(1))


def test_wrong_codes_lock_the_account_like_wrong_passwords(door: Door):
    door.accounts.set_factor("li", door.salt, door.code())
    for _ in range(door.accounts.policy.lock_after):
        with pytest.raises(NotAuthenticated):
            door.accounts.authenticate("li", PASSWORD, "123456")
    with pytest.raises(NotAuthenticated):
        door.accounts.authenticate("li", PASSWORD, door.code(1))


def test_the_key_is_in_no_database(door: Door, tmp_path: Path):
    door.accounts.set_factor("li", door.salt, door.code())
    key = door.accounts.factor_of("li", door.salt)
    with door.database.read() as conn:
        dump = "\n".join(str(row) for row in conn.exec_driver_sql("SELECT * FROM accounts"))
    assert key.hex() not in dump
    assert second_factor.written(key).replace(" ", "") not in dump
    other = Accounts(UnitOfWorkFactory(door.database, door.clock, InProcessDoorbell()), door.clock, hasher=QUICK,
                     factor_key=b"x" * 32)
    assert other.factor_of("li", door.salt) != key


def test_it_can_be_dropped(door: Door):
    door.accounts.set_factor("li", door.salt, door.code())
    door.accounts.drop_factor("li")
    assert door.accounts.authenticate("li", PASSWORD).factor_salt == ""
