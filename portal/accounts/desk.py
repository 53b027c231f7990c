"""Who is signed in behind a request of the public pages, and what other pages tell the account. Without one nothing changes."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, g, request

from applicants.assembly import ApplicantDesk
from applicants.holdings import FILED
from applicants.service import FACTS, Applicant
from core.devices import device_of
from core.errors import NotFound

COOKIE, ROOT = "yangguang_applicant", "/public/"


class AccountDesk:
    """One for the site. `shows_codes`: a demonstration, where nothing is sent and the page shows the code."""

    are_kept = True

    def __init__(self, desk: ApplicantDesk, *, secure: bool, shows_codes: bool) -> None:
        self.people, self.sessions, self.holdings = desk.people, desk.sessions, desk.holdings
        self.shows_codes, self._secure = shows_codes, secure

    # The session --------------------------------------------------------------------------------------------------

    @property
    def token(self) -> str:
        return request.cookies.get(COOKIE, "")

    def current(self) -> Applicant | None:
        """The account of this request, looked up once."""
        if "applicant" not in g:
            g.applicant = self._found()
        found: Applicant | None = g.applicant
        return found

    def need(self) -> Applicant:
        """Raises NotFound: the pages of an account say nothing to anybody else."""
        found = self.current()
        if found is None:
            raise NotFound("applicant_session_over")
        return found

    def open(self, response: Response, applicant: Applicant) -> None:
        """A new session, whatever this browser had: nobody can have chosen its token. What it had ends."""
        self.sessions.end(self.token)
        token = self.sessions.open(applicant.id, request.remote_addr or "", device_of(request.user_agent.string))
        response.set_cookie(COOKIE, token, path=ROOT, httponly=True, samesite="Lax", secure=self._secure)

    def close(self, response: Response) -> None:
        self.sessions.end(self.token)
        response.delete_cookie(COOKIE, path=ROOT, httponly=True, samesite="Lax", secure=self._secure)

    def _found(self) -> Applicant | None:
        number = self.sessions.find(self.token) if self.token else None
        try:
            return self.people.get(number) if number is not None else None
        except NotFound:
            return None

    # What the pages of an application tell it ---------------------------------------------------------------------

    def form(self, values: Mapping[str, str]) -> Mapping[str, str]:
        """What was typed; what the account knows where nothing was yet."""
        applicant = self.current()
        return values if values or applicant is None else applicant.form

    def begun(self, item: str, key: str) -> None:
        """A draft was begun or changed: it can be continued wherever the account is."""
        applicant = self.current()
        if applicant is not None:
            self.holdings.keep_draft(applicant.id, item, key)

    def dropped(self, item: str) -> None:
        applicant = self.current()
        if applicant is not None:
            self.holdings.drop_draft(applicant.id, item)

    def filed(self, item: str, case_no: str, values: Mapping[str, str]) -> None:
        """The case is the account's; an account that knew nothing of its owner knows what he wrote."""
        applicant = self.current()
        if applicant is None:
            return
        self.holdings.add_case(applicant.id, case_no, FILED)
        self.holdings.drop_draft(applicant.id, item)
        if not applicant.facts.get("name"):
            self.people.save(applicant.id, {name: values.get(name, "") for name in FACTS}, applicant.told_by)
