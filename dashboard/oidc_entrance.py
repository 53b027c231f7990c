"""统一身份认证登录: to the provider and back. An account must be there already: the provider gives nobody any right here."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import redirect, request, session
from flask.typing import ResponseReturnValue

from core.accounts import Account, Accounts
from core.errors import NotAuthenticated, NotFound, SupervisionError
from dashboard.gate import OIDC_BACK, Gate
from dashboard.oidc import Identity, OidcClient, attempt_of
from dashboard.pages import home, sign_in

KEPT = "oidc"
log = logging.getLogger(__name__)
Show = Callable[[SupervisionError], str]


class OidcEntrance:
    """`refused` draws the sign-in page with the sentence of an error."""

    def __init__(self, client: OidcClient, accounts: Accounts, gate: Gate, refused: Show) -> None:
        self._client, self._accounts, self._gate, self._refused = client, accounts, gate, refused

    def leave(self) -> ResponseReturnValue:
        """To the provider."""
        self._must_be_on()
        try:
            address, attempt = self._client.start(_back(), sign_in.safe_address(request.args.get("next", "")))
        except SupervisionError as refusal:
            return self._refused(refusal), refusal.status
        session[KEPT] = attempt.as_cookie()
        return redirect(address, 303)

    def back(self) -> ResponseReturnValue:
        """From the provider. What was tried is used up, and counts for the address when it fails."""
        self._must_be_on()
        address, attempt = request.remote_addr or "", attempt_of(session.pop(KEPT, None))
        self._gate.failures.check(address)
        try:
            account = self._account(self._client.finish(attempt, request.args, _back()))
        except SupervisionError as refusal:
            if isinstance(refusal, NotAuthenticated) and attempt is not None:  # a page of strangers may send anybody here
                self._gate.failures.add(address)
            log.warning("sign-in by the provider refused: %s", refusal.code)
            return self._refused(refusal), refusal.status
        self._gate.sessions.open(account, via=KEPT)
        return redirect((attempt.next if attempt is not None else "") or home.address_for(account.actor), 303)

    def _must_be_on(self) -> None:
        if not self._client.is_on:
            raise NotFound("oidc_off")

    def _account(self, identity: Identity) -> Account:
        """One answer for a name without an account and for one that was deactivated."""
        account = self._accounts.find(identity.username)
        if account is None or not account.is_active:
            raise NotAuthenticated("oidc_no_account", username=identity.username)
        if account.factor_salt and not identity.has_second_factor:
            raise NotAuthenticated("oidc_second_factor_missing")
        return account


def _back() -> str:
    return f"{request.host_url.rstrip('/')}{OIDC_BACK}"
