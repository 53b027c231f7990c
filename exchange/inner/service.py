"""Taking in what applicants handed in at the public site: first kept, then done, each envelope once and in its own transaction.

What the services refuse goes back with its reason. What fails of itself is tried again, then waits for an administrator; only
envelopes about the same thing wait for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, Select, insert, or_, select, update

from approval.intake import Intake
from core.clock import Clock
from core.errors import Conflict, InvalidInput, SupervisionError, Unavailable, UpstreamError
from core.instants import SECOND_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from exchange.envelopes import (
    Answer,
    Batch,
    Correction,
    Envelope,
    Filed,
    Follow,
    HearingAsked,
    Letter,
    Payment,
    Rating,
    Withdrawal,
    read,
)
from exchange.inner.feedback import Feedback
from exchange.inner.files import Files
from exchange.inner.heads import IN, PLACE, Head, head_of, move
from exchange.inner.models import exchange_received
from portal.desk import problem_of
from portal.direct import VISITOR, Inside
from portal.limits import Allowance

log = logging.getLogger(__name__)
BATCH = 200
NOT_KEPT = ("letter", "follow")
NEVER_REFUSED = ("letter",)  # nobody could be told: its number opens nothing outside, so an administrator decides
_r = exchange_received.c


@dataclass(frozen=True, slots=True)
class ReceivingRules:
    """Tries before an administrator is asked; the longest wait between two."""

    attempts_max: int = 5
    backoff_s: float = 10.0
    backoff_max_s: float = 300.0


class Receiving:
    """`clock` is the machine's own. `guesses` limits wrong passwords for one case, whoever asks."""

    def __init__(self, units: UnitOfWorkFactory, inside: Inside, files: Files, feedback: Feedback, clock: Clock,
                 rules: ReceivingRules, guesses: Allowance) -> None:
        self._units, self._inside, self._files, self._feedback = units, inside, files, feedback
        self._clock, self._rules, self._guesses = clock, rules, guesses
        self._intake: Intake = inside.approval.intake
        self._acts: dict[str, Callable[[UnitOfWork, Row[Any]], str]] = {
            "application": self._file, "correction": self._correct, "withdrawal": self._withdraw, "rating": self._rate,
            "hearing": self._ask_hearing, "payment": self._book, "letter": self._tell, "follow": self._follow}

    # Keeping ------------------------------------------------------------------------------------------------------

    def keep(self, batch: Batch) -> int:
        """All of it and the cursor in one transaction. Returns how many were new: what came before changes nothing."""
        now = self._clock.now_us()
        with self._units() as uow:
            known = set(uow.conn.scalars(select(_r.id).where(_r.id.in_([one.id for one in batch.envelopes]))))
            new = [one for one in batch.envelopes if one.id not in known]
            place = head_of(uow.conn, PLACE)
            for number, envelope in enumerate(new, start=place.seq + 1):
                uow.conn.execute(insert(exchange_received).values(**_row(envelope), place=number, received_at=now, due_at=now))
            move(uow.conn, PLACE, Head("", place.seq + len(new), "", now))
            move(uow.conn, IN, Head(batch.epoch, batch.upto, batch.last, now))
        return len(new)

    # Doing --------------------------------------------------------------------------------------------------------

    def work(self) -> int:
        """Do what is due, in the order of arrival. Returns how many were settled."""
        now, held, settled = self._clock.now_us(), set[str](), 0
        with self._units.database.read() as conn:
            rows = conn.execute(_due(now)).all()
        for row in rows:
            if row.subject in held or not self._do(row):
                held.add(row.subject)
            else:
                settled += 1
        return settled

    def retry(self, name: str) -> None:
        """An administrator has mended the cause. Raises Conflict when it does not wait for him."""
        self._settle_stuck(name, state="new", attempts=0, due_at=self._clock.now_us())

    def give_up(self, name: str, reason: str) -> None:
        """Send it back to the applicant with these words. Raises Conflict when it does not wait for a decision."""
        if not reason.strip():
            raise InvalidInput("words_missing", key="reason")
        with self._units() as uow:
            row = uow.conn.execute(select(exchange_received).where(_r.id == name, _r.state == "stuck")).first()
            if row is None:
                raise Conflict("exchange_not_stuck", id=name[:40])
            self._refuse(uow, row, InvalidInput("exchange_given_up", reason=reason.strip()[:500]))

    def _do(self, row: Row[Any]) -> bool:
        """Whether it is settled now."""
        try:
            self._files.fetch(row)
            with self._units() as uow, self._units.joining(uow):
                given = self._acts[row.kind](uow, row)
                self._settle(uow, row, "done")
                self._feedback.answer(uow, row.subject, Answer(row.id, given=given))
        except SupervisionError as refusal:
            if _is_ours(refusal) or row.kind in NEVER_REFUSED:
                return self._later(row, refusal)
            with self._units() as uow:
                self._refuse(uow, row, refusal)
        except Exception as fault:  # a poisoned envelope: noted with its reason, and the others go on
            log.exception("envelope %s (%s) failed", row.id, row.kind)
            return self._later(row, fault)
        return True

    def _refuse(self, uow: UnitOfWork, row: Row[Any], refusal: SupervisionError) -> None:
        self._settle(uow, row, "refused", str(refusal))
        problem = problem_of(refusal.code, refusal.status, refusal.details)
        self._feedback.answer(uow, row.subject, Answer(row.id, problem))

    def _later(self, row: Row[Any], reason: Exception) -> bool:
        """Again after a while; what fails of itself too often waits for an administrator, what others failed never, and what
        cannot be sent back at once."""
        attempts, is_refusal = row.attempts + 1, isinstance(reason, SupervisionError)
        is_final = is_refusal and not _is_ours(reason)
        is_ours = not is_final and not (is_refusal and _passes(reason))
        wait_s = min(self._rules.backoff_s * 2 ** min(row.attempts, 20), self._rules.backoff_max_s)
        state = "stuck" if is_final or (is_ours and attempts >= self._rules.attempts_max) else "new"
        with self._units() as uow:
            uow.conn.execute(update(exchange_received).where(_r.id == row.id, _r.settled_at.is_(None)).values(
                attempts=attempts, state=state, due_at=self._clock.now_us() + int(wait_s * SECOND_US),
                problem=f"{type(reason).__name__}: {reason}"[:2000]))
        return False

    def _settle(self, uow: UnitOfWork, row: Row[Any], state: str, problem: str = "") -> None:
        """Raises Conflict when another process was quicker; its transaction is then the one that counts."""
        body = {"body": ""} if row.kind in NOT_KEPT else {}
        done = uow.conn.execute(update(exchange_received).where(_r.id == row.id, _r.settled_at.is_(None)).values(
            state=state, settled_at=self._clock.now_us(), problem=problem, **body))
        if done.rowcount != 1:
            raise Unavailable("exchange_failed")

    def _settle_stuck(self, name: str, **values: Any) -> None:
        with self._units() as uow:
            done = uow.conn.execute(update(exchange_received).where(_r.id == name, _r.state == "stuck").values(**values))
            if done.rowcount != 1:
                raise Conflict("exchange_not_stuck", id=name[:40])

    # What each is: in a transaction the services join; the answer is the number it was given ------------------------------

    def _file(self, uow: UnitOfWork, row: Row[Any]) -> str:
        told = read(row.body, Filed)
        filed = self._intake.file(told.application, "web", sent_at=told.sent_at)
        self._feedback.follow(uow, filed.case_no, told.number, told.verifier)
        return filed.case_no

    def _correct(self, uow: UnitOfWork, row: Row[Any]) -> str:
        told = read(row.body, Correction)
        self._intake.correct(self._followed(uow, row, told.case_no), (), uploads=told.uploads,
                             rest_withheld=told.rest_withheld, fields=told.fields, words=told.words)
        return told.case_no

    def _withdraw(self, uow: UnitOfWork, row: Row[Any]) -> str:
        told = read(row.body, Withdrawal)
        self._inside.approval.ending.withdraw(self._followed(uow, row, told.case_no), told.reason)
        return told.case_no

    def _ask_hearing(self, uow: UnitOfWork, row: Row[Any]) -> str:
        told = read(row.body, HearingAsked)
        self._inside.approval.hearings.ask(self._followed(uow, row, told.case_no), told.reason)
        return told.case_no

    def _rate(self, uow: UnitOfWork, row: Row[Any]) -> str:
        told = read(row.body, Rating)
        self._inside.approval.ending.rate(self._followed(uow, row, told.case_no), told.score, told.words)
        return told.case_no

    def _book(self, uow: UnitOfWork, row: Row[Any]) -> str:
        told = read(row.body, Payment)
        case_no = self._followed(uow, row, told.case_no)
        self._inside.approval.ending.paid(case_no, told.order.fee, told.receipt_no, station="web")
        return case_no

    def _tell(self, uow: UnitOfWork, row: Row[Any]) -> str:
        told = read(row.body, Letter)
        about = self._feedback.case_of(uow.conn, told.filing.about_case)
        filing = replace(told.filing, about_case=about)
        return self._inside.complaints.file_in(uow, filing, told.reporter, VISITOR)

    def _follow(self, uow: UnitOfWork, row: Row[Any]) -> str:
        """One answer for a wrong number and a wrong password, and few tries for one number: raises NotFound."""
        told = read(row.body, Follow)
        self._guesses.check(told.case_no)
        try:
            self._inside.approval.queries.progress(told.case_no, told.password)
        except SupervisionError:
            self._guesses.note(told.case_no)
            raise
        self._feedback.follow(uow, told.case_no, told.case_no, told.verifier)
        return told.case_no

    def _followed(self, uow: UnitOfWork, row: Row[Any], case_no: str) -> str:
        """The public site may act on the cases its applicants opened there, under the number they opened; on no other."""
        if self._feedback.followed_as(uow.conn, case_no) != row.subject:
            raise InvalidInput("hosted_case_not_found", case_no=case_no[:60])
        return case_no


def _due(now: int) -> Select[Any]:
    """What may be done now: neither itself nor anything before it about the same thing waits."""
    before = exchange_received.alias("before")
    b = before.c
    waits = select(b.id).where(b.subject == _r.subject, b.place < _r.place, b.settled_at.is_(None),
                               or_(b.state == "stuck", b.due_at > now)).exists()
    return select(exchange_received).where(_r.settled_at.is_(None), _r.state != "stuck", _r.due_at <= now, ~waits).order_by(
        _r.place).limit(BATCH * 10)


def _is_ours(refusal: Exception) -> bool:
    """Whether the applicant can do nothing about it: our settings, our machine, another system."""
    return isinstance(refusal, SupervisionError) and (refusal.status >= 500 or _passes(refusal))


def _passes(refusal: Exception) -> bool:
    """Whether the same may succeed later: another system is silent, or this one is busy."""
    return (isinstance(refusal, UpstreamError) and not refusal.permanent) or isinstance(refusal, Unavailable)


def _row(envelope: Envelope) -> dict[str, Any]:
    return {"id": envelope.id, "kind": envelope.kind, "subject": envelope.subject, "body": envelope.body,
            "created_at": envelope.created_at, "state": "new", "attempts": 0}
