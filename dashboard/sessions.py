"""Who is behind a cookie: a person signed in, a paired screen, or nobody.

A session is a signed cookie (Flask's) that names a row of the token table, so that signing out, deactivating an account,
changing its roles, and whoever ends it from a list of sessions ends it at once, in every process. The row knows since when it
is open and when it was used last, so an old copy of a cookie is no younger than the session. A screen's cookie names the hash
of its own token.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeSerializer

from core.access import Actor, Role
from core.accounts import Account, Accounts, Token, hash_of
from core.clock import Clock, SystemClock
from core.devices import device_of
from core.instants import HOUR_US, MINUTE_US, to_us
from core.staff_sessions import StaffSession

SESSION_COOKIE = "yangguang_session"
SCREEN_COOKIE = "yangguang_screen"
SCREEN_TOKEN_PREFIX = "yg_screen_"
_SCREEN_DAYS_S = 400 * 24 * 3600  # the longest a browser keeps a cookie
_TOUCH_EVERY_US = MINUTE_US
_COOKIES_KEPT = 4096


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long a session lives: without a request (idle) and in all (absolute). `secure`: cookies over HTTPS only."""

    idle_minutes: int = 120
    hours: int = 12
    secure: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """What a live link was let in by: the token of a screen, or that of a session, which ends at `until` (us UTC)."""

    kind: str
    token_hash: str
    name: str
    generation: int = 0
    until: int = 0


class _Cookies(SecureCookieSessionInterface):
    """Flask's own. What signs its cookies is made up once, not at every request, and a cookie that was found genuine is not
    examined again: a browser sends the same one with everything it asks. How old it is, is looked at every time."""

    def __init__(self) -> None:
        self._made: tuple[Any, Any] = None, None
        self._genuine: dict[str, tuple[dict[str, Any], int]] = {}  # what it says, until when (us UTC)

    def get_signing_serializer(self, app: Flask) -> Any:
        key, signer = self._made
        if key is None or key != app.secret_key:
            signer = super().get_signing_serializer(app)
            self._made, self._genuine = (app.secret_key, signer), {}
        return signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        signer, cookie = self.get_signing_serializer(app), request.cookies.get(self.get_cookie_name(app))
        if signer is None or not cookie:
            return super().open_session(app, request)
        content, until = self._genuine.get(cookie, ({}, 0))
        if until < SystemClock().now_us():
            content = self._examined(signer, cookie, app.permanent_session_lifetime)
        return self.session_class(content)

    def _examined(self, signer: Any, cookie: str, lifetime: timedelta) -> dict[str, Any]:
        """What a genuine cookie says; nothing where it is none, or too old."""
        try:
            content, signed_at = signer.loads(cookie, max_age=int(lifetime.total_seconds()), return_timestamp=True)
        except BadSignature:
            return {}
        if len(self._genuine) >= _COOKIES_KEPT:
            self._genuine = {}
        self._genuine[cookie] = content, to_us(signed_at + lifetime)
        return dict(content)


