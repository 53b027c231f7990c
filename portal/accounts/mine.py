"""我的办件: the cases and drafts of an account, its facts, its ways in and its sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Response, request

from applicants.contacts import read_contact
from applicants.holdings import LINKED, KeptDraft
from applicants.service import FACTS, TOLD_BY
from core.errors import InvalidInput, NotFound, SupervisionError
from portal.accounts.desk import AccountDesk
from portal.accounts.entrance import HOME, forget_drafts, to
from portal.desk import Waiting
from portal.parts import Portal, address, page, sentence, written_here

SETTINGS = f"{HOME}settings/"


class CaseLine(NamedTuple):
    """A case in the list; `state` is a key of the texts, `due` the day written out while the limit runs."""

    no: str
    title: str
    item: str
    state: str
    step: str = ""
    due: str = ""


RUNNING = ("running", "stopped")


class MyPages:
    """Under /public/account/, for whoever is signed in."""

    def __init__(self, portal: Portal, desk: AccountDesk) -> None:
        self._portal, self._desk = portal, desk

    def show(self) -> Response:
        if self._desk.current() is None:
            return to(f"{HOME}enter/")
        return self._mine()

    # Cases and drafts ---------------------------------------------------------------------------------------------

    def open_case(self) -> Response:
        """The pages of one of the account's cases: the same session that number and password open."""
        me, case_no = self._desk.need(), request.form.get("no", "")[:128]
        if not self._desk.holdings.has_case(me.id, case_no):
            raise NotFound("case_or_password_wrong")
        response = to("/public/case/")
        self._portal.cookies.open_case(response, case_no)
        return response

    def link(self) -> Response:
        """A case of before, by number and password; tried as seldom as without an account."""
        me, limits, case_no = self._desk.need(), self._portal.limits, request.form.get("no", "").strip()[:80]
        try:
            limits.address.check(address())
            limits.number.check(case_no)
            password = "".join(request.form.get("password", "").split())[:40]
            case_no = self._portal.desk.enter(case_no, password)
        except NotFound as refusal:
            limits.address.note(address())
            limits.number.note(case_no)
            return self._mine(refusal)
        self._desk.holdings.add_case(me.id, case_no, LINKED)
        return to(HOME)

    def go_on(self) -> Response:
        """A draft begun elsewhere: this browser gets its key."""
        draft = self._desk.holdings.draft(self._desk.need().id, request.form.get("item", "")[:128])
        path = f"/public/apply/{draft.item}/"
        response = to(path)
        self._portal.cookies.keep_draft(response, draft.key, path)
        return response

    # Settings -----------------------------------------------------------------------------------------------------

    def settings(self) -> Response:
        return to(f"{HOME}enter/?next={SETTINGS}") if self._desk.current() is None else self._settings()

    def save(self) -> Response:
        me = self._desk.need()
        facts = {name: request.form.get(name, "")[:1000] for name in FACTS}
        return self._done("facts", lambda: self._desk.people.save(me.id, facts, request.form.get("told_by", "")[:8]))

    def set_password(self) -> Response:
        """Every other session ends: whoever had the old password is out."""
        me, form, limit = self._desk.need(), request.form, self._portal.limits.address

        def act() -> None:
            limit.check(address())
            if form.get("new", "") != form.get("again", ""):
                raise InvalidInput("passwords_differ", key="again")
            self._desk.people.set_password(me.id, form.get("old", "")[:256], form.get("new", "")[:256])
            self._desk.sessions.end_all(me.id, self._desk.token)

        return self._done("password", act, lambda: limit.note(address()))

    def add_contact(self) -> Response:
        """First the code is sent, then it is asked for together with the contact."""
        me, code = self._desk.need(), request.form.get("code", "")[:20]
        try:
            contact = read_contact(request.form.get("contact", "")[:160])
            if not code:
                self._portal.limits.codes.spend(address())
                sent = self._desk.people.send_code(contact)
                return self._settings(waiting=contact, shown_code=sent if self._desk.shows_codes else "")
        except SupervisionError as refusal:
            return self._settings("contact", refusal)
        limit = self._portal.limits.address

        def act() -> None:
            limit.check(address())
            self._desk.people.add_contact(me.id, contact, code)

        return self._done("contact", act, lambda: limit.note(address()))

    def end_session(self) -> Response:
        me = self._desk.need()
        return self._done("sessions", lambda: self._desk.sessions.end_named(me.id, request.form.get("session", "")[:64]))

    def leave_everywhere(self) -> Response:
        me, response = self._desk.need(), to("/public/")
        forget_drafts(self._portal, self._desk, response)
        self._desk.sessions.end_all(me.id)
        self._desk.close(response)
        self._portal.cookies.close_case(response)
        return response

    # Inside -------------------------------------------------------------------------------------------------------

    def _mine(self, refusal: SupervisionError | None = None) -> Response:
        me = self._desk.need()
        problem = "" if refusal is None else sentence(refusal, self._portal.words())
        drafts = [(draft, self._portal.catalogue.items[draft.item].name) for draft in self._desk.holdings.drafts(me.id)
                  if draft.item in self._portal.catalogue.items and self._is_there(draft)]
        return page(self._portal, "account_mine", 200 if refusal is None else refusal.status, me=me, problem=problem,
                    cases=[one for no in self._desk.holdings.cases(me.id) if (one := self._case(no)) is not None],
                    drafts=drafts, at=self._at, no=request.form.get("no", "")[:80] if refusal is not None else "")

    def _case(self, no: str) -> CaseLine | None:
        """None for a case that is not here, e.g. after a database was put back."""
        try:
            seen = self._portal.desk.find(no)
        except NotFound:
            return None
        if isinstance(seen, Waiting):
            return CaseLine(no, seen.title, self._portal.catalogue.items[seen.item].name, "portal.sent.state")
        due = seen.clock.due if seen.clock is not None and seen.clock.condition in RUNNING else ""
        return CaseLine(no, seen.head.title, seen.head.item_name, f"state.{seen.head.state}", seen.head.step, due)


    def _is_there(self, draft: KeptDraft) -> bool:
        try:
            return bool(self._portal.desk.drafts.find(draft.key).item == draft.item)
        except NotFound:
            return False

    def _at(self, us: int) -> str:
        """On the wall clock of the city."""
        return written_here(self._portal, us)

    def _done(self, part: str, act: Callable[[], object], failed: Callable[[], object] | None = None) -> Response:
        try:
            act()
        except SupervisionError as refusal:
            if failed is not None and refusal.code in ("old_password_wrong", "code_refused"):
                failed()
            return self._settings(part, refusal)
        return to(f"{SETTINGS}?done={part}#{part}")

    def _settings(self, part: str = "", refusal: SupervisionError | None = None, **more: Any) -> Response:
        me = self._desk.people.get(self._desk.need().id)
        problems = {} if refusal is None else {part: sentence(refusal, self._portal.words())}
        done = request.args.get("done", "")
        values = request.form if part == "facts" else {**me.facts, "told_by": me.told_by}
        return page(self._portal, "account_settings", 200 if refusal is None else refusal.status, me=me, problems=problems,
                    done=done if done in ("facts", "password", "contact", "sessions") else "", values=values, facts=FACTS,
                    ways=TOLD_BY, sessions=self._desk.sessions.of(me.id, self._desk.token), at=self._at,
                    **{"waiting": None, "shown_code": "", **more})
