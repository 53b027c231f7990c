"""办件查询: a case by number and password, its deadline day by day, its papers, and what its applicant may still do.

The session this opens is good for that one case; every act asks the services, which ask where the case stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, redirect, request

from approval.detail import HostedDetail
from approval.matters import FROM, Act
from approval.receipts import read_code
from cases.explain import ClockExplanation, explain
from cases.queries import CaseDetail
from core.errors import InvalidInput, NotFound, SupervisionError, UpstreamError
from core.instants import written_due, written_local
from papers.service import MEDIA_TYPES
from portal.apply import accepted, attach, shown_page
from portal.cookies import CASE_PATH, CORRECTION
from portal.parts import Portal, address, page, sentence
from portal.payment import Order

PROMISED = "promised"


class CasePages:
    """Everything under /public/case/ and /public/pay/."""

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
        """One answer for a wrong number and a wrong password; both the address and the number have only so many tries."""
        case_no, limits = request.form.get("no", "").strip()[:80], self._portal.limits
        limits.address.check(address())
        limits.number.check(case_no)
        try:
            self._portal.approval.queries.progress(case_no, "".join(request.form.get("password", "").split())[:40])
        except NotFound as refusal:
            limits.address.note(address())
            limits.number.note(case_no)
            problem = sentence(refusal, self._portal.words())
            return page(self._portal, "case_enter", refusal.status, case_no=case_no, problem=problem)
        response = _to_case()
        self._portal.cookies.open_case(response, case_no)
        return response

    def leave(self) -> Response:
        response = redirect("/public/", 303)
        self._portal.cookies.close_case(response)  # type: ignore[arg-type]
        return response  # type: ignore[return-value]

    def paper(self, code: str, kind: str) -> Response:
        """A paper given out for this case, as it was issued."""
        detail = self._detail()
        found = next((one for one in detail.receipts if one.code == read_code(code)), None)
        if found is None or kind not in MEDIA_TYPES:
            raise NotFound("receipt_not_found")
        response = Response(self._portal.papers.file(found.number, "pdf" if kind == "pdf" else "docx"),
                            mimetype=MEDIA_TYPES[kind])
        response.headers["Content-Disposition"] = f"attachment; filename={found.kind}.{kind}"
        response.headers["Cache-Control"] = "no-store"
        return response

    def preview(self, sha256: str, page: int) -> Response:
        """A picture of a page of a file he sent himself, with this case or for its correction."""
        detail = self._detail()
        return shown_page(self._portal, (*detail.papers, *self._sent(detail)), sha256, page)

    # What the applicant may do ------------------------------------------------------------------------------------

    def attach(self) -> Response:
        """One file for one of the papers asked for; it is kept until all are sent together."""
        detail, cookies, drafts = self._detail(), self._portal.cookies, self._portal.approval.drafts
        key, response = cookies.draft(CORRECTION), _to_case("#correct")
        if not self._sent(detail):
            key = key if _has(drafts, key, detail.head.item) else drafts.begin(detail.head.item)
            cookies.keep_draft(response, key, CASE_PATH, CORRECTION)
        return self._done(lambda: attach(self._portal, self._item(detail), key, request.form.get("code", "")), response)

    def correct(self) -> Response:
        """补正: everything that was asked for, in one act."""
        detail, approval = self._detail(), self._portal.approval
        uploads = self._sent(detail)
        key, response = self._portal.cookies.draft(CORRECTION), _to_case()

        def send() -> None:
            if not uploads:
                raise InvalidInput("portal_file_missing")
            approval.intake.correct(detail.head.case_no, (), uploads=uploads)
            approval.drafts.discard(key)
            self._portal.cookies.forget(response, CORRECTION, CASE_PATH)

        return self._done(send, response)

    def withdraw(self) -> Response:
        detail = self._detail()

        def act() -> None:
            if request.form.get("sure") != "yes":
                raise InvalidInput("portal_not_confirmed")
            self._portal.approval.ending.withdraw(detail.head.case_no, request.form.get("reason", ""))

        return self._done(act)

    def rate(self) -> Response:
        detail, score = self._detail(), request.form.get("score", "")
        return self._done(lambda: self._portal.approval.ending.rate(
            detail.head.case_no, int(score) if score.isascii() and score.isdigit() else 0, request.form.get("words", "")))

    # Paying -------------------------------------------------------------------------------------------------------

    def pay(self) -> Response:
        """To the gateway, with an order for exactly what is due."""
        detail, wanted = self._detail(), request.form.get("fee", "")
        fee = next((one for one in detail.fees if str(one["id"]) == wanted and one["state"] == "due"), None)
        if fee is None:
            return self._done(_raise(NotFound("fee_not_due")))
        order = Order.new(detail.head.case_no, fee["id"], fee["amount_fen"])
        response = redirect(self._portal.gateway.address(order), 303)
        self._portal.cookies.keep_order(response, order)  # type: ignore[arg-type]
        return response  # type: ignore[return-value]

    def sandbox(self) -> Response:
        """The page that stands in for a gateway: the payer says what it says."""
        order = self._portal.cookies.order()
        if order is None or not self._portal.gateway.is_sandbox:
            raise NotFound("portal_no_order")
        return page(self._portal, "sandbox", amount=f"{order.amount_fen / 100:.2f}", order=order.no, may_switch=False)

    def paid(self) -> Response:
        """Back from the gateway: only what it has signed is booked, once; otherwise the fee stays due."""
        order = self._portal.cookies.order()
        if order is None or order.case_no != self._portal.cookies.case():
            raise NotFound("portal_no_order")
        response = _to_case("#fees")
        self._portal.cookies.forget(response, "yangguang_order", "/public/")
        return self._done(lambda: self._book(order), response)

    def _book(self, order: Order) -> None:
        gateway: Any = self._portal.gateway
        told = gateway.answer(order, request.form.get("verdict", "")) if gateway.is_sandbox else request.form.get("told", "")
        outcome = gateway.outcome(order, told)
        if not outcome.is_paid:
            raise UpstreamError("payment_declined")
        try:
            self._portal.approval.ending.paid(order.case_no, order.fee, outcome.receipt_no, station="web")
        except SupervisionError:
            gateway.give_back(order)
            raise

    # Inside -------------------------------------------------------------------------------------------------------

    def _page(self, case_no: str, problem: str = "", status: int = 200) -> Response:
        detail, t = self._portal.approval.queries.of_applicant(case_no), self._portal.words()
        case = self._case(detail)
        clock = next((one for one in explain(case, self._portal.areas.for_area(case.area)) if one.kind == PROMISED), None)
        item = self._item(detail)
        return page(
            self._portal, "case", status, case=case, detail=detail, item=item, problem=problem, clock=clock,
            due=_due(clock), steps=steps_seen(detail, case), org=self._portal.catalogue.organisations[item.org],
            events=[(_at(one.event.claimed_at, one.event.utc_offset), t(f"event_kind.{one.event.kind.value}"),
                     one.event.step or "") for one in case.events], asked=self._asked(detail, case), sent=self._sent(detail),
            accepts=accepted(self._portal),
            pages=self._portal.approval.previews.pages, may=self._may(detail, case), is_sandbox=self._portal.gateway.is_sandbox)

    def _may(self, detail: HostedDetail, case: CaseDetail) -> set[str]:
        state, found = detail.head.state, set()
        if state in FROM[Act.CORRECT]:
            found.add("correct")
        if state in FROM[Act.WITHDRAW]:
            found.add("withdraw")
        if state in FROM[Act.RATE] and not any(one.event.kind == "rated" for one in case.events):
            found.add("rate")
        return found

    def _asked(self, detail: HostedDetail, case: CaseDetail) -> list[Any]:
        listed = self._item(detail).details.materials
        return [listed[code] for code in case.fold.asked if code in listed]

    def _sent(self, detail: HostedDetail) -> tuple[Any, ...]:
        """The files kept for a correction that has not been sent yet."""
        try:
            draft = self._portal.approval.drafts.find(self._portal.cookies.draft(CORRECTION))
        except NotFound:
            return ()
        return draft.uploads if draft.item == detail.head.item else ()

    def _done(self, act: Callable[[], object], response: Response | None = None) -> Response:
        """Back to the case; or the case with what was wrong, and nothing else has changed."""
        try:
            act()
        except SupervisionError as refusal:
            case_no = self._portal.cookies.case() or ""
            return self._page(case_no, sentence(refusal, self._portal.words()), refusal.status)
        return response if response is not None else _to_case()

    def _detail(self) -> HostedDetail:
        case_no = self._portal.cookies.case()
        if case_no is None:
            raise NotFound("portal_session_over")
        return self._portal.approval.queries.of_applicant(case_no)

    def _case(self, detail: HostedDetail) -> CaseDetail:
        found = self._portal.cases.find_case(detail.head.case_no, self._portal.clock.now_us())
        if found is None:
            raise NotFound("hosted_case_not_found", case_no=detail.head.case_no)
        return found

    def _item(self, detail: HostedDetail) -> Any:
        return self._portal.catalogue.items[detail.head.item]


def steps_seen(detail: HostedDetail, case: CaseDetail) -> list[tuple[str, str]]:
    """(step, done, open or waiting) for the picture."""
    done = {one.step for one in case.fold.path}
    names = detail.stations
    is_over, is_accepted = case.fold.closed is not None, case.fold.accepted is not None
    seen = []
    for place, name in enumerate(names):
        is_done = name in done or (place == 0 and is_accepted) or (place == len(names) - 1 and is_over and is_accepted)
        seen.append((name, "done" if is_done else "open" if name == detail.head.step else "waiting"))
    return seen


def _due(clock: ClockExplanation | None) -> str:
    if clock is None or clock.due_at is None:
        return ""
    return written_due(written_local(clock.due_at, clock.utc_offset))


def _at(us: int, offset: int) -> str:
    return f"{written_local(us, offset):%Y-%m-%d %H:%M}"


def _has(drafts: Any, key: str, item: str) -> bool:
    try:
        return bool(drafts.find(key).item == item)
    except NotFound:
        return False


def _raise(error: SupervisionError) -> Callable[[], object]:
    def act() -> object:
        raise error
    return act


def _to_case(part: str = "") -> Response:
    return redirect(f"{CASE_PATH}{part}", 303)  # type: ignore[return-value]