class Sessions:
    """Opens, reads and ends sessions. `clock` is the machine's own time, never a demonstration's."""

    def __init__(self, accounts: Accounts, clock: Clock, policy: SessionPolicy, secret_key: str) -> None:
        self._accounts, self._clock, self.policy = accounts, clock, policy
        self._secret_key = secret_key
        self._screens = URLSafeSerializer(secret_key, salt="yangguang.screen")

    def install(self, server: Flask) -> None:
        server.secret_key = self._secret_key
        server.session_interface = _Cookies()
        server.config.update(SESSION_COOKIE_NAME=SESSION_COOKIE, SESSION_COOKIE_HTTPONLY=True,
                             SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=self.policy.secure,
                             SESSION_REFRESH_EACH_REQUEST=False)

    # People ---------------------------------------------------------------------------------------------------

    def open(self, account: Account, via: str = "") -> None:
        """Sign in: everything the cookie held before is dropped and it names a new session (no fixation). `via` names what let
        the person in other than his password here, which he then need not change."""
        now = self._clock.now_us()
        self._accounts.forget_sessions_before(now - self.policy.hours * HOUR_US)
        session.clear()
        token = self._accounts.issue_token("session", account.username, request.remote_addr or "",
                                           device_of(request.user_agent.string))
        session.update(token=token, name=account.username, generation=account.generation, csrf=secrets.token_urlsafe(24),
                       via=via)

    def close(self) -> None:
        """Sign out: the row goes first, so that a copy of the cookie is worth nothing."""
        if "token" in session:
            self._accounts.revoke_token("session", session["token"])
        session.clear()

    def person(self, *, live: bool = False) -> Account | None:
        """The account behind the cookie if its session still holds.

        `live`: for a socket, which holds the cookie of the moment it connected; only the absolute limit ends it.
        """
        given = session.get("token")
        token, account = self._accounts.find_session(given, session.get("name", "")) if given else (None, None)
        if token is None or self._is_over(token, live):
            return None
        if account is None or not account.is_active or account.generation != session["generation"]:
            return None
        if not live and self._clock.now_us() - token.seen_at > _TOUCH_EVERY_US:
            self._accounts.sessions.touch(token.token_hash)
        return replace(account, must_change=False) if session.get("via") else account

    def live(self, username: str = "") -> list[StaffSession]:
        """The sessions that hold, of one person or of everybody."""
        return self._accounts.sessions.live(self.policy.idle_minutes * MINUTE_US, self.policy.hours * HOUR_US, username)

    def present(self) -> str:
        """The hash of this browser's own session; "" without one."""
        return hash_of(session["token"]) if session.get("token") else ""

    def _token(self) -> Token | None:
        return self._accounts.find_token("session", session["token"]) if session.get("token") else None

    def _is_over(self, token: Token, live: bool) -> bool:
        now = self._clock.now_us()
        is_idle = not live and now - token.seen_at > self.policy.idle_minutes * MINUTE_US
        return is_idle or now - token.created_at > self.policy.hours * HOUR_US

    def csrf_token(self) -> str:
        """The token every form of this browser must carry, also before anybody signed in."""
        if "csrf" not in session:
            session["csrf"] = secrets.token_urlsafe(24)
        return str(session["csrf"])

    # Live links -----------------------------------------------------------------------------------------------

    def credential(self) -> Credential | None:
        """What the cookies of this request are worth to a live link: a session that holds, else a paired screen."""
        own = self._token()
        if own is not None and self.person(live=True) is not None:
            return Credential("session", own.token_hash, session["name"], session["generation"],
                              own.created_at + self.policy.hours * HOUR_US)
        token = self._screen_token()
        return None if token is None else Credential("screen", token.token_hash, token.name)

    def holding(self, credentials: Collection[Credential]) -> set[Credential]:
        """Those that still hold, whatever their number in one query per kind and one for the accounts."""
        now = self._clock.now_us()
        valid = {token.token_hash for kind in {one.kind for one in credentials}
                 for token in self._accounts.list_tokens(kind) if token.is_valid}
        generations = {account.username: account.generation for account in self._accounts.list() if account.is_active}
        return {one for one in credentials if one.token_hash in valid and (
            one.kind == "screen" or (now <= one.until and generations.get(one.name) == one.generation))}

    # Screens --------------------------------------------------------------------------------------------------

    def pair_screen(self, token: str, response: Response) -> bool:
        """Exchange a screen's token for its cookie; False when the token is unknown or revoked."""
        known = self._accounts.find_token("screen", token)
        if known is None:
            return False
        response.set_cookie(SCREEN_COOKIE, str(self._screens.dumps(known.token_hash)), max_age=_SCREEN_DAYS_S,
                            httponly=True, samesite="Lax", secure=self.policy.secure)
        return True

    def screen(self) -> Actor | None:
        """The paired screen behind the cookie, until its token is revoked."""
        token = self._screen_token()
        return None if token is None else Actor(f"screen:{token.name}", frozenset({Role.WALL_SCREEN}),
                                                display_name=token.name)

    def _screen_token(self) -> Token | None:
        sealed = request.cookies.get(SCREEN_COOKIE)
        if not sealed:
            return None
        try:
            return self._accounts.find_token_by_hash("screen", self._screens.loads(sealed))
        except BadSignature:
            return None
