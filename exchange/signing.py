"""Signatures of the exchange: HMAC-SHA256 with a key both ends have, over everything a request or an answer says.

A request is good for the window of clock differences that is allowed, and once: its nonce is remembered for that long. An
answer is signed over the nonce of its request, so an old answer is worth nothing. Each direction has a key of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping

from config.hosting_settings import ExchangeSettings
from core.clock import Clock
from core.errors import ConfigError, NotAuthenticated
from core.secret_files import SECRET_MIN

TIME, NONCE, SIGNATURE = "X-Exchange-Time", "X-Exchange-Nonce", "X-Exchange-Signature"
SECOND_US = 1_000_000
NONCES_MAX = 50_000


def key_of(given: ExchangeSettings) -> bytes:
    """The secret of both ends. Raises ConfigError when there is none, or a short one."""
    key = b"" if given.key is None else given.key.get_secret_value().encode()
    if len(key) < SECRET_MIN:
        raise ConfigError("exchange_key_missing", key="exchange.key", value="**********",
                          remedy=f"set the same secret of at least {SECRET_MIN} characters on both machines")
    return key


class Signing:
    """Signs and checks with one key. `clock` is the machine's own; `skew_s` the most by which the other's may differ."""

    def __init__(self, key: bytes, clock: Clock, skew_s: int) -> None:
        self._requests = hmac.digest(key, b"yangguang exchange request", "sha256")
        self._answers = hmac.digest(key, b"yangguang exchange answer", "sha256")
        self._clock, self._skew_s = clock, skew_s
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()

    def request(self, path: str, body: bytes) -> dict[str, str]:
        """The headers of a request. `path` has its query."""
        now, nonce = str(self._clock.now_us() // SECOND_US), secrets.token_hex(16)
        return {TIME: now, NONCE: nonce, SIGNATURE: _sign(self._requests, path, now, nonce, body)}

    def check_request(self, path: str, headers: Mapping[str, str], body: bytes) -> str:
        """The nonce of a request that is genuine, timely and new. Raises NotAuthenticated."""
        now, nonce, given = (headers.get(name, "") for name in (TIME, NONCE, SIGNATURE))
        if not hmac.compare_digest(_sign(self._requests, path, now, nonce, body).encode(), given.encode()):
            raise NotAuthenticated("exchange_unsigned")
        age_s = self._clock.now_us() // SECOND_US - int(now)
        if abs(age_s) > self._skew_s:
            raise NotAuthenticated("exchange_clock", most=self._skew_s)
        if not self._is_new(nonce):
            raise NotAuthenticated("exchange_unsigned")
        return nonce

    def answer(self, nonce: str, status: int, body: bytes) -> str:
        """The signature of an answer to the request of that nonce."""
        return _sign(self._answers, str(status), "", nonce, body)

    def check_answer(self, nonce: str, status: int, signature: str, body: bytes) -> None:
        """Raises NotAuthenticated."""
        if not hmac.compare_digest(self.answer(nonce, status, body).encode(), signature.encode()):
            raise NotAuthenticated("exchange_unsigned")

    def _is_new(self, nonce: str) -> bool:
        now = self._clock.now_us() // SECOND_US
        with self._lock:
            if len(self._seen) >= NONCES_MAX:
                self._seen = {one: at for one, at in self._seen.items() if now - at <= 2 * self._skew_s}
            if nonce in self._seen:
                return False
            self._seen[nonce] = now
            return True


def _sign(key: bytes, *parts: str | bytes) -> str:
    """Every part with its length in front, so that no two sets of parts read the same."""
    seal = hmac.new(key, digestmod="sha256")
    for part in parts:
        content = part.encode() if isinstance(part, str) else hashlib.sha256(part).digest()
        seal.update(len(content).to_bytes(8, "big") + content)
    return seal.hexdigest()
