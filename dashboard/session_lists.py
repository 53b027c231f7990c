"""登录会话: where somebody is signed in; everybody ends his own sessions, an administrator anybody's of his area.

Plain HTML from the server, like the sign-in page.
"""

from __future__ import annotations

from typing import Any

from flask import g, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core.accounts import Account
from core.errors import NotAuthenticated, NotFound, SupervisionError
from dashboard.gate import PEOPLES_SESSIONS, SESSIONS_PAGE, Gate
from dashboard.pages import home
from dashboard.refusals import sentence
from dashboard.times import stamp
from dashboard.words import words_of

OTHERS = "others"  # instead of a session: every one but this


class SessionLists:
    """The two pages. Who ends the session he works in is signed out."""

    def __init__(self, services: Any, gate: Gate) -> None:
        self._services, self._gate = services, gate

    def own(self) -> ResponseReturnValue:
        return self._own_page(self._person())

    def end_own(self) -> ResponseReturnValue:
        person, name = self._person(), request.form.get("session", "")[:64]
        sessions = self._services.accounts.sessions
        try:
            if name == OTHERS:
                sessions.end_others(person.username, self._gate.sessions.present())
            else:
                sessions.end(person.username, name)
        except SupervisionError as refusal:
            return self._own_page(person, refusal), refusal.status
        return redirect(SESSIONS_PAGE, 303)

    def everybody(self) -> ResponseReturnValue:
        return self._page_of_all()

    def end_anybodys(self) -> ResponseReturnValue:
        username, name = request.form.get("username", "")[:64], request.form.get("session", "")[:64]
        try:
            self._services.people.end_session(username, name, actor=g.actor)
        except SupervisionError as refusal:
            return self._page_of_all(refusal), refusal.status
        return redirect(PEOPLES_SESSIONS, 303)

    # Inside -------------------------------------------------------------------------------------------------------

    def _person(self) -> Account:
        person = self._gate.sessions.person()
        if person is None:
            raise NotAuthenticated("sign_in_required")
        return person

    def _own_page(self, person: Account, refusal: SupervisionError | None = None) -> str:
        return self._page([(person, one) for one in self._gate.sessions.live(person.username)], refusal, is_own=True,
                          back=home.address_for(person.actor), person=person)

    def _page_of_all(self, refusal: SupervisionError | None = None) -> str:
        """Of the people this administrator may edit."""
        people = {account.username: account for account in self._services.people.people(g.actor)}
        lines = [(people[one.username], one) for one in self._gate.sessions.live() if one.username in people]
        person = self._gate.sessions.person()
        if person is None:
            raise NotFound("session_not_found")
        return self._page(lines, refusal, is_own=False, back="/people/", person=person)

    def _page(self, lines: list[Any], refusal: SupervisionError | None, **more: Any) -> str:
        t = words_of(self._services.texts, self._services.settings.display.language)
        return render_template("sessions.html", t=t, lines=lines, stamp=stamp, csrf=self._gate.sessions.csrf_token(),
                               present=self._gate.sessions.present(), others=OTHERS,
                               problem="" if refusal is None else sentence(refusal, t), **more)
