"""What the inside sends back, applied in its order, once, in the transaction that also moves the cursor."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, func, insert, select, update

from approval.payments.ledger import OrderLedger
from core.clock import Clock
from core.database import Database
from core.errors import Conflict
from exchange.envelopes import Answer, CaseTold, Envelope, Facts, Give, Given, Payment, read, written
from exchange.outer.bulletins import Bulletins
from exchange.outer.models import cases, heads, notes, papers, sent, submissions
from exchange.outer.queue import IN, OUT
from exchange.outer.unapplied import Unapplied
from portal.desk import Figures, PaperFacts

log = logging.getLogger(__name__)
FIGURES = "figures"


class KeptFacts(PaperFacts, frozen=True):
    """Facts of a paper with when the inside told them, by which those tried again late are known to be old."""

    told_at: int = 0
    seq: int = 0


class Mirror:
    """The incoming side of this site."""

    def __init__(self, database: Database, clock: Clock, orders: OrderLedger, unapplied: Unapplied,
                 bulletins: Bulletins) -> None:
        self._database, self._clock, self._orders, self.unapplied = database, clock, orders, unapplied
        self._bulletins = bulletins
        self._kinds: dict[str, Callable[[Connection, Envelope], None]] = {
            "answer": self._answer, "case": self._case, "papers": self._papers,
            "bulletin": bulletins.apply}

    def apply(self, told: Give) -> Given:
        """What is known already changes nothing. Raises Conflict when something is missing in between."""
        failed: list[str] = []
        with self._database.transaction() as conn:
            head = conn.execute(select(heads).where(heads.c.name == IN).with_for_update()).one()
            seq, last = (head.seq, head.last) if head.epoch == told.epoch else (_before(told.envelopes), "")
            for envelope in told.envelopes:
                if envelope.seq <= seq:
                    continue
                if envelope.seq != seq + 1:
                    raise Conflict("exchange_gap", first=envelope.seq, wanted=seq + 1)
                seq, last = envelope.seq, envelope.id
                self._apply_one(conn, envelope, failed)
            if told.figures is not None:
                _put(conn, notes, "name", {"name": FIGURES, "value": written(told.figures).decode()})
            # Without envelopes it is a question; a numbering we do not know begins with its first envelope.
            epoch, seq, last = (told.epoch, seq, last) if told.envelopes else (head.epoch, head.seq, head.last)
            conn.execute(update(heads).where(heads.c.name == IN).values(
                epoch=epoch, seq=seq, last=last, at=self._clock.now_us()))
            own = str(conn.scalar(select(heads.c.epoch).where(heads.c.name == OUT)))
        left, overdue = self.retry(), self._orders.overdue()
        return Given(epoch, seq, last, own, tuple(failed), overdue.total, overdue.minutes, overdue.oldest, left)

    def retry(self) -> int:
        """What could not be applied before and is due, each for itself. Returns how much is left."""
        with self._database.transaction() as conn:
            for envelope in self.unapplied.due(conn):
                try:
                    with conn.begin_nested():
                        self._apply_late(conn, envelope)
                except Exception as failure:
                    log.exception("feedback %s (%s) could not be applied again", envelope.id, envelope.kind)
                    self.unapplied.failed(conn, envelope.id, f"{type(failure).__name__}: {failure}")
            return self.unapplied.count(conn)

    def figures(self) -> Figures:
        """As last told."""
        with self._database.read() as conn:
            value = conn.scalar(select(notes.c.value).where(notes.c.name == FIGURES))
        return Figures() if value is None else read(value, Figures)

    def _apply_one(self, conn: Connection, envelope: Envelope, failed: list[str]) -> None:
        """One that cannot be read or stored is kept to be tried again, told back, and holds up no other."""
        try:
            with conn.begin_nested():
                self._kinds[envelope.kind](conn, envelope)
                self.unapplied.superseded(conn, envelope)
        except Exception as failure:
            log.exception("feedback %s (%s) could not be applied", envelope.id, envelope.kind)
            self.unapplied.keep(conn, envelope, f"{type(failure).__name__}: {failure}")
            failed.append(f"{envelope.seq} {envelope.kind} {envelope.subject}: {type(failure).__name__}"[:200])

    def _apply_late(self, conn: Connection, envelope: Envelope) -> None:
        """What was told of the same since then stands."""
        left = self._without_old_news(conn, envelope)
        if left is not None:
            self._kinds[left.kind](conn, left)
        self.unapplied.superseded(conn, envelope, late=True)
        self.unapplied.forget(conn, envelope.id)

    def _answer(self, conn: Connection, envelope: Envelope) -> None:
        answer = read(envelope.body, Answer)
        problem = "" if answer.problem is None else written(answer.problem).decode()
        same = {"problem": problem, "answered_at": self._clock.now_us()}
        conn.execute(update(submissions).where(submissions.c.envelope == answer.to).values(
            state="refused" if problem else "carried", case_no=answer.given, **same))
        conn.execute(update(sent).where(sent.c.envelope == answer.to).values(
            state="refused" if problem else "done", given=answer.given, **same))
        paid = conn.scalar(select(sent.c.content).where(sent.c.envelope == answer.to, sent.c.kind == "payment"))
        if paid is not None:
            self._settle(conn, read(paid, Payment).order.no, answer)

    def _settle(self, conn: Connection, no: str, answer: Answer) -> None:
        """The order of a payment, with the answer to it: the job gives back what the inside refused."""
        if answer.problem is None:
            self._orders.booked(no, conn)
        else:
            self._orders.owed_back(no, answer.problem.code, conn)

    def _case(self, conn: Connection, envelope: Envelope) -> None:
        told = read(envelope.body, CaseTold)
        case_no = told.view.head.case_no
        # The inside went back to a copy and gave the application another case number: nothing stands under the old one.
        conn.execute(delete(cases).where(cases.c.number == told.number, cases.c.case_no != case_no))
        _put(conn, cases, "case_no", {"case_no": case_no, "number": told.number, "verifier": told.verifier,
                                      "told": envelope.body, "at": told.at})

    def _papers(self, conn: Connection, envelope: Envelope) -> None:
        for facts in read(envelope.body, Facts).papers:
            kept = KeptFacts(**msgspec.structs.asdict(facts), told_at=envelope.created_at, seq=envelope.seq)
            _put(conn, papers, "code", {"code": facts.code, "facts": written(kept).decode(), "number": facts.number})

    def _without_old_news(self, conn: Connection, envelope: Envelope) -> Envelope | None:
        """What is left to apply of one that is tried again; None when all of it was told anew since."""
        if envelope.kind == "papers":
            left = tuple(facts for facts in read(envelope.body, Facts).papers if not _is_old_paper(conn, facts.code, envelope))
            return msgspec.structs.replace(envelope, body=written(Facts(left)).decode()) if left else None
        if envelope.kind == "bulletin":
            return None if self._bulletins.is_old(conn, envelope) else envelope
        return None if envelope.kind == "case" and _is_old_case(conn, read(envelope.body, CaseTold)) else envelope


def _is_old_paper(conn: Connection, code: str, envelope: Envelope) -> bool:
    text = conn.scalar(select(papers.c.facts).where(papers.c.code == code))
    if text is None:
        return False
    known = read(text, KeptFacts)
    return (known.told_at, known.seq) > (envelope.created_at, envelope.seq)


def _is_old_case(conn: Connection, told: CaseTold) -> bool:
    """Also when the inside gave its case number to another application meanwhile."""
    is_it = (cases.c.number == told.number) | (cases.c.case_no == told.view.head.case_no)
    at = conn.scalar(select(func.max(cases.c.at)).where(is_it))
    return at is not None and int(at) > told.at


def _before(envelopes: Sequence[Envelope]) -> int:
    """Where an inside we have not heard of before begins."""
    return envelopes[0].seq - 1 if envelopes else 0


def _put(conn: Connection, table: Table, key: str, row: dict[str, Any]) -> None:
    conn.execute(delete(table).where(table.c[key] == row[key]))
    conn.execute(insert(table).values(**row))
