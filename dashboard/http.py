"""Plain web pages and small answers beside the Dash pages: sign-in and out, home, health, static files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Flask, Response, g, jsonify, redirect, request, send_from_directory
from flask.typing import ResponseReturnValue

from core.accounts import Account
from core.clock import SystemClock
from core.errors import InvalidInput, NotAuthenticated, NotPermitted, SupervisionError
from core.health import Check
from core.second_factor import new_salt
from dashboard.gate import FACTOR_PAGE, OIDC_BACK, OIDC_PAGE, PASSWORD_PAGE, PEOPLES_SESSIONS, SESSIONS_PAGE, Gate
from dashboard.headers import add_security_headers
from dashboard.oidc import OidcClient
from dashboard.oidc_entrance import OidcEntrance
from dashboard.pages import audit, home, password, second_factor, sign_in
from dashboard.refusals import Refusals, sentence
from dashboard.session_lists import SessionLists
from dashboard.shell import ASSETS
from dashboard.words import remember_language, words_of


def install(server: Flask, services: Any, gate: Gate, readiness: Callable[[], Sequence[Check]]) -> None:
    """Gate, headers, refusals and plain pages on the server; call it before the first page is mounted."""
    add_security_headers(server, over_https=gate.sessions.policy.secure)
    gate.install(server)
    remember_language(server)
    Refusals(services.texts, services.settings.display.language).install(server)
    server.register_blueprint(blueprint(services, gate, readiness))


def blueprint(services: Any, gate: Gate, readiness: Callable[[], Sequence[Check]]) -> Blueprint:
    """The routes; who may use them is said in dashboard/gate.py."""
    site = Blueprint("site", __name__, template_folder="templates")
    entrance = Entrance(services, gate)
    site.add_url_rule("/", "home", lambda: redirect(home.address_for(g.actor)))
    site.add_url_rule("/sign-in/", "sign_in", entrance.show)
    site.add_url_rule("/sign-in/", "enter", entrance.enter, methods=["POST"])
    provider = OidcEntrance(entrance.provider, services.accounts, gate, entrance.refused)
    site.add_url_rule(OIDC_PAGE, "oidc", provider.leave)
    site.add_url_rule(OIDC_BACK, "oidc_back", provider.back)
    site.add_url_rule("/sign-out/", "leave", entrance.leave, methods=["POST"])
    own = OwnPassword(services, gate)
    site.add_url_rule(PASSWORD_PAGE, "password", own.show)
    site.add_url_rule(PASSWORD_PAGE, "change_password", own.change, methods=["POST"])
    factor = OwnFactor(services, gate, own)
    site.add_url_rule(FACTOR_PAGE, "second_factor", factor.show)
    site.add_url_rule(FACTOR_PAGE, "change_second_factor", factor.change, methods=["POST"])
    lists = SessionLists(services, gate)
    site.add_url_rule(SESSIONS_PAGE, "sessions", lists.own)
    site.add_url_rule(SESSIONS_PAGE, "end_session", lists.end_own, methods=["POST"])
    site.add_url_rule(PEOPLES_SESSIONS, "peoples_sessions", lists.everybody)
    site.add_url_rule(PEOPLES_SESSIONS, "end_peoples_session", lists.end_anybodys, methods=["POST"])
    site.add_url_rule("/session/", "session", session_state)
    site.add_url_rule("/audit/export.csv", "audit_export", lambda: audit.export(services))
    site.add_url_rule("/assets/<path:path>", "assets", asset)
    site.add_url_rule("/healthz", "alive", lambda: Response("ok\n", mimetype="text/plain"))
    site.add_url_rule("/readyz", "ready", lambda: ready(readiness()))
    return site


class Entrance:
    """Signing in and out."""

    def __init__(self, services: Any, gate: Gate) -> None:
        self._services, self._gate = services, gate
        self.provider = OidcClient(services.settings.oidc, SystemClock())
        self._is_local_on = services.settings.oidc.local_sign_in or not self.provider.is_on

    def show(self) -> ResponseReturnValue:
        if self._gate.sessions.person() is not None and not request.args.get("next"):
            return redirect(home.address_for(g.actor))
        return self._page(request.args.get("next", ""))

    def enter(self) -> ResponseReturnValue:
        if not self._is_local_on:
            raise NotPermitted("local_sign_in_off")
        address = request.remote_addr or ""
        self._gate.failures.check(address)
        username = request.form.get("username", "").strip().lower()
        try:
            account = self._services.accounts.authenticate(username, request.form.get("password", ""),
                                                            request.form.get("code", ""))
        except NotAuthenticated as refusal:
            self._gate.failures.add(address)
            return self._page(request.form.get("next", ""), username, refusal), refusal.status
        return self._welcome(account)

    def leave(self) -> ResponseReturnValue:
        name = g.actor.name if g.actor else ""
        self._gate.sessions.close()
        self._gate.on_leave(name)
        return redirect(home.SIGN_IN)

    def _welcome(self, account: Account) -> ResponseReturnValue:
        """Who must change his password is led to that page by the gate, wherever he is sent."""
        self._gate.sessions.open(account)
        wanted = sign_in.safe_address(request.form.get("next", ""))
        # 303: the browser must fetch the next page, not post the password to it.
        return redirect(wanted or home.address_for(account.actor), 303)

    def refused(self, refusal: SupervisionError) -> str:
        """The page with what was wrong."""
        return self._page("", refusal=refusal)

    def _page(self, next_address: str, username: str = "", refusal: SupervisionError | None = None) -> str:
        words = words_of(self._services.texts, self._services.settings.display.language)
        return sign_in.render(words, csrf=self._gate.sessions.csrf_token(), next_address=next_address,
                              demo=self._gate.policy.demo, username=username,
                              provider=OIDC_PAGE if self.provider.is_on else "", is_local_on=self._is_local_on,
                              problem="" if refusal is None else sentence(refusal, words))


class OwnPassword:
    """The page on which a person changes his own password."""

    def __init__(self, services: Any, gate: Gate) -> None:
        self._services, self._gate = services, gate

    def show(self) -> ResponseReturnValue:
        return self._page(self.person(), request.args.get("next", ""))

    def change(self) -> ResponseReturnValue:
        """A wrong old password counts for the address and the account like a failed sign-in. Every session of the person ends
        and his live links with them; this browser gets a new one."""
        person, address = self.person(), request.remote_addr or ""
        self._gate.failures.check(address)
        try:
            changed = self._changed(person)
        except SupervisionError as refusal:
            if refusal.code == "old_password_wrong":
                self._gate.failures.add(address)
            return self._page(person, request.form.get("next", ""), refusal), refusal.status
        self._gate.on_leave(person.username)
        self._gate.sessions.open(changed)
        return redirect(password.address_after(request.form.get("next", ""), changed), 303)

    def _changed(self, person: Account) -> Account:
        old, new, again = (request.form.get(name, "") for name in password.FIELDS)
        if new != again:
            raise InvalidInput("passwords_differ")
        changed: Account = self._services.people.change_own_password(
            person.username, old, new, request.form.get("code", ""))
        return changed

    def person(self) -> Account:
        """Who is signed in. Raises NotAuthenticated for a paired screen or the visitor of a demonstration."""
        person = self._gate.sessions.person()
        if person is None:
            raise NotAuthenticated("sign_in_required")
        return person

    def _page(self, person: Account, next_address: str, refusal: SupervisionError | None = None) -> str:
        words = words_of(self._services.texts, self._services.settings.display.language)
        return password.render(words, person, csrf=self._gate.sessions.csrf_token(), next_address=next_address,
                               at_least=self._services.accounts.policy.password_min_length,
                               problem="" if refusal is None else sentence(refusal, words))


class OwnFactor:
    """The page on which a person gets a second factor or gives it up."""

    def __init__(self, services: Any, gate: Gate, own: OwnPassword) -> None:
        self._services, self._gate, self._own = services, gate, own

    def show(self) -> ResponseReturnValue:
        return self._page(self._own.person(), new_salt())

    def change(self) -> ResponseReturnValue:
        """A wrong password or code counts for the address like a failed sign-in. Every session of the person ends."""
        person, address, form = self._own.person(), request.remote_addr or "", request.form
        self._gate.failures.check(address)
        people, salt = self._services.people, form.get("salt", "")
        try:
            if form.get("act") == "drop":
                changed = people.drop_own_factor(person.username, form.get("password", ""), form.get("code", ""))
            else:
                changed = people.set_own_factor(person.username, form.get("password", ""), salt, form.get("code", ""))
        except SupervisionError as refusal:
            self._gate.failures.add(address)
            return self._page(person, salt or new_salt(), refusal), refusal.status
        self._gate.on_leave(person.username)
        self._gate.sessions.open(changed)
        return redirect(FACTOR_PAGE, 303)

    def _page(self, person: Account, salt: str, refusal: SupervisionError | None = None) -> str:
        words = words_of(self._services.texts, self._services.settings.display.language)
        return second_factor.render(words, person, self._services.accounts, csrf=self._gate.sessions.csrf_token(), salt=salt,
                                    back=home.address_for(person.actor),
                                    problem="" if refusal is None else sentence(refusal, words))


def session_state() -> Response:
    """Asked by a page in which somebody is working, so that a session does not end under his hands."""
    return jsonify(name=g.actor.name, display_name=g.actor.display_name)


def asset(path: str) -> Response:
    return send_from_directory(ASSETS, path)


def ready(checks: Sequence[Check]) -> ResponseReturnValue:
    """200 when everything vital works, else 503; a line for each check either way."""
    good = all(check.ok for check in checks if check.vital)
    body = {"ready": good, "checks": [{"name": check.name, "ok": check.ok, "vital": check.vital, "detail": check.detail}
                                      for check in checks]}
    return jsonify(body), 200 if good else 503
