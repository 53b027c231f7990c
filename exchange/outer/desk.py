"""The desk of a public site of its own: what applicants hand in waits for the inside, what they see is what it last told."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, insert, select

from approval.codes import CODE_LETTERS
from approval.corrections import Answer
from approval.materials import MaterialRules, Materials, Upload
from approval.matters import Application, Draft, checked_words
from approval.numbering import made_up_password
from approval.payments.matters import Order
from config.follow_up import ComplaintRules
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from core.instants import DAY_US, from_us
from exchange.envelopes import (
    CaseTold,
    Correction,
    Filed,
    HearingAsked,
    Letter,
    Payment,
    Rating,
    Withdrawal,
    read,
    written,
)
from exchange.outer.drafts import OuterDrafts, use_up
from exchange.outer.files import OuterFiles
from exchange.outer.following import Following
from exchange.outer.mirror import Mirror
from exchange.outer.models import cases, papers, sent, submissions
from exchange.outer.queue import Queue
from exchange.passwords import is_right, verifier_of
from portal.desk import (
    CaseView,
    DraftBox,
    EarlierFile,
    Figures,
    FileKind,
    FileVerdict,
    Handed,
    LetterSeen,
    Noted,
    Offer,
    OnItsWay,
    PaperFacts,
    Problem,
    Standing,
    Waiting,
    standing_on,
)
from supervision.complaints.filing import check_filing
from supervision.complaints.matters import Filing, Reporter

REFUSALS_SHOWN_US = 14 * DAY_US
OWN = "WS-"  # what numbers of this site begin with
OWED = frozenset({"due", "waits"})  # fees a payment that came through settles
_BLOCKS = {"correction": "correct", "hearing": "ask_hearing", "withdrawal": "withdraw", "rating": "rate"}


class MailboxDesk:
    """portal.desk.Desk on the database of the public site. `timezone` is that of what is written for people."""

    def __init__(self, database: Database, queue: Queue, mirror: Mirror, materials: Materials, files: OuterFiles,
                 drafts: OuterDrafts, clock: Clock, timezone: tzinfo, complaint_rules: ComplaintRules) -> None:
        self._database, self._queue, self._mirror, self._materials = database, queue, mirror, materials
        self._files, self._drafts, self._clock, self._timezone = files, drafts, clock, timezone
        self._complaint_rules = complaint_rules
        self._following = Following(database, queue, clock)

    @property
    def drafts(self) -> DraftBox:
        return self._drafts

    @property
    def rules(self) -> MaterialRules:
        return self._materials.rules

    @property
    def offers(self) -> frozenset[Offer]:
        """Who gave a file before is known inside only, and what becomes of a letter is told there."""
        return frozenset({"check_file"} if self._files.can_check else ())

    def figures(self) -> Figures:
        return self._mirror.figures()

    # Filing and finding -------------------------------------------------------------------------------------------

    def file(self, application: Application, draft_key: str) -> Handed:
        """Draft, submission and envelope are one transaction: a second click finds no draft."""
        application.check()
        password, number, now = made_up_password(), self._new_number(), self._clock.now_us()
        verifier = verifier_of(password)
        with self._database.transaction() as conn:
            draft = use_up(conn, draft_key)
            envelope = self._queue.add(conn, "application", number, Filed(number, application, verifier, now))
            conn.execute(insert(submissions).values(
                number=number, envelope=envelope, item=application.item, title=application.title, verifier=verifier,
                content=written(draft).decode(), sent_at=now, state="waiting"))
        return Handed(number, password, now)

    def enter(self, no: str, password: str) -> str:
        """Whose password it is: after the inside went back to a copy, two may have been told the same case number."""
        with self._database.read() as conn:
            known = _known(conn, no) if no else {}
        if no and not known and not no.startswith(OWN):
            raise self._following.ask(no, password)
        number = next((number for verifier, number in known.items() if is_right(password, verifier)), None)
        if number is None:
            raise NotFound("case_or_password_wrong")
        return number

    def find(self, no: str) -> CaseView | Waiting:
        with self._database.read() as conn:
            row, told = _submission(conn, no), _told(conn, no)
            acts = conn.execute(select(sent).where(sent.c.subject == no).order_by(sent.c.sent_at)).all()
            is_delayed = self._mirror.unapplied.concerns(conn, (no, told.view.head.case_no if told is not None else ""))
        if told is None:
            if row is None:
                raise NotFound("case_or_password_wrong")
            problem = read(row.problem, Problem) if row.problem else None
            return Waiting(row.number, row.item, row.title, row.sent_at, problem, is_delayed)
        return msgspec.structs.replace(self._with_acts(told, no, acts), is_delayed=is_delayed)

    def take_back(self, no: str) -> str:
        with self._database.read() as conn:
            row = _submission(conn, no)
        if row is None or row.state != "refused":
            raise NotFound("draft_not_found")
        return self._drafts.keep(read(row.content, Draft))

    # Acts: each waits for the inside and shows that it waits ------------------------------------------------------------

    def correct(self, no: str, uploads: Sequence[Upload], draft_key: str, *, rest_withheld: bool = False,
                fields: Mapping[str, str] | None = None, words: str = "") -> None:
        case_no, told = self._may(no, "correct"), dict(fields or {})
        Answer(tuple(one.code for one in uploads), told, words, rest_withheld).check(self._view(no).notice)
        with self._database.transaction() as conn:
            use_up(conn, draft_key)
            self._send(conn, "correction", no, Correction(case_no, tuple(uploads), rest_withheld, told, words))

    def withdraw(self, no: str, reason: str) -> None:
        body = Withdrawal(self._may(no, "withdraw"), checked_words(reason, "reason", required=False))
        with self._database.transaction() as conn:
            self._send(conn, "withdrawal", no, body)

    def ask_hearing(self, no: str, reason: str) -> None:
        body = HearingAsked(self._may(no, "ask_hearing"), checked_words(reason, "reason", required=False))
        with self._database.transaction() as conn:
            self._send(conn, "hearing", no, body)

    def rate(self, no: str, score: int, words: str) -> None:
        if not 1 <= score <= 5:
            raise InvalidInput("score_invalid", key="score", score=score)
        body = Rating(self._may(no, "rate"), score, checked_words(words, "words", required=False))
        with self._database.transaction() as conn:
            self._send(conn, "rating", no, body)

    def pay(self, no: str, order: Order, receipt_no: str) -> bool:
        """Handed on once; the inside's answer settles the order (exchange/outer/mirror.py). An order whose money went back is
        none. A site that went back to a copy may have lost that it handed one on: what the inside shows as paid with this
        receipt is booked, and no money goes back. One of a fee that waits for the second person of a payment by hand is handed
        on, too: the inside settles the fee by whichever comes first."""
        view = self._view(no)
        standing = [(fee.state, fee.receipt_no) for fee in view.fees if fee.id == order.fee]
        with self._database.transaction() as conn:
            self._queue.hold(conn)
            before = _payment(conn, no, order)
            if before in ("waiting", "done"):
                return before == "done"
            if before is None and ("paid", receipt_no.strip()) in standing:
                return True
            if before is not None or not OWED & {state for state, _ in standing}:
                raise NotFound("fee_not_due", case_no=view.head.case_no, fee=order.fee)
            self._send(conn, "payment", no, Payment(view.head.case_no, order, receipt_no))
        return False

    def tell(self, filing: Filing, reporter: Reporter) -> Noted:
        """Its number here; the words and who wrote them leave this site when the inside has them."""
        check_filing(self._complaint_rules, filing, reporter)
        number = self._new_number()
        with self._database.transaction() as conn:
            envelope = self._queue.add(conn, "letter", number, Letter(filing, reporter))
            conn.execute(insert(sent).values(envelope=envelope, kind="letter", subject=number, content="",
                                             sent_at=self._clock.now_us(), state="waiting"))
        return Noted(number)

    def told(self, number: str, password: str) -> LetterSeen:
        raise NotFound("letter_or_password_wrong")

    # Papers -------------------------------------------------------------------------------------------------------

    def check(self, code: str) -> PaperFacts:
        found = self._facts(papers.c.code == code)
        if found is None:
            raise NotFound("receipt_not_found")
        return found

    def paper(self, no: str, code: str, kind: FileKind) -> bytes:
        with self._database.read() as conn:
            told = _told(conn, no)
        file = next((one for one in told.files if (one.code, one.kind) == (code, kind)), None) if told is not None else None
        if file is None:
            raise NotFound("receipt_not_found")
        with self._materials.open(file.sha256) as content:
            return content.read()

    def check_file(self, content: bytes) -> FileVerdict:
        told = self._files.check(content)
        return msgspec.structs.replace(told, standing=self._standing(told.number))

    def pages(self, sha256: str, media_type: str) -> int:
        return self._files.pages(sha256, media_type)

    def picture(self, sha256: str, media_type: str, page: int, size: Literal["small", "large"]) -> bytes:
        return self._files.previews.picture(sha256, media_type, page, size)

    def earlier(self, no: str, draft_key: str) -> Sequence[EarlierFile]:
        return ()

    def use_earlier(self, no: str, draft_key: str, code: str, sha256: str, consent: str) -> None:
        raise NotFound("material_not_reusable", name=sha256[:12])

    def tidy(self) -> None:
        """Pictures nobody has looked at for long give way to others."""
        self._files.previews.tidy()

    # Inside -------------------------------------------------------------------------------------------------------

    def _standing(self, number: str) -> Standing | None:
        found = self._facts(papers.c.number == number) if number else None
        return None if found is None else found.standing

    def _facts(self, which: ColumnElement[bool]) -> PaperFacts | None:
        """Of a paper, as of today."""
        with self._database.read() as conn:
            facts = conn.scalar(select(papers.c.facts).where(which))
        return None if facts is None else standing_on(read(facts, PaperFacts), self._written(self._clock.now_us())[:10])

    def _view(self, no: str) -> CaseView:
        seen = self.find(no)
        if isinstance(seen, Waiting):
            raise Conflict("portal_not_carried_yet", number=no)
        return seen

    def _may(self, no: str, act: str) -> str:
        """The case number, when that act is open and none of its kind is on its way."""
        view = self._view(no)
        if act not in view.may:
            raise Conflict("case_not_in_state", case_no=view.head.case_no, act=act, state=view.head.state)
        return view.head.case_no

    def _send(self, conn: Connection, kind: str, no: str, body: Any) -> None:
        envelope = self._queue.add(conn, kind, no, body)
        conn.execute(insert(sent).values(envelope=envelope, kind=kind, subject=no, content=written(body).decode(),
                                         sent_at=self._clock.now_us(), state="waiting"))

    def _with_acts(self, told: CaseTold, no: str, acts: Sequence[Row[Any]]) -> CaseView:
        """The view with what is on its way: that cannot be done a second time meanwhile."""
        waiting = [row for row in acts if row.state == "waiting"]
        blocked = {_BLOCKS.get(row.kind, "") for row in waiting}
        paid = {read(row.content, Payment).order.fee for row in waiting if row.kind == "payment"}
        fees = tuple(msgspec.structs.replace(fee, state="sent") if fee.id in paid and fee.state in OWED else fee
                     for fee in told.view.fees)
        return msgspec.structs.replace(
            told.view, number=no, as_of=self._written(told.at), may=told.view.may - blocked, fees=fees,
            on_its_way=tuple(OnItsWay(row.kind, self._written(row.sent_at), read(row.problem, Problem) if row.problem else None)
                             for row in acts if row.kind != "follow" and self._is_shown(row)))

    def _is_shown(self, row: Row[Any]) -> bool:
        """What waits, and what was refused lately; what was done is in the view."""
        return bool(row.state == "waiting" or (
            row.state == "refused" and row.answered_at > self._clock.now_us() - REFUSALS_SHOWN_US))

    def _new_number(self) -> str:
        """Told apart from case numbers at sight; 40 bits, since it is no secret."""
        day = f"{from_us(self._clock.now_us()).astimezone(self._timezone):%Y%m%d}"
        return f"{OWN}{day}-{''.join(secrets.choice(CODE_LETTERS) for _ in range(8))}"

    def _written(self, us: int) -> str:
        return f"{from_us(us).astimezone(self._timezone):%Y-%m-%d %H:%M}"


def _known(conn: Connection, no: str) -> dict[str, str]:
    """The number behind each verifier of what goes by that number, or by that number of a case."""
    found: dict[str, str] = {}
    for table in (submissions, cases):
        own, case_no, verifier = table.c.number, table.c.case_no, table.c.verifier
        rows = conn.execute(select(own, verifier).where((own == no) | (case_no == no)))
        found.update({row.verifier: row.number for row in rows})
    return found


def _submission(conn: Connection, no: str) -> Row[Any] | None:
    return conn.execute(select(submissions).where(submissions.c.number == no)).first()


def _told(conn: Connection, no: str) -> CaseTold | None:
    """By the number its applicant knows it by, never by that of the case: an inside that went back to a copy gives case
    numbers out again, to others."""
    text = conn.scalar(select(cases.c.told).where(cases.c.number == no).order_by(cases.c.at.desc()).limit(1))
    return None if text is None else read(text, CaseTold)


def _payment(conn: Connection, no: str, order: Order) -> str | None:
    """What became of that order; None when it was not sent."""
    rows = conn.execute(select(sent.c.content, sent.c.state).where(sent.c.subject == no, sent.c.kind == "payment")).all()
    return next((str(row.state) for row in rows if read(row.content, Payment).order.no == order.no), None)
