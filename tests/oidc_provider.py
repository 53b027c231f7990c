"""A small OpenID provider on this machine: discovery, keys, authorisation and token endpoint over HTTP, with PKCE.

It checks what a provider must (client, secret, redirect address, code once, verifier) and signs with a real key; `lie` makes
its tokens wrong in one way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "yangguang", "a secret of the client"
Claims = dict[str, Any]


class Provider:
    """One issuer with one user signed in to it."""

    def __init__(self) -> None:
        self.claims: Claims = {"sub": "u-1", "preferred_username": "zhou"}
        self.lie: Callable[[Claims], object] = lambda _claims: None
        self.key, self.algorithm = RSAKey.generate_key(2048, {"kid": "first"}), "RS256"
        self.shown_key = self.key
        self.refuses = self.is_down = False
        self.codes: dict[str, dict[str, str]] = {}
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def change_key(self, *, published: bool = True) -> None:
        """As providers do now and then; one not published is somebody else's."""
        old, self.key = self.key, RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)})
        self.shown_key = self.key if published else old

    def _app(self) -> Flask:
        app = Flask("provider")
        app.add_url_rule("/.well-known/openid-configuration", "discovery", self._discovery)
        app.add_url_rule("/keys", "keys", lambda: jsonify(KeySet([self.shown_key]).as_dict(private=False)))
        app.add_url_rule("/authorize", "authorize", self._authorize)
        app.add_url_rule("/token", "token", self._token, methods=["POST"])
        return app

    def _discovery(self) -> Response | tuple[str, int]:
        if self.is_down:
            return "maintenance", 503
        return jsonify(issuer=self.issuer, authorization_endpoint=f"{self.issuer}/authorize",
                       token_endpoint=f"{self.issuer}/token", jwks_uri=f"{self.issuer}/keys")

    def _authorize(self) -> Any:
        asked = request.args.to_dict()
        assert (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) == (CLIENT, "code", "S256")
        assert "openid" in asked["scope"].split()
        if self.refuses:
            return redirect(f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': asked['state']})}")
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}")

    def _token(self) -> Any:
        form, login = request.form, request.authorization
        asked = self.codes.pop(form.get("code", ""), None)
        if login is None or (login.username, login.password) != (CLIENT, SECRET):
            return jsonify(error="invalid_client"), 401
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["redirect_uri"] != form.get("redirect_uri") or asked["code_challenge"] != challenge:
            return jsonify(error="invalid_grant"), 400
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.claims}
        self.lie(claims)
        key: Any = self.shown_key.as_pem(private=False) if self.algorithm == "HS256" else self.key
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jsonify(access_token="x", token_type="Bearer", id_token=signed(header, claims, key))


def signed(header: dict[str, Any], claims: Claims, key: Any) -> str:
    """The token; with HS256 signed by the public key, which is how a careless verifier is deceived."""
    if header["alg"] != "HS256":
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])

    def part(content: bytes) -> bytes:
        return base64.urlsafe_b64encode(content).rstrip(b"=")
    text = part(json.dumps(header).encode()) + b"." + part(json.dumps(claims).encode())
    return (text + b"." + part(hmac.digest(key, text, "sha256"))).decode()
