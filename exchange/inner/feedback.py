"""What goes back to the public site: answers, the cases that are followed there, and what anybody may check of papers.

Nothing is told by whoever acts on a case. A case that is followed is compared with what was last told of it, by its revision
and the day; so nothing can be forgotten, and nothing but followed cases leaves the inside.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from approval.detail import Receipt
from approval.models import hosted_cases, hosted_receipts
from cases.models import case_table
from core.clock import Clock
from core.errors import NotFound, SupervisionError
from core.instants import SECOND_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from exchange.envelopes import Answer, BulletinTold, CaseTold, Envelope, Facts, PaperFile, read
from exchange.inner.bulletins import BulletinTelling
from exchange.inner.heads import ACKED, OUT, PAPERS, Head, head_of, move, new_epoch
from exchange.inner.models import exchange_followed, exchange_outgoing
from exchange.inner.outgoing import put
from papers.fonts import FontsMissing
from portal.desk import CaseView, FileKind
from portal.direct import Inside, Views

log = logging.getLogger(__name__)
PAPERS_AT_ONCE, CASES_AT_ONCE = 200, 100
# A paper that says what was told of others of its case holds no more: a licence, a receipt.
ENDS = {"licence_ended": "licence", "payment_void": "payment"}
KINDS: tuple[FileKind, ...] = ("pdf", "docx")
_f, _o = exchange_followed.c, exchange_outgoing.c


class Feedback:
    """`clock` is the machine's own; business time is that of the services. A case that cannot be told, or not whole, is looked
    at again after `retry_s` seconds."""

    def __init__(self, units: UnitOfWorkFactory, inside: Inside, bulletins: BulletinTelling, clock: Clock,
                 retry_s: float) -> None:
        self._units, self._inside, self._clock, self._views = units, inside, clock, Views(inside)
        self._retry_us, self._last = int(retry_s * SECOND_US), ""
        self.bulletins = bulletins
        # case → revision and day that could not be told whole, and when to look again
        self._waits: dict[str, tuple[tuple[int, int] | None, int]] = {}
        self.untold: set[str] = set()  # cases a fault of ours keeps from being told

    # Within the transaction of what is told -----------------------------------------------------------------------------

    def answer(self, uow: UnitOfWork, subject: str, told: Answer) -> None:
        """What became of an envelope."""
        self._put(uow.conn, "answer", subject, told)

    def follow(self, uow: UnitOfWork, case_no: str, number: str, verifier: str) -> None:
        """From now on this case is told to the public site."""
        self._waits.pop(case_no, None)
        known = uow.conn.execute(update(exchange_followed).where(_f.case_no == case_no).values(sent_rev=-1, verifier=verifier))
        if known.rowcount == 0:
            uow.conn.execute(insert(exchange_followed).values(
                case_no=case_no, number=number, verifier=verifier, sent_rev=-1, sent_day=0))

    def followed_as(self, conn: Connection, case_no: str) -> str | None:
        """The number the applicant knows a case by; None for one that is not followed."""
        found = conn.scalar(select(_f.number).where(_f.case_no == case_no))
        return None if found is None else str(found)

    def case_of(self, conn: Connection, number: str) -> str:
        """The case an applicant knows by that number; the number itself where it is that of no followed case."""
        found = conn.scalar(select(_f.case_no).where(_f.number == number)) if number else None
        return number if found is None else str(found)

    # By the round -------------------------------------------------------------------------------------------------

    def compose(self) -> int:
        """Tell what is not told yet. Returns how many cases, papers and bulletins that were."""
        rows = [row for row in self._changed() if not self._is_waited_for(row)]
        return sum(self._compose_case(row) for row in rows) + self._compose_papers() + self.bulletins.compose()

    def tell_anew(self) -> None:
        """The public site has lost what it had, or we have: everything is told again under a numbering of its own."""
        self._waits.clear()
        self.untold.clear()
        with self._units() as uow:
            self.bulletins.tell_anew(uow.conn)
            uow.conn.execute(update(exchange_followed).values(sent_rev=-1))
            move(uow.conn, PAPERS, Head("", 0, "", 0))

    def waiting(self, after: int, most: int, most_bytes: int) -> list[Envelope]:
        """The next ones in order, as many as fit, at least one."""
        with self._units.database.read() as conn:
            rows = conn.execute(select(exchange_outgoing).where(_o.seq > after).order_by(_o.seq).limit(most)).all()
        told: list[Envelope] = []
        size = 0
        for row in rows:
            size += len(row.body.encode())
            if told and size > most_bytes:
                break
            told.append(Envelope(row.seq, row.id, row.kind, row.subject, row.created_at, row.body))
        return told

    def acknowledged(self, seq: int, last: str, own: str) -> None:
        """The public site, whose own epoch that is, has committed everything up to there."""
        with self._units() as uow:
            move(uow.conn, ACKED, Head(own, seq, last, self._clock.now_us()))
            uow.conn.execute(delete(exchange_outgoing).where(_o.seq <= seq))

    def begin_anew(self) -> None:
        """The public site knows more than we have told: we went back to a copy, so our numbers mean something else now."""
        with self._units() as uow:
            head = head_of(uow.conn, OUT)
            move(uow.conn, OUT, replace(head, epoch=new_epoch()))
            first = uow.conn.scalar(select(func.min(_o.seq)))
            acked = head_of(uow.conn, ACKED)
            move(uow.conn, ACKED, replace(acked, seq=head.seq if first is None else first - 1, last=""))
        self.tell_anew()

    def is_ours(self, seq: int, last: str) -> bool:
        """Whether that envelope is the one we gave that number, waiting still or acknowledged last."""
        with self._units.database.snapshot() as conn:
            acked = head_of(conn, ACKED)
            name = conn.scalar(select(_o.id).where(_o.seq == seq))
        return name == last if name is not None else (acked.seq, acked.last) == (seq, last)

    def own_epoch(self) -> str:
        """The name of our numbering."""
        with self._units() as uow:
            head = head_of(uow.conn, OUT)
            if not head.epoch:
                head = replace(head, epoch=new_epoch())
                move(uow.conn, OUT, head)
        return head.epoch

    # Inside -------------------------------------------------------------------------------------------------------

    def _put(self, conn: Connection, kind: str, subject: str, body: Any) -> None:
        put(conn, self._clock.now_us(), kind, subject, body)

    def _today(self) -> int:
        return self._inside.areas.default.calendar.today(self._inside.clock.now_us())

    def _changed(self) -> list[Row[Any]]:
        """The next ones, in a circle: many that cannot be told keep no other waiting."""
        h, s, part = hosted_cases.c, case_table.c, hosted_cases.alias("part").c
        of_parts = select(func.coalesce(func.sum(part.rev), 0)).where(part.project_id == h.case_id).scalar_subquery()
        rev = h.rev + of_parts  # what is told of a project tells of its parts, too
        is_new = or_(rev != _f.sent_rev, (_f.sent_day != self._today()) & s.closed_at.is_(None))
        with self._units.database.read() as conn:
            rows: list[Row[Any]] = list(conn.execute(select(_f.case_no, _f.number, _f.verifier, rev.label("rev")).join(
                hosted_cases, h.case_no == _f.case_no).join(case_table, s.case_id == h.case_id).where(is_new)
                .order_by(_f.case_no <= self._last, _f.case_no).limit(CASES_AT_ONCE)))
        self._last = rows[-1].case_no if rows else ""
        return rows

    def _is_waited_for(self, row: Row[Any]) -> bool:
        mark, again_at = self._waits.get(row.case_no, (None, 0))
        return mark == (row.rev, self._today()) and self._clock.now_us() < again_at

    def _compose_case(self, row: Row[Any]) -> bool:
        """The view is of that revision or a later one; a later one is then told once more."""
        mark = (row.rev, self._today())
        before, _ = self._waits.pop(row.case_no, (None, 0))
        told, is_whole = self._told(row)
        if not is_whole:
            self._waits[row.case_no] = (mark, self._clock.now_us() + self._retry_us)
        if told is None or (mark == before and not is_whole):  # the same has been told without its files
            return False
        with self._units() as uow:
            uow.conn.execute(update(exchange_followed).where(_f.case_no == row.case_no).values(
                sent_rev=row.rev if is_whole else -1, sent_day=mark[1]))
            self._put(uow.conn, "case", row.number, told)
        return True

    def _told(self, row: Row[Any]) -> tuple[CaseTold | None, bool]:
        """And whether it is whole."""
        try:
            view = self._views.of(row.case_no)
            files, is_whole = self._files(view)
        except Exception:  # a fault of one case is not one of the city: noted, and the others are told
            log.exception("case %s cannot be told to the public site", row.case_no)
            self.untold.add(row.case_no)
            return None, False
        self.untold.discard(row.case_no)
        return CaseTold(view, row.verifier, row.number, self._clock.now_us(), files), is_whole

    def _files(self, view: CaseView) -> tuple[tuple[PaperFile, ...], bool]:
        """Also whether all are there. One that cannot be drawn now follows later; the paper's number stands all the same. Fonts
        may be missing for good, and that is told to administrators elsewhere: nothing waits for them."""
        files, is_whole = list[PaperFile](), True
        for paper, kind in product(view.receipts, KINDS):
            try:
                content = self._inside.papers.file(paper.number, kind)
            except SupervisionError as failure:
                log.warning("paper %s: %s", paper.number, failure)
                is_whole = is_whole and isinstance(failure, FontsMissing)
                continue
            files.append(PaperFile(paper.code, kind, hashlib.sha256(content).hexdigest(), len(content)))
        return tuple(files), is_whole

    def files_of(self, envelope: Envelope) -> list[tuple[str, Callable[[], bytes]]]:
        """What an envelope names: the digest of each, and how to come by the file, which raises a SupervisionError when it is
        not as it was told any more."""
        if envelope.kind == "bulletin":
            bulletin = read(envelope.body, BulletinTold)
            return [(file.sha256, partial(self.bulletins.content_of, bulletin.id, file)) for file in bulletin.files]
        if envelope.kind == "case":
            told = read(envelope.body, CaseTold)
            return [(file.sha256, partial(self.content_of, told, file)) for file in told.files]
        return []

    def content_of(self, told: CaseTold, file: PaperFile) -> bytes:
        """The file an envelope names, as it was when it was told. Raises NotFound when it was drawn anew meanwhile."""
        number = next(paper.number for paper in told.view.receipts if paper.code == file.code)
        content = self._inside.papers.file(number, file.kind)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise NotFound("exchange_file_unknown", name=number)
        return content

    def _compose_papers(self) -> int:
        """The public facts of every paper given out, also of cases nobody follows: whoever holds one may check it."""
        r, h = hosted_receipts.c, hosted_cases.c
        with self._units() as uow:
            head = head_of(uow.conn, PAPERS)
            papers = select(r.id, r.code, r.kind, r.number, r.issued_at, r.case_id, h.case_no, h.org, h.item).join(
                hosted_cases, h.case_id == r.case_id).order_by(r.id)
            rows = uow.conn.execute(papers.where(r.id > head.seq).limit(PAPERS_AT_ONCE)).all()
            if rows:
                ended = [(r.kind == ENDS[row.kind]) & (r.case_id == row.case_id) for row in rows if row.kind in ENDS]
                again = uow.conn.execute(papers.where(or_(*ended))).all() if ended else ()
                facts = tuple(self._views.facts(Receipt(row.code, row.kind, row.number, row.issued_at), row.case_no, row.org,
                                                row.item) for row in (*rows, *again))
                self._put(uow.conn, "papers", "papers", Facts(facts))
                move(uow.conn, PAPERS, Head("", rows[-1].id, "", self._clock.now_us()))
        return len(rows)
