"""Issuing papers: number and register in the caller's transaction, the files after it.

Drawing takes a tenth of a second and more, and there is one writer at a time: so the transaction that issues a paper keeps
what it says, and the files are made from that afterwards, by whoever asks first or by the job that looks for papers without
files. A crash in between costs nothing but the moment.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import msgspec
from sqlalchemy import or_, select, text, update

from core.errors import NotFound, SupervisionError
from core.statements import inserting
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from papers.fonts import Fonts
from papers.models import paper_files, papers
from papers.numbering import take_number, written
from papers.official import OfficialPaper

log = logging.getLogger(__name__)
FileKind = Literal["docx", "pdf"]
MEDIA_TYPES = {"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "application/pdf"}
_KEEP = text("INSERT INTO paper_files (sha256, media_type, size, content, at) "
             "VALUES (:sha256, :media_type, :size, :content, :at) ON CONFLICT DO NOTHING")
_ENTER = inserting(papers, "number", "kind", "issuer", "year", "place", "title", "area", "org", "subject", "issued_at",
                   "content")
_paper = msgspec.json.Decoder(OfficialPaper)


@dataclass(frozen=True, slots=True)
class Series:
    """Which series a paper is numbered in, and how the number is written."""

    issuer: str
    kind: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Issue:
    """What the register keeps beside the paper: the unit addressed, and what it was written about (`order:7`)."""

    area: str
    org: str
    subject: str


class PaperService:
    """The writing side of the register."""

    def __init__(self, units: UnitOfWorkFactory, fonts: Fonts) -> None:
        self._units, self.fonts = units, fonts

    def issue(self, uow: UnitOfWork, series: Series, about: Issue, day: date,
              compose: Callable[[str], OfficialPaper]) -> OfficialPaper:
        """Take the next number, compose the paper with it and enter it, all in the caller's transaction."""
        place = take_number(uow.conn, series.issuer, series.kind, day.year)
        paper = compose(written(series.prefix, day.year, place))
        _ENTER.run(uow.conn, number=paper.number, kind=series.kind, issuer=series.issuer, year=day.year, place=place,
                   title=paper.title, area=about.area, org=about.org, subject=about.subject, issued_at=uow.now_us,
                   content=msgspec.json.encode(paper).decode())
        return paper

    def file(self, number: str, kind: FileKind) -> bytes:
        """The file of an issued paper, made now if it was not yet. Raises NotFound, or FontsMissing for a PDF."""
        with self._units.database.read() as conn:
            row = conn.execute(select(papers).where(papers.c.number == number)).first()
            if row is None:
                raise NotFound("paper_not_found", number=number)
            stored = row.docx_sha256 if kind == "docx" else row.pdf_sha256
            found = conn.scalar(select(paper_files.c.content).where(paper_files.c.sha256 == stored)) if stored else None
        return bytes(found) if found is not None else self._made(row, kind)

    def make_files(self, most: int = 20) -> int:
        """Draw the files of papers that have none yet. Returns how many papers are complete now."""
        p = papers.c
        with self._units.database.read() as conn:
            waiting = conn.execute(select(papers).where(or_(p.docx_sha256.is_(None), p.pdf_sha256.is_(None)))
                                   .order_by(p.issued_at).limit(most)).all()
        return sum(self._complete(row) for row in waiting)

    def _complete(self, row: Any) -> bool:
        try:
            for kind in ("docx", "pdf"):
                if (row.docx_sha256 if kind == "docx" else row.pdf_sha256) is None:
                    self._made(row, "docx" if kind == "docx" else "pdf")
        except SupervisionError as failure:  # no fonts: the register says so, and the next run tries again
            log.warning("paper %s: %s", row.number, failure)
            self._note(row.number, str(failure))
            return False
        return True

    def _made(self, row: Any, kind: FileKind) -> bytes:
        paper = _paper.decode(row.content)
        content = paper.as_docx() if kind == "docx" else paper.as_pdf(self.fonts)
        sha256 = hashlib.sha256(content).hexdigest()
        with self._units() as uow:
            uow.conn.execute(_KEEP, {"sha256": sha256, "media_type": MEDIA_TYPES[kind], "size": len(content),
                                     "content": content, "at": uow.now_us})
            uow.conn.execute(update(papers).where(papers.c.number == row.number)
                             .values({f"{kind}_sha256": sha256, "problem": None}))
        return content

    def _note(self, number: str, problem: str) -> None:
        with self._units() as uow:
            uow.conn.execute(update(papers).where(papers.c.number == number, papers.c.problem.is_distinct_from(problem))
                             .values(problem=problem))
