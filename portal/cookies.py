"""What a browser of the public pages keeps: the case it opened, the draft it is filling in, the order it is paying.

Everything is HttpOnly and SameSite=Lax, signed where it says something, and never part of an address.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request
from itsdangerous import BadSignature, URLSafeSerializer

from core.clock import Clock
from core.instants import DAY_US, HOUR_US, MINUTE_US

CASE, DRAFT, CORRECTION, ORDER = "yangguang_case", "yangguang_draft", "yangguang_correction", "yangguang_order"
ROOT, CASE_PATH = "/public/", "/public/case/"
LONGEST_US = 8 * HOUR_US


class Cookies:
    """`clock` is the machine's own, `idle_minutes` end a case session without a request."""

    def __init__(self, secret: str, clock: Clock, idle_minutes: int, draft_days: int, *, secure: bool) -> None:
        self._clock, self._idle_us, self._secure = clock, idle_minutes * MINUTE_US, secure
        self._draft_s = draft_days * DAY_US // 1_000_000
        self._cases = URLSafeSerializer(secret, salt="yangguang.public_case")
        self._orders = URLSafeSerializer(secret, salt="yangguang.public_order")

    # The one case this browser opened -----------------------------------------------------------------------------

    def case(self) -> str | None:
        """Its number, while the session holds."""
        told = self._loaded(self._cases, CASE)
        now = self._clock.now_us()
        if told is None or now - told["seen"] > self._idle_us or now - told["opened"] > LONGEST_US:
            return None
        return str(told["no"])

    def open_case(self, response: Response, case_no: str) -> None:
        """Number and password were right. What belonged to another case goes."""
        now = self._clock.now_us()
        self._set(response, CASE, str(self._cases.dumps({"no": case_no, "opened": now, "seen": now})), ROOT)
        self.forget(response, CORRECTION, CASE_PATH)
        self.forget(response, ORDER, ROOT)

    def touch_case(self, response: Response) -> None:
        """Somebody is still there."""
        told = self._loaded(self._cases, CASE)
        if told is not None and self.case() is not None and self._clock.now_us() - told["seen"] > MINUTE_US:
            self._set(response, CASE, str(self._cases.dumps({**told, "seen": self._clock.now_us()})), ROOT)

    def close_case(self, response: Response) -> None:
        for name, path in ((CASE, ROOT), (CORRECTION, CASE_PATH), (ORDER, ROOT)):
            self.forget(response, name, path)

    # Drafts: the key is the secret, and goes to the pages of its own item only --------------------------------------

    def draft(self, name: str = DRAFT) -> str:
        return request.cookies.get(name, "")

    def keep_draft(self, response: Response, key: str, path: str, name: str = DRAFT) -> None:
        self._set(response, name, key, path, self._draft_s)

    # Payment ------------------------------------------------------------------------------------------------------

    def order(self) -> str | None:
        """Its number; the order itself is in the ledger."""
        told = self._loaded(self._orders, ORDER)
        return None if told is None else str(told["no"])

    def keep_order(self, response: Response, no: str) -> None:
        self._set(response, ORDER, str(self._orders.dumps({"no": no})), ROOT)

    def forget(self, response: Response, name: str, path: str) -> None:
        response.delete_cookie(name, path=path, httponly=True, samesite="Lax", secure=self._secure)

    def _set(self, response: Response, name: str, value: str, path: str, max_age: int | None = None) -> None:
        response.set_cookie(name, value, max_age=max_age, path=path, httponly=True, samesite="Lax", secure=self._secure)

    def _loaded(self, seal: URLSafeSerializer, name: str) -> dict[str, Any] | None:
        try:
            told: dict[str, Any] | None = seal.loads(request.cookies[name]) if name in request.cookies else None
        except BadSignature:
            return None
        return told
