"""登录: in by a one-time code, which registers whoever has no account yet, or by a password.

The answers are the same whether or not an account exists; what was tried counts for the network address and for the contact.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, redirect, request

from applicants.contacts import Contact, read_contact
from applicants.service import Applicant
from core.errors import NotAuthenticated, SupervisionError
from portal.accounts.desk import AccountDesk
from portal.cookies import DRAFT
from portal.parts import Portal, address, page, sentence

HOME = "/public/account/"


class EntrancePages:
    """Under /public/account/: the forms before somebody is signed in, and the way out."""

    def __init__(self, portal: Portal, desk: AccountDesk) -> None:
        self._portal, self._desk = portal, desk

    def show(self) -> Response:
        return self._page()

    def send_code(self) -> Response:
        """The second form, with the contact in it. A refused code leaves the first one as it was filled in."""
        try:
            contact = read_contact(request.form.get("contact", "")[:160])
            self._portal.limits.codes.spend(address())
            code = self._desk.people.send_code(contact)
        except SupervisionError as refusal:
            return self._page(refusal)
        return self._code_page(contact, code if self._desk.shows_codes else "")

    def enter(self) -> Response:
        """With the code."""
        try:
            contact = read_contact(request.form.get("contact", "")[:160])
        except SupervisionError as refusal:
            return self._page(refusal)
        try:
            code = request.form.get("code", "")[:20]
            applicant = self._tried(contact, lambda one: self._desk.people.enter_with_code(one, code))
        except NotAuthenticated as refusal:
            return self._code_page(contact, "", refusal)
        return self._welcome(applicant)

    def enter_with_password(self) -> Response:
        password = request.form.get("password", "")[:256]
        try:
            contact = read_contact(request.form.get("contact", "")[:160])
            applicant = self._tried(contact, lambda one: self._desk.people.enter_with_password(one, password))
        except SupervisionError as refusal:
            return self._page(refusal)
        return self._welcome(applicant)

    def leave(self) -> Response:
        response = to("/public/")
        forget_drafts(self._portal, self._desk, response)
        self._desk.close(response)
        self._portal.cookies.close_case(response)
        return response

    # Inside -------------------------------------------------------------------------------------------------------

    def _tried(self, contact: Contact, enter: Callable[[Contact], Applicant]) -> Applicant:
        """Failures count for the address, as those of number and password do."""
        limit = self._portal.limits.address
        limit.check(address())
        try:
            return enter(contact)
        except NotAuthenticated:
            limit.note(address())
            raise

    def _welcome(self, applicant: Applicant) -> Response:
        response = to(next_of(request.form.get("next", "")))
        self._desk.open(response, applicant)
        return response

    def _page(self, refusal: SupervisionError | None = None) -> Response:
        asked = request.form.get("next", "") or request.args.get("next", "")
        problem = "" if refusal is None else sentence(refusal, self._portal.words())
        response = page(self._portal, "account_enter", 200 if refusal is None else refusal.status,
                        contact=request.form.get("contact", "")[:160], next=next_of(asked), problem=problem)
        if refusal is not None and refusal.retry_after is not None:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response

    def _code_page(self, contact: Contact, shown_code: str, refusal: SupervisionError | None = None) -> Response:
        problem = "" if refusal is None else sentence(refusal, self._portal.words())
        return page(self._portal, "account_code", 200 if refusal is None else refusal.status, contact=contact,
                    next=next_of(request.form.get("next", "")), problem=problem, shown_code=shown_code, may_switch=False)


def next_of(asked: str) -> str:
    """A page of the public site, or that of the account: what stands in a form may have been put there by anybody."""
    is_plain = asked.isprintable() and "\\" not in asked and "//" not in asked and ".." not in asked
    return asked if asked.startswith("/public/") and is_plain else HOME


def to(place: str) -> Response:
    return redirect(place, 303)  # type: ignore[return-value]


def forget_drafts(portal: Portal, desk: AccountDesk, response: Response) -> None:
    """Who comes next to this machine finds nobody's draft; the account keeps them."""
    applicant = desk.current()
    for draft in desk.holdings.drafts(applicant.id) if applicant is not None else ():
        portal.cookies.forget(response, DRAFT, f"/public/apply/{draft.item}/")
