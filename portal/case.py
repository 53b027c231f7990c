"""办件查询: a case by number and password, its deadline day by day, its papers, and what its applicant may still do.

The session this opens is good for that one case; every act asks the services, which ask where the case stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Response, redirect, request

from approval.codes import read_code
from approval.materials import Upload
from approval.matters import Draft
from core.errors import Conflict, InvalidInput, NotFound, SupervisionError
from core.uploads import KINDS
from portal.apply import accepted, shown_page
from portal.cookies import CASE_PATH
from portal.desk import CaseView, FeeSeen, PartShown, Waiting
from portal.gathering import answer_of, gathered
from portal.parts import Portal, address, page, sentence, told, written_here


class CasePages:
    """Everything under /public/case/; paying is in portal/pay.py, answering a notice in portal/correction.py."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    # Getting in and out -------------------------------------------------------------------------------------------

    def show(self) -> Response:
        case_no = self._portal.cookies.case()
        if case_no is None:
            return page(self._portal, "case_enter", case_no=request.args.get("no", "")[:80], problem="")
        response = self._page(case_no)
        self._portal.cookies.touch_case(response)
        return response

    def enter(self) -> Response:
        """One answer for a wrong number and a wrong password; both the address and the number have only so many tries. Who
        comes back for an answer that was promised him has not tried again."""
        case_no, limits = request.form.get("no", "").strip()[:80], self._portal.limits
        limits.address.check(address())
        limits.number.check(case_no)
        try:
            opened = self._portal.desk.enter(case_no, "".join(request.form.get("password", "").split())[:40])
        except NotFound as refusal:
            if not refusal.details.get("is_repeated"):
                limits.address.note(address())
                limits.number.note(case_no)
            problem = sentence(refusal, self._portal.words())
            return page(self._portal, "case_enter", refusal.status, case_no=case_no, problem=problem)
        response = to_case()
        self._portal.cookies.open_case(response, opened)
        return response

    def leave(self) -> Response:
        response = redirect("/public/", 303)
        self._portal.cookies.close_case(response)  # type: ignore[arg-type]
        return response  # type: ignore[return-value]

    def paper(self, code: str, kind: str) -> Response:
        """A paper given out for this case, as it was issued."""
        found = next((one for one in self.seen().receipts if one.code == read_code(code)), None)
        if found is None or kind not in ("pdf", "docx"):
            raise NotFound("receipt_not_found")
        content = self._portal.desk.paper(self.no(), found.code, "pdf" if kind == "pdf" else "docx")
        response = Response(content, mimetype=KINDS[kind][0])
        response.headers["Content-Disposition"] = f"attachment; filename={found.kind}.{kind}"
        response.headers["Cache-Control"] = "no-store"
        return response

    def preview(self, sha256: str, page: int) -> Response:
        """A picture of a page of a file he sent himself, with this case or for its correction."""
        seen = self.seen()
        return shown_page(self._portal, (*seen.materials, *_uploads(gathered(self._portal, seen))), sha256, page)

    # What the applicant may do ------------------------------------------------------------------------------------

    def withdraw(self) -> Response:
        no = self.no()

        def act() -> None:
            if request.form.get("sure") != "yes":
                raise InvalidInput("portal_not_confirmed")
            self._portal.desk.withdraw(no, request.form.get("reason", ""))

        return self._done(act)

    def ask_hearing(self) -> Response:
        """听证申请, by the applicant himself."""
        no = self.no()
        return self._done(lambda: self._portal.desk.ask_hearing(no, request.form.get("reason", "")))

    def rate(self) -> Response:
        no, score = self.no(), request.form.get("score", "")
        return self._done(lambda: self._portal.desk.rate(
            no, int(score) if score.isascii() and score.isdigit() else 0, request.form.get("words", "")))

    # For the pages beside these -----------------------------------------------------------------------------------

    def due_fee(self, wanted: str) -> FeeSeen:
        """The fee of that number of the case this browser has opened, when it is to be paid. Raises as `to_be_paid`."""
        return to_be_paid(self.seen(), wanted)

    def refused(self, refusal: SupervisionError, draft: Draft | None = None) -> Response:
        """The case with what was wrong, and with what is kept for a correction."""
        case_no = self._portal.cookies.case()
        if case_no is None:
            raise refusal
        return self._page(case_no, sentence(refusal, self._portal.words()), refusal.status, draft,
                          str(refusal.details.get("key", "")))

    # Inside -------------------------------------------------------------------------------------------------------

    def _page(self, no: str, problem: str = "", status: int = 200, draft: Draft | None = None, at: str = "") -> Response:
        """`draft` is what was just kept for a correction, `at` the field that is wrong."""
        seen, t = self._portal.desk.find(no), self._portal.words()
        if isinstance(seen, Waiting):
            return page(self._portal, "case_waiting", status, seen=seen, problem=problem,
                        item=self._portal.catalogue.items[seen.item],
                        refusal=told(seen.problem, t) if seen.problem is not None else "",
                        sent_at=written_here(self._portal, seen.sent_at))
        draft = draft if draft is not None else gathered(self._portal, seen)
        answer = answer_of(seen, draft)
        return page(
            self._portal, "case", status, detail=seen, problem=problem, clock=seen.clock,
            due=seen.clock.due if seen.clock is not None else "", steps=seen.steps,
            events=[(one.at, t(f"event_kind.{one.kind}"), one.step) for one in seen.events], notice=seen.notice,
            stages=_by_stage(seen.parts), sent=_uploads(draft), answer=answer, wrong_at=at, accepts=accepted(self._portal),
            to_follow=seen.to_follow, may=seen.may, lacking=answer.lacking(seen.notice) if draft is not None else [],
            on_its_way=[(one, told(one.problem, t) if one.problem is not None else "") for one in seen.on_its_way],
            pages=self._portal.desk.pages, orders=self._portal.payments.ledger.of_case(no),
            may_pay=self._portal.payments.are_taken)

    def _done(self, act: Callable[[], object], response: Response | None = None) -> Response:
        """Back to the case; or the case with what was wrong, and nothing else has changed."""
        try:
            act()
        except SupervisionError as refusal:
            return self.refused(refusal)
        return response if response is not None else to_case()

    def no(self) -> str:
        """What this browser has opened. Raises NotFound."""
        no = self._portal.cookies.case()
        if no is None:
            raise NotFound("portal_session_over")
        return no

    def seen(self) -> CaseView:
        """The case this browser has opened. Raises Conflict while the inside has not taken it in."""
        seen = self._portal.desk.find(self.no())
        if isinstance(seen, Waiting):
            raise Conflict("portal_not_carried_yet", number=seen.number)
        return seen


def to_be_paid(seen: CaseView, wanted: str) -> FeeSeen:
    """The fee of that number, when it is to be paid. Raises NotFound; Conflict for one a clerk has entered as paid at a window,
    which waits for a second person there."""
    fee = next((one for one in seen.fees if str(one.id) == wanted), None)
    if fee is not None and fee.state == "waits":
        raise Conflict("payment_by_hand_waits")
    if fee is None or fee.state != "due":
        raise NotFound("fee_not_due")
    return fee


def _by_stage(parts: Sequence[PartShown]) -> list[tuple[str, list[PartShown]]]:
    """In the order in which the first part of each may begin."""
    stages: dict[str, list[PartShown]] = {}
    for part in parts:
        stages.setdefault(part.stage, []).append(part)
    return list(stages.items())


def _uploads(draft: Draft | None) -> tuple[Upload, ...]:
    return () if draft is None else draft.uploads


def to_case(part: str = "") -> Response:
    return redirect(f"{CASE_PATH}{part}", 303)  # type: ignore[return-value]
