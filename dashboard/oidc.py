"""Signing in by an OpenID provider (OIDC, authorisation code with PKCE), through Authlib.

The provider says who somebody is; what he may do is said by his account here, which an administrator has made. Discovery and
keys are fetched from the issuer; the ID token is verified by signature, issuer, audience, time and nonce before it counts.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from config.setting_groups import OidcSettings
from core.clock import Clock
from core.errors import ConfigError, NotAuthenticated, SupervisionError, UpstreamError
from core.instants import MINUTE_US, SECOND_US

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]  # never one with a shared key, never none
SECOND_FACTORS = frozenset({"mfa", "otp", "hwk", "swk", "sc", "fpt", "face"})  # RFC 8176
ATTEMPT_US, KEPT_US, LEEWAY_S = 10 * MINUTE_US, 60 * MINUTE_US, 60
PAUSE_US = 15_000_000  # after a provider that did not answer
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to the provider and back; kept in the signed cookie of the browser that went. `begun_at`: microseconds UTC."""

    state: str
    nonce: str
    verifier: str
    begun_at: int
    next: str = ""

    def as_cookie(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for. `username` is the claim that names an account here."""

    username: str
    subject: str
    has_second_factor: bool


class OidcClient:
    """Talks to one issuer. `clock` is the machine's own."""

    def __init__(self, settings: OidcSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._issuer = (settings.issuer or "").rstrip("/")
        self._lock = threading.Lock()
        self._known: tuple[int, dict[str, Any]] | None = None
        self._silent_until = 0
        self._keys: KeySet | None = None
        if self._issuer:
            _check_address(self._issuer)

    @property
    def is_on(self) -> bool:
        return bool(self._issuer and self._settings.client_id)

    def start(self, back: str, next_address: str = "") -> tuple[str, Attempt]:
        """(where the browser is sent, what it must bring back). Raises UpstreamError("oidc_unreachable")."""
        attempt = Attempt(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48),
                          self._clock.now_us(), next_address)
        endpoint = self._discovered()["authorization_endpoint"]
        with self._session(back) as session:
            address, _state = session.create_authorization_url(
                endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier)
        return str(address), attempt

    def finish(self, attempt: Attempt | None, told: Mapping[str, str], back: str) -> Identity:
        """Who came back. Raises NotAuthenticated with what was wrong, UpstreamError when the provider does not answer."""
        if attempt is None or not secrets.compare_digest(attempt.state.encode(), told.get("state", "").encode()):
            raise NotAuthenticated("oidc_state_wrong")
        if self._clock.now_us() - attempt.begun_at > ATTEMPT_US:
            raise NotAuthenticated("oidc_too_late")
        if told.get("error"):
            raise NotAuthenticated("oidc_declined", reason=told["error"][:60])
        if told.get("iss", self._issuer).rstrip("/") != self._issuer:
            raise NotAuthenticated("oidc_token_invalid", reason="iss")
        return self._identity(self._verified(self._token(attempt, told.get("code", ""), back), attempt))

    # Inside -------------------------------------------------------------------------------------------------------

    def _session(self, back: str) -> OAuth2Session:
        secret = self._settings.client_secret
        session = OAuth2Session(self._settings.client_id, secret.get_secret_value() if secret else None, redirect_uri=back,
                                scope=self._settings.scopes, code_challenge_method="S256",
                                token_endpoint_auth_method="client_secret_basic" if secret else "none")
        session.trust_env = False
        return session

    def _token(self, attempt: Attempt, code: str, back: str) -> str:
        endpoint = self._discovered()["token_endpoint"]
        try:
            with self._session(back) as session:
                answer = session.fetch_token(endpoint, code=code, code_verifier=attempt.verifier, allow_redirects=False,
                                             timeout=self._settings.timeout_s)
        except AuthlibBaseError as refusal:
            raise NotAuthenticated("oidc_declined", reason=str(refusal.error)[:60]) from refusal
        except (RequestException, ValueError) as failure:
            raise _unreachable(failure) from failure
        if not isinstance(answer.get("id_token"), str):
            raise NotAuthenticated("oidc_token_invalid", reason="id_token")
        return str(answer["id_token"])

    def _verified(self, token: str, attempt: Attempt) -> dict[str, Any]:
        claims = self._decoded(token)
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        ours, now = self._settings.client_id, self._clock.now_us() // SECOND_US
        checks = {"iss": str(claims.get("iss", "")).rstrip("/") == self._issuer, "aud": ours in audiences,
                  "azp": claims.get("azp", ours) == ours and (len(audiences) == 1 or claims.get("azp") == ours),
                  "exp": _number(claims, "exp") > now - LEEWAY_S, "iat": _number(claims, "iat") < now + LEEWAY_S,
                  "nbf": _number(claims, "nbf") < now + LEEWAY_S, "sub": bool(claims.get("sub")),
                  "nonce": secrets.compare_digest(str(claims.get("nonce", "")).encode(), attempt.nonce.encode())}
        wrong = next((name for name, is_right in checks.items() if not is_right), "")
        if wrong:
            raise NotAuthenticated("oidc_token_invalid", reason=wrong)
        return claims

    def _decoded(self, token: str) -> dict[str, Any]:
        """Signed by a key of the issuer; asked for anew once, since providers change theirs."""
        for fresh in (False, True):
            try:
                return dict(jwt.decode(token, self._key_set(fresh=fresh), algorithms=ALGORITHMS).claims)
            except (JoseError, ValueError) as failure:
                if fresh:
                    raise NotAuthenticated("oidc_token_invalid", reason="signature") from failure
        raise NotAuthenticated("oidc_token_invalid", reason="signature")

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        named = claims.get(self._settings.account_claim)
        if not isinstance(named, str) or not named.strip():
            raise NotAuthenticated("oidc_claim_missing", claim=self._settings.account_claim)
        methods = claims.get("amr") if isinstance(claims.get("amr"), list) else []
        return Identity(named.strip().lower()[:64], str(claims["sub"]), bool(SECOND_FACTORS & set(map(str, methods or ()))))

    def _discovered(self) -> dict[str, Any]:
        """What the issuer says of itself, kept for an hour."""
        with self._lock:
            if self._clock.now_us() < self._silent_until:
                raise UpstreamError("oidc_unreachable", detail="did not answer a moment ago")
            if self._known is None or self._clock.now_us() - self._known[0] > KEPT_US:
                try:
                    self._known, self._keys = (self._clock.now_us(), self._asked()), None
                except UpstreamError:
                    self._silent_until = self._clock.now_us() + PAUSE_US  # nobody queues up behind a silent provider
                    raise
            return self._known[1]

    def _asked(self) -> dict[str, Any]:
        found = self._fetched(f"{self._issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self._issuer:
            raise UpstreamError("oidc_unreachable", permanent=True, detail="issuer differs")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            _check_address(str(found.get(name, "")))
        return found

    def _key_set(self, *, fresh: bool) -> KeySet:
        address = self._discovered()["jwks_uri"]
        with self._lock:
            if self._keys is None or fresh:
                self._keys = KeySet.import_key_set(self._fetched(address))  # type: ignore[arg-type]
            return self._keys

    def _fetched(self, address: str) -> dict[str, Any]:
        try:
            with self._session("") as session:
                answer = session.get(address, timeout=self._settings.timeout_s, allow_redirects=False, withhold_token=True)
                answer.raise_for_status()
                found = answer.json()
        except (RequestException, ValueError, AuthlibBaseError) as failure:
            raise _unreachable(failure) from failure
        if not isinstance(found, dict):
            raise UpstreamError("oidc_unreachable", permanent=True, detail="no object")
        return found


def attempt_of(kept: Any) -> Attempt | None:
    """What a cookie kept."""
    try:
        return Attempt(**kept) if isinstance(kept, dict) else None
    except TypeError:
        return None


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name, 0)
    return float(value) if isinstance(value, int | float) else 0.0


def _check_address(address: str) -> None:
    """https, or this machine itself. Raises ConfigError."""
    parts = urlsplit(address)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise ConfigError("oidc_address_invalid", key="oidc.issuer", value=address[:120], remedy="give https://HOST/PATH")


def _unreachable(failure: Exception) -> SupervisionError:
    return UpstreamError("oidc_unreachable", detail=type(failure).__name__)
