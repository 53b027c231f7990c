"""A second factor for signing in: six figures that change every half minute (TOTP, RFC 6238: SHA-1, 30 s, 6 digits).

The key of a person is derived from the installation's own and a salt, and only the salt is kept: a stolen database opens
nothing. A code counts once (RFC 6238 §5.2), within one step of the clock either way.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from urllib.parse import quote

from core.instants import SECOND_US

STEP_US, DIGITS, WINDOW = 30 * SECOND_US, 6, 1
SALT_BYTES = 20


def new_salt() -> str:
    """What is kept of a person's second factor."""
    return secrets.token_hex(SALT_BYTES)


def key_of(installation_key: bytes, username: str, salt: str) -> bytes:
    """The shared key, 160 bits as RFC 4226 advises."""
    return hmac.new(installation_key, f"second factor\x1f{username}\x1f{salt}".encode(), "sha256").digest()[:20]


def code_at(key: bytes, step: int) -> str:
    """The code of a half minute (HOTP of its number, RFC 4226 §5.3)."""
    digest = hmac.new(key, step.to_bytes(8, "big"), "sha1").digest()
    place = digest[-1] & 0x0F
    number = int.from_bytes(digest[place:place + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_step(key: bytes, code: str, now_us: int, used: int) -> int | None:
    """The step this code is of, when it is right, near enough and later than the last one used; else None."""
    given = "".join(code.split())
    present, found = now_us // STEP_US, None
    for step in range(present - WINDOW, present + WINDOW + 1):
        if hmac.compare_digest(code_at(key, step).encode(), given.encode()) and step > used:
            found = step
    return found


def written(key: bytes) -> str:
    """The key as people type it into their telephone: base 32, in groups of four."""
    text = base64.b32encode(key).decode()
    return " ".join(text[place:place + 4] for place in range(0, len(text), 4))


def address(key: bytes, username: str, issuer: str) -> str:
    """What the QR code says (otpauth URI)."""
    secret = base64.b32encode(key).decode()
    return f"otpauth://totp/{quote(issuer)}:{quote(username)}?secret={secret}&issuer={quote(issuer)}&digits={DIGITS}&period=30"
