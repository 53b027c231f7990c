"""The hash that is verified against when nobody has the name: as dear as any other, and of no password."""

from __future__ import annotations

from argon2 import PasswordHasher, extract_parameters

from core.passwords import Passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_what_is_verified_for_nobody_costs_the_same_and_is_of_no_password() -> None:
    passwords = Passwords(10, hasher=QUICK)
    real = passwords.hash("correct horse battery")

    assert extract_parameters(passwords.of_nobody) == extract_parameters(real)
    assert len(passwords.of_nobody) == len(real)
    assert not QUICK.check_needs_rehash(passwords.of_nobody)
    assert not passwords.verifies(passwords.of_nobody, "")
    assert not passwords.verifies(passwords.of_nobody, "correct horse battery")
    assert passwords.verifies(real, "correct horse battery")
    assert Passwords(10, hasher=QUICK).of_nobody != passwords.of_nobody


def test_no_program_pays_for_a_hash_by_starting() -> None:
    class Unused(PasswordHasher):
        def hash(self, *_given: object, **_more: object) -> str:
            raise AssertionError("a hash takes 64 MiB and a tenth of a second")

    assert Passwords(10, hasher=Unused()).of_nobody.startswith("$argon2id$")
