"""What proves a password without telling it: scrypt with a salt of its own. The public site keeps nothing else."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading

_COST = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}  # 16 MiB and about 50 ms
_ROOM = threading.BoundedSemaphore(4)  # guessing must not exhaust the memory


def verifier_of(password: str) -> str:
    """To be kept; another one each time."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_digest(password, salt)}"


def is_right(password: str, verifier: str) -> bool:
    """Whether it is the password of that verifier."""
    salt, _, digest = verifier.partition("$")
    return bool(digest) and hmac.compare_digest(_digest(password, bytes.fromhex(salt)), digest)


def _digest(password: str, salt: bytes) -> str:
    with _ROOM:
        return hashlib.scrypt(password.encode(), salt=salt, **_COST).hex()
