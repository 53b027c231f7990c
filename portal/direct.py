"""The desk of a single process: every question goes to the services themselves, in the request that asks it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from approval.assembly import Approval
from approval.corrections import notice_of
from approval.detail import HostedDetail, Receipt
from approval.materials import MaterialRules, Upload
from approval.matters import FROM, Act, Application
from approval.numbering import made_up_password, password_hash
from approval.payments.matters import Order
from approval.project_days import critical_way, days_of
from approval.receipts import ReceiptKind
from cases.areas import Areas
from cases.explain import ClockExplanation, explain
from cases.queries import CaseDetail, CaseQueries, RecordedEvent
from config.catalogue import Catalogue
from config.item_details import Material
from core.access import Actor
from core.clock import Clock
from core.errors import NotFound
from core.instants import date_of, written_due, written_local
from papers.checking import PaperCheck
from papers.service import PaperService
from portal.desk import (
    CaseView,
    Day,
    Deadline,
    DraftBox,
    EarlierAnswer,
    EarlierFile,
    FeeSeen,
    Figures,
    FileKind,
    FileSeen,
    FileVerdict,
    Handed,
    Happened,
    Head,
    LetterSeen,
    Noted,
    Offer,
    PaperFacts,
    PaperSeen,
    PartShown,
    Standing,
    masked,
    standing_on,
)
from supervision.complaints.matters import Filing, Reporter
from supervision.complaints.queries import ComplaintQueries, ComplaintRow, Round
from supervision.complaints.service import ComplaintService

log = logging.getLogger(__name__)
PROMISED = "promised"
VISITOR = Actor("public", frozenset(), display_name="公众")
_MAY = {Act.CORRECT: "correct", Act.WITHDRAW: "withdraw", Act.RATE: "rate", Act.ASK_HEARING: "ask_hearing"}


@dataclass(frozen=True, slots=True)
class Inside:
    """The services and queries behind the public pages."""

    approval: Approval
    papers: PaperService
    paper_check: PaperCheck
    complaints: ComplaintService
    letters: ComplaintQueries
    cases: CaseQueries
    areas: Areas
    catalogue: Catalogue
    clock: Clock


class DirectDesk:
    """portal.desk.Desk on the services of this process."""

    def __init__(self, inside: Inside) -> None:
        self._inside, self._approval = inside, inside.approval
        self.views = Views(inside)

    @property
    def drafts(self) -> DraftBox:
        return self._approval.drafts

    @property
    def rules(self) -> MaterialRules:
        return self._approval.materials.rules

    @property
    def offers(self) -> frozenset[Offer]:
        return frozenset({"reuse", "check_file", "letters"})

    def figures(self) -> Figures:
        return self.views.figures()

    def file(self, application: Application, draft_key: str) -> Handed:
        filed = self._approval.intake.file(application, "web", draft_key=draft_key)
        return Handed(filed.case_no, filed.password, self._inside.clock.now_us(), filed.case_no, self._receipt(filed.case_no))

    def _receipt(self, case_no: str) -> PaperSeen | None:
        """None when it cannot be read just now: it is filed, and number and password must be shown, this once."""
        try:
            return _paper(self._approval.queries.of_applicant(case_no).receipts[0])
        except Exception:
            log.exception("the receipt of %s could not be read", case_no)
            return None

    def enter(self, no: str, password: str) -> str:
        self._approval.queries.progress(no, password)
        return no

    def find(self, no: str) -> CaseView:
        return self.views.of(no)

    def take_back(self, no: str) -> str:
        """Here a refusal is told before anything is filed, so the draft never went."""
        raise NotFound("draft_not_found")

    def correct(self, no: str, uploads: Sequence[Upload], draft_key: str, *, rest_withheld: bool = False,
                fields: Mapping[str, str] | None = None, words: str = "") -> None:
        self._approval.intake.correct(no, (), uploads=tuple(uploads), rest_withheld=rest_withheld, fields=fields, words=words)
        self._approval.drafts.discard(draft_key)

    def withdraw(self, no: str, reason: str) -> None:
        self._approval.ending.withdraw(no, reason)

    def ask_hearing(self, no: str, reason: str) -> None:
        self._approval.hearings.ask(no, reason)

    def rate(self, no: str, score: int, words: str) -> None:
        self._approval.ending.rate(no, score, words)

    def pay(self, no: str, order: Order, receipt_no: str) -> bool:
        self._approval.ending.paid(no, order.fee, receipt_no, station="web")
        return True

    def tell(self, filing: Filing, reporter: Reporter) -> Noted:
        password, key = made_up_password(), self._approval.desk.password_key
        number = self._inside.complaints.file(filing, reporter, VISITOR, lambda no: password_hash(key, no, password))
        return Noted(number, password)

    def told(self, number: str, password: str) -> LetterSeen:
        hashed = password_hash(self._approval.desk.password_key, number, password)
        return self.views.letter(*self._inside.letters.of_reporter(number, hashed))

    def check(self, code: str) -> PaperFacts:
        return standing_on(self.views.facts(*self._approval.queries.receipt(code)), self.views.today())

    def paper(self, no: str, code: str, kind: FileKind) -> bytes:
        detail = self._approval.queries.of_applicant(no)
        found = next((one for one in detail.receipts if one.code == code), None)
        if found is None:
            raise NotFound("receipt_not_found")
        return self._inside.papers.file(found.number, kind)

    def check_file(self, content: bytes) -> FileVerdict:
        told = self._inside.paper_check.check(content)
        return FileVerdict(told.finding.value, told.by.value, told.number, told.key, told.is_added_to,
                           self._standing(told.number))

    def _standing(self, number: str) -> Standing | None:
        """None for papers that are none of a case, too."""
        code = self._approval.queries.code_of(number)
        return None if code is None else self.check(code).standing

    def pages(self, sha256: str, media_type: str) -> int:
        return self._approval.previews.pages(sha256, media_type)

    def picture(self, sha256: str, media_type: str, page: int, size: Literal["small", "large"]) -> bytes:
        return self._approval.previews.picture(sha256, media_type, page, size)

    def earlier(self, no: str, draft_key: str) -> list[EarlierFile]:
        values = self.drafts.find(draft_key).values
        found = self._approval.reuse.of_opened(no, values.get("name", ""), values.get("identity_no", ""))
        return [EarlierFile(one.case_no, one.sha256, one.file_name) for one in found]

    def use_earlier(self, no: str, draft_key: str, code: str, sha256: str, consent: str) -> None:
        self._approval.reuse.into_draft(draft_key, code, sha256, no, consent)


class Views:
    """Puts together what an applicant is shown of his case."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def figures(self) -> Figures:
        told = self._inside.cases.figures(self._inside.clock.now_us())
        return Figures(told.accepted_today, told.concluded_today)

    def today(self) -> str:
        """The date on the wall clock of the city, as 2026-03-16."""
        return date_of(self._inside.areas.default.calendar.today(self._inside.clock.now_us())).isoformat()

    def of(self, case_no: str) -> CaseView:
        """Raises NotFound."""
        detail = self._inside.approval.queries.of_applicant(case_no)
        case, head = self._case(case_no), detail.head
        item = self._inside.approval.desk.item_of(detail.fold, head.item)
        listed, fees = item.details.materials, item.details.fees
        notice = notice_of(detail.told, item.details, detail.particulars["fields"])
        return CaseView(
            Head(case_no, head.title, head.item, item.name, item.kind, head.org, self._inside.cases.org_name(head.org),
                 head.state, head.step),
            fees=tuple(_fee(one, fees.get(one["code"], item).name, detail.fee_standing(one)) for one in detail.fees),
            receipts=tuple(_paper(one) for one in detail.receipts), clock=self._deadline(case),
            steps=tuple(steps_seen(detail, case)), events=tuple(_happened(one) for one in case.events),
            asked=notice.papers, to_follow=_to_follow(detail, case, listed), materials=_materials(detail),
            may=_may(detail, case), number=case_no, asked_fields=notice.fields, asked_words=notice.reason,
            parts=self._parts(detail))

    def letter(self, head: ComplaintRow, answer: str, earlier: Sequence[Round]) -> LetterSeen:
        """By the day of its area; an answer is told once it is given."""
        due = "" if head.due_at is None or head.term() is None else self._day(head.area, head.due_at - 1)
        return LetterSeen(head.no, head.kind, self._inside.cases.org_name(head.org), head.title, head.state,
                          self._day(head.area, head.filed_at), due, head.finding, answer,
                          tuple(EarlierAnswer(self._day(head.area, one.answered_at), one.finding, one.answer)
                                for one in earlier))

    def facts(self, receipt: Receipt, case_no: str, org: str, item: str) -> PaperFacts:
        """What anybody may check of a paper."""
        organisation = self._inside.catalogue.organisations[org]
        day = self._day(organisation.area, receipt.issued_at)
        return PaperFacts(receipt.code, receipt.kind, self._power(item), receipt.number, organisation.name, day,
                          masked(case_no), self._standing(receipt, organisation.area))

    def _parts(self, detail: HostedDetail) -> tuple[PartShown, ...]:
        """Those of a project: who asked for it once sees what became of it with each unit."""
        inside, now = self._inside, self._inside.clock.now_us()
        days = {part.node: days_of(part, inside.catalogue, inside.cases, inside.areas, now) for part in detail.parts}
        critical = critical_way(detail.parts, {node: one.amount for node, one in days.items()})
        names = {part.node: inside.cases.item_name(part.item) for part in detail.parts}
        return tuple(PartShown(part.node, part.stage, names[part.node], inside.cases.org_name(part.org), part.state,
                               tuple(names.get(node, node) for node in part.after), days[part.node].used,
                               days[part.node].amount, part.silent, part.node in critical) for part in detail.parts)

    def _standing(self, receipt: Receipt, area: str) -> Standing | None:
        if receipt.kind == ReceiptKind.PAYMENT:
            void_since = self._inside.approval.queries.reversed_at(receipt.code)
            return None if void_since is None else Standing("", "void", self._day(area, void_since))
        licence = self._inside.approval.queries.licence(receipt.code) if receipt.kind == "licence" else None
        if licence is None:
            return None
        ended = "" if licence.ended_at is None else self._day(area, licence.ended_at)
        return Standing("" if licence.valid_until is None else licence.valid_until.isoformat(), licence.state, ended)

    def _day(self, area: str, us: int) -> str:
        return str(self._inside.approval.desk.today(area, us).isoformat())

    def _power(self, item: str) -> str:
        known = self._inside.catalogue.find_item(item)
        return "" if known is None else known.kind

    def _case(self, case_no: str) -> CaseDetail:
        found = self._inside.cases.find_case(case_no, self._inside.clock.now_us())
        if found is None:
            raise NotFound("hosted_case_not_found", case_no=case_no)
        return found

    def _deadline(self, case: CaseDetail) -> Deadline | None:
        told = explain(case, self._inside.areas)
        clock = next((one for one in told if one.kind == PROMISED), None)
        if clock is None:
            return None
        days = tuple(Day(one.date, one.kind, one.name, one.counted, one.n, one.is_due) for one in clock.days)
        return Deadline(clock.condition, _due(clock), days)


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


