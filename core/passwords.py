"""Hashing and checking passwords with argon2id: one amount of work for every answer, a bounded number at a time."""

from __future__ import annotations

import base64
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from core.errors import InvalidInput


class Passwords:
    """`parallel` bounds the memory that guessing can take (64 MiB a hash with the library's defaults)."""

    def __init__(self, min_length: int, parallel: int = 4, hasher: PasswordHasher | None = None) -> None:
        self._min_length, self._hasher = min_length, hasher or PasswordHasher()
        self._hashing = threading.BoundedSemaphore(parallel)
        # Verified against when the name is unknown, so that both answers take the same time.
        self.of_nobody = _hash_of_nobody(self._hasher)

    def hash(self, password: str) -> str:
        """What is kept of a password. Raises InvalidInput for one that is too short."""
        if len(password) < self._min_length:
            raise InvalidInput("password_too_short", at_least=self._min_length)
        with self._hashing:
            return self._hasher.hash(password)

    def verifies(self, stored: str, password: str) -> bool:
        """Whether this is the password of that hash."""
        with self._hashing:
            try:
                return self._hasher.verify(stored, password)
            except (VerificationError, InvalidHashError):
                return False

    def renewed(self, stored: str, password: str) -> str:
        """The hash to keep from now on: another one when the library's defaults have risen since it was made."""
        return self.hash(password) if self._hasher.check_needs_rehash(stored) else stored


def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """What a hash looks like, as dear to verify as any other, of no password there is: its salt and its digest are random. None
    is worked out for it: that would take 64 MiB and a tenth of a second of every program that starts."""
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${_encoded(hasher.salt_len)}${_encoded(hasher.hash_len)}"


def _encoded(length: int) -> str:
    """Random bytes as they stand in a hash."""
    return base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
