"""Hashing and checking passwords with argon2id: one amount of work for every answer, a bounded number at a time."""

from __future__ import annotations

import secrets
import threading
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import InvalidInput


class Passwords:
    """`parallel` bounds the memory that guessing can take (64 MiB a hash with the library's defaults)."""

    def __init__(self, min_length: int, parallel: int = 4, hasher: PasswordHasher | None = None) -> None:
        self._min_length, self._hasher = min_length, hasher or PasswordHasher()
        self._hashing = threading.BoundedSemaphore(parallel)
        # Verified against when the name is unknown, so that both answers take the same time.
        self.of_nobody = _hash_of_nobody(self._hasher.time_cost, self._hasher.memory_cost, self._hasher.parallelism)

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


@lru_cache
def _hash_of_nobody(time_cost: int, memory_cost: int, parallelism: int) -> str:
    """A hash of something nobody knows, as dear to verify as any other."""
    hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_cost, parallelism=parallelism)
    return hasher.hash(secrets.token_urlsafe())