def _to_follow(detail: HostedDetail, case: CaseDetail, listed: Mapping[str, Material]) -> tuple[tuple[str, str], ...]:
    offset = case.fold.accepted.utc_offset if case.fold.accepted else 0
    return tuple((listed[paper.code].name if paper.code in listed else paper.code,
                  "" if paper.promised_at is None else f"{written_local(paper.promised_at, offset):%Y-%m-%d}")
                 for paper in detail.papers if paper.state == "deferred")


def _materials(detail: HostedDetail) -> tuple[FileSeen, ...]:
    return tuple(FileSeen(one.code, one.sha256, one.file_name, one.media_type) for one in detail.papers if one.sha256)


def _fee(told: Mapping[str, Any], name: str, standing: str) -> FeeSeen:
    return FeeSeen(told["id"], name, told["amount_fen"], told["quantity"], standing, told["receipt_no"])


def _may(detail: HostedDetail, case: CaseDetail) -> frozenset[str]:
    found = {name for act, name in _MAY.items() if detail.head.state in FROM[act]}
    if any(one.event.kind == "rated" for one in case.events):
        found.discard("rate")
    is_asked = case.fold.hearing_asked is not None or case.fold.hearing is not None
    if not detail.flow.may_hear or is_asked:
        found.discard("ask_hearing")
    return frozenset(found)


def _paper(receipt: Receipt) -> PaperSeen:
    return PaperSeen(receipt.code, receipt.kind, receipt.number, receipt.issued_at)


def _happened(one: RecordedEvent) -> Happened:
    event = one.event
    return Happened(f"{written_local(event.claimed_at, event.utc_offset):%Y-%m-%d %H:%M}", event.kind.value, event.step or "")


def _due(clock: ClockExplanation) -> str:
    return "" if clock.due_at is None else written_due(written_local(clock.due_at, clock.utc_offset))
