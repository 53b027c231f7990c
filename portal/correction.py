"""补正: what the notice asks for is gathered in a draft (files one by one, fields, words) and sent in one act."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request

from approval.matters import WORDS_MAX
from config.item_form import PREFIX, VALUE_MAX
from core.errors import InvalidInput, SupervisionError
from portal.apply import attach_chosen
from portal.case import CasePages, to_case
from portal.cookies import CASE_PATH, CORRECTION
from portal.desk import CaseView
from portal.gathering import WORDS, answer_of, gathered, kept_under
from portal.parts import Portal, address


class CorrectionPages:
    """What a browser that has opened a case does to answer its notice."""

    def __init__(self, portal: Portal, case: CasePages) -> None:
        self._portal, self._case = portal, case

    def attach(self) -> Response:
        """The file of the paper whose button was pressed, and every other that was chosen; what else was written on the page is
        kept with them."""
        seen = self._case.seen()
        key, code = self._kept(seen), request.form.get("code", "")
        return self._gone_on(seen, key, lambda: self._attach(seen, key, code))

    def correct(self) -> Response:
        """Everything that was asked for, in one act; or less, by whoever knows that he cannot bring the rest later. A file
        that was chosen and not uploaded goes with it."""
        seen, cookies = self._case.seen(), self._portal.cookies
        key = self._kept(seen)
        response = self._gone_on(seen, key, lambda: self._send(seen, key), "")
        if response.status_code == 303:
            cookies.forget(response, CORRECTION, CASE_PATH)
        return response

    def _send(self, seen: CaseView, key: str) -> None:
        self._attach(seen, key)
        draft = kept_under(self._portal, seen, key)
        answer = answer_of(seen, draft, is_withheld=request.form.get("rest") == "withheld")
        if not (draft.uploads or answer.words or answer.amended(seen.notice)):
            raise InvalidInput("correction_empty")
        self._portal.desk.correct(self._case.no(), draft.uploads, key, rest_withheld=answer.rest_withheld,
                                  fields=answer.fields, words=answer.words)

    def _attach(self, seen: CaseView, key: str, asked_for: str = "") -> None:
        """A refused file leaves the others with what is gathered; the first refusal is raised."""
        for refusal in attach_chosen(self._portal, [one.code for one in seen.asked], key, asked_for).values():
            raise refusal

    def _kept(self, seen: CaseView) -> str:
        """The key of the draft, with what the page says now: kept before anything is checked."""
        drafts, key = self._portal.desk.drafts, self._portal.cookies.draft(CORRECTION)
        if gathered(self._portal, seen) is None:
            self._portal.limits.forms.spend(address())
            key = drafts.begin(seen.head.item)
        written = {f"{PREFIX}{one.code}": request.form.get(f"{PREFIX}{one.code}", one.value).strip()[:2 * VALUE_MAX]
                   for one in seen.notice.fields}
        drafts.save(key, {**written, WORDS: request.form.get(WORDS, "").strip()[:2 * WORDS_MAX]})
        return key

    def _gone_on(self, seen: CaseView, key: str, act: Callable[[], object], part: str = "#correct") -> Response:
        """Back to the case; or the case with what was wrong. Either way this browser keeps what it has gathered."""
        response = to_case(part)
        try:
            act()
        except SupervisionError as refusal:
            response = self._case.refused(refusal, kept_under(self._portal, seen, key))
        self._portal.cookies.keep_draft(response, key, CASE_PATH, CORRECTION)
        return response
